package mqtt_test

import (
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/memory"
	"github.com/fairlead-go/fairlead/connectors/mqtt"
	"github.com/fairlead-go/fairlead/connectors/port"
	wire "github.com/fairlead-go/fairlead/connectors/wire/mqtt"
	"github.com/fairlead-go/fairlead/internal/leak"
	"github.com/fairlead-go/fairlead/messages"
)

func TestMain(m *testing.M) { leak.Main(m) }

// rig is a connector on a network in memory.
type rig struct {
	*testing.T
	net       *memory.Listener
	connector *mqtt.Connector
	listener  connectors.Listener
}

// bubble runs f with a rig in virtual time, and takes the rig down again.
func bubble(t *testing.T, c *mqtt.Connector, f func(r *rig)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := &rig{T: t, net: memory.Listen("mqtt"), connector: c}
		c.Port = &port.Port{Listener: r.net}
		listeners, err := c.Listen(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		r.listener = listeners[0]
		defer func() {
			r.listener.Close()
			<-time.After(5 * time.Second) // what is hung up lingers
		}()
		f(r)
	})
}

// talk is both ends of a conversation: what its client sends goes through the Conn to the Protocol, and
// what that wants said is written.
type talk struct {
	*rig
	far    net.Conn
	conn   connectors.Conn
	proto  connectors.Protocol
	codec  connectors.Codec // nil: not let in
	reason *connectors.Reason
	hello  *connectors.Hello
	asks   []connectors.Inbound
	expire time.Time
	hook   func(p connectors.Protocol, s *connectors.Step) // answers a Hello; nil lets all in
}

// dial makes a client that has sent first.
func (r *rig) dial(first []byte) *talk {
	r.Helper()
	return r.dialWith(first, nil)
}

func (r *rig) dialWith(first []byte, hook func(connectors.Protocol, *connectors.Step)) *talk {
	r.Helper()
	far, err := r.net.Dial()
	if err != nil {
		r.Fatal(err)
	}
	r.Cleanup(func() { far.Close() })
	go far.Write(first)
	conn, err := r.listener.Accept()
	if err != nil {
		r.Fatal(err)
	}
	k := &talk{rig: r, far: far, conn: conn, proto: r.connector.Protocol(conn), hook: hook}
	k.step(func(s *connectors.Step) { k.proto.Open(s, time.Now()) })
	k.read()
	return k
}

// say sends packets and has them dealt with.
func (k *talk) say(packets ...[]byte) {
	k.Helper()
	go func() {
		for _, p := range packets {
			_, _ = k.far.Write(p)
		}
	}()
	synctest.Wait()
	k.read()
}

// read deals with what one read brings.
func (k *talk) read() {
	k.Helper()
	frames, err := k.conn.ReadFrames()
	for _, f := range frames {
		k.step(func(s *connectors.Step) { k.proto.Feed(s, f, time.Now()) })
	}
	if err != nil && k.reason == nil {
		k.end(connectors.Reason{Cause: causes[wire.Code(err)], Text: err.Error()})
	}
}

var causes = map[wire.ReasonCode]messages.Cause{wire.PacketTooLarge: messages.CauseTooLarge, wire.MalformedPacket: messages.CauseMalformed, wire.SessionTakenOver: messages.CauseReplaced}

// step does what a step says, as a link does.
func (k *talk) step(call func(*connectors.Step)) {
	k.Helper()
	if k.reason != nil {
		return
	}
	var s connectors.Step
	call(&s)
	if s.Codec != nil {
		k.codec = s.Codec
	}
	if !s.Expire.IsZero() {
		k.expire = s.Expire
	}
	if s.ReadLimit > 0 {
		k.conn.SetReadLimit(s.ReadLimit)
	}
	k.write(s.Send)
	k.asks = append(k.asks, s.Requests...)
	k.write(s.After)
	if s.Hello != nil {
		k.hello = s.Hello
		if k.hook == nil {
			k.welcome(nil)
		}
	}
	if s.Close != nil {
		k.end(*s.Close)
	}
}

func (k *talk) welcome(err error) {
	k.step(func(s *connectors.Step) { k.proto.Welcome(s, nil, err, time.Now()) })
}

func (k *talk) end(r connectors.Reason) {
	k.reason = &r
	k.conn.Close(r)
}

func (k *talk) write(packages ...[]byte) {
	k.Helper()
	if err := k.conn.Write(packages); err != nil {
		k.Errorf("Write: %v", err)
	}
}

// lastWill is the body of the last will that the client leaves, or nil.
func (k *talk) lastWill() []byte {
	k.Helper()
	var s connectors.Step
	k.proto.(connectors.Testator).End(&s, connectors.Reason{}, time.Now())
	if len(s.Requests) == 0 {
		return nil
	}
	if len(s.Requests) > 1 || !s.Requests[0].Notify || s.Requests[0].Route != k.connector.WillRoute {
		k.Errorf("last will %v", s.Requests)
	}
	return s.Requests[0].Body
}

// newPort is one that others share.
func newPort() *port.Port { return &port.Port{Listener: memory.Listen("shared")} }

// answer writes the response to the request that came last.
func (k *talk) answer(r *messages.Response) {
	k.Helper()
	in := k.asks[len(k.asks)-1]
	b, err := k.codec.AppendResponse(nil, connectors.Origin{ID: in.Id, Route: in.Route, Tag: in.Tag}, r)
	if err != nil {
		k.Fatal(err)
	}
	k.write(b)
}

// push writes pushes.
func (k *talk) push(list ...*messages.Push) {
	k.Helper()
	var all net.Buffers
	for _, p := range list {
		b, err := k.codec.AppendPush(nil, p)
		if err != nil {
			k.Fatal(err)
		}
		all = append(all, b)
	}
	k.write(all...)
}

// hear is what the client has been sent since, as packets.
func (k *talk) hear() (all []wire.Packet) {
	k.Helper()
	synctest.Wait()
	_ = k.far.SetReadDeadline(time.Now().Add(time.Millisecond))
	b, _ := io.ReadAll(k.far)
	for len(b) > 0 {
		p, rest, err := wire.Cut(b)
		if err != nil {
			k.Fatalf("the client got %x: %v", b, err)
		}
		all, b = append(all, p), rest
	}
	return all
}

// wantBytes fails unless the client got these packets.
func (k *talk) want(what string, packets ...[]byte) {
	k.Helper()
	synctest.Wait()
	_ = k.far.SetReadDeadline(time.Now().Add(time.Millisecond))
	got, _ := io.ReadAll(k.far)
	var want []byte
	for _, p := range packets {
		want = append(want, p...)
	}
	if string(got) != string(want) {
		k.Errorf("%s: the client got\n%x\nwant\n%x", what, got, want)
	}
}

// wantEnd fails unless the conversation has ended so.
func (k *talk) wantEnd(cause messages.Cause) {
	k.Helper()
	switch {
	case k.reason == nil:
		k.Errorf("not closed, want %v", cause)
	case k.reason.Cause != cause:
		k.Errorf("closed by %v (%s), want %v", k.reason.Cause, k.reason.Text, cause)
	}
}

// must is a packet.
func must(b []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return b
}

// versions are all there are.
var versions = []wire.Version{wire.V31, wire.V311, wire.V5}

// connect is a CONNECT, changed by tune.
func connect(v wire.Version, tune func(*wire.Connect)) []byte {
	c := wire.Connect{Version: v, CleanStart: true, KeepAlive: 60, ClientID: []byte("c1")}
	if tune != nil {
		tune(&c)
	}
	return must(c.Append(nil, v))
}

func publish(v wire.Version, m wire.Publish) []byte { return must(m.Append(nil, v)) }

func ack(v wire.Version, t wire.Type, id uint16, c wire.ReasonCode) []byte {
	return must(wire.Ack{Type: t, ID: id, Code: c}.Append(nil, v))
}

func goodbye(c wire.ReasonCode, text string) []byte {
	d := wire.Disconnect{Code: c}
	if text != "" {
		d.Properties.ReasonString = []byte(text)
	}
	return must(d.Append(nil, wire.V5))
}

// letIn is a client of a version that has been let in.
func (r *rig) letIn(v wire.Version) *talk {
	r.Helper()
	k := r.dial(connect(v, nil))
	if got := k.hear(); len(got) != 1 || got[0].Type != wire.TypeConnack || k.codec == nil {
		r.Fatalf("not let in: %v, %+v", got, k.reason)
	}
	return k
}
