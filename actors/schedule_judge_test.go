package actors_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fairlead-go/fairlead/messages"
)

// patience is how long after an epoch's end what waited for the tick is surely written:
// the tick and, when the writers are all blocked, the time in which more are hired.
const patience = 30 * time.Millisecond

// judge tells how a history breaks a promise; nil: it does not.
func (h *history) judge() error {
	if h.left != "" {
		return fmt.Errorf("left behind: %s", h.left)
	}
	for no := range h.clients {
		s, err := h.read(no)
		for _, check := range []func(*seen) error{h.order, h.last, h.answered, h.nothingForOthers, h.nothingMissing, h.closedOnce} {
			if err == nil {
				err = check(s)
			}
		}
		if err != nil {
			return fmt.Errorf("client %d: %w", no, err)
		}
	}
	return h.asToldToHandlers()
}

// order: what one sender sends arrives in that order, over all its handlers; an answer
// given later comes after what was sent before.
func (h *history) order(s *seen) error {
	last := map[int]int{}
	for _, tag := range s.tags {
		if tag < 0 {
			continue
		}
		n := h.notes[tag]
		if before, ok := last[n.sender]; ok && tag < before {
			return fmt.Errorf("sender %d: %d came after %d", n.sender, tag, before)
		}
		last[n.sender] = tag
		if n.behind != nil {
			for _, t := range s.tags[s.at[tag]:] {
				if t >= 0 && t <= n.behind.tag && h.notes[t].sender == n.behind.sender {
					return fmt.Errorf("answer %d overtook %d", tag, t)
				}
			}
		}
	}
	return nil
}

// last: nothing comes after a kick.
func (h *history) last(s *seen) error {
	for i, line := range s.lines {
		if strings.HasPrefix(line, "kick:") && i != len(s.lines)-1 {
			return fmt.Errorf("%q came after %q", s.lines[i+1], line)
		}
	}
	return nil
}

// answered: each request once, unless the client is gone.
func (h *history) answered(s *seen) error {
	for _, id := range s.asked {
		if n := s.answers[id]; n != 1 && !s.early {
			return fmt.Errorf("request %d was answered %d times", id, n)
		}
	}
	for id := range s.answers {
		if !slices.Contains(s.asked, id) {
			return fmt.Errorf("request %d was answered and never asked", id)
		}
	}
	return nil
}

// nothingForOthers: nobody gets what was surely not for them, nor anything after they
// surely had been closed.
func (h *history) nothingForOthers(s *seen) error {
	for _, tag := range s.tags {
		if tag < 0 {
			continue
		}
		n := h.notes[tag]
		if n.Do == kick || n.Do == kickUser {
			if h.ends(n, s.no) == absent {
				return fmt.Errorf("the kick %d was not for it", tag)
			}
			continue
		}
		if h.means(n, s.no) == absent {
			return fmt.Errorf("%d (%v) was not for it", tag, n.op)
		}
		for _, e := range s.endings {
			if e.before(n) && h.ends(e, s.no) == present {
				return fmt.Errorf("%d came, though %d (%v) had closed it", tag, e.tag, e.op)
			}
		}
	}
	return nil
}

// nothingMissing: what was surely for a client comes, unless it was replaced or the client left.
func (h *history) nothingMissing(s *seen) error {
	for _, n := range h.notes {
		if _, came := s.at[n.tag]; came || h.means(n, s.no) != present || h.lost(n, s) || h.replaced(n, s) {
			continue
		}
		return fmt.Errorf("%d (%v, of sender %d) is missing", n.tag, n.op, n.sender)
	}
	return nil
}

// lost tells whether the client may have ended before n was written to it.
func (h *history) lost(n *note, s *seen) bool {
	switch {
	case !s.early:
		return false
	case s.closing != nil:
		return !n.before(s.closing)
	case s.held:
		return true
	}
	return slices.ContainsFunc(s.endings, func(e *note) bool {
		return e.epoch <= n.epoch || e.at-h.epochEnds[n.epoch] <= patience+h.dreamt(n, e)
	})
}

// dreamt is how long answers that were encoded between two notes may have held up a batcher, which
// encodes those that come behind a group push.
func (h *history) dreamt(from, to *note) (d time.Duration) {
	for _, m := range h.notes {
		if answer <= m.Do && m.Do <= overdue && m.epoch >= from.epoch && m.at <= to.at {
			d += dreamTime
		}
	}
	return d
}

// replaced tells whether a push with the same key, from the same group or to the same
// client, may have taken n's place.
func (h *history) replaced(n *note, s *seen) bool {
	return n.key() != "" && slices.ContainsFunc(h.notes, func(m *note) bool {
		if m == n || m.key() != n.key() || m.before(n) || h.means(m, s.no) == absent {
			return false
		}
		_, came := s.at[m.tag]
		return came || s.early
	})
}

// closedOnce: with a cause that somebody gave.
func (h *history) closedOnce(s *seen) error {
	if len(s.closed) != 1 {
		return fmt.Errorf("told %d times that it closed", len(s.closed))
	}
	ev := s.closed[0]
	var by []verb
	switch ev.Cause {
	case messages.CauseClient:
		by = []verb{hangUp}
	case messages.CauseKicked:
		if by = []verb{kick, kickUser}; s.kicks == 0 && !s.held {
			return fmt.Errorf("kicked without a kick")
		}
	case messages.CauseClosed:
		by = []verb{closeIt}
	}
	given := slices.ContainsFunc(s.endings, func(e *note) bool {
		return slices.Contains(by, e.Do) && (e.Do == hangUp || strconv.Itoa(e.tag) == ev.Reason)
	})
	if s.early && !given {
		return fmt.Errorf("closed as %v %q, which nobody wanted", ev.Cause, ev.Reason)
	}
	if !s.early && ev.Cause != messages.CauseClient {
		return fmt.Errorf("closed as %v after it hung up", ev.Cause)
	}
	for _, e := range s.endings {
		if !s.early && h.ends(e, s.no) == present {
			return fmt.Errorf("%d (%v) did not close it", e.tag, e.op)
		}
	}
	return nil
}

// asToldToHandlers: what senders learned of members and users was true.
func (h *history) asToldToHandlers() error {
	for _, n := range h.notes {
		switch n.Do {
		case members:
			for no := range h.clients {
				found := slices.Contains(n.found, no)
				switch st := h.stance(set{groupPush, n.Group}, no, n); {
				case found && st == absent:
					return fmt.Errorf("%d found client %d in group %d", n.tag, no, n.Group)
				case !found && st == present && !h.leaving(no, n):
					return fmt.Errorf("%d did not find client %d in group %d", n.tag, no, n.Group)
				}
			}
		case userPush:
			least, most := 0, 0
			for no := range h.clients {
				switch st := h.stance(set{userPush, n.User}, no, n); {
				case st == present && !h.leaving(no, n):
					least++
					fallthrough
				case st != absent:
					most++
				}
			}
			if n.count < least || n.count > most {
				return fmt.Errorf("%d was for %d of user %d, want %d to %d", n.tag, n.count, n.User, least, most)
			}
		}
	}
	return nil
}

// leaving tells whether the client may be gone when n is done.
func (h *history) leaving(client int, n *note) bool {
	return slices.ContainsFunc(h.notes, func(e *note) bool {
		return e.epoch <= n.epoch && h.ends(e, client) != absent
	})
}

// String is the history as a failing test shows it.
func (h *history) String() string {
	var b strings.Builder
	for _, n := range h.notes {
		fmt.Fprintf(&b, "%4d %8v epoch %d sender %2d for client %d: %v", n.tag, n.at, n.epoch, n.sender, n.self, n.op)
		if n.behind != nil {
			fmt.Fprintf(&b, ", behind %d", n.behind.tag)
		}
		b.WriteByte('\n')
	}
	for no, w := range h.clients {
		fmt.Fprintf(&b, "client %d (early=%v, held=%v, %v): %q\n", no, w.early, w.held, w.closed, w.lines)
	}
	return b.String()
}
