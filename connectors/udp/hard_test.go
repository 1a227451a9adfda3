package udp_test

import (
	"context"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/admit"
	"github.com/fairlead-go/fairlead/connectors/udp"
	"github.com/fairlead-go/fairlead/connectors/wire/pomelo"
)

// withCookie is a handshake of so many bytes in all.
func withCookie(cookie string, bytes int) string {
	body := `{"sys":{"type":"udp","cookie":"` + cookie + `"}}`
	return pkg(1, body+strings.Repeat(" ", max(bytes-4-len(body), 0)))
}

// cookie asks for one.
func (r *rig) cookie(p *peer) string {
	r.Helper()
	p.say(withCookie("", 80))
	select {
	case b := <-p.in:
		c, _ := pomelo.Cookie(b[4:])
		if len(c) != 22 {
			r.Fatalf("the answer is %q, want a cookie", b)
		}
		return c
	case <-time.After(time.Second):
		r.Fatal("no answer")
		return ""
	}
}

// TestACookieIsForOneAddressAndAWhile is P19.4.
func TestACookieIsForOneAddressAndAWhile(t *testing.T) {
	for name, tt := range map[string]struct {
		after  time.Duration
		change func(string) string
		from   int
		good   bool
	}{
		"at once":         {0, nil, 1, true},
		"after 30 s":      {30 * time.Second, nil, 1, true},
		"after 60 s":      {60 * time.Second, nil, 1, false},
		"another's":       {0, nil, 2, false},
		"changed":         {0, func(c string) string { return "A" + strings.ToLower(c[1:]) }, 1, false},
		"with more":       {0, func(c string) string { return c + "A" }, 1, false},
		"what is no text": {0, func(string) string { return "*********************=" }, 1, false},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, &udp.Connector{RequireCookies: true}, func(r *rig) {
				first, p := r.net.join(host(1)), r.net.join(host(tt.from))
				if tt.from == 1 {
					first = p
				}
				c := r.cookie(first)
				if tt.change != nil {
					c = tt.change(c)
				}
				time.Sleep(tt.after)
				p.say(withCookie(c, 80))
				synctest.Wait()
				if got := strings.Contains(string(<-p.in), `"code":200`); got != tt.good {
					t.Errorf("let in: %v, want %v", got, tt.good)
				}
				if got := len(r.sessions) == 1; got != tt.good {
					t.Errorf("a session: %v, want %v", got, tt.good)
				}
			})
		})
	}
}

func TestCookiesOfAnotherProcessAreNotGood(t *testing.T) {
	var c string
	bubble(t, &udp.Connector{}, func(r *rig) { c = r.cookie(r.net.join(host(1))) })
	bubble(t, &udp.Connector{}, func(r *rig) {
		p := r.net.join(host(1))
		p.say(withCookie(c, 80))
		if synctest.Wait(); strings.Contains(string(<-p.in), `"code":200`) {
			t.Error("let in, want another cookie")
		}
	})
}

// TestNoAnswerIsLongerThanItsQuestion is P19.4 and P19.5.
func TestNoAnswerIsLongerThanItsQuestion(t *testing.T) {
	const challenge = 58
	for name, tt := range map[string]struct {
		question string
		answer   int
	}{
		"a cookie":                  {withCookie("", challenge), challenge},
		"a cookie for a byte less":  {pkg(1, `{"sys":{"cookie":""}}`+strings.Repeat(" ", challenge-1-25)), 0},
		"a refusal":                 {pkg(1, `{"sys":1}   `), 16},
		"a refusal of a byte less":  {pkg(1, `{"sys":1}  `), 0},
		"a cookie that is no text":  {pkg(1, `{"sys":{"cookie":[1,2,3]}}`+strings.Repeat(" ", 40)), challenge},
		"a cookie in another place": {pkg(1, `{"cookie":"","sys":1}`), 16},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, &udp.Connector{RequireCookies: true}, func(r *rig) {
				p := r.net.join(host(1))
				p.say(tt.question)
				synctest.Wait()
				if got := r.net.to(p.addr); got != tt.answer || got > len(tt.question) {
					t.Errorf("%d bytes for a question of %d, want %d", got, len(tt.question), tt.answer)
				}
				if len(r.sessions) != 0 {
					t.Error("a session, want none")
				}
			})
		})
	}
}

// TestAnAddressThatIsNotProvenGetsLittle is P19.3: 512 bytes, whatever it tries.
func TestAnAddressThatIsNotProvenGetsLittle(t *testing.T) {
	for name, tt := range map[string]struct {
		say  string
		user any
	}{
		"the same handshake":        {plainHello, nil},
		"handshakes that are wrong": {pkg(1, `{"user":{}}`), nil},
		"a long answer":             {plainHello, strings.Repeat("x", 300)},
		"one that is too long":      {plainHello, strings.Repeat("x", 600)},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, &udp.Connector{}, func(r *rig) {
				r.user = tt.user
				p := r.net.join(host(1))
				for range 200 {
					p.say(tt.say)
					time.Sleep(20 * time.Millisecond)
				}
				first := r.net.to(p.addr)
				if first == 0 || first > 512 {
					t.Errorf("%d bytes in 4 s, want some, at most 512", first)
				}
				time.Sleep(2 * time.Second)
				p.say(tt.say)
				synctest.Wait()
				if got := r.net.to(p.addr); got == first || got > first+512 {
					t.Errorf("%d bytes after 6 s, before %d, want some more", got, first)
				}
			})
		})
	}
}

// TestALongAnswerIsForProvenAddresses is P19.3; others learn that there is none for them.
func TestALongAnswerIsForProvenAddresses(t *testing.T) {
	bubble(t, &udp.Connector{}, func(r *rig) {
		r.user = strings.Repeat("x", 600)
		p := r.net.join(host(1))
		p.say(plainHello)
		r.expect(p, pkg(1, `{"code":500}`))
		q := r.net.join(host(2))
		q.say(withCookie(r.cookie(q), 80))
		synctest.Wait()
		if got := len(<-q.in); got < 600 {
			t.Errorf("an answer of %d bytes, want the long one", got)
		}
	})
}

// TestHalfOpenAddressesAreFew is P19.3, on either side of the limit.
func TestHalfOpenAddressesAreFew(t *testing.T) {
	bubble(t, &udp.Connector{HalfOpen: 3}, func(r *rig) {
		var peers []*peer
		for i := range 4 {
			p := r.net.join(host(i))
			peers = append(peers, p)
			p.say(plainHello)
		}
		for _, p := range peers[:3] {
			r.answered(p)
		}
		r.silence(peers[3])
		if got := r.connector.Counts().Refused; got != 1 {
			t.Errorf("Refused = %d, want 1", got)
		}
		// Cookies need no such place, and a proven address leaves its own to others.
		c := r.enter(host(9))
		defer c.Close()
		peers[0].say(ack)
		r.expect(peers[0], heartbeat)
		peers[3].say(plainHello)
		r.answered(peers[3])
		time.Sleep(5 * time.Second) // the others are forgotten
		for i := range 2 {
			p := r.net.join(host(20 + i))
			p.say(plainHello)
			r.answered(p)
		}
	})
}

func TestAClientThatDoesNotAckIsForgotten(t *testing.T) {
	bubble(t, &udp.Connector{HandshakeTime: 2 * time.Second}, func(r *rig) {
		p := r.net.join(host(1))
		p.say(plainHello)
		r.answered(p)
		s := <-r.sessions
		time.Sleep(2*time.Second - time.Millisecond)
		if s.over() != nil {
			t.Error("forgotten before 2 s")
		}
		time.Sleep(time.Millisecond)
		synctest.Wait()
		if s.over() == nil {
			t.Error("not forgotten after 2 s")
		}
		r.silence(p)
	})
}

// TestAnAnswerThatWasLostIsGivenAgain is P19.6.
func TestAnAnswerThatWasLostIsGivenAgain(t *testing.T) {
	bubble(t, &udp.Connector{}, func(r *rig) {
		p := r.net.join(host(1))
		p.say(plainHello)
		r.answered(p)
		p.say(plainHello)
		r.answered(p)
		p.say(ack)
		r.expect(p, heartbeat)
		p.say(plainHello)
		p.say(ack)
		r.silence(p)
		if n := len(r.sessions); n != 1 {
			t.Errorf("%d sessions, want 1", n)
		}
	})
}

// TestTheClientComesInThoughMuchIsLost: every other datagram to it, for a while.
func TestTheClientComesInThoughMuchIsLost(t *testing.T) {
	for name, beat := range map[string]time.Duration{"with heartbeats": 0, "without": -1} {
		t.Run(name, func(t *testing.T) {
			bubble(t, &udp.Connector{Heartbeat: beat}, func(r *rig) {
				n := 0
				r.net.mu.Lock()
				r.net.lose = func(_ netip.AddrPort, b []byte) bool { n++; return n%2 == 1 && n < 8 }
				r.net.mu.Unlock()
				c := r.enter(host(1))
				defer c.Close()
				var got string
				for range 10 {
					ctx, cancel := context.WithTimeout(r.Context(), time.Second)
					b, err := c.Request(ctx, "r", 7)
					cancel()
					if got = string(b); err == nil {
						break
					}
				}
				if got != "7" {
					t.Errorf("answer = %s, want 7", got)
				}
			})
		})
	}
}

func TestWhoMayNotComeInGetsNoAnswer(t *testing.T) {
	bubble(t, &udp.Connector{Admit: admit.Limits{MaxConns: 1}}, func(r *rig) {
		first, second := r.net.join(host(1)), r.net.join(host(2))
		r.shake(first)
		second.say(plainHello)
		r.silence(second)
		if got := r.connector.Counts().Refused; got != 1 {
			t.Errorf("Refused = %d, want 1", got)
		}
		s := <-r.sessions
		s.end(connectors.Reason{})
		r.shake(second)
	})
}

// TestAFloodOfStrangersLeavesNothing: of twenty thousand datagrams, none is remembered.
func TestAFloodOfStrangersLeavesNothing(t *testing.T) {
	bubble(t, &udp.Connector{RequireCookies: true}, func(r *rig) {
		said := []string{plainHello, withCookie("", 80), withCookie("AAAAAAAAAAAAAAAAAAAAAA", 80), ack, ask(1, `{}`), "", "\xff\x00"}
		for i := range 20_000 {
			r.net.send(host(i%65536), said[i%len(said)])
		}
		synctest.Wait()
		if s := r.connector.Stats(); s.Open != 0 || len(r.sessions) != 0 {
			t.Errorf("%d clients, %d sessions, want none", s.Open, len(r.sessions))
		}
		c := r.enter(host(7))
		c.Close()
	})
}
