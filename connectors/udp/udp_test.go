package udp_test

import (
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/udp"
	"github.com/fairlead-go/fairlead/messages"
)

// ask is a request of a route "r" with an id under 128.
func ask(id byte, body string) string {
	return pkg(4, "\x00"+string(id)+"\x01r"+body)
}

// answer is the response to it.
func answer(id byte, body string) string { return pkg(4, "\x04"+string(id)+body) }

func pkg(typ byte, body string) string {
	n := len(body)
	return string([]byte{typ, byte(n >> 16), byte(n >> 8), byte(n)}) + body
}

func TestAClientIsAnswered(t *testing.T) {
	bubble(t, &udp.Connector{}, func(r *rig) {
		p := r.net.join(host(1))
		r.shake(p)
		p.say(ask(1, `{"a":1}`))
		r.expect(p, answer(1, `{"a":1}`))
		p.say(ask(2, `{}`) + ask(3, `{}`))
		r.expect(p, answer(2, `{}`)+answer(3, `{}`))
		p.say(heartbeat)
		r.expect(p, heartbeat)
	})
}

func TestAClientWithACookieIsAnswered(t *testing.T) {
	for name, required := range map[string]bool{"offered": false, "required": true} {
		t.Run(name, func(t *testing.T) {
			bubble(t, &udp.Connector{RequireCookies: required}, func(r *rig) {
				c := r.enter(host(1))
				got, err := c.Request(r.Context(), "r", map[string]int{"a": 1})
				if err != nil || string(got) != `{"a":1}` {
					t.Errorf("answer = %s, %v, want the question", got, err)
				}
				c.Close()
				synctest.Wait()
				if got := (<-r.sessions).over(); got == nil || got.Cause != messages.CauseClient {
					t.Errorf("after the client's farewell the session ended with %v, want that it left", got)
				}
			})
		})
	}
}

// TestNobodyAnswersStrangers is P19.2: only a handshake makes a client of a stranger.
func TestNobodyAnswersStrangers(t *testing.T) {
	for name, said := range map[string]string{
		"nothing":                  "",
		"garbage":                  "\xff\x00",
		"an ack":                   ack,
		"a heartbeat":              heartbeat,
		"data":                     ask(1, `{}`),
		"a kick":                   farewell,
		"half a handshake":         plainHello[:9],
		"a handshake and more":     plainHello + ack,
		"a handshake that is long": pkg(1, `{"sys":{}}`+strings.Repeat(" ", 4096)),
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, &udp.Connector{}, func(r *rig) {
				p := r.net.join(host(1))
				p.say(said)
				r.silence(p)
				if n := len(r.sessions); n != 0 {
					t.Errorf("%d sessions, want none", n)
				}
				if got := r.connector.Stats().Strangers; got != 1 {
					t.Errorf("Strangers = %d, want 1", got)
				}
				r.shake(p)
			})
		})
	}
}

// TestSenselessDatagramsChangeNothing is P19.1 for a client that is in: anybody may have sent them.
func TestSenselessDatagramsChangeNothing(t *testing.T) {
	for name, said := range map[string]string{
		"nothing":           "",
		"garbage":           "\xff\x00",
		"an unknown type":   pkg(6, ""),
		"half a package":    ask(1, `{}`)[:9],
		"more than package": ask(1, `{}`) + "x",
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, &udp.Connector{}, func(r *rig) {
				p := r.net.join(host(1))
				r.shake(p)
				p.say(said)
				r.silence(p)
				if got := r.connector.Stats().Dropped; got != 1 {
					t.Errorf("Dropped = %d, want 1", got)
				}
				p.say(ask(2, `{}`))
				r.expect(p, answer(2, `{}`))
			})
		})
	}
}

// TestTheEndOfAClient is P19.9: who is told what, and that its address is a stranger's then.
func TestTheEndOfAClient(t *testing.T) {
	kicked := func(reason string) string { return pkg(5, `{"reason":"`+reason+`"}`) }
	for name, tt := range map[string]struct {
		end  func(s *session, p *peer)
		said string
	}{
		"closed by the server": {func(s *session, _ *peer) { s.end(connectors.Reason{Cause: messages.CauseClosed}) }, kicked("closed")},
		"stopping with advice": {func(s *session, _ *peer) {
			s.end(connectors.Reason{Cause: messages.CauseStopping, RetryAfter: time.Second})
		}, pkg(5, `{"reason":"stopping","retryAfterMs":1000,"spreadMs":0}`)},
		"kicked": {func(s *session, _ *peer) {
			s.Write(net.Buffers{[]byte(kicked("out"))})
			s.end(connectors.Reason{Cause: messages.CauseKicked})
		}, kicked("out")},
		"silent":                        {func(*session, *peer) { time.Sleep(time.Minute) }, kicked("heartbeat timeout")},
		"left":                          {func(_ *session, p *peer) { p.say(farewell) }, ""},
		"a message that makes no sense": {func(_ *session, p *peer) { p.say(pkg(4, "")) }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, &udp.Connector{}, func(r *rig) {
				p := r.net.join(host(1))
				r.shake(p)
				s := <-r.sessions
				defer s.end(connectors.Reason{})
				tt.end(s, p)
				if tt.said != "" {
					r.expect(p, tt.said)
				}
				p.say(ask(1, `{}`))
				r.silence(p)
				r.shake(p)
			})
		})
	}
}

// TestHeartbeatsAreAnsweredThoughNoneAreAnnounced is P19.7.
func TestHeartbeatsAreAnsweredThoughNoneAreAnnounced(t *testing.T) {
	bubble(t, &udp.Connector{Heartbeat: -1}, func(r *rig) {
		p := r.net.join(host(1))
		p.say(plainHello)
		r.expect(p, pkg(1, `{"code":200,"sys":{}}`))
		p.say(ack)
		r.expect(p, heartbeat)
		p.say(heartbeat)
		r.expect(p, heartbeat)
		time.Sleep(5*time.Minute - time.Second/2)
		r.expect(p, pkg(5, `{"reason":"heartbeat timeout"}`))
	})
}

func TestAClientOfManyDatagramsKeepsTheirOrder(t *testing.T) {
	bubble(t, &udp.Connector{}, func(r *rig) {
		p := r.net.join(host(1))
		r.shake(p)
		s := <-r.sessions
		defer s.end(connectors.Reason{})
		var want []string
		for i := range 50 {
			want = append(want, fmt.Sprint(i))
			p.say(ask(1, want[i]))
		}
		synctest.Wait()
		if got := s.bodies(); !slices.Equal(got, want) {
			t.Errorf("requests = %q, want %q", got, want)
		}
	})
}

// TestAClientThatIsHeldUpHoldsUpNobodyElse: the reader does not wait, and what waits is bounded.
func TestAClientThatIsHeldUpHoldsUpNobodyElse(t *testing.T) {
	bubble(t, &udp.Connector{}, func(r *rig) {
		held := make(chan struct{})
		var stuck []*session
		for i := range 20 {
			p := r.net.join(host(i))
			r.shake(p)
			s := <-r.sessions
			s.mu.Lock()
			s.hold = held
			s.mu.Unlock()
			stuck = append(stuck, s)
			p.say(ask(1, `{}`))
			synctest.Wait()
			for range 400 {
				p.say(ask(1, `{}`))
			}
			synctest.Wait()
		}
		p := r.net.join(host(99))
		r.shake(p)
		p.say(ask(2, `{}`))
		r.expect(p, answer(2, `{}`))
		if got, want := r.connector.Stats().Dropped, uint64(20*(400-256)); got != want {
			t.Errorf("Dropped = %d, want %d: all but 256 that wait", got, want)
		}
		close(held)
		synctest.Wait()
		for _, s := range stuck {
			if got, want := len(s.bodies()), 257; got != want {
				t.Errorf("%d requests of a client that was held up, want %d", got, want)
			}
			s.end(connectors.Reason{})
		}
	})
}

func TestWhatIsTooLongEndsAClient(t *testing.T) {
	for name, tt := range map[string]struct {
		body int
		ends bool
	}{"the longest": {100, false}, "one byte more": {101, true}} {
		t.Run(name, func(t *testing.T) {
			bubble(t, &udp.Connector{MaxPackage: 100}, func(r *rig) {
				p := r.net.join(host(1))
				p.say(plainHello)
				r.answered(p)
				// What an ack allows holds for what comes right behind it.
				p.say(ack)
				p.say(pkg(4, "\x00\x01\x01r"+strings.Repeat("1", tt.body-4)))
				r.expect(p, heartbeat)
				synctest.Wait()
				s := <-r.sessions
				if got := s.over() != nil; got != tt.ends {
					t.Errorf("the client has ended: %v, want %v", got, tt.ends)
				}
				s.end(connectors.Reason{})
			})
		})
	}
}

func TestClientsStayWhenTheListenerCloses(t *testing.T) {
	bubble(t, &udp.Connector{}, func(r *rig) {
		p, late := r.net.join(host(1)), r.net.join(host(2))
		r.shake(p)
		r.listener.Close()
		late.say(plainHello)
		r.silence(late)
		p.say(ask(1, `{}`))
		r.expect(p, answer(1, `{}`))
	})
}

func TestTheTransportIsUDP(t *testing.T) {
	bubble(t, &udp.Connector{}, func(r *rig) {
		r.shake(r.net.join(host(1)))
		s := <-r.sessions
		defer s.end(connectors.Reason{})
		if s.Transport() != "udp" || s.RemoteAddr().String() != host(1).String() || s.LocalAddr().String() != serverAddr.String() {
			t.Errorf("transport %s from %v to %v", s.Transport(), s.RemoteAddr(), s.LocalAddr())
		}
	})
}
