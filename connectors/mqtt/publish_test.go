package mqtt_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/mqtt"
	wire "github.com/fairlead-go/fairlead/connectors/wire/mqtt"
	"github.com/fairlead-go/fairlead/messages"
)

// message is a PUBLISH to a topic.
func message(topic, payload string) wire.Publish {
	return wire.Publish{Topic: []byte(topic), Payload: []byte(payload)}
}

// asking is a PUBLISH of version 5 that expects an answer.
func asking(topic, to, correlation string) wire.Publish {
	m := message(topic, "{}")
	m.Properties.ResponseTopic = []byte(to)
	if correlation != "" {
		m.Properties.CorrelationData = []byte(correlation)
	}
	return m
}

func TestTopicsNameRoutes(t *testing.T) {
	for name, tt := range map[string]struct {
		m      wire.Publish
		v5     bool // what it says is of version 5
		route  string
		id     uint64
		notify bool
		answer string // its topic
	}{
		"slashes":             {m: message("a/b/c", "x"), route: "a.b.c", notify: true},
		"dots":                {m: message("a.b.c", "x"), route: "a.b.c", notify: true},
		"both":                {m: message("a.b/c", "x"), route: "a.b.c", notify: true},
		"request":             {m: message("pomelo/req/17/a/b", "x"), route: "a.b", id: 17, answer: "pomelo/res/17"},
		"a request's text id": {m: message("pomelo/req/x-1/a.b", "x"), route: "a.b", answer: "pomelo/res/x-1"},
		"no id":               {m: message("pomelo/req//a", "x"), route: "pomelo.req..a", notify: true},
		"no route":            {m: message("pomelo/req/1", "x"), route: "pomelo.req.1", notify: true},
		"a response topic":    {m: asking("a/b", "re/ply", ""), v5: true, route: "a.b", answer: "re/ply"},
		"a correlation":       {m: asking("a/b", "re/ply", "\x00\xff"), v5: true, route: "a.b", answer: "re/ply"},
		"both ways":           {m: asking("pomelo/req/1/a", "re/ply", ""), v5: true, route: "a", id: 1, answer: "pomelo/res/1"},
	} {
		for _, v := range versions {
			if tt.v5 && v != wire.V5 {
				continue
			}
			t.Run(name+" "+v.String(), func(t *testing.T) {
				bubble(t, &mqtt.Connector{}, func(r *rig) {
					k := r.letIn(v)
					k.say(publish(v, tt.m))
					k.want("QoS 0 has no answer", nil)
					in := k.asks[0]
					if in.Route != tt.route || in.Id != tt.id || in.Notify != tt.notify || in.Encoding != messages.JSON || string(in.Body) != string(tt.m.Payload) {
						t.Errorf("asked %v", in.Request)
					}
					if tt.notify {
						return
					}
					want := message(tt.answer, `{"ok":true}`)
					if tt.answer != "pomelo/res/1" {
						want.Properties.CorrelationData = tt.m.Properties.CorrelationData
					}
					k.answer(&messages.Response{Body: want.Payload})
					k.want("answer", publish(v, want))
				})
			})
		}
	}
}

func TestFailedRequestsAreAnswered(t *testing.T) {
	for _, v := range versions {
		bubble(t, &mqtt.Connector{}, func(r *rig) {
			k := r.letIn(v)
			k.say(publish(v, message("pomelo/req/1/a", "{}")))
			for _, tt := range []struct {
				r    *messages.Response
				want string
				code string
			}{
				{&messages.Response{Error: messages.NewError(500, "")}, `{"code":500}`, "500"},
				{&messages.Response{Error: messages.NewError(-7, `"no"`)}, `{"code":-7,"msg":"\"no\""}`, "-7"},
				{&messages.Response{Error: messages.NewError(3, ""), Body: []byte("mine")}, "mine", "3"},
			} {
				k.answer(tt.r)
				m := message("pomelo/res/1", tt.want)
				if v == wire.V5 {
					m.Properties.User = m.Properties.User.With("code", tt.code)
				}
				k.want(v.String(), publish(v, m))
			}
		})
	}
}

func TestMessagesAreAcknowledged(t *testing.T) {
	for _, v := range versions {
		t.Run(v.String(), func(t *testing.T) {
			bubble(t, &mqtt.Connector{}, func(r *rig) {
				k := r.letIn(v)
				m := message("a", "1")
				m.QoS, m.ID = 1, 65535
				k.say(publish(v, m))
				k.want("QoS 1", ack(v, wire.TypePuback, 65535, 0))
				m.Dup = true
				k.say(publish(v, m))
				k.want("QoS 1 again", ack(v, wire.TypePuback, 65535, 0))
				if len(k.asks) != 2 {
					t.Errorf("%d handed over: at least once is as often as it comes", len(k.asks))
				}
			})
			bubble(t, &mqtt.Connector{}, func(r *rig) {
				k := r.letIn(v)
				m := message("a", "1")
				m.QoS, m.ID = 2, 9
				k.say(publish(v, m))
				k.want("QoS 2", ack(v, wire.TypePubrec, 9, 0))
				m.Dup = true
				k.say(publish(v, m))
				k.want("QoS 2 again", ack(v, wire.TypePubrec, 9, 0))
				if len(k.asks) != 1 {
					t.Errorf("%d handed over: exactly once", len(k.asks))
				}
				k.say(ack(v, wire.TypePubrel, 9, 0))
				k.want("PUBREL", ack(v, wire.TypePubcomp, 9, 0))
				k.say(ack(v, wire.TypePubrel, 9, 0))
				k.want("PUBREL again", ack(v, wire.TypePubcomp, 9, wire.PacketIdentifierNotFound))
				k.say(publish(v, m))
				k.want("the id used again", ack(v, wire.TypePubrec, 9, 0))
				if len(k.asks) != 2 {
					t.Errorf("%d handed over", len(k.asks))
				}
			})
		})
	}
}

func TestOpenMessagesAreBounded(t *testing.T) {
	for _, v := range versions {
		bubble(t, &mqtt.Connector{MaxReceive: 2}, func(r *rig) {
			k := r.letIn(v)
			for id := uint16(1); id <= 3; id++ {
				m := message("a", "1")
				m.QoS, m.ID = 2, id
				k.say(publish(v, m))
			}
			k.wantEnd(messages.CauseMalformed)
			k.want("all", ack(v, wire.TypePubrec, 1, 0), ack(v, wire.TypePubrec, 2, 0), farewell(v, wire.ReceiveMaximumExceeded))
			if len(k.asks) != 2 {
				t.Errorf("%d handed over", len(k.asks))
			}
		})
	}
}

// What the CONNACK says is not to be had ends the conversation, with those who could read it.
func TestWhatIsNotOffered(t *testing.T) {
	for _, v := range versions {
		bubble(t, &mqtt.Connector{}, func(r *rig) {
			k := r.letIn(v)
			m := message("a", "1")
			m.Retain = true
			k.say(publish(v, m))
			k.want("retain", farewell(v, wire.RetainNotSupported))
			if v == wire.V5 {
				k.wantEnd(messages.CauseMalformed)
			} else if len(k.asks) != 1 || k.reason != nil {
				t.Errorf("%v: handed over %v, closed %v", v, k.asks, k.reason)
			}
		})
	}
	bubble(t, &mqtt.Connector{}, func(r *rig) {
		k := r.letIn(wire.V5)
		k.say(publish(wire.V5, asking("a", "$SYS/x", "")))
		k.want("a response topic of the server's", goodbye(wire.TopicNameInvalid, ""))
		k.wantEnd(messages.CauseMalformed)
	})
	bubble(t, &mqtt.Connector{}, func(r *rig) {
		k := r.letIn(wire.V5)
		m := message("a", "1")
		m.Properties.TopicAlias = 1
		k.say(publish(wire.V5, m))
		k.want("alias", goodbye(wire.TopicAliasInvalid, ""))
		k.wantEnd(messages.CauseMalformed)
	})
}

func TestMalformedPacketsEndIt(t *testing.T) {
	for name, tt := range map[string]struct {
		send string
		code wire.ReasonCode
	}{
		"QoS 3":                  {"\x36\x05\x00\x01a\x00\x01", wire.MalformedPacket},
		"DUP at QoS 0":           {"\x38\x03\x00\x01a", wire.MalformedPacket},
		"a wildcard":             {"\x30\x03\x00\x01+", wire.MalformedPacket},
		"packet id 0":            {"\x32\x06\x00\x01a\x00\x00\x00", wire.ProtocolError},
		"a string past the end":  {"\x30\x03\x00\x05a", wire.MalformedPacket},
		"PUBREL's flags":         {"\x60\x02\x00\x01", wire.MalformedPacket},
		"SUBSCRIBE's flags":      {"\x80\x02\x00\x01", wire.MalformedPacket},
		"no filter":              {"\x82\x02\x00\x01", wire.ProtocolError},
		"PINGREQ with a body":    {"\xc0\x01x", wire.MalformedPacket},
		"PUBACK with half an id": {"\x40\x01\x00", wire.MalformedPacket},
		"a server's packet":      {"\x20\x02\x00\x00", wire.ProtocolError},
		"type 0":                 {"\x00\x00", wire.MalformedPacket},
		"five length bytes":      {"\x30\xff\xff\xff\xff\x01", wire.MalformedPacket},
		"too large":              {"\x30\x80\x80\x80\x01", wire.PacketTooLarge},
	} {
		for _, v := range versions {
			t.Run(name+" "+v.String(), func(t *testing.T) {
				bubble(t, &mqtt.Connector{}, func(r *rig) {
					send := tt.send
					if v == wire.V5 && name == "packet id 0" {
						send = "\x32\x06\x00\x01a\x00\x00\x00"
					}
					if v == wire.V5 && name == "no filter" {
						send = "\x82\x03\x00\x01\x00"
					}
					k := r.letIn(v)
					k.say([]byte(send))
					cause := messages.CauseMalformed
					if tt.code == wire.PacketTooLarge {
						cause = messages.CauseTooLarge
					}
					k.wantEnd(cause)
					got := k.hear()
					if v != wire.V5 {
						if len(got) > 0 {
							t.Errorf("the client got %v", got)
						}
						return
					}
					if len(got) != 1 {
						t.Fatalf("the client got %v", got)
					}
					d, err := wire.Decoder{Version: v, FromServer: true}.Disconnect(got[0])
					if err != nil || d.Code != tt.code {
						t.Errorf("told %v, %v, want %v", d.Code, err, tt.code)
					}
				})
			})
		}
	}
}

// Nothing follows a DISCONNECT, whatever one read brought.
func TestAcknowledgementsComeBeforeTheFarewell(t *testing.T) {
	for _, v := range versions {
		bubble(t, &mqtt.Connector{}, func(r *rig) {
			k := r.letIn(v)
			one, two := message("a", "1"), message("a", "2")
			one.QoS, one.ID, two.QoS, two.ID = 1, 1, 2, 2
			var step connectors.Step
			for _, packet := range [][]byte{publish(v, one), publish(v, two), wire.AppendPingreq(nil), {0x36, 0}} {
				k.proto.Feed(&step, connectors.Frame{Data: packet}, time.Now())
			}
			want := append(ack(v, wire.TypePuback, 1, 0), ack(v, wire.TypePubrec, 2, 0)...)
			want = append(want, farewell(v, wire.MalformedPacket)...)
			if string(step.Send) != string(wire.AppendPingresp(nil)) || string(step.After) != string(want) {
				t.Errorf("%v: sent %x, then %x, want the farewell behind all: %x", v, step.Send, step.After, want)
			}
		})
	}
}

func TestAuthenticationThatWasNotBegun(t *testing.T) {
	bubble(t, &mqtt.Connector{}, func(r *rig) {
		k := r.letIn(wire.V5)
		a := wire.Auth{Code: wire.ReAuthenticate}
		a.Properties.AuthMethod = []byte("x")
		k.say(must(a.Append(nil, wire.V5)))
		k.want("farewell", goodbye(wire.ProtocolError, ""))
		k.wantEnd(messages.CauseMalformed)
	})
}

func TestPushes(t *testing.T) {
	for _, v := range versions {
		bubble(t, &mqtt.Connector{}, func(r *rig) {
			k := r.letIn(v)
			k.push(&messages.Push{Route: "onChat", Body: []byte("1")}, &messages.Push{Route: "a.b", Body: []byte("2")})
			k.want("a batch", publish(v, message("pomelo/push/onChat", "1")), publish(v, message("pomelo/push/a.b", "2")))
			b, err := k.codec.AppendKick(nil, &messages.Kick{Reason: "bye", RetryAfterMs: 5})
			k.write(must(b, err))
			k.want("a kick", publish(v, message("pomelo/push/onKick", `{"reason":"bye","retryAfterMs":5}`)))
			for _, p := range []*messages.Push{{Route: "a+b"}, {Route: "a", Attachments: [][]byte{{1}}}, {Route: "a", Arguments: [][]byte{{1}}}} {
				if b, err := k.codec.AppendPush(nil, p); err == nil || len(b) > 0 {
					t.Errorf("%v is written: %x", p, b)
				}
			}
		})
	}
}

// What ends a conversation is told to MQTT 5 clients.
func TestHowItEnds(t *testing.T) {
	for cause, code := range map[messages.Cause]wire.ReasonCode{
		messages.CauseKicked: 0x98, messages.CauseClosed: 0x98, messages.CauseStopping: 0x8b, messages.CauseDraining: 0x8b,
		messages.CauseSlow: 0x97, messages.CauseOffending: 0x98, messages.CauseOverloaded: 0x89, messages.CauseReplaced: 0x8e,
		messages.CauseFailed: 0x80, messages.CauseNetwork: 0x80, messages.CauseHeartbeatTimeout: 0x8d,
	} {
		for _, v := range versions {
			t.Run(fmt.Sprint(cause, v), func(t *testing.T) {
				bubble(t, &mqtt.Connector{}, func(r *rig) {
					for text, said := range map[string]string{"why": "why", "": cause.Word()} {
						k := r.letIn(v)
						reason := messagesReason(cause, text)
						k.conn.Close(reason)
						k.conn.Close(reason)
						if v == wire.V5 {
							k.want("farewell", goodbye(code, said))
						} else {
							k.want("farewell", nil)
						}
					}
				})
			})
		}
	}
	bubble(t, &mqtt.Connector{}, func(r *rig) {
		k := r.dial(connect(wire.V5, func(c *wire.Connect) { c.Properties.MaximumPacketSize = 30 }))
		k.hear()
		k.conn.Close(messagesReason(messages.CauseKicked, "a reason that is longer than the client takes"))
		k.want("farewell", goodbye(wire.AdministrativeAction, ""))
		k = r.letIn(wire.V5)
		k.say([]byte{0xe0, 0})
		k.wantEnd(messages.CauseClient)
		k.want("nobody is left to be told", nil)
		k = r.dialHeld(connect(wire.V5, nil))
		k.conn.Close(messagesReason(messages.CauseStopping, ""))
		k.want("before the CONNACK", nil)
	})
}

func TestLastWills(t *testing.T) {
	will := func(c *wire.Connect) {
		c.Will = &wire.Will{Topic: []byte("gone/é"), Payload: []byte("a\xff\"")}
	}
	const body = `{"topic":"gone/é","payload":"a\ufffd\""}`
	for _, v := range versions {
		for name, tt := range map[string]struct {
			route string
			end   []byte
			want  string
		}{
			"lost":         {"wills", nil, body},
			"orderly":      {"wills", must(wire.Disconnect{}.Append(nil, v)), ""},
			"still wanted": {"wills", must(wire.Disconnect{Code: wire.DisconnectWithWill}.Append(nil, v)), body},
			"malformed":    {"wills", []byte{0x36, 0}, body},
			"no route":     {"", nil, ""},
		} {
			want := tt.want
			if name == "still wanted" && v != wire.V5 {
				want = "" // they cannot say so
			}
			bubble(t, &mqtt.Connector{WillRoute: tt.route}, func(r *rig) {
				k := r.dial(connect(v, will))
				k.hear()
				if tt.end != nil {
					k.say(tt.end)
				}
				if got := string(k.lastWill()); got != want {
					t.Errorf("%s, %v: %s, want %s", name, v, got, want)
				}
			})
		}
		bubble(t, &mqtt.Connector{WillRoute: "wills"}, func(r *rig) {
			if got := r.letIn(v).lastWill(); got != nil {
				t.Errorf("%v: %s of a client without one", v, got)
			}
		})
	}
}
