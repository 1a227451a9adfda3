package sim_test

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fairlead-go/fairlead/messages"
)

const (
	// patience is how far apart two things are of which one surely came first, whoever did them.
	patience = 50 * time.Millisecond
	// delivery is how long a message takes at most to a client that reads.
	delivery = 100 * time.Millisecond
)

// judge tells how a history breaks promises; none: it does not.
func (h *history) judge() []string {
	t := h.sorted()
	t.everywhere()
	for _, f := range t.files {
		for _, check := range []func(*file){
			t.lifetime, t.ended, t.notTwice, t.answered, t.kicked, t.inOrder, t.called, t.notForIt, t.missing,
		} {
			check(f)
		}
	}
	return t.breach
}

func (t *trial) accuse(f *file, format string, args ...any) {
	who := "server: "
	if f != nil {
		who = fmt.Sprintf("client %d: ", f.no)
	}
	t.breach = append(t.breach, who+fmt.Sprintf(format, args...))
}

// everywhere: nothing is left, nothing is over its limit, nobody was waited for in vain.
func (t *trial) everywhere() {
	for _, e := range t.events {
		switch {
		case e.what == left, e.what == over, e.what == touched, e.what == gotOther:
			t.accuse(nil, "%v: client %d: %s", e.what, e.client, e.text)
		case e.what == logged && strings.HasPrefix(e.text, "stop: gave up"):
			t.accuse(nil, "%s", e.text)
		}
	}
}

// lifetime: who comes is served, each connection is closed once, and those who are told of
// both are told of both.
func (t *trial) lifetime(f *file) {
	served := len(f.opened) > 0
	switch {
	case len(f.opened) > 1:
		t.accuse(f, "opened %d times", len(f.opened))
	case len(f.closed) != len(f.opened):
		t.accuse(f, "opened %d times, closed %d times", len(f.opened), len(f.closed))
	case len(f.in) > 1 || len(f.in) != f.told:
		t.accuse(f, "told %d times that it came, %d times that it went", len(f.in), f.told)
	case f.dialled != nil && !served && t.stopped == forever && !f.has("panicProtocol", "drop") && !t.treeHad("listenerCloses", "stopConnector", "stopShard"):
		t.accuse(f, "never served")
	case served && f.shut == nil:
		t.accuse(f, "its wire was never closed")
	case served && len(f.in) == 0 && !t.early(f):
		t.accuse(f, "neither in nor closed when all was settled")
	}
}

// ended: a client is closed when it must be, and for a reason.
func (t *trial) ended(f *file) {
	if len(f.closed) == 0 {
		return
	}
	e := f.closed[0]
	for _, k := range fatal {
		if !t.early(f) && f.has(k) {
			t.accuse(f, "survived %s", k)
		}
	}
	if !t.early(f) {
		if e.cause != messages.CauseStopping && e.cause != messages.CauseClient && e.cause != messages.CauseNetwork {
			t.accuse(f, "closed in the end as %v", e.cause.Word())
		}
		return
	}
	if !t.excused(f, e) {
		t.accuse(f, "closed as %v (%s), and nobody wanted it", e.cause.Word(), e.text)
	}
}

// endings are the causes for which clients go when the server does: newcomers are refused.
var endings = []messages.Cause{messages.CauseStopping, messages.CauseDraining, messages.CauseRefused}

func (t *trial) excused(f *file, end *event) bool {
	if end.at >= t.stopped && slices.Contains(endings, end.cause) {
		return true
	}
	for _, e := range f.faults {
		kind, _, _ := strings.Cut(e.text, " ")
		if e.at <= end.at && slices.Contains(excuses[kind], end.cause) {
			return true
		}
	}
	switch end.cause {
	case messages.CauseKicked:
		return t.kickedAsUser(f, end)
	case messages.CauseOffending:
		return t.offends(f) >= 5
	case messages.CauseClosed, messages.CauseFailed:
		return t.treeHad("stopShard", "stopConnector")
	}
	return false
}

// kickedAsUser tells whether somebody may have meant the user that the client is.
func (t *trial) kickedAsUser(f *file, end *event) bool {
	for _, b := range t.changes {
		if b.client != f.no || b.op.Do != "bind" || b.at > end.at {
			continue
		}
		for _, e := range t.tree {
			if e.text == "kickUser" && e.op.User == b.op.User {
				return true
			}
		}
		for _, o := range t.changes {
			if o.op.Do == "bind" && o.client != f.no && o.op.User == b.op.User && t.sch.Setup.Logins != 0 {
				return true
			}
		}
	}
	return false
}

// offends counts the client's requests whose handlers panic.
func (t *trial) offends(f *file) (n int) {
	for tag := range f.sent {
		if end := t.sch.Asks[tag].End; strings.HasPrefix(end, "panic") {
			n++
		}
	}
	return n
}

// notTwice: nothing comes twice, nothing that was never asked.
func (t *trial) notTwice(f *file) {
	answers, pushes := map[int]int{}, map[int]int{}
	for _, e := range f.items {
		switch e.what {
		case got:
			if answers[e.tag]++; f.sent[e.tag] == nil || t.sch.Asks[e.tag].Notify {
				t.accuse(f, "answer to #%d, which it never asked", e.tag)
			}
		case gotPush:
			pushes[e.tag]++
		}
	}
	for tag, n := range answers {
		if n > 1 {
			t.accuse(f, "#%d was answered %d times", tag, n)
		}
	}
	// An answer that comes when the server has just refused the request is written by its codec, and dropped.
	for _, made := range []map[int]int{f.answers, f.refusals} {
		for tag, n := range made {
			if n > 1 {
				t.accuse(f, "#%d was answered %d times by the server", tag, n)
			}
		}
	}
	for tag, n := range pushes {
		if n > 1 {
			t.accuse(f, "push %d came %d times", tag, n)
		}
	}
}

// kicked: a kick is last; who is kicked and listens is told.
func (t *trial) kicked(f *file) {
	for i, e := range f.items {
		if e.what == gotKick && i != len(f.items)-1 {
			t.accuse(f, "%v came after a kick", f.items[i+1])
			return
		}
	}
	told := len(f.items) > 0 && f.items[len(f.items)-1].what == gotKick
	if len(f.closed) == 0 || f.has(badReader...) || f.has("panicKick", "panicWrite", "flood") {
		return
	}
	cause := f.closed[0].cause
	is := cause == messages.CauseKicked
	ended := cause == messages.CauseStopping || cause == messages.CauseDraining || f.closed[0].at >= t.stopped
	wanted := ended || f.has("kick") || t.kickedAsUser(f, f.closed[0])
	if is && !told || told && !is && !wanted {
		t.accuse(f, "kicked: %v, told: %v", is, told)
	}
}

// called: requests of a client reach a route in the order sent.
func (t *trial) called(f *file) {
	last := map[string]*event{}
	for _, e := range f.order {
		c := t.calls[e.tag]
		if c == nil {
			continue
		}
		route, _, _ := strings.Cut(e.text, ".")
		if before := last[route]; before != nil && before.no > c.no {
			t.accuse(f, "#%d reached route %q before #%d", c.tag, route, before.tag)
		}
		last[route] = c
	}
}
