package udp

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"
)

// run is the reader's goroutine.
func (l *listener) run() {
	defer close(l.gone)
	defer l.crew.close()
	defer l.hush()
	for failures := 0; ; {
		got, err := l.sock.read()
		switch {
		case err == nil:
			if failures > 0 {
				failures = 0
				l.trouble.Store(nil)
			}
			l.hearAll(got, time.Now())
		case l.isShut():
			return
		case errors.Is(err, net.ErrClosed): // not by us: nothing will ever come
			l.trouble.Store(&trouble{err, time.Now().Add(forGood)})
			l.warn("the socket was closed by somebody else", err)
			return
		default:
			failures++
			l.failed(err, failures)
		}
	}
}

// trouble is why nothing could be read. A read that then waits is none: only the next failure, or the
// next datagram, tells more.
type trouble struct {
	err   error
	until time.Time
}

const (
	maxPause = time.Second // between reads that fail
	forGood  = 100 * 365 * 24 * time.Hour
)

func (l *listener) isShut() bool {
	select {
	case <-l.shut:
		return true
	default:
		return false
	}
}

// failed waits a moment after an error, which may be about a single client.
func (l *listener) failed(err error, inARow int) {
	l.owner.counts.failed.Add(1)
	l.trouble.Store(&trouble{err, time.Now().Add(2 * maxPause)})
	if inARow == 1 {
		l.warn("read failed, and is tried again", err)
	}
	pause := time.NewTimer(min(time.Duration(inARow)*time.Millisecond, maxPause))
	defer pause.Stop()
	select {
	case <-pause.C:
	case <-l.shut:
	}
}

func (l *listener) warn(what string, err error) {
	if l.owner.Logger != nil {
		l.owner.Logger.Warn(what, "connector", l.owner.Name(), "addr", l.Addr(), "error", err)
	}
}

// hearAll hands out what has come. A panic costs what is left of it: nobody else reads.
func (l *listener) hearAll(got []datagram, now time.Time) {
	defer func() {
		if p := recover(); p != nil {
			l.owner.counts.failed.Add(1)
			l.warn("panic at a datagram", fmt.Errorf("udp: panic: %v", p))
		}
	}()
	for n := 0; len(got) > 0; got = got[n:] {
		if c := l.find(got[0].from); c != nil {
			n = inARow(got)
			c.hearAll(got[:n], now)
		} else {
			n = 1
			l.stranger(got[0], now)
		}
	}
}

// inARow is how many datagrams the first peer has sent one after the other.
func inARow(got []datagram) (n int) {
	for n = 1; n < len(got) && got[n].from == got[0].from; n++ {
	}
	return n
}

func (l *listener) find(peer netip.AddrPort) *conn {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.conns[peer]
}

// stranger makes a client of a stranger, or answers at once, or does not (P19.2).
func (l *listener) stranger(d datagram, now time.Time) {
	answer, verdict := l.door.knock(d, now)
	switch {
	case answer != nil:
		l.say(d.from, bytes.Clone(answer))
	case verdict == away, !l.enter(d, verdict == proven, now):
		l.owner.counts.unanswered.Add(1)
	}
}

// enter makes a client of whoever said d, if there is room.
func (l *listener) enter(d datagram, proven bool, now time.Time) bool {
	c := &conn{l: l, peer: d.from}
	if !l.admit(c, proven, now) {
		return false
	}
	select {
	case l.fresh <- c:
	default: // nobody accepts
		l.owner.counts.refused.Add(1)
		l.leave(c)
		return false
	}
	c.hearAll([]datagram{d}, now)
	if l.isClosed() {
		l.refuse() // Close may have looked before our client waited
	}
	return true
}
