package udp_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fairlead-go/fairlead/connectors/udp"
	"github.com/fairlead-go/fairlead/connectors/wire/pomelo"
)

// echo has a peer send back all that it gets, a moment later, until it is stopped.
func (r *rig) echo(p *peer) (stop func()) {
	over, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case b := <-p.in:
				<-time.After(time.Millisecond)
				p.say(string(b))
			case <-over:
				return
			}
		}
	}()
	return func() { close(over); <-stopped }
}

// TestAnEchoComesToAnEnd: one forged datagram must not have two servers, or a server and an echo, or a server and
// itself, talk to each other for ever (P19.2).
func TestAnEchoComesToAnEnd(t *testing.T) {
	for name, tt := range map[string]struct {
		required bool
		forged   string
		most     int // bytes to the echo
	}{
		"for a challenge":           {false, withCookie("", 80), 58},
		"for a challenge, required": {true, withCookie("", 80), 58},
		"for a refusal":             {true, plainHello, 16},
		"for an answer":             {false, plainHello, 512},
		"for a wrong handshake":     {false, pkg(1, `{"user":{}}`), 16},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, &udp.Connector{RequireCookies: tt.required}, func(r *rig) {
				p := r.net.join(host(1))
				defer r.echo(p)()
				p.say(tt.forged)
				time.Sleep(time.Second)
				if got := r.net.to(p.addr); got == 0 || got > tt.most {
					t.Errorf("%d bytes in a second, want %d at most", got, tt.most)
				}
			})
		})
	}
}

// TestHeartbeatsThatComeBackAreFew is P19.7.
func TestHeartbeatsThatComeBackAreFew(t *testing.T) {
	for name, forged := range map[string]string{"one": heartbeat, "many in one": strings.Repeat(heartbeat, 300)} {
		t.Run(name, func(t *testing.T) {
			bubble(t, &udp.Connector{}, func(r *rig) {
				p := r.net.join(host(1))
				r.shake(p)
				before := r.net.to(p.addr)
				defer r.echo(p)()
				p.say(forged)
				for range 1000 {
					time.Sleep(time.Millisecond)
					p.say(heartbeat)
				}
				synctest.Wait()
				if got := r.net.to(p.addr) - before; got == 0 || got > 6*len(heartbeat) {
					t.Errorf("%d bytes in a second, want up to %d", got, 6*len(heartbeat))
				}
			})
		})
	}
}

// TestAServerIsNoClient: what another server answers to strangers is no handshake, with its cookie or without (P19.2).
func TestAServerIsNoClient(t *testing.T) {
	for name, said := range map[string]string{
		"a challenge": string(pomelo.AppendChallenge(nil, "AAAAAAAAAAAAAAAAAAAAAA")),
		"a refusal":   string(pomelo.AppendRefusal(nil, 501)),
		"an answer":   pkg(1, `{"code":200,"sys":{"heartbeat":30}}`),
	} {
		for _, required := range []bool{true, false} {
			t.Run(name, func(t *testing.T) {
				bubble(t, &udp.Connector{RequireCookies: required}, func(r *rig) {
					p := r.net.join(host(1))
					p.say(said)
					r.silence(p)
				})
			})
		}
	}
}

// TestAHandshakeIsAskedForOnce: those that come before the answer are the same, said again (P19.6).
func TestAHandshakeIsAskedForOnce(t *testing.T) {
	bubble(t, &udp.Connector{}, func(r *rig) {
		held := make(chan struct{})
		r.slow = held
		p := r.net.join(host(1))
		for range 20 {
			p.say(plainHello)
			p.say(ask(1, strings.Repeat("x", 60_000)))
		}
		synctest.Wait()
		if got, want := r.connector.Stats().Dropped, uint64(39); got != want {
			t.Errorf("Dropped = %d, want %d: all but the handshake", got, want)
		}
		close(held)
		r.answered(p)
		p.say(ack)
		r.expect(p, heartbeat)
		if n := (<-r.sessions).greeted(); n != 1 {
			t.Errorf("the application was asked %d times, want once", n)
		}
	})
}
