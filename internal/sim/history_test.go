package sim_test

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/fairlead-go/fairlead/messages"
)

// word is what an event of a history says.
type word int

const (
	// Written down by clients.
	dialled word = iota
	welcomed
	sent      // a request or a notify is about to be written
	got       // an answer
	gotPush   //
	gotKick   //
	gotOther  // what no server may send
	readEnded // the client reads nothing more

	// Written down by the server's side.
	opened
	read     // a request has come through the protocol
	called   // its handler begins
	ending   // its handler ends
	answered // an answer has been encoded
	encoded  // a push is being encoded
	did      // an op is about to be done; tag is the push's, if it is one
	bound    // a bind has worked
	connected
	closed
	toldClosed // the application's actor has been told
	touched    // a wire that was closed before has been used
	over       // something is over its limit
	logged     // an error, by the server
	shut       // the server has closed the wire

	// Written down by who runs the schedule.
	fault   // something bad begins
	tripped // a panic that waited has come
	stopping
	settled // the end begins: nothing is under way any more
	left    // found when all should be gone
)

var words = [...]string{
	"dialled", "welcomed", "sent", "got", "gotPush", "gotKick", "gotOther", "readEnded", "opened", "read", "called", "ending",
	"answered", "encoded", "did", "bound", "connected", "closed", "toldClosed", "touched", "over", "logged", "shut", "fault", "tripped", "stopping", "settled",
	"left",
}

func (w word) String() string { return words[w] }

// event is one thing that somebody saw.
type event struct {
	no     int // its place in the history
	at     time.Duration
	what   word
	client int // -1: nobody's
	tag    int // of a request, or a push; these are different numbers
	code   int // of an answer; 0: it went well
	cause  messages.Cause
	lane   string // whoever does this does it in order; empty: not known
	op     op
	text   string
}

func (e *event) String() string {
	s := fmt.Sprintf("%4d %10v client %2d %-9v", e.no, e.at, e.client, e.what)
	switch e.what {
	case closed:
		s += " " + e.cause.Word()
	case did, bound:
		s += fmt.Sprintf(" p%d %v in lane %q", e.tag, e.op, e.lane)
	case gotPush, encoded:
		s += fmt.Sprintf(" p%d", e.tag)
	case sent, read, called, ending:
		s += fmt.Sprintf(" #%d", e.tag)
	case got, answered:
		s += fmt.Sprintf(" #%d code %d", e.tag, e.code)
	}
	return s + " " + e.text
}

// history is what happened, in the order in which it was written down.
type history struct {
	born time.Time
	sch  *schedule

	mu     sync.Mutex // everybody writes
	events []*event
	pushes int             // tags given so far
	state  []reqState      // of requests, by tag
	open   map[int]int     // requests called and not answered, by client
	levels map[string]bool // what is over its limit is told once
}

type reqState struct{ called, answered bool }

func newHistory(s *schedule) *history {
	return &history{
		born: time.Now(), sch: s, state: make([]reqState, len(s.Asks)),
		open: map[int]int{}, levels: map[string]bool{},
	}
}

func (h *history) now() time.Duration { return time.Since(h.born) }

// write appends e. An op that pushes is given its tag.
func (h *history) write(e event) *event {
	h.mu.Lock()
	defer h.mu.Unlock()
	e.no, e.at = len(h.events), h.now()
	if e.what == did && e.op.pushes() {
		h.pushes++
		e.tag = h.pushes
	}
	h.count(&e)
	h.events = append(h.events, &e)
	return &e
}

// count is called with mu held.
func (h *history) count(e *event) {
	if e.what != called && e.what != answered || e.tag <= 0 || e.tag >= len(h.state) || h.sch.Asks[e.tag].Notify {
		return
	}
	switch s := &h.state[e.tag]; {
	case e.what == called && !s.called && !s.answered:
		s.called = true
		h.open[e.client]++
	case e.what == answered && !s.answered:
		if s.answered = true; s.called {
			h.open[e.client]--
		}
	}
}

// exceed notes, once, that something is over its limit.
func (h *history) exceed(client int, text string) {
	h.mu.Lock()
	seen := h.levels[text]
	h.levels[text] = true
	h.mu.Unlock()
	if !seen {
		h.write(event{what: over, client: client, text: text})
	}
}

// inFlight checks how many requests of each client are being handled, when all is quiet.
func (h *history) inFlight(gone func(client int) bool) {
	h.mu.Lock()
	worst := map[int]int{}
	for c, n := range h.open {
		if n > h.sch.Setup.InFlight && !gone(c) {
			worst[c] = n
		}
	}
	h.mu.Unlock()
	for c, n := range worst {
		h.exceed(c, fmt.Sprintf("%d requests in flight, the limit is %d", n, h.sch.Setup.InFlight))
	}
}

// String is the whole history, a line for each event.
func (h *history) String() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	var b strings.Builder
	b.WriteString(h.sch.String())
	for _, e := range h.events {
		b.WriteString("\n" + e.String())
	}
	return b.String()
}

// pushes tells whether clients get something of the op.
func (o op) pushes() bool {
	switch o.Do {
	case "join", "leave", "bind", "unbind", "set", "nap", "kickSelf":
		return false
	}
	return true
}

// key of an op's push: empty if it has none.
func (o op) key() string {
	switch o.Do {
	case "keyed", "groupKeyed":
		return fmt.Sprint("k", o.Key)
	}
	return ""
}

// lossy tells whether the op's push may be dropped.
func (o op) lossy() bool { return o.Do == "lossy" || o.Do == "groupLossy" }

// toGroup tells whether the op's push is for a group.
func (o op) toGroup() bool {
	switch o.Do {
	case "groupPush", "groupKeyed", "groupLossy", "where", "whereBoom", "groupBoom":
		return true
	}
	return false
}

// boom tells whether nobody gets the op's push, because the codec panics.
func (o op) boom() bool { return o.Do == "pushBoom" || o.Do == "groupBoom" }
