package mqtt_test

import (
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/mqtt"
	wire "github.com/fairlead-go/fairlead/connectors/wire/mqtt"
	"github.com/fairlead-go/fairlead/messages"
)

func messagesReason(c messages.Cause, text string) connectors.Reason {
	return connectors.Reason{Cause: c, Text: text}
}

// pushed is a push to onX as a client gets it at QoS 1.
func pushed(v wire.Version, id uint16, body string) []byte {
	m := message("pomelo/push/onX", body)
	m.QoS, m.ID = 1, id
	return publish(v, m)
}

func onX(body string) *messages.Push { return &messages.Push{Route: "onX", Body: []byte(body)} }

func TestMessagesOfQoS1WaitForRoomInTheWindow(t *testing.T) {
	for _, v := range versions {
		t.Run(v.String(), func(t *testing.T) {
			bubble(t, &mqtt.Connector{QoS: 1, Window: 2}, func(r *rig) {
				k := r.letIn(v)
				lossy := onX("lossy")
				lossy.Lossy = true
				k.push(onX("a"), onX("b"), onX("c"), lossy, onX("d"))
				k.want("as many as the window holds, and what needs no room", pushed(v, 1, "a"), pushed(v, 2, "b"), publish(v, message("pomelo/push/onX", "lossy")))
				k.say(ack(v, wire.TypePuback, 77, 0))
				k.want("an id that nobody waits for", nil)
				k.say(ack(v, wire.TypePuback, 2, 0))
				k.want("room for one", pushed(v, 3, "c"))
				k.push(onX("e"))
				k.want("behind the one that waits", nil)
				k.say(ack(v, wire.TypePuback, 1, 0), ack(v, wire.TypePuback, 3, 0))
				if got := k.hear(); len(got) != 2 {
					t.Errorf("room for two: %v", got)
				}
				k.say(publish(v, message("pomelo/req/1/a", "{}")))
				k.answer(&messages.Response{Body: []byte("{}")})
				k.want("answers wait, too", nil)
			})
		})
	}
}

func TestTheWindowIsTheClients(t *testing.T) {
	for maximum, want := range map[uint16]int{0: 64, 1: 1, 7: 7, 1000: 64} {
		bubble(t, &mqtt.Connector{QoS: 1}, func(r *rig) {
			k := r.dial(connect(wire.V5, func(c *wire.Connect) { c.Properties.ReceiveMaximum = maximum }))
			k.hear()
			for range 100 {
				k.push(onX("x"))
			}
			if got := k.hear(); len(got) != want {
				t.Errorf("Receive Maximum %d: %d messages, want %d", maximum, len(got), want)
			}
		})
	}
}

// Ids go round, and those in use are left out.
func TestPacketIDsGoRound(t *testing.T) {
	bubble(t, &mqtt.Connector{QoS: 1}, func(r *rig) {
		k := r.letIn(wire.V311)
		k.push(onX("stays"))
		k.want("the first", pushed(wire.V311, 1, "stays"))
		const round = 65534
		for id := range uint16(round) {
			k.push(onX("x"))
			k.hear()
			k.say(ack(wire.V311, wire.TypePuback, id+2, 0))
		}
		k.push(onX("y"))
		k.want("neither 0 nor 1", pushed(wire.V311, 2, "y"))
	})
}

func TestTooMuchWaits(t *testing.T) {
	bubble(t, &mqtt.Connector{QoS: 1, Window: 1, MaxWaiting: 300}, func(r *rig) {
		k := r.letIn(wire.V311)
		var err error
		n := 0
		for ; err == nil; n++ {
			var b []byte
			if b, err = k.codec.AppendPush(nil, onX(strings.Repeat("x", 80))); err == nil {
				err = k.conn.Write(net.Buffers{b})
			}
		}
		if !errors.Is(err, connectors.ErrSlow) || n != 4 {
			t.Errorf("write %d: %v, want %v at the fourth", n, err, connectors.ErrSlow)
		}
	})
}

func TestWhatTheClientDoesNotTakeIsNotSent(t *testing.T) {
	bubble(t, &mqtt.Connector{QoS: 1}, func(r *rig) {
		k := r.dial(connect(wire.V5, func(c *wire.Connect) { c.Properties.MaximumPacketSize = 100 }))
		k.hear()
		k.push(onX(strings.Repeat("x", 200)), onX("small"))
		k.want("the small one", pushed(wire.V5, 1, "small"))
	})
}

// Only what fits as it is is written at once.
func TestAtOnce(t *testing.T) {
	try := func(k *talk, p *messages.Push) bool {
		b, err := k.codec.AppendPush(nil, p)
		taken, rest := k.conn.(connectors.Prompt).TryWrite(net.Buffers{must(b, err)})
		return taken && !rest
	}
	bubble(t, &mqtt.Connector{QoS: 1}, func(r *rig) {
		if k := r.letIn(wire.V311); try(k, onX("needs an id")) {
			t.Error("a message of QoS 1 without an id")
		}
	})
	bubble(t, &mqtt.Connector{RequireSubscribe: true}, func(r *rig) {
		if k := r.letIn(wire.V311); try(k, onX("not subscribed")) {
			t.Error("a push that the client has not asked for")
		}
	})
	bubble(t, &mqtt.Connector{}, func(r *rig) {
		k := r.dial(connect(wire.V5, func(c *wire.Connect) { c.Properties.MaximumPacketSize = 100 }))
		k.hear()
		if try(k, onX(strings.Repeat("x", 100))) {
			t.Error("a packet that is too large")
		}
	})
}

// Writers keep nothing, and spare what they are given: a group's members share it.
func TestSharedMessagesAreNotTouched(t *testing.T) {
	bubble(t, &mqtt.Connector{QoS: 1, Window: 1}, func(r *rig) {
		k := r.letIn(wire.V311)
		b, err := k.codec.AppendPush(nil, onX("shared"))
		before := string(must(b, err))
		k.write(b, b)
		if string(b) != before {
			t.Errorf("%x has become %x", before, b)
		}
		clear(b)
		k.want("the first", pushed(wire.V311, 1, "shared"))
		k.say(ack(wire.V311, wire.TypePuback, 1, 0))
		k.want("the second", pushed(wire.V311, 2, "shared"))
	})
}

// Room that the client makes is filled by the writer alone: a message that comes meanwhile does not overtake what waits.
func TestRoomIsForWhatHasWaited(t *testing.T) {
	bubble(t, &mqtt.Connector{QoS: 1, Window: 2}, func(r *rig) {
		k := r.letIn(wire.V311)
		k.push(onX("a"), onX("b"), onX("c"))
		k.want("room for two", pushed(wire.V311, 1, "a"), pushed(wire.V311, 2, "b"))
		var step connectors.Step
		for id := range uint16(2) {
			k.proto.Feed(&step, connectors.Frame{Data: ack(wire.V311, wire.TypePuback, id+1, 0)}, time.Now())
		}
		k.push(onX("d")) // ahead of what the step wants sent
		k.write(step.Send)
		k.want("in order", pushed(wire.V311, 3, "c"), pushed(wire.V311, 4, "d"))
	})
}

// Filters that are granted are kept: all of them are no longer than a packet.
func TestLongFilters(t *testing.T) {
	bubble(t, &mqtt.Connector{MaxPacket: 1000}, func(r *rig) {
		k := r.letIn(wire.V5)
		long := "pomelo/" + strings.Repeat("x", 600)
		k.say(subscribe(wire.V5, 1, 0, long))
		k.want("one", suback(wire.V5, 1, 0))
		k.say(subscribe(wire.V5, 2, 0, long+"2"))
		k.want("another", suback(wire.V5, 2, wire.QuotaExceeded))
		k.say(must(wire.Unsubscribe{ID: 3, Filters: [][]byte{[]byte(long)}}.Append(nil, wire.V5)))
		k.hear()
		k.say(subscribe(wire.V5, 4, 0, long+"2"))
		k.want("room again", suback(wire.V5, 4, 0))
	})
}
