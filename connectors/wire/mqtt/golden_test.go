package mqtt_test

import (
	"errors"
	"math"
	"reflect"
	"testing"

	"github.com/fairlead-go/fairlead/connectors/wire/mqtt"
)

// golden are packets written by hand from the standard, and what they hold. The wire is the shortest and
// in the order in which Append writes, so that they are good both ways.
var golden = map[string]struct {
	decoder mqtt.Decoder
	wire    string
	want    content
}{
	"CONNECT 3.1": {client31, "\x10\x10\x00\x06MQIsdp\x03\x02\x00\x3c\x00\x02c1", mqtt.Connect{
		Version: mqtt.V31, CleanStart: true, KeepAlive: 60, ClientID: []byte("c1"),
	}},
	"CONNECT 3.1 with everything": {client31, "\x10\x1f\x00\x06MQIsdp\x03\xee\x00\x3c\x00\x02c1\x00\x01w\x00\x04gone\x00\x01u\x00\x01p", mqtt.Connect{
		Version: mqtt.V31, CleanStart: true, KeepAlive: 60, ClientID: []byte("c1"),
		Will:     &mqtt.Will{QoS: 1, Retain: true, Topic: []byte("w"), Payload: []byte("gone")},
		Username: []byte("u"), Password: []byte("p"),
	}},
	"CONNECT 3.1.1": {client311, "\x10\x0e\x00\x04MQTT\x04\x02\x00\x3c\x00\x02c1", mqtt.Connect{
		Version: mqtt.V311, CleanStart: true, KeepAlive: 60, ClientID: []byte("c1"),
	}},
	"CONNECT 3.1.1 that keeps its session": {client311, "\x10\x0e\x00\x04MQTT\x04\x00\x00\x00\x00\x02c1", mqtt.Connect{
		Version: mqtt.V311, ClientID: []byte("c1"),
	}},
	"CONNECT 3.1.1 without an id": {client311, "\x10\x0c\x00\x04MQTT\x04\x02\x00\x00\x00\x00", mqtt.Connect{
		Version: mqtt.V311, CleanStart: true, ClientID: []byte{},
	}},
	"CONNECT 5": {client5, "\x10\x0f\x00\x04MQTT\x05\x00\x00\x3c\x00\x00\x02c1", mqtt.Connect{
		Version: mqtt.V5, KeepAlive: 60, ClientID: []byte("c1"),
	}},
	"CONNECT 5 with everything": {client5, "\x10\x59\x00\x04MQTT\x05\xd6\x00\x0a" +
		"\x23\x11\xff\xff\xff\xff\x21\x00\x14\x22\x00\x05\x27\x00\x01\x00\x00\x19\x01\x17\x00\x15\x00\x01m\x16\x00\x01d\x26\x00\x01a\x00\x01b" +
		"\x00\x00" +
		"\x1d\x02\x00\x00\x00\x01\x18\x00\x00\x00\x02\x01\x01\x03\x00\x01t\x08\x00\x01r\x09\x00\x01c\x26\x00\x00\x00\x00" +
		"\x00\x01w\x00\x00" + "\x00\x01u\x00\x01p", mqtt.Connect{
		Version: mqtt.V5, CleanStart: true, KeepAlive: 10, ClientID: []byte{},
		Properties: mqtt.Properties{
			SessionExpiry: mqtt.Some[uint32](math.MaxUint32), ReceiveMaximum: 20, TopicAliasMaximum: 5, MaximumPacketSize: 65536,
			RequestResponseInfo: true, NoProblemInfo: true, AuthMethod: []byte("m"), AuthData: []byte("d"), User: user("a", "b"),
		},
		Will: &mqtt.Will{QoS: 2, Topic: []byte("w"), Payload: []byte{}, Properties: mqtt.Properties{
			MessageExpiry: mqtt.Some[uint32](1), WillDelay: 2, UTF8Payload: true, ContentType: []byte("t"),
			ResponseTopic: []byte("r"), CorrelationData: []byte("c"), User: user("", ""),
		}},
		Username: []byte("u"), Password: []byte("p"),
	}},
	"CONNECT 5 with a password alone": {client5, "\x10\x10\x00\x04MQTT\x05\x42\x00\x00\x00\x00\x00\x00\x01p", mqtt.Connect{
		Version: mqtt.V5, CleanStart: true, ClientID: []byte{}, Password: []byte("p"),
	}},

	"CONNACK 3.1":                     {server31, "\x20\x02\x00\x00", mqtt.Connack{}},
	"CONNACK 3.1.1 of a session":      {server311, "\x20\x02\x01\x00", mqtt.Connack{SessionPresent: true}},
	"CONNACK 3.1.1, bad version":      {server311, "\x20\x02\x00\x01", mqtt.Connack{Code: mqtt.UnsupportedProtocolVersion}},
	"CONNACK 3.1.1, bad identifier":   {server311, "\x20\x02\x00\x02", mqtt.Connack{Code: mqtt.ClientIdentifierNotValid}},
	"CONNACK 3.1.1, unavailable":      {server311, "\x20\x02\x00\x03", mqtt.Connack{Code: mqtt.ServerUnavailable}},
	"CONNACK 3.1.1, bad credentials":  {server311, "\x20\x02\x00\x04", mqtt.Connack{Code: mqtt.BadUserNameOrPassword}},
	"CONNACK 3.1, not authorized":     {server31, "\x20\x02\x00\x05", mqtt.Connack{Code: mqtt.NotAuthorized}},
	"CONNACK 5":                       {server5, "\x20\x03\x00\x00\x00", mqtt.Connack{}},
	"CONNACK 5 of a session":          {server5, "\x20\x03\x01\x00\x00", mqtt.Connack{SessionPresent: true}},
	"CONNACK 5, bad credentials, why": {server5, "\x20\x07\x00\x86\x04\x1f\x00\x01x", mqtt.Connack{Code: mqtt.BadUserNameOrPassword, Properties: mqtt.Properties{ReasonString: []byte("x")}}},
	"CONNACK 5 with everything": {server5, "\x20\x3f\x00\x00\x3c" +
		"\x11\x00\x00\x00\x00\x13\x00\x3c\x21\x00\x40\x22\x00\x01\x27\x00\x01\x00\x00\x24\x01\x25\x00\x28\x00\x29\x00\x2a\x00" +
		"\x12\x00\x01i\x15\x00\x01m\x16\x00\x01d\x1a\x00\x01r\x1c\x00\x01s\x1f\x00\x01t\x26\x00\x01a\x00\x01b", mqtt.Connack{Properties: mqtt.Properties{
		SessionExpiry: mqtt.Some[uint32](0), ServerKeepAlive: mqtt.Some[uint16](60), ReceiveMaximum: 64, TopicAliasMaximum: 1,
		MaximumPacketSize: 65536, MaximumQoS: mqtt.Some[byte](1), NoRetain: true, NoWildcards: true, NoSubscriptionIDs: true, NoShared: true,
		AssignedClientID: []byte("i"), AuthMethod: []byte("m"), AuthData: []byte("d"), ResponseInfo: []byte("r"),
		ServerReference: []byte("s"), ReasonString: []byte("t"), User: user("a", "b"),
	}}},

	"PUBLISH 3.1.1, QoS 0":           {client311, "\x30\x0a\x00\x03a/bhello", mqtt.Publish{Topic: []byte("a/b"), Payload: []byte("hello")}},
	"PUBLISH 3.1.1, nothing in it":   {client311, "\x30\x03\x00\x01a", mqtt.Publish{Topic: []byte("a"), Payload: []byte{}}},
	"PUBLISH 3.1, QoS 1":             {client31, "\x32\x06\x00\x01a\x01\x02x", mqtt.Publish{QoS: 1, ID: 258, Topic: []byte("a"), Payload: []byte("x")}},
	"PUBLISH 3.1.1, QoS 2":           {client311, "\x34\x06\x00\x01a\x00\x01x", mqtt.Publish{QoS: 2, ID: 1, Topic: []byte("a"), Payload: []byte("x")}},
	"PUBLISH 3.1.1, again, to keep":  {client311, "\x3b\x06\x00\x01a\x00\x09x", mqtt.Publish{QoS: 1, Dup: true, Retain: true, ID: 9, Topic: []byte("a"), Payload: []byte("x")}},
	"PUBLISH 3.1.1 of a server":      {server311, "\x30\x0b\x00\x06\xc3\xa9/\xe4\xb8\xad\xe4\xb8\xad", mqtt.Publish{Topic: []byte("é/中"), Payload: []byte("中")}},
	"PUBLISH 5":                      {client5, "\x32\x07\x00\x01a\x00\x0a\x00x", mqtt.Publish{QoS: 1, ID: 10, Topic: []byte("a"), Payload: []byte("x")}},
	"PUBLISH 5 with an alias":        {client5, "\x30\x07\x00\x00\x03\x23\x00\x01x", mqtt.Publish{Topic: []byte{}, Payload: []byte("x"), Properties: mqtt.Properties{TopicAlias: 1}}},
	"PUBLISH 5 of a server, matched": {server5, "\x30\x0a\x00\x01a\x05\x0b\x01\x0b\x80\x01x", mqtt.Publish{Topic: []byte("a"), Payload: []byte("x"), Properties: mqtt.Properties{SubscriptionIDs: []uint32{1, 128}}}},
	"PUBLISH 5 with everything": {client5, "\x30\x2c\x00\x01a\x27" +
		"\x02\x00\x00\x00\x05\x23\x00\x01\x01\x01\x03\x00\x01t\x08\x00\x03a/b\x09\x00\x02\x00\xff\x26\x00\x01a\x00\x01b\x26\x00\x01a\x00\x01c" + "x", mqtt.Publish{
		Topic: []byte("a"), Payload: []byte("x"), Properties: mqtt.Properties{
			MessageExpiry: mqtt.Some[uint32](5), TopicAlias: 1, UTF8Payload: true, ContentType: []byte("t"), ResponseTopic: []byte("a/b"),
			CorrelationData: []byte("\x00\xff"), User: user("a", "b", "a", "c"),
		},
	}},

	"PUBACK 3.1":         {client31, "\x40\x02\x00\x03", mqtt.Ack{Type: mqtt.TypePuback, ID: 3}},
	"PUBREC 3.1.1":       {client311, "\x50\x02\x01\x02", mqtt.Ack{Type: mqtt.TypePubrec, ID: 258}},
	"PUBREL 3.1.1":       {client311, "\x62\x02\xff\xff", mqtt.Ack{Type: mqtt.TypePubrel, ID: 65535}},
	"PUBCOMP 3.1.1":      {server311, "\x70\x02\x00\x01", mqtt.Ack{Type: mqtt.TypePubcomp, ID: 1}},
	"PUBACK 5":           {server5, "\x40\x02\x00\x03", mqtt.Ack{Type: mqtt.TypePuback, ID: 3}},
	"PUBACK 5, refused":  {client5, "\x40\x03\x00\x03\x97", mqtt.Ack{Type: mqtt.TypePuback, ID: 3, Code: mqtt.QuotaExceeded}},
	"PUBREC 5, with why": {server5, "\x50\x08\x00\x03\x10\x04\x1f\x00\x01x", mqtt.Ack{Type: mqtt.TypePubrec, ID: 3, Code: mqtt.NoMatchingSubscribers, Properties: mqtt.Properties{ReasonString: []byte("x")}}},
	"PUBREL 5, unknown":  {client5, "\x62\x03\x00\x03\x92", mqtt.Ack{Type: mqtt.TypePubrel, ID: 3, Code: mqtt.PacketIdentifierNotFound}},
	"PUBCOMP 5, with user properties": {client5, "\x70\x0b\x00\x03\x00\x07\x26\x00\x01a\x00\x01b", mqtt.Ack{
		Type: mqtt.TypePubcomp, ID: 3, Properties: mqtt.Properties{User: user("a", "b")},
	}},

	"SUBSCRIBE 3.1":   {client31, "\x82\x08\x00\x05\x00\x03a/b\x01", mqtt.Subscribe{ID: 5, Filters: []mqtt.Subscription{{Filter: []byte("a/b"), QoS: 1}}}},
	"SUBSCRIBE 3.1.1": {client311, "\x82\x0c\x00\x05\x00\x03a/+\x01\x00\x01#\x02", mqtt.Subscribe{ID: 5, Filters: []mqtt.Subscription{{Filter: []byte("a/+"), QoS: 1}, {Filter: []byte("#"), QoS: 2}}}},
	"SUBSCRIBE 5": {client5, "\x82\x10\x00\x05\x03\x0b\xc8\x01\x00\x01a\x2d\x00\x03b/#\x00", mqtt.Subscribe{
		ID: 5, Properties: mqtt.Properties{SubscriptionIDs: []uint32{200}}, Filters: []mqtt.Subscription{
			{Filter: []byte("a"), QoS: 1, NoLocal: true, RetainAsPublished: true, RetainHandling: 2}, {Filter: []byte("b/#")},
		},
	}},
	"SUBACK 3.1":       {server31, "\x90\x04\x00\x05\x01\x00", mqtt.Suback{ID: 5, Codes: []mqtt.ReasonCode{mqtt.GrantedQoS1, mqtt.GrantedQoS0}}},
	"SUBACK 3.1.1":     {server311, "\x90\x04\x00\x05\x02\x80", mqtt.Suback{ID: 5, Codes: []mqtt.ReasonCode{mqtt.GrantedQoS2, mqtt.UnspecifiedError}}},
	"SUBACK 5":         {server5, "\x90\x05\x00\x05\x00\x01\x87", mqtt.Suback{ID: 5, Codes: []mqtt.ReasonCode{mqtt.GrantedQoS1, mqtt.NotAuthorized}}},
	"UNSUBSCRIBE 3.1":  {client31, "\xa2\x07\x00\x06\x00\x03a/b", mqtt.Unsubscribe{ID: 6, Filters: [][]byte{[]byte("a/b")}}},
	"UNSUBSCRIBE 5":    {client5, "\xa2\x10\x00\x06\x07\x26\x00\x01a\x00\x01b\x00\x01a\x00\x01b", mqtt.Unsubscribe{ID: 6, Filters: [][]byte{[]byte("a"), []byte("b")}, Properties: mqtt.Properties{User: user("a", "b")}}},
	"UNSUBACK 3.1.1":   {server311, "\xb0\x02\x00\x06", mqtt.Unsuback{ID: 6}},
	"UNSUBACK 5":       {server5, "\xb0\x05\x00\x06\x00\x00\x11", mqtt.Unsuback{ID: 6, Codes: []mqtt.ReasonCode{mqtt.Success, mqtt.NoSubscriptionExisted}}},
	"PINGREQ 3.1":      {client31, "\xc0\x00", ping{}},
	"PINGREQ 5":        {client5, "\xc0\x00", ping{}},
	"PINGRESP 3.1.1":   {server311, "\xd0\x00", ping{fromServer: true}},
	"DISCONNECT 3.1":   {client31, "\xe0\x00", mqtt.Disconnect{}},
	"DISCONNECT 3.1.1": {client311, "\xe0\x00", mqtt.Disconnect{}},
	"DISCONNECT 5":     {client5, "\xe0\x00", mqtt.Disconnect{}},
	"DISCONNECT 5 with the will, and an expiry": {client5, "\xe0\x07\x04\x05\x11\x00\x00\x00\x00", mqtt.Disconnect{
		Code: mqtt.DisconnectWithWill, Properties: mqtt.Properties{SessionExpiry: mqtt.Some[uint32](0)},
	}},
	"DISCONNECT 5 of a kicked client": {server5, "\xe0\x08\x98\x06\x1f\x00\x03bye", mqtt.Disconnect{
		Code: mqtt.AdministrativeAction, Properties: mqtt.Properties{ReasonString: []byte("bye")},
	}},
	"DISCONNECT 5 of a server that moves": {server5, "\xe0\x06\x9c\x04\x1c\x00\x01h", mqtt.Disconnect{
		Code: mqtt.UseAnotherServer, Properties: mqtt.Properties{ServerReference: []byte("h")},
	}},
	"DISCONNECT 5 of a server that stops": {server5, "\xe0\x01\x8b", mqtt.Disconnect{Code: mqtt.ServerShuttingDown}},
	"AUTH of success":                     {server5, "\xf0\x00", mqtt.Auth{}},
	"AUTH that goes on": {client5, "\xf0\x0a\x18\x08\x15\x00\x01m\x16\x00\x01d", mqtt.Auth{
		Code: mqtt.ContinueAuthentication, Properties: mqtt.Properties{AuthMethod: []byte("m"), AuthData: []byte("d")},
	}},
}

var (
	client31, server31   = mqtt.Decoder{Version: mqtt.V31}, mqtt.Decoder{Version: mqtt.V31, FromServer: true}
	client311, server311 = mqtt.Decoder{Version: mqtt.V311}, mqtt.Decoder{Version: mqtt.V311, FromServer: true}
	client5, server5     = mqtt.Decoder{Version: mqtt.V5}, mqtt.Decoder{Version: mqtt.V5, FromServer: true}
)

func user(pairs ...string) (u mqtt.UserProperties) {
	for i := 0; i < len(pairs); i += 2 {
		u = u.With(pairs[i], pairs[i+1])
	}
	return u
}

// content is what a packet holds.
type content interface {
	Append(dst []byte, v mqtt.Version) ([]byte, error)
}

// ping is the content of packets that have none.
type ping struct{ fromServer bool }

func (p ping) Append(dst []byte, _ mqtt.Version) ([]byte, error) {
	if p.fromServer {
		return mqtt.AppendPingresp(dst), nil
	}
	return mqtt.AppendPingreq(dst), nil
}

// decode reads the packet that b is.
func decode(d mqtt.Decoder, b []byte) (content, error) {
	p, rest, err := mqtt.Cut(b)
	if err != nil {
		return nil, err
	}
	if len(rest) > 0 {
		return nil, errRest
	}
	return decodePacket(d, p)
}

var errRest = errors.New("bytes behind the packet")

func decodePacket(d mqtt.Decoder, p mqtt.Packet) (content, error) {
	switch p.Type {
	case mqtt.TypeConnect:
		return d.Connect(p)
	case mqtt.TypeConnack:
		return d.Connack(p)
	case mqtt.TypePublish:
		return d.Publish(p)
	case mqtt.TypePuback, mqtt.TypePubrec, mqtt.TypePubrel, mqtt.TypePubcomp:
		return d.Ack(p)
	case mqtt.TypeSubscribe:
		return d.Subscribe(p)
	case mqtt.TypeSuback:
		return d.Suback(p)
	case mqtt.TypeUnsubscribe:
		return d.Unsubscribe(p)
	case mqtt.TypeUnsuback:
		return d.Unsuback(p)
	case mqtt.TypePingreq, mqtt.TypePingresp:
		return ping{p.Type == mqtt.TypePingresp}, d.Ping(p)
	case mqtt.TypeDisconnect:
		return d.Disconnect(p)
	}
	return d.Auth(p)
}

func TestGoldenPacketsDecode(t *testing.T) { // P20.1
	for name, c := range golden {
		got, err := decode(c.decoder, []byte(c.wire))
		if err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %+v, %v, want %+v", name, got, err, c.want)
		}
	}
}

func TestGoldenPacketsAreAppended(t *testing.T) { // P20.1
	for name, c := range golden {
		got, err := c.want.Append([]byte("before"), c.decoder.Version)
		if err != nil || string(got) != "before"+c.wire {
			t.Errorf("%s: %x, %v, want %x", name, got, err, c.wire)
		}
	}
}

func TestPacketsCutShortAreErrors(t *testing.T) { // P20.2
	for name, c := range golden {
		for n := range len(c.wire) {
			if _, err := decode(c.decoder, []byte(c.wire[:n])); !errors.Is(err, mqtt.ErrShort) {
				t.Errorf("%s, the first %d bytes: %v, want %v", name, n, err, mqtt.ErrShort)
			}
		}
	}
}
