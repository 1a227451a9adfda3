package mqtt

import (
	"errors"

	"github.com/fairlead-go/fairlead/connectors"
)

// fault is an error that knows how version 5 tells it.
type fault struct {
	text string
	code ReasonCode
	kind error // of the contract
}

func (f *fault) Error() string { return "mqtt: " + f.text + ": " + f.kind.Error() }

func (f *fault) Unwrap() error { return f.kind }

func malformed(text string) error {
	return &fault{text, MalformedPacket, connectors.ErrMalformed}
}

func protocolError(text string) error {
	return &fault{text, ProtocolError, connectors.ErrMalformed}
}

func denied(text string, code ReasonCode) error {
	return &fault{text, code, connectors.ErrMalformed}
}

// Errors of packets that cannot be parsed. Code tells them as MalformedPacket, but for ErrTooLarge
// (P20.2). After each the stream is lost.
var (
	ErrType      = malformed("unknown type of packet")
	ErrLength    = malformed("bad number of variable length")
	ErrShort     = malformed("short packet")
	ErrTrailing  = malformed("bytes left over")
	ErrFlags     = malformed("bad flags in fixed header")
	ErrReserved  = malformed("reserved bit set")
	ErrQoS       = malformed("no such quality of service")
	ErrDup       = malformed("repeat flag with quality of service 0")
	ErrText      = malformed("text is not UTF-8, or has U+0000")
	ErrTopic     = malformed("bad topic name")
	ErrFilter    = malformed("bad topic filter")
	ErrWill      = malformed("bad will flags")
	ErrPassword  = malformed("password without user name")
	ErrProperty  = malformed("property is unknown, or not for this packet")
	ErrTooLarge  = error(&fault{"packet over the limit", PacketTooLarge, connectors.ErrTooLarge})
	ErrVersion   = denied("no such version", UnsupportedProtocolVersion)
	ErrClientID  = denied("no client id for a session to keep", ClientIdentifierNotValid)
	ErrName      = denied("no such protocol", UnsupportedProtocolVersion)
	ErrSession   = protocolError("session present though refused")
	ErrPacketID  = protocolError("packet id 0")
	ErrEmpty     = protocolError("no topic filter")
	ErrNoTopic   = protocolError("neither topic name nor alias")
	ErrTwice     = protocolError("property twice")
	ErrValue     = protocolError("value out of range")
	ErrReason    = protocolError("no such reason code for this packet")
	ErrDirection = protocolError("what only the other side sends")
	ErrNoLocal   = protocolError("no local on a shared subscription")
	ErrMethod    = protocolError("authentication data without a method")
	ErrResponse  = protocolError("bad response topic")
)

// Errors of packets that are well formed and ask for what the CONNACK says is not to be had. Check of
// Publish and Subscribe returns them.
var (
	ErrAlias          = denied("topic alias", TopicAliasInvalid)
	ErrRetain         = denied("retained message", RetainNotSupported)
	ErrMaximumQoS     = denied("quality of service not offered", QoSNotSupported)
	ErrShared         = denied("shared subscription", SharedSubscriptionsNotSupported)
	ErrSubscriptionID = denied("subscription identifier", SubscriptionIdentifiersNotSupported)
)

// Errors of Append. What was to be appended is not.
var (
	// ErrTooLong refuses text over 65,535 bytes and packets over MaxBody.
	ErrTooLong = errors.New("mqtt: longer than its length can tell")
)

// Code is the reason code by which version 5 tells err: that of the packet's error in this package,
// or one that fits an error of the contract. Success for nil, UnspecifiedError for others.
func Code(err error) ReasonCode {
	var f *fault
	switch {
	case err == nil:
		return Success
	case errors.As(err, &f):
		return f.code
	case errors.Is(err, connectors.ErrTooLarge):
		return PacketTooLarge
	case errors.Is(err, connectors.ErrMalformed):
		return MalformedPacket
	case errors.Is(err, connectors.ErrSilent):
		return KeepAliveTimeout
	case errors.Is(err, connectors.ErrReplaced):
		return SessionTakenOver
	}
	return UnspecifiedError
}
