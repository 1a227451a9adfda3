package mqtt_test

import (
	"errors"
	"testing"

	"pgregory.net/rapid"

	"github.com/fairlead-go/fairlead/connectors/wire/mqtt"
)

// Whatever can be said in a version comes out as it went in.
func TestPacketsComeOutAsTheyWentIn(t *testing.T) { // P20.1
	for name, draw := range map[string]func(*rapid.T, mqtt.Version) (content, mqtt.Decoder){
		"CONNECT": drawConnect, "CONNACK": drawConnack, "PUBLISH": drawPublish, "PUBREC": drawAck,
		"SUBSCRIBE": drawSubscribe, "UNSUBSCRIBE": drawUnsubscribe, "DISCONNECT": drawDisconnect,
	} {
		t.Run(name, rapid.MakeCheck(func(t *rapid.T) {
			version := rapid.SampledFrom([]mqtt.Version{mqtt.V31, mqtt.V311, mqtt.V5}).Draw(t, "version")
			want, d := draw(t, version)
			d.Version = version
			b, err := want.Append(nil, version)
			if err != nil {
				t.Fatalf("%+v: %v", want, err)
			}
			if got, err := decode(d, b); err != nil || !same(got, want) {
				t.Errorf("%+v comes out of %x as %+v, %v", want, b, got, err)
			}
			cutAt := rapid.IntRange(0, len(b)-1).Draw(t, "cut")
			if _, err := decode(d, b[:cutAt]); !errors.Is(err, mqtt.ErrShort) {
				t.Errorf("%x cut at %d: %v", b, cutAt, err)
			}
		}))
	}
}

var (
	text  = rapid.Map(rapid.StringMatching(`[a-zé中😀]{0,300}`), func(s string) []byte { return []byte(s) })
	maybe = rapid.OneOf(rapid.Just([]byte(nil)), text)
	topic = rapid.Map(rapid.StringMatching(`[a-z中/$]{1,40}`), func(s string) []byte { return []byte(s) })
	data  = rapid.SliceOfN(rapid.Byte(), 0, 300)
	id    = rapid.Uint16Min(1)
	flag  = rapid.Bool()
)

// pick draws a value of a property.
func pick[T any](t *rapid.T, name string, g *rapid.Generator[T]) T { return g.Draw(t, name) }

func some[T any](g *rapid.Generator[T]) *rapid.Generator[mqtt.Optional[T]] {
	return rapid.OneOf(rapid.Just(mqtt.Optional[T]{}), rapid.Map(g, mqtt.Some[T]))
}

func drawUser(t *rapid.T) (u mqtt.UserProperties) {
	for range rapid.IntRange(0, 3).Draw(t, "pairs") {
		u = u.With(string(pick(t, "name", text)), string(pick(t, "value", text)))
	}
	return u
}

func drawMessage(t *rapid.T) mqtt.Properties {
	p := mqtt.Properties{
		UTF8Payload: pick(t, "format", flag), MessageExpiry: pick(t, "expiry", some(rapid.Uint32())),
		ContentType: pick(t, "type", maybe), CorrelationData: pick(t, "correlation", maybe), User: drawUser(t),
	}
	if pick(t, "response", flag) {
		p.ResponseTopic = pick(t, "response topic", topic)
	}
	return p
}

func drawSession(t *rapid.T) mqtt.Properties {
	p := mqtt.Properties{
		SessionExpiry: pick(t, "session", some(rapid.Uint32())), ReceiveMaximum: pick(t, "receive", rapid.Uint16()),
		MaximumPacketSize: pick(t, "size", rapid.Uint32()), TopicAliasMaximum: pick(t, "aliases", rapid.Uint16()),
		AuthMethod: pick(t, "method", maybe), User: drawUser(t),
	}
	if p.AuthMethod != nil {
		p.AuthData = pick(t, "auth", maybe)
	}
	return p
}

func drawConnect(t *rapid.T, v mqtt.Version) (content, mqtt.Decoder) {
	c := mqtt.Connect{
		Version: v, CleanStart: pick(t, "clean", flag), KeepAlive: pick(t, "keep", rapid.Uint16()),
		ClientID: pick(t, "client", topic), Username: pick(t, "user", maybe),
	}
	if c.Username != nil || v == mqtt.V5 {
		c.Password = pick(t, "password", maybe)
	}
	if pick(t, "will", flag) {
		c.Will = &mqtt.Will{QoS: pick(t, "qos", rapid.ByteMax(2)), Retain: pick(t, "retain", flag), Topic: pick(t, "topic", topic), Payload: pick(t, "last", data)}
	}
	if v != mqtt.V5 {
		return c, client5
	}
	c.Properties = drawSession(t)
	c.Properties.RequestResponseInfo, c.Properties.NoProblemInfo = pick(t, "info", flag), pick(t, "problem", flag)
	if c.Will != nil {
		c.Will.Properties = drawMessage(t)
		c.Will.Properties.WillDelay = pick(t, "delay", rapid.Uint32())
	}
	return c, client5
}

func drawConnack(t *rapid.T, v mqtt.Version) (content, mqtt.Decoder) {
	c := mqtt.Connack{Code: pick(t, "code", rapid.SampledFrom([]mqtt.ReasonCode{mqtt.Success, mqtt.ServerUnavailable, mqtt.NotAuthorized}))}
	c.SessionPresent = c.Code == mqtt.Success && v != mqtt.V31 && pick(t, "session", flag)
	if v == mqtt.V5 {
		p := drawSession(t)
		p.MaximumQoS = pick(t, "qos", some(rapid.ByteMax(1)))
		p.NoRetain, p.NoWildcards, p.NoSubscriptionIDs, p.NoShared = pick(t, "r", flag), pick(t, "w", flag), pick(t, "i", flag), pick(t, "s", flag)
		p.AssignedClientID, p.ServerKeepAlive = pick(t, "assigned", maybe), pick(t, "keep", some(rapid.Uint16()))
		p.ResponseInfo, p.ServerReference, p.ReasonString = pick(t, "info", maybe), pick(t, "other", maybe), pick(t, "reason", maybe)
		c.Properties = p
	}
	return c, server5
}

func drawPublish(t *rapid.T, v mqtt.Version) (content, mqtt.Decoder) {
	m := mqtt.Publish{QoS: pick(t, "qos", rapid.ByteMax(2)), Retain: pick(t, "retain", flag), Topic: pick(t, "topic", topic), Payload: pick(t, "payload", data)}
	if m.QoS > 0 {
		m.ID, m.Dup = pick(t, "id", id), pick(t, "dup", flag)
	}
	if v == mqtt.V5 {
		m.Properties = drawMessage(t)
		m.Properties.TopicAlias = pick(t, "alias", rapid.Uint16())
	}
	return m, client5
}

func drawAck(t *rapid.T, v mqtt.Version) (content, mqtt.Decoder) {
	a := mqtt.Ack{Type: mqtt.TypePubrec, ID: pick(t, "id", id)}
	if v == mqtt.V5 {
		a.Code = pick(t, "code", rapid.SampledFrom([]mqtt.ReasonCode{mqtt.Success, mqtt.NoMatchingSubscribers, mqtt.QuotaExceeded}))
		a.Properties = mqtt.Properties{ReasonString: pick(t, "reason", maybe), User: drawUser(t)}
	}
	return a, client5
}

func drawSubscribe(t *rapid.T, v mqtt.Version) (content, mqtt.Decoder) {
	s := mqtt.Subscribe{ID: pick(t, "id", id)}
	for range rapid.IntRange(1, 4).Draw(t, "filters") {
		f := mqtt.Subscription{Filter: append(pick(t, "filter", topic), "/+/#"...), QoS: pick(t, "qos", rapid.ByteMax(2))}
		if v == mqtt.V5 {
			f.NoLocal, f.RetainAsPublished, f.RetainHandling = pick(t, "local", flag), pick(t, "retained", flag), pick(t, "retain", rapid.ByteMax(2))
		}
		s.Filters = append(s.Filters, f)
	}
	if v == mqtt.V5 && pick(t, "identified", flag) {
		s.Properties.SubscriptionIDs = []uint32{pick(t, "identifier", rapid.Uint32Range(1, mqtt.MaxBody))}
	}
	return s, client5
}

func drawUnsubscribe(t *rapid.T, v mqtt.Version) (content, mqtt.Decoder) {
	u := mqtt.Unsubscribe{ID: pick(t, "id", id), Filters: rapid.SliceOfN(topic, 1, 4).Draw(t, "filters")}
	if v == mqtt.V5 {
		u.Properties.User = drawUser(t)
	}
	return u, client5
}

func drawDisconnect(t *rapid.T, v mqtt.Version) (content, mqtt.Decoder) {
	if v != mqtt.V5 {
		return mqtt.Disconnect{}, client5
	}
	return mqtt.Disconnect{
		Code: pick(t, "code", rapid.SampledFrom([]mqtt.ReasonCode{mqtt.NormalDisconnection, mqtt.ServerShuttingDown, mqtt.AdministrativeAction})),
		Properties: mqtt.Properties{
			ReasonString: pick(t, "reason", maybe), ServerReference: pick(t, "other", maybe), User: drawUser(t),
		},
	}, server5
}
