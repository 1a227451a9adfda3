package udp

import (
	"net/netip"
	"time"
)

// budget is how many bytes go to an address in compatible mode before it is proven.
const budget = 512

// half is an address on its way in without a cookie. It is kept for a while after its client
// has been refused, so that coming again and again gets it no more.
type half struct {
	peer       netip.AddrPort
	left       int       // bytes that may go there
	until      time.Time // then it is forgotten
	clients    int       // that are there: one, or one more whose refusal is under way
	prev, next *half
}

// halves are all of them, who came first first.
type halves struct {
	most        int
	lasts       time.Duration
	known       map[netip.AddrPort]*half
	first, last *half
}

// enter is a peer's half, nil when there are too many, or when the peer has been sent too much
// to be answered.
func (t *halves) enter(peer netip.AddrPort, now time.Time) *half {
	t.expire(now)
	h := t.known[peer]
	switch {
	case h != nil && h.left < len(refusal):
		return nil
	case h == nil && len(t.known) >= t.most:
		return nil
	case h == nil:
		h = t.add(peer, now)
	}
	h.clients++
	return h
}

// undo is for who did not come in after all. A newcomer leaves nothing behind (P19.2).
func (t *halves) undo(h *half) {
	if h.clients--; h.clients == 0 && h.left == budget {
		t.drop(h)
	}
}

func (t *halves) add(peer netip.AddrPort, now time.Time) *half {
	h := &half{peer: peer, left: budget, until: now.Add(t.lasts), prev: t.last}
	if t.last == nil {
		t.first = h
	} else {
		t.last.next = h
	}
	t.last = h
	t.known[peer] = h
	return h
}

// expire forgets those whose time is up, but for those whose client is still there: it has the
// same time, and may be a moment late.
func (t *halves) expire(now time.Time) {
	for h := t.first; h != nil && !now.Before(h.until); h = h.next {
		if h.clients == 0 {
			t.drop(h)
		}
	}
}

// drop forgets h. Its own links stay, for expire.
func (t *halves) drop(h *half) {
	if t.known[h.peer] != h {
		return
	}
	delete(t.known, h.peer)
	if h.prev == nil {
		t.first = h.next
	} else {
		h.prev.next = h.next
	}
	if h.next == nil {
		t.last = h.prev
	} else {
		h.next.prev = h.prev
	}
}
