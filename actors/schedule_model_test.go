package actors_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/fairlead-go/fairlead/messages"
)

// note is one thing that was done, written down just before. Its tag, which is its place
// in the history, is what clients are sent.
type note struct {
	op
	tag    int
	sender int // what one sender does, it does in the order of the tags
	epoch  int // what was done in an earlier one is over
	at     time.Duration
	self   int    // the client that asked
	id     uint64 // of its request
	done   bool   // of bind: it was accepted
	found  []int  // of members: who they were
	count  int    // of userPush: to how many
	behind *note  // of a later answer: all that its sender did up to this comes before
}

// history is what was done, and what the clients saw of it.
type history struct {
	mu        sync.Mutex // the senders'; whoever judges is alone
	notes     []*note
	epochEnds []time.Duration
	clients   []*witness
	left      string // what was not gone in the end; empty: nothing
}

// witness is what one client saw.
type witness struct {
	even   bool // groupWhere means it
	asked  []uint64
	lines  []string
	held   bool
	early  bool // closed before the last hour, when all that are left hang up
	closed []*messages.Closed
}

// stance is whether a client is in a set when something is sent to it.
type stance int

const (
	absent stance = iota
	maybe
	present
)

// before tells that all that n caused had happened when m was done, or happens before
// what m causes.
func (n *note) before(m *note) bool {
	return n.epoch < m.epoch || n.sender == m.sender && n.tag < m.tag
}

// set is what clients can be in: a group, all, the bound, a user's.
type set struct {
	kind verb // groupPush, allPush, groupBound, userPush
	n    int
}

// effect is 1 when n puts the client into s, -1 when it takes it out, else 0.
func (n *note) effect(s set, client int) int {
	switch n.Do {
	case join, leave:
		if s != (set{groupPush, n.Group}) || n.Who != client {
			return 0
		}
	case bind:
		mine := s.kind == groupBound || s == set{userPush, n.User}
		if !mine || n.self != client || !n.done {
			return 0
		}
	case unbind:
		if s.kind != groupBound && s.kind != userPush || n.self != client {
			return 0
		}
	case dial:
		if s.kind != allPush || n.Who != client {
			return 0
		}
	default:
		return 0
	}
	if n.Do == leave || n.Do == unbind {
		return -1
	}
	return 1
}

// stance tells whether client is in s for what m does.
func (h *history) stance(s set, client int, m *note) stance {
	var last []*note // what nothing else came after, before m
	may := map[int]bool{}
	for _, n := range h.notes {
		e := n.effect(s, client)
		switch {
		case e == 0:
		case n.before(m):
			last = slices.DeleteFunc(last, func(o *note) bool { return o.before(n) })
			last = append(last, n)
		case m.before(n) && (n.epoch > m.epoch || !n.overtakes(m)):
		default:
			may[e] = true
		}
	}
	for _, n := range last {
		may[n.effect(s, client)] = true
	}
	if len(last) == 0 {
		may[-1] = true
	}
	switch {
	case !may[-1]:
		return present
	case !may[1]:
		return absent
	}
	return maybe
}

// overtakes tells that n, done after m by the same sender, may take effect first: binding
// is done at once, the filters of a group push run in the batchers.
func (n *note) overtakes(m *note) bool {
	return (n.Do == bind || n.Do == unbind) && m.Do == groupBound
}

// means tells whether what n sends is for client.
func (h *history) means(n *note, client int) stance {
	own := func(who int) stance {
		if who == client {
			return present
		}
		return absent
	}
	group := set{groupPush, n.Group}
	switch n.Do {
	case push, pushKeyed, pushUrgent:
		return own(n.Who)
	case answer, fail:
		return own(n.self)
	case groupPush, groupKeyed:
		return h.stance(group, client, n)
	case groupExcept:
		if n.Who != client {
			return h.stance(group, client, n)
		}
	case groupWhere:
		if h.clients[client].even {
			return h.stance(group, client, n)
		}
	case groupBound:
		return min(h.stance(group, client, n), h.stance(set{groupBound, 0}, client, n))
	case allPush, allKeyed:
		return h.stance(set{allPush, 0}, client, n)
	case userPush:
		return h.stance(set{userPush, n.User}, client, n)
	}
	return absent
}

// key names what a keyed push may replace; empty for other pushes.
func (n *note) key() string {
	switch n.Do {
	case pushKeyed:
		return fmt.Sprint("own ", n.Key)
	case groupExcept, groupWhere, groupBound:
		if n.Key == 0 {
			return ""
		}
		fallthrough
	case groupKeyed:
		return fmt.Sprint("group ", n.Group, " ", n.Key)
	case allKeyed:
		return fmt.Sprint("all ", n.Key)
	}
	return ""
}

// ends tells whether n closes client.
func (h *history) ends(n *note, client int) stance {
	switch n.Do {
	case kick, closeIt, hangUp:
		if n.Who == client {
			return present
		}
	case kickUser:
		return h.stance(set{userPush, n.User}, client, n)
	}
	return absent
}

// seen is what one client saw, read.
type seen struct {
	*witness
	no      int
	tags    []int       // in the order they came; -1: no sender's
	at      map[int]int // where in tags
	answers map[uint64]int
	kicks   int
	endings []*note
	closing *note // what closed it with all that waited written
}

// read makes sense of a client's lines.
func (h *history) read(no int) (*seen, error) {
	s := &seen{witness: h.clients[no], no: no, at: map[int]int{}, answers: map[uint64]int{}}
	for i, line := range s.lines {
		tag := -1
		at := strings.IndexAny(line, ":=!")
		if at < 0 {
			return nil, fmt.Errorf("line %d is %q", i, line)
		}
		n, err := strconv.Atoi(line[at+1:])
		if err != nil {
			return nil, fmt.Errorf("line %d is %q", i, line)
		}
		switch line[at] {
		case '=', '!':
			id, err := strconv.ParseUint(line[:at], 10, 64)
			if err != nil {
				return nil, fmt.Errorf("line %d is %q", i, line)
			}
			s.answers[id]++
			tag = h.answerTo(no, id)
			if want := h.wording(tag); want != line[at:] {
				return nil, fmt.Errorf("request %d was answered %q, want %q", id, line[at:], want)
			}
		default:
			tag = n
			if line[:at] == "kick" {
				s.kicks++
			}
			if tag < 0 || tag >= len(h.notes) {
				return nil, fmt.Errorf("line %d is %q, which nobody sent", i, line)
			}
		}
		if _, again := s.at[tag]; again && tag >= 0 {
			return nil, fmt.Errorf("%q came twice", line)
		}
		s.at[tag] = i
		s.tags = append(s.tags, tag)
	}
	for _, n := range h.notes {
		if h.ends(n, no) != absent {
			s.endings = append(s.endings, n)
		}
	}
	s.closing = h.closing(s)
	return s, nil
}

// answerTo is the tag of the answer that a handler gave, or -1.
func (h *history) answerTo(client int, id uint64) int {
	for _, n := range h.notes {
		if (n.Do == answer || n.Do == fail) && n.self == client && n.id == id {
			return n.tag
		}
	}
	return -1
}

// wording is how an answer looks: nobody's is that of the deadline.
func (h *history) wording(tag int) string {
	switch {
	case tag < 0:
		return "!504"
	case h.notes[tag].Do == fail:
		return "!403"
	}
	return "=" + strconv.Itoa(tag)
}

// closing is the kick or close that ended the client after all that waited had been
// written; nil when it ended in another way, or has not.
func (h *history) closing(s *seen) *note {
	if !s.early || len(s.closed) != 1 {
		return nil
	}
	ev := s.closed[0]
	tag, err := strconv.Atoi(ev.Reason)
	if err != nil || tag < 0 || tag >= len(h.notes) {
		return nil
	}
	kicked := ev.Cause == messages.CauseKicked && s.kicks > 0
	closed := ev.Cause == messages.CauseClosed && ev.Unsent == 0 && !s.held
	if !kicked && !closed {
		return nil
	}
	return h.notes[tag]
}
