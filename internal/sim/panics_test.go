package sim_test

import (
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fairlead-go/fairlead/connectors/wire/pomelo"
)

// The callbacks there are. Each is hit as often as the others, but for Accept, after whose
// panics a listener takes its time.
var (
	// byRequest panic while a request is handled. The value is the route.
	byRequest = map[string]string{
		"handler": "any.do", "filter, before": "any.do", "filter, after": "any.do", "typed body": "typed.do",
		"Codec.AppendResponse": "any.do", "Codec.AppendPush": "any.do", "Group.Where": "any.do",
		"PerSession maker": "own.do", "RouteFunc": "pick.do",
		"Connector.Encode": "any.do", "Connector.Decode": "any.do",
	}
	// byClient panic once for each client.
	byClient = []string{
		"Conn.ReadFrames", "Conn.Write", "Conn.SetReadLimit", "Conn.Close", "Conn.Transport", "Conn.Deliver", "Connector.Protocol",
		"Protocol.Open", "Protocol.Feed", "Protocol.Expire", "Protocol.Welcome", "Codec.AppendKick", "CheckClient", "Handshake",
		"event stream subscriber", "Events actor, Connected", "Events actor, Closed",
	}
)

const (
	atOnce    = 16 // requests of one write
	besides   = 32 // clients side by side
	hitTime   = 30 * time.Second
	acceptFor = time.Second
)

// TestPanics injects panics into every callback of a living server: nobody else is hurt,
// and nothing stays.
func TestPanics(t *testing.T) {
	s := newStorm(t)
	defer s.stop()
	each := int64(given.panics/(len(byRequest)+len(byClient)) + 1)
	for place, route := range byRequest {
		s.ask(place, route, each)
	}
	for _, place := range byClient {
		s.visit(place, each)
	}
	s.acceptPanics()
	total := int64(0)
	for _, place := range append(keys(byRequest), append(byClient, "Listener.Accept")...) {
		n := s.hits(place)
		total += n
		t.Logf("%8d %s", n, place)
		if n < each && place != "Listener.Accept" || n == 0 {
			t.Errorf("%s panicked %d times, want %d", place, n, each)
		}
	}
	t.Logf("%8d panics", total)
	s.healthy()
	for end := time.Now().Add(hitTime); s.left() != "" && time.Now().Before(end); {
		<-time.After(10 * time.Millisecond)
	}
	if left := s.left(); left != "" {
		t.Errorf("left behind: %s", left)
	}
}

func keys(m map[string]string) (list []string) {
	for k := range m {
		list = append(list, k)
	}
	return list
}

func (s *storm) stop() {
	s.fl.Stop()
	_ = s.system.Root.StopFuture(s.events).Wait()
}

// caller is a client that asks and waits.
type caller struct {
	net.Conn
	have []byte
}

// in shakes hands as a client of that type.
func (c *caller) in(typ string) error {
	if _, err := c.Write(pack(pomelo.TypeHandshake, fmt.Appendf(nil, `{"sys":{"type":%q,"version":"1"}}`, typ))); err != nil {
		return err
	}
	p, err := c.next()
	if err != nil {
		return err
	}
	if code := codeOf(p.Body); code != 200 {
		return fmt.Errorf("handshake answered %d", code)
	}
	_, err = c.Write(pack(pomelo.TypeAck, nil))
	return err
}

// next is the next package that is no heartbeat.
func (c *caller) next() (pomelo.Package, error) {
	for {
		p, rest, err := pomelo.DecodePackage(c.have)
		if err == nil {
			if c.have = rest; p.Type == pomelo.TypeHeartbeat {
				continue
			}
			return p, nil
		}
		buf := make([]byte, 1024)
		n, err := c.Read(buf)
		if c.have = append(c.have, buf[:n]...); err != nil {
			return p, err
		}
	}
}

// ask sends n requests at once and waits for their answers, if there are to be any.
func (c *caller) ask(route, body string, n int) error {
	var b []byte
	for i := range n {
		m, _ := pomelo.Message{ID: uint64(i + 1), Route: []byte(route), Body: fmt.Appendf(nil, "%q", body)}.Append(nil)
		b = append(b, pack(pomelo.TypeData, m)...)
	}
	if _, err := c.Write(b); err != nil || body == "Connector.Decode" {
		return err
	}
	for left := n; left > 0; {
		p, err := c.next()
		if err != nil {
			return err
		}
		if m, err := pomelo.DecodeMessage(p.Body); err == nil && m.Kind == pomelo.KindResponse {
			left--
		}
	}
	return nil
}

// ask hits a callback by requests of a few clients that live on.
func (s *storm) ask(place, route string, times int64) {
	w := s.connectors["sim"]
	if place == "Connector.Encode" || place == "Connector.Decode" {
		w = s.connectors["custom"]
	}
	s.aside(2, func() error {
		conn, _, err := w.dial("")
		if err != nil {
			return err
		}
		defer conn.Close()
		c := &caller{Conn: conn}
		_ = c.SetDeadline(time.Now().Add(10 * hitTime))
		if err := c.in("sim"); err != nil {
			return fmt.Errorf("%s: %w", place, err)
		}
		for s.hits(place) < times {
			if err := c.ask(route, place, atOnce); err != nil {
				return fmt.Errorf("%s: %w", place, err)
			}
		}
		return nil
	})
}

// visit hits a callback by clients that come for nothing else.
func (s *storm) visit(place string, times int64) {
	var tries atomic.Int64
	s.aside(besides, func() error {
		for s.hits(place) < times {
			if tries.Add(1) > 2*times+besides {
				return fmt.Errorf("%s: %d panics of %d after all tries", place, s.hits(place), times)
			}
			if err := s.one(place); err != nil {
				return fmt.Errorf("%s: %w", place, err)
			}
		}
		return nil
	})
}

// one lets one client come, see that place panic, and go.
func (s *storm) one(place string) error {
	w := s.connectors["sim"]
	switch place {
	case "Protocol.Expire":
		w = s.connectors["hasty"]
	case "Conn.Deliver":
		w = s.connectors["brought"]
	}
	conn, f, err := w.dial(place)
	if err != nil {
		return err
	}
	defer conn.Close()
	c := &caller{Conn: conn}
	_ = c.SetDeadline(time.Now().Add(hitTime))
	switch place {
	case "Protocol.Expire":
	case "CheckClient", "Handshake":
		if c.in(place) == nil {
			return errors.New("let in")
		}
		return nil
	case "Codec.AppendKick":
		_ = c.in("sim")
		_ = c.ask("any.do", place, 1)
		return nil
	case "Protocol.Feed", "Protocol.Welcome", "Conn.Write":
		_, _ = c.Write(pack(pomelo.TypeHandshake, []byte(`{"sys":{"type":"sim","version":"1"}}`)))
	case "Conn.Close", "event stream subscriber", "Events actor, Closed":
		if c.in("sim") == nil {
			_ = c.ask("any.do", "", 1)
		}
		conn.Close()
	case "Events actor, Connected":
		_ = c.in("sim")
	}
	select {
	case <-f.done:
		return nil
	case <-time.After(hitTime):
		return errors.New("nothing panicked")
	}
}

// aside runs f on n goroutines.
func (s *storm) aside(n int, f func() error) {
	var all sync.WaitGroup
	for range n {
		all.Go(func() {
			if err := f(); err != nil {
				s.t.Error(err)
			}
		})
	}
	all.Wait()
}

// acceptPanics lets Accept panic for a while: each time the next client waits a little.
func (s *storm) acceptPanics() {
	for end := time.Now().Add(acceptFor); time.Now().Before(end); {
		s.accept.Store(true)
		s.healthy()
	}
	s.accept.Store(false)
}

// healthy tells whether a fresh client is served.
func (s *storm) healthy() {
	conn, _, err := s.connectors["sim"].dial("")
	if err != nil {
		s.t.Fatal(err)
	}
	defer conn.Close()
	c := &caller{Conn: conn}
	_ = c.SetDeadline(time.Now().Add(hitTime))
	if err := errors.Join(c.in("sim"), c.ask("any.do", "", atOnce)); err != nil {
		s.t.Errorf("a fresh client is not served: %v", err)
	}
}
