package udp_test

import (
	"bytes"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/udp"
)

// FuzzDatagram has a stranger, and then a client that is in, send anything. The stranger gets no more than
// it has sent, where cookies are required; others are served as before.
func FuzzDatagram(f *testing.F) {
	for _, seed := range []string{
		plainHello, withCookie("", 80), withCookie("AAAAAAAAAAAAAAAAAAAAAA", 58), ack, heartbeat, farewell, ask(1, `{}`),
		ask(1, `{}`) + ask(2, `{}`), "", "\xff\x00", "\x04\x00\x00\x00", "\x04\xff\xff\xff", pkg(1, `{"user":{}}`), ack + ack, heartbeat + farewell,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, said []byte) {
		bubble(t, &udp.Connector{RequireCookies: true}, func(r *rig) {
			stranger := host(1)
			r.net.send(stranger, string(said))
			synctest.Wait()
			if got := r.net.to(stranger); got > len(said) {
				t.Errorf("%d bytes for %d of a stranger", got, len(said))
			}
			if n := len(r.sessions); n != 0 {
				t.Errorf("%d sessions, want none", n)
			}
			in, other := r.net.join(host(2)), r.net.join(host(3))
			for _, p := range []*peer{in, other} {
				p.say(withCookie(r.cookie(p), 80))
				r.answered(p)
				p.say(ack)
				r.expect(p, heartbeat)
			}
			in.say(string(said))
			synctest.Wait()
			other.say(ask(9, `{}`))
			r.expect(other, answer(9, `{}`))
		})
	})
}

// FuzzPeers has several peers send pieces of the input in some order, with time going by. What each has
// been sent stays within bounds, and all of it can be stopped.
func FuzzPeers(f *testing.F) {
	f.Add([]byte("\x00h\x01h\x00a\x00d\x01a\x02c\x01k\x00t\x00d\x00b"))
	f.Add([]byte("\x00h\x00h\x00a\x00a\x00x\x00e\x00k\x00h\x00a\x00d"))
	f.Add([]byte("\x03d\x03r\x03t\x03r\x03h\x03t\x03a\x03b"))
	f.Fuzz(func(t *testing.T, script []byte) {
		script = script[:min(len(script), 100)]
		bubble(t, &udp.Connector{HalfOpen: 2, HandshakeTime: time.Second, MaxPackage: 64}, func(r *rig) {
			var asked [4]int
			var acked [4]bool
			for len(script) >= 2 {
				who, what := script[0]%4, script[1]
				script = script[2:]
				b := word(what, script)
				if what == 't' {
					time.Sleep(300 * time.Millisecond)
					continue
				}
				acked[who] = acked[who] || what == 'a'
				asked[who] += len(b)
				r.net.send(peerOf(who), b)
				synctest.Wait()
			}
			for i := range asked {
				// At most 512 bytes a second go to who never acks, and what it asked is bounded by time.
				if got := r.net.to(peerOf(byte(i))); !acked[i] && got > 512+asked[i] {
					t.Errorf("peer %d got %d bytes for %d", i, got, asked[i])
				}
			}
			for len(r.sessions) > 0 {
				s := <-r.sessions
				s.end(connectors.Reason{})
			}
		})
	})
}

func peerOf(n byte) netip.AddrPort { return host(int(n)) }

// word is what a letter of a script stands for.
func word(what byte, rest []byte) string {
	switch what {
	case 'h':
		return plainHello
	case 'c':
		return withCookie("", 80)
	case 'r':
		return pkg(1, `{"user":{}}`)
	case 'a':
		return ack
	case 'b':
		return heartbeat
	case 'd':
		return ask(1, `{"a":1}`)
	case 'k':
		return farewell
	case 'e':
		return ""
	case 'x':
		return string(bytes.Repeat([]byte{what}, 80))
	}
	if len(rest) > 0 && rest[0] == ack[0] {
		return ""
	}
	return string(rest[:min(len(rest), 40)])
}
