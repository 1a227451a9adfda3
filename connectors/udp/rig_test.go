package udp_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/client"
	"github.com/fairlead-go/fairlead/connectors/udp"
	"github.com/fairlead-go/fairlead/internal/leak"
	"github.com/fairlead-go/fairlead/messages"
)

func TestMain(m *testing.M) { leak.Main(m) }

const (
	plainHello = "\x01\x00\x00\x24" + `{"sys":{"type":"udp","version":"1"}}`
	ack        = "\x02\x00\x00\x00"
	heartbeat  = "\x03\x00\x00\x00"
	farewell   = "\x05\x00\x00\x00"
)

// rig is a connector on a network in memory, whose clients are answered with what they ask.
type rig struct {
	testing.TB
	net       *lan
	connector *udp.Connector
	listener  connectors.Listener
	sessions  chan *session
	user      any           // of the handshake's answer
	slow      chan struct{} // which waits for it; nil: it does not
	over      chan struct{} // accepting is
}

// bubble runs f with a rig in virtual time, and takes the rig down again.
func bubble(t *testing.T, c *udp.Connector, f func(r *rig)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := start(t, c)
		defer r.stop()
		f(r)
	})
}

func start(t testing.TB, c *udp.Connector) *rig {
	t.Helper()
	n := newLan()
	c.PacketConn = n
	r := startOn(t, c)
	r.net = n
	return r
}

// startOn starts a connector where it says.
func startOn(t testing.TB, c *udp.Connector) *rig {
	t.Helper()
	r := &rig{TB: t, connector: c, sessions: make(chan *session, lanRoom), over: make(chan struct{})}
	listeners, err := c.Listen(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	r.listener = listeners[0]
	go r.accept()
	return r
}

func (r *rig) accept() {
	defer close(r.over)
	for {
		c, err := r.listener.Accept()
		if err != nil {
			return
		}
		s := &session{Conn: c, proto: r.connector.Protocol(c), user: r.user, slow: r.slow}
		s.step(func(step *connectors.Step) { s.proto.Open(step, time.Now()) })
		c.(connectors.Deliverer).Deliver(s)
		select {
		case r.sessions <- s:
		default: // they come to their end by themselves
		}
	}
}

// stop ends it all, and waits until nothing is left.
func (r *rig) stop() {
	r.listener.Close()
	<-r.over
	for len(r.sessions) > 0 {
		(<-r.sessions).end(connectors.Reason{Cause: messages.CauseStopping})
	}
	<-r.listener.(connectors.Lingerer).Gone()
}

// enter is a client that has come in from an address.
func (r *rig) enter(from netip.AddrPort) *client.Client {
	r.Helper()
	ctx, cancel := context.WithTimeout(r.Context(), time.Minute)
	defer cancel()
	c, err := client.Dial(ctx, client.Config{Addr: "udp://server", NetDial: r.net.dial(from)})
	if err != nil {
		r.Fatal(err)
	}
	return c
}

// expect fails unless the peer gets that next.
func (r *rig) expect(p *peer, want string) {
	r.Helper()
	select {
	case b := <-p.in:
		if got := string(b); got != want {
			r.Fatalf("got %q, want %q", got, want)
		}
	case <-time.After(time.Second):
		r.Fatalf("got nothing, want %q", want)
	}
}

// silence fails if the peer gets anything.
func (r *rig) silence(p *peer) {
	r.Helper()
	select {
	case b := <-p.in:
		r.Fatalf("got %q, want nothing", b)
	case <-time.After(time.Second):
	}
}

// shake has a peer that knows no cookies come in.
func (r *rig) shake(p *peer) {
	r.Helper()
	p.say(plainHello)
	r.answered(p)
	p.say(ack)
	r.expect(p, heartbeat)
}

// answered fails unless the peer's handshake is accepted.
func (r *rig) answered(p *peer) {
	r.Helper()
	r.expect(p, "\x01\x00\x00\x23"+`{"code":200,"sys":{"heartbeat":30}}`)
}

func (p *peer) say(b string) { p.lan.send(p.addr, b) }

// session is the server of one client: it answers requests with their body.
type session struct {
	connectors.Conn
	user any
	slow chan struct{}

	mu    sync.Mutex
	proto connectors.Protocol
	codec connectors.Codec
	timer *time.Timer
	asked []string
	hello int           // how often somebody asked to come in
	hold  chan struct{} // Take waits for it; nil: it does not
	ended *connectors.Reason
	wrote error
}

func (*session) Moved() {}

func (s *session) Take(frames []connectors.Frame, err error) bool {
	if hold := s.holding(); hold != nil {
		<-hold
	}
	for _, f := range frames {
		s.step(func(step *connectors.Step) { s.proto.Feed(step, f, time.Now()) })
	}
	switch {
	case errors.Is(err, io.EOF):
		s.end(connectors.Reason{Cause: messages.CauseClient})
	case err != nil:
		s.end(connectors.Reason{Cause: messages.CauseTooLarge})
	}
	return s.over() == nil
}

func (s *session) holding() chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hold
}

func (s *session) over() *connectors.Reason {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ended
}

// step does what a call to the protocol wants done.
func (s *session) step(call func(*connectors.Step)) {
	var step connectors.Step
	s.mu.Lock()
	call(&step)
	if step.Hello != nil {
		s.welcome(&step)
	}
	if step.Codec != nil {
		s.codec = step.Codec
	}
	out := s.answers(&step)
	s.expire(step.Expire)
	s.mu.Unlock()
	if step.ReadLimit > 0 {
		s.SetReadLimit(step.ReadLimit)
	}
	if len(step.Send) > 0 {
		out = append(net.Buffers{step.Send}, out...)
	}
	if len(out) > 0 {
		s.write(out)
	}
	if step.Close != nil {
		s.end(*step.Close)
	}
}

// welcome is called with mu held.
func (s *session) welcome(step *connectors.Step) {
	s.hello++
	if s.slow == nil {
		s.proto.Welcome(step, s.user, nil, time.Now())
		return
	}
	go func() {
		<-s.slow
		s.step(func(step *connectors.Step) { s.proto.Welcome(step, s.user, nil, time.Now()) })
	}()
}

func (s *session) answers(step *connectors.Step) (out net.Buffers) {
	for _, in := range step.Requests {
		s.asked = append(s.asked, string(in.Body))
		b, err := s.codec.AppendResponse(nil, connectors.Origin{ID: in.Id}, &messages.Response{Body: in.Body})
		if err == nil && !in.Notify {
			out = append(out, b)
		}
	}
	return out
}

func (s *session) write(out net.Buffers) {
	err := s.Write(out)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wrote = err
	if err != nil && s.ended == nil {
		s.ended = &connectors.Reason{Cause: messages.CauseNetwork}
		go s.Close(*s.ended)
	}
}

func (s *session) expire(at time.Time) {
	if at.IsZero() || s.ended != nil {
		return
	}
	if s.timer != nil {
		s.timer.Stop()
	}
	s.timer = time.AfterFunc(time.Until(at), func() {
		s.step(func(step *connectors.Step) { s.proto.Expire(step, time.Now()) })
	})
}

func (s *session) end(r connectors.Reason) {
	s.mu.Lock()
	if s.ended == nil {
		s.ended = &r
	}
	if s.timer != nil {
		s.timer.Stop()
	}
	s.mu.Unlock()
	s.Close(r)
}

func (s *session) bodies() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.asked...)
}

func (s *session) greeted() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hello
}
