package udp

import "net/netip"

// maxSayings is how many answers may wait for the system.
const maxSayings = 256

// saying is an answer to somebody who is not in yet.
type saying struct {
	to netip.AddrPort
	b  []byte
}

// say has an answer sent. It does not wait, as the reader must not: the system may be slow to take what
// goes to a single address, say one that nobody has. What there is no room for is lost.
func (l *listener) say(to netip.AddrPort, b []byte) {
	select {
	case l.sayings <- saying{to, b}:
	default:
		l.owner.counts.lost.Add(1)
	}
}

// speak is a goroutine that ends with the reader's.
func (l *listener) speak() {
	defer close(l.silent)
	for {
		select {
		case s := <-l.sayings:
			l.send(s.to, [][]byte{s.b})
		case <-l.over:
			return
		}
	}
}

// hush returns when nothing is said any more.
func (l *listener) hush() {
	close(l.over)
	<-l.silent
}
