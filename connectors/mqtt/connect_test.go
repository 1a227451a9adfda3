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

// accepted is the CONNACK of a client that comes in with the connector's defaults.
func accepted(v wire.Version, tune func(*wire.Connack)) []byte {
	a := wire.Connack{}
	if v == wire.V5 {
		a.Properties.SessionExpiry.Set = true
		a.Properties.NoRetain, a.Properties.NoShared, a.Properties.NoSubscriptionIDs = true, true, true
		a.Properties.ReceiveMaximum, a.Properties.MaximumPacketSize = 1024, 64<<10
		if tune != nil {
			tune(&a)
		}
	}
	return must(a.Append(nil, v))
}

func refused(v wire.Version, c wire.ReasonCode) []byte {
	return must(wire.Connack{Code: c}.Append(nil, v))
}

func TestClientsComeIn(t *testing.T) {
	for _, v := range versions {
		t.Run(v.String(), func(t *testing.T) {
			bubble(t, &mqtt.Connector{}, func(r *rig) {
				k := r.dial(connect(v, func(c *wire.Connect) {
					c.Username, c.Password = []byte("zoë"), []byte{0, 1}
				}))
				k.want("CONNACK", accepted(v, nil))
				h := k.hello
				if h.Type != "mqtt" || h.Version != v.String() || h.Connector != "mqtt" || h.Transport != "memory" || h.RemoteAddr == nil || len(h.Raw) == 0 {
					t.Errorf("hello %+v", h)
				}
				if c := h.Credentials; c.ClientID != "c1" || c.Username != "zoë" || string(c.Password) != "\x00\x01" {
					t.Errorf("credentials %+v", c)
				}
			})
		})
	}
}

func TestClientsWithoutAnID(t *testing.T) {
	for _, v := range versions {
		bubble(t, &mqtt.Connector{}, func(r *rig) {
			k := r.dial(connect(v, func(c *wire.Connect) { c.ClientID = nil }))
			id := k.hello.Credentials.ClientID
			if !strings.HasPrefix(id, "auto-") || len(id) < 20 {
				t.Errorf("%v: client id %q", v, id)
			}
			k.want(v.String(), accepted(v, func(a *wire.Connack) { a.Properties.AssignedClientID = []byte(id) }))
			k = r.dial(connect(v, func(c *wire.Connect) { c.ClientID = []byte(id) }))
			k.hear()

			if v == wire.V5 {
				return
			}
			// What Append refuses to write: a session to keep, of nobody.
			b := connect(v, func(c *wire.Connect) { c.ClientID = nil })
			i := strings.Index(string(b), string([]byte{byte(v), 0x02}))
			b[i+1] = 0
			k = r.dial(b)
			k.want(v.String(), refused(v, wire.ClientIdentifierNotValid))
			k.wantEnd(messages.CauseRefused)
		})
	}
}

func TestClientsThatDoNotComeIn(t *testing.T) {
	hex := func(s string) []byte { return []byte(s) }
	for name, tt := range map[string]struct {
		send  []byte
		want  []byte
		cause messages.Cause
	}{
		"level 2":                  {hex("\x10\x0e\x00\x04MQTT\x02\x02\x00\x00\x00\x02c1"), hex("\x20\x02\x00\x01"), messages.CauseRefused},
		"level 6":                  {hex("\x10\x0e\x00\x04MQTT\x06\x02\x00\x00\x00\x02c1"), hex("\x20\x03\x00\x84\x00"), messages.CauseRefused},
		"3.1's level, other name":  {hex("\x10\x0e\x00\x04MQTT\x03\x02\x00\x00\x00\x02c1"), hex("\x20\x02\x00\x01"), messages.CauseRefused},
		"3.1.1's level, 3.1's":     {hex("\x10\x10\x00\x06MQIsdp\x04\x02\x00\x00\x00\x02c1"), hex("\x20\x02\x00\x01"), messages.CauseRefused},
		"another protocol":         {hex("\x10\x0e\x00\x04HTTP\x04\x02\x00\x00\x00\x02c1"), hex("\x20\x02\x00\x01"), messages.CauseRefused},
		"reserved bit":             {hex("\x10\x0e\x00\x04MQTT\x04\x03\x00\x00\x00\x02c1"), nil, messages.CauseMalformed},
		"will QoS 3":               {hex("\x10\x14\x00\x04MQTT\x04\x1e\x00\x00\x00\x02c1\x00\x01w\x00\x01x"), nil, messages.CauseMalformed},
		"retain without a will":    {hex("\x10\x0e\x00\x04MQTT\x04\x22\x00\x00\x00\x02c1"), nil, messages.CauseMalformed},
		"password without a user":  {hex("\x10\x11\x00\x04MQTT\x04\x42\x00\x00\x00\x02c1\x00\x01p"), nil, messages.CauseMalformed},
		"bytes left over":          {hex("\x10\x0f\x00\x04MQTT\x04\x02\x00\x00\x00\x02c1x"), nil, messages.CauseMalformed},
		"a will to be retained":    {connect(wire.V5, func(c *wire.Connect) { c.Will = &wire.Will{Topic: []byte("t"), Retain: true} }), hex("\x20\x03\x00\x9a\x00"), messages.CauseRefused},
		"an authentication method": {connect(wire.V5, func(c *wire.Connect) { c.Properties.AuthMethod = []byte("SCRAM") }), hex("\x20\x03\x00\x8c\x00"), messages.CauseRefused},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, &mqtt.Connector{}, func(r *rig) {
				k := r.dial(tt.send)
				k.want("answer", tt.want)
				k.wantEnd(tt.cause)
				if k.hello != nil {
					t.Error("the application was asked")
				}
			})
		})
	}
}

// The older versions do not know that nothing is retained here.
func TestAWillToBeRetained(t *testing.T) {
	for _, v := range []wire.Version{wire.V31, wire.V311} {
		bubble(t, &mqtt.Connector{WillRoute: "wills"}, func(r *rig) {
			k := r.dial(connect(v, func(c *wire.Connect) { c.Will = &wire.Will{Topic: []byte("t"), Retain: true} }))
			k.want(v.String(), accepted(v, nil))
			if got := string(k.lastWill()); got != `{"topic":"t","payload":""}` {
				t.Errorf("%v: last will %s", v, got)
			}
		})
	}
}

// What a connector says of itself fits a CONNACK.
func TestTheLargestPacketThereIs(t *testing.T) {
	bubble(t, &mqtt.Connector{MaxPacket: 1 << 30}, func(r *rig) {
		k := r.dial(connect(wire.V5, nil))
		k.want("CONNACK", accepted(wire.V5, func(a *wire.Connack) { a.Properties.MaximumPacketSize = wire.MaxHeader + wire.MaxBody }))
	})
}

// The application's code is told in each version's words.
func TestTheApplicationRefuses(t *testing.T) {
	for code, want := range map[int32]struct {
		old byte
		v5  wire.ReasonCode
	}{
		401: {4, wire.BadUserNameOrPassword}, 403: {5, wire.NotAuthorized}, 400: {2, wire.ClientIdentifierNotValid},
		503: {3, wire.ServerBusy}, 500: {3, wire.ServerUnavailable}, 1234: {5, wire.NotAuthorized},
	} {
		for _, v := range versions {
			bubble(t, &mqtt.Connector{WillRoute: "wills"}, func(r *rig) {
				k := r.dial(connect(v, func(c *wire.Connect) { c.Will = &wire.Will{Topic: []byte("t")} }))
				k.hear()
				k = r.dialHeld(connect(v, func(c *wire.Connect) { c.Will = &wire.Will{Topic: []byte("t")} }))
				k.welcome(messages.NewError(code, "no"))
				if v == wire.V5 {
					k.want("5", refused(v, want.v5))
				} else {
					k.want(v.String(), []byte{0x20, 2, 0, want.old})
				}
				k.wantEnd(messages.CauseRefused)
				if got := k.lastWill(); got != nil {
					t.Errorf("the will of a client that was not there: %s", got)
				}
			})
		}
	}
}

// dialHeld is dial with an application that takes its time.
func (r *rig) dialHeld(first []byte) *talk {
	r.Helper()
	hold := func(connectors.Protocol, *connectors.Step) {}
	return r.dialWith(first, hold)
}

// A client need not wait for its CONNACK. What it says before is taken after.
func TestWhatComesBeforeTheCONNACK(t *testing.T) {
	for _, v := range versions {
		bubble(t, &mqtt.Connector{}, func(r *rig) {
			k := r.dialHeld(connect(v, nil))
			k.say(publish(v, wire.Publish{Topic: []byte("a/b"), Payload: []byte("1"), QoS: 1, ID: 7}), wire.AppendPingreq(nil))
			k.want("nothing", nil)
			if len(k.asks) > 0 {
				t.Error("handed over before the client is in")
			}
			k.welcome(nil)
			k.want("all", accepted(v, nil), wire.AppendPingresp(nil), ack(v, wire.TypePuback, 7, 0))
			if len(k.asks) != 1 || k.asks[0].Route != "a.b" || string(k.asks[0].Body) != "1" {
				t.Errorf("handed over %v", k.asks)
			}
		})
		bubble(t, &mqtt.Connector{MaxPacket: 200}, func(r *rig) {
			k := r.dialHeld(connect(v, nil))
			for range 4 {
				if k.reason == nil {
					k.say(publish(v, wire.Publish{Topic: []byte("a/b"), Payload: make([]byte, 50)}))
				}
			}
			k.wantEnd(messages.CauseTooLarge)
		})
		bubble(t, &mqtt.Connector{}, func(r *rig) {
			k := r.dialHeld(connect(v, nil))
			k.say(publish(v, wire.Publish{Topic: []byte("a"), QoS: 1, ID: 1}), connect(v, nil))
			k.wantEnd(messages.CauseMalformed)
		})
		bubble(t, &mqtt.Connector{}, func(r *rig) {
			k := r.dialHeld(connect(v, nil))
			k.say([]byte{0xe0, 0})
			k.wantEnd(messages.CauseClient)
		})
	}
}

// Strangers may hold little of our memory, whatever is allowed to who is known.
func TestLargePacketsAreForThoseLetIn(t *testing.T) {
	large := func(v wire.Version) []byte { return publish(v, message("a", strings.Repeat("x", 100<<10))) }
	for _, v := range versions {
		bubble(t, &mqtt.Connector{MaxPacket: 1 << 20}, func(r *rig) {
			k := r.dial(connect(v, func(c *wire.Connect) { c.Will = &wire.Will{Topic: []byte("t"), Payload: make([]byte, 65535)} }))
			k.wantEnd(messages.CauseTooLarge)
		})
		bubble(t, &mqtt.Connector{MaxPacket: 1 << 20}, func(r *rig) {
			k := r.dialHeld(connect(v, nil))
			k.say(large(v))
			k.wantEnd(messages.CauseTooLarge)
		})
		bubble(t, &mqtt.Connector{MaxPacket: 1 << 20}, func(r *rig) {
			k := r.dial(append(connect(v, nil), large(v)...))
			for len(k.asks) == 0 && k.reason == nil {
				k.read()
			}
			if k.reason != nil || len(k.asks[0].Body) != 100<<10 {
				t.Errorf("%v: closed %v", v, k.reason)
			}
		})
	}
}

func TestOnlyOneCONNECT(t *testing.T) {
	for _, v := range versions {
		bubble(t, &mqtt.Connector{}, func(r *rig) {
			k := r.letIn(v)
			k.say(connect(v, nil))
			k.wantEnd(messages.CauseMalformed)
			k.want("farewell", farewell(v, wire.ProtocolError))
		})
		bubble(t, &mqtt.Connector{}, func(r *rig) {
			k := r.letIn(v)
			k.proto = r.connector.Protocol(k.conn) // as when the first packet is another one, over WebSocket
			k.say(wire.AppendPingreq(nil))
			k.wantEnd(messages.CauseMalformed)
		})
	}
}

// farewell is the DISCONNECT that a client of a version is told a mistake by.
func farewell(v wire.Version, c wire.ReasonCode) []byte {
	if v != wire.V5 {
		return nil
	}
	return goodbye(c, "")
}

// Who comes in again takes the place of the one that is there.
func TestTheSameClientAgain(t *testing.T) {
	for _, v := range versions {
		bubble(t, &mqtt.Connector{}, func(r *rig) {
			first := r.letIn(v)
			r.letIn(v)
			first.read()
			first.wantEnd(messages.CauseReplaced)
			if v == wire.V5 {
				first.want("farewell", goodbye(wire.SessionTakenOver, "the client came in again"))
			} else {
				first.want("farewell", nil)
			}
			first.lastWill()    // the first leaves late
			third := r.letIn(v) // and the second is found all the same
			third.hear()
		})
		bubble(t, &mqtt.Connector{SharedIDs: true}, func(r *rig) {
			first, second := r.letIn(v), r.letIn(v)
			for _, k := range []*talk{first, second} {
				k.say(wire.AppendPingreq(nil))
				k.want("both are there", wire.AppendPingresp(nil))
			}
		})
	}
}

// Who has gone while the application thought about it is not there, and takes nobody's place.
func TestWelcomeOfOneThatHasGone(t *testing.T) {
	bubble(t, &mqtt.Connector{}, func(r *rig) {
		there, late := r.letIn(wire.V311), r.dialHeld(connect(wire.V311, nil))
		late.conn.Close(messagesReason(messages.CauseClient, ""))
		var step connectors.Step
		late.proto.Welcome(&step, nil, nil, time.Now())
		there.say(wire.AppendPingreq(nil))
		there.want("still there", wire.AppendPingresp(nil))
		there.end(messagesReason(messages.CauseKicked, ""))
		if n := r.connector.Present(); n != 0 {
			t.Errorf("%d clients are there", n)
		}
	})
}

// What the writer meets at a client that has been replaced is no failure of the network.
func TestWritingToOneThatCameInAgain(t *testing.T) {
	bubble(t, &mqtt.Connector{}, func(r *rig) {
		first := r.letIn(wire.V311)
		r.letIn(wire.V311)
		for _, packages := range []net.Buffers{{wire.AppendPingresp(nil)}, {wire.AppendPingresp(nil), wire.AppendPingresp(nil)}} {
			if err := first.conn.Write(packages); !errors.Is(err, connectors.ErrReplaced) {
				t.Errorf("Write: %v, want %v", err, connectors.ErrReplaced)
			}
		}
	})
}

// The application may do to a Hello what it likes.
func TestAHelloWithoutCredentials(t *testing.T) {
	bubble(t, &mqtt.Connector{}, func(r *rig) {
		k := r.dialWith(connect(wire.V5, nil), func(connectors.Protocol, *connectors.Step) {})
		k.hello.Credentials = nil
		k.welcome(nil)
		k.want("CONNACK", accepted(wire.V5, nil))
	})
}

func TestTimeForACONNECT(t *testing.T) {
	bubble(t, &mqtt.Connector{ConnectTime: 3 * time.Second}, func(r *rig) {
		k := r.dialHeld(connect(wire.V5, nil))
		if got := time.Until(k.expire); got != 3*time.Second {
			t.Errorf("expires in %v", got)
		}
		<-time.After(3*time.Second - 1)
		k.expireNow()
		if k.reason != nil {
			t.Error("closed early")
		}
		<-time.After(1)
		k.expireNow()
		k.wantEnd(messages.CauseHandshakeTimeout)
		k.welcome(nil)
		k.want("too late", nil)
	})
}

// expireNow calls Expire.
func (k *talk) expireNow() { k.step(func(s *connectors.Step) { k.proto.Expire(s, time.Now()) }) }

func TestKeepalive(t *testing.T) {
	const forever = 0
	for name, tt := range map[string]struct {
		keep, timeout time.Duration // the connector's
		asked         uint16
		old, v5       time.Duration // the client may be silent for
		told          uint16        // in version 5; 0: nothing
	}{
		"its own":          {0, 0, 60, 90 * time.Second, 90 * time.Second, 0},
		"none":             {0, 0, 0, 180 * time.Second, 180 * time.Second, 120},
		"a longer one":     {0, 0, 600, 900 * time.Second, 180 * time.Second, 120},
		"none, any":        {-1, 0, 0, forever, forever, 0},
		"any":              {-1, 0, 600, 900 * time.Second, 900 * time.Second, 0},
		"a timeout":        {0, 9 * time.Second, 60, 9 * time.Second, 9 * time.Second, 6},
		"a longer timeout": {0, time.Hour, 60, 90 * time.Second, 90 * time.Second, 0},
		"timeout alone":    {-1, 9 * time.Second, 0, 9 * time.Second, 9 * time.Second, 6},
		"less than one":    {time.Millisecond, 0, 0, 1500 * time.Microsecond, 1500 * time.Millisecond, 1},
		"the longest":      {100 * time.Hour, 0, 0, 150 * time.Hour, 65535 * 1500 * time.Millisecond, 65535},
	} {
		for _, v := range versions {
			t.Run(name+" "+v.String(), func(t *testing.T) {
				bubble(t, &mqtt.Connector{KeepAlive: tt.keep, Timeout: tt.timeout}, func(r *rig) {
					k := r.dial(connect(v, func(c *wire.Connect) { c.KeepAlive = tt.asked }))
					k.want("CONNACK", accepted(v, func(a *wire.Connack) {
						a.Properties.ServerKeepAlive = wire.Optional[uint16]{Value: tt.told, Set: tt.told != 0}
					}))
					want := tt.old
					if v == wire.V5 {
						want = tt.v5
					}
					begun := time.Now().Add(-time.Millisecond) // which the client took to look at its CONNACK
					k.wantSilence(begun, want)
				})
			})
		}
	}
}

// wantSilence fails unless the client may be silent for so long since a moment, and no longer.
func (k *talk) wantSilence(since time.Time, want time.Duration) {
	k.Helper()
	if want == 0 {
		<-time.After(1000 * time.Hour)
		k.expireNow()
		if k.reason != nil {
			k.Errorf("closed: %+v", k.reason)
		}
		return
	}
	if got := k.expire.Sub(since); got != want {
		k.Errorf("expires after %v, want %v", got, want)
	}
	<-time.After(time.Until(since.Add(want - 1)))
	k.expireNow()
	if k.reason != nil || !k.expire.Equal(since.Add(want)) {
		k.Errorf("closed early: %+v, expires after %v", k.reason, k.expire.Sub(since))
	}
	<-time.After(1)
	k.expireNow()
	k.wantEnd(messages.CauseHeartbeatTimeout)
}

// Any packet is a sign of life.
func TestPacketsAreLife(t *testing.T) {
	bubble(t, &mqtt.Connector{}, func(r *rig) {
		k := r.letIn(wire.V311)
		<-time.After(80 * time.Second)
		k.say(wire.AppendPingreq(nil))
		alive := time.Now()
		k.want("PINGRESP", wire.AppendPingresp(nil))
		<-time.After(time.Until(alive.Add(80 * time.Second)))
		k.expireNow()
		k.wantSilence(alive, 90*time.Second)
	})
	bubble(t, &mqtt.Connector{}, func(r *rig) {
		k := r.letIn(wire.V5)
		<-time.After(90 * time.Second)
		k.expireNow()
		k.want("farewell", goodbye(wire.KeepAliveTimeout, "heartbeat timeout"))
	})
}

func TestFieldsThatMakeNoSense(t *testing.T) {
	for name, c := range map[string]*mqtt.Connector{
		"PublishRoute":       {PublishRoute: "a"},
		"SubscribeRoute":     {SubscribeRoute: "a"},
		"QoS 2":              {QoS: 2},
		"Path \"mqtt\"":      {Path: "mqtt"},
		"Timeout -1":         {Timeout: -1},
		"ConnectTime -1":     {ConnectTime: -1},
		"Window -1":          {Window: -1},
		"Window 65536":       {Window: 65536},
		"MaxReceive 65536":   {MaxReceive: 65536},
		"MaxPacket":          {MaxPacket: -1},
		"MaxSubscriptions":   {MaxSubscriptions: -1},
		"MaxWaiting":         {MaxWaiting: -1},
		"elsewhere":          {Addr: "elsewhere"},
		"\"%zz\"":            {Addr: "127.0.0.1:0", Origins: []string{"%zz"}},
		"Port has its own":   {Addr: "127.0.0.1:0", Port: newPort()},
		"-1: less than noth": {MaxReceive: -1},
	} {
		if _, err := c.Listen(t.Context()); err == nil {
			t.Errorf("%s: no error", name)
		} else if word, _, _ := strings.Cut(name, ":"); !strings.HasPrefix(err.Error(), "mqtt: ") || !strings.Contains(err.Error(), word) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
