package mqtt

import (
	"fmt"
	"strings"
)

// ReasonCode tells how something ended, in the words of version 5; those from 0x80 on are failures.
// Packets of the older versions are read and written with the same codes, as far as they can tell them.
type ReasonCode byte

// The reason codes. The first three names are one number in different packets, as are GrantedQoS0 and
// Success.
const (
	Success                             ReasonCode = 0x00
	NormalDisconnection                            = Success
	GrantedQoS0                                    = Success
	GrantedQoS1                         ReasonCode = 0x01
	GrantedQoS2                         ReasonCode = 0x02
	DisconnectWithWill                  ReasonCode = 0x04
	NoMatchingSubscribers               ReasonCode = 0x10
	NoSubscriptionExisted               ReasonCode = 0x11
	ContinueAuthentication              ReasonCode = 0x18
	ReAuthenticate                      ReasonCode = 0x19
	UnspecifiedError                    ReasonCode = 0x80
	MalformedPacket                     ReasonCode = 0x81
	ProtocolError                       ReasonCode = 0x82
	ImplementationSpecificError         ReasonCode = 0x83
	UnsupportedProtocolVersion          ReasonCode = 0x84
	ClientIdentifierNotValid            ReasonCode = 0x85
	BadUserNameOrPassword               ReasonCode = 0x86
	NotAuthorized                       ReasonCode = 0x87
	ServerUnavailable                   ReasonCode = 0x88
	ServerBusy                          ReasonCode = 0x89
	Banned                              ReasonCode = 0x8a
	ServerShuttingDown                  ReasonCode = 0x8b
	BadAuthenticationMethod             ReasonCode = 0x8c
	KeepAliveTimeout                    ReasonCode = 0x8d
	SessionTakenOver                    ReasonCode = 0x8e
	TopicFilterInvalid                  ReasonCode = 0x8f
	TopicNameInvalid                    ReasonCode = 0x90
	PacketIdentifierInUse               ReasonCode = 0x91
	PacketIdentifierNotFound            ReasonCode = 0x92
	ReceiveMaximumExceeded              ReasonCode = 0x93
	TopicAliasInvalid                   ReasonCode = 0x94
	PacketTooLarge                      ReasonCode = 0x95
	MessageRateTooHigh                  ReasonCode = 0x96
	QuotaExceeded                       ReasonCode = 0x97
	AdministrativeAction                ReasonCode = 0x98
	PayloadFormatInvalid                ReasonCode = 0x99
	RetainNotSupported                  ReasonCode = 0x9a
	QoSNotSupported                     ReasonCode = 0x9b
	UseAnotherServer                    ReasonCode = 0x9c
	ServerMoved                         ReasonCode = 0x9d
	SharedSubscriptionsNotSupported     ReasonCode = 0x9e
	ConnectionRateExceeded              ReasonCode = 0x9f
	MaximumConnectTime                  ReasonCode = 0xa0
	SubscriptionIdentifiersNotSupported ReasonCode = 0xa1
	WildcardSubscriptionsNotSupported   ReasonCode = 0xa2
)

// Failed tells whether the code is a failure.
func (c ReasonCode) Failed() bool { return c >= UnspecifiedError }

// String is the number as the standard writes it: "0x81".
func (c ReasonCode) String() string { return fmt.Sprintf("0x%02X", byte(c)) }

// ReturnCode is what a CONNACK of versions 3.1 and 3.1.1 tells.
type ReturnCode byte

// The return codes.
const (
	Accepted ReturnCode = iota
	RefusedVersion
	RefusedIdentifier
	RefusedUnavailable
	RefusedBadCredentials
	RefusedNotAuthorized
)

// reasonsOf are the reason codes that return codes mean.
var reasonsOf = [...]ReasonCode{
	Accepted:              Success,
	RefusedVersion:        UnsupportedProtocolVersion,
	RefusedIdentifier:     ClientIdentifierNotValid,
	RefusedUnavailable:    ServerUnavailable,
	RefusedBadCredentials: BadUserNameOrPassword,
	RefusedNotAuthorized:  NotAuthorized,
}

// ReturnCode is how a CONNACK tells the code to clients of 3.1 and 3.1.1: RefusedUnavailable where they
// have no word for it.
func (c ReasonCode) ReturnCode() ReturnCode {
	switch c {
	case Banned, BadAuthenticationMethod:
		return RefusedNotAuthorized
	}
	for r, reason := range reasonsOf {
		if reason == c {
			return ReturnCode(r)
		}
	}
	return RefusedUnavailable
}

// The codes that packets of version 5 may hold, by who sends them where that matters.
const (
	fromAnybody = "\x00\x80\x81\x82\x83\x90\x93\x94\x95\x96\x97\x98\x99"
	ofPublish   = "\x00\x10\x80\x83\x87\x90\x91\x97\x99"
	ofRelease   = "\x00\x92"
)

var (
	clientReasons = [16]string{
		TypePuback: ofPublish, TypePubrec: ofPublish, TypePubrel: ofRelease, TypePubcomp: ofRelease,
		TypeDisconnect: fromAnybody + "\x04",
		TypeAuth:       "\x18\x19",
	}
	serverReasons = [16]string{
		TypeConnack: "\x00\x80\x81\x82\x83\x84\x85\x86\x87\x88\x89\x8a\x8c\x90\x95\x97\x99\x9a\x9b\x9c\x9d\x9f",
		TypePuback:  ofPublish, TypePubrec: ofPublish, TypePubrel: ofRelease, TypePubcomp: ofRelease,
		TypeSuback:     "\x00\x01\x02\x80\x83\x87\x8f\x91\x97\x9e\xa1\xa2",
		TypeUnsuback:   "\x00\x11\x80\x83\x87\x8f\x91",
		TypeDisconnect: fromAnybody + "\x87\x89\x8b\x8d\x8e\x8f\x9a\x9b\x9c\x9d\x9e\x9f\xa0\xa1\xa2",
		TypeAuth:       "\x00\x18",
	}
)

// allows tells whether a packet of version 5 may hold the code.
func (d Decoder) allows(t Type, c ReasonCode) bool {
	if d.FromServer {
		return strings.IndexByte(serverReasons[t], byte(c)) >= 0
	}
	return strings.IndexByte(clientReasons[t], byte(c)) >= 0
}
