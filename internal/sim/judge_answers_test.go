package sim_test

import (
	"fmt"
	"slices"
	"strings"

	"github.com/fairlead-go/fairlead/messages"
)

// answered: each request is answered once and rightly, unless its connection was closed.
func (t *trial) answered(f *file) {
	for _, e := range f.items {
		if e.what == got && f.sent[e.tag] != nil && !slices.Contains(t.codes(f.sent[e.tag], e), e.code) {
			t.accuse(f, "%v was answered with code %d after %v", t.sch.Asks[e.tag], e.code, e.at-f.sent[e.tag].at)
		}
	}
	if t.early(f) || len(f.opened) == 0 {
		t.lateAnswers(f)
		return
	}
	come := map[int]bool{}
	for _, e := range f.items {
		come[e.tag] = come[e.tag] || e.what == got
	}
	for _, e := range f.order {
		a := t.sch.Asks[e.tag]
		if !a.Notify && !come[a.Tag] && !f.has("deaf", "vanish") && !t.droppedAsked(f, a) {
			t.accuse(f, "%v was never answered", a)
		}
	}
	for _, e := range f.read {
		if a := t.sch.Asks[e.tag]; !a.Notify && f.answers[a.Tag]+f.refusals[a.Tag] == 0 {
			t.accuse(f, "%v was read and never answered", a)
		}
	}
}

// lateAnswers: what the server had answered when it closed the client has come, if it listened.
func (t *trial) lateAnswers(f *file) {
	if len(f.closed) == 0 || f.has("panicWrite", "flood") || f.closed[0].cause == messages.CauseSlow {
		return
	}
	come := map[int]bool{}
	for _, e := range f.items {
		come[e.tag] = come[e.tag] || e.what == got
	}
	for _, e := range t.events {
		if e.what == answered && e.client == f.no && !come[e.tag] && e.at+delivery < t.lossFrom(f) {
			t.accuse(f, "the answer to #%d was lost", e.tag)
		}
	}
}

// droppedAsked tells whether nobody ever saw the request: it went down with a panic.
func (t *trial) droppedAsked(f *file, a *ask) bool {
	if a.End == "panicDecode" && t.sch.Setup.Custom {
		return true
	}
	return slices.ContainsFunc(f.faults, func(e *event) bool {
		return strings.HasPrefix(e.text, "panicFeed") && strings.Contains(e.text, fmt.Sprintf(" #%d ", a.Tag))
	})
}

// codes are those that may answer a request; 0: it went well.
func (t *trial) codes(asked, answer *event) (codes []int) {
	a := t.sch.Asks[asked.tag]
	switch a.End {
	case "fail", "laterFail":
		codes = []int{refusal}
	case "error", "panicHandler", "panicFilter", "panicBody", "panicAnswer", "nowhere", "panicRouteFunc":
		codes = []int{messages.CodeInternal}
	case "badBody":
		codes = []int{messages.CodeBadRequest}
	case "never", "overdue", "panicPlain":
	default:
		codes = []int{0}
	}
	if answer.at-asked.at >= requestTimeout {
		codes = append(codes, messages.CodeTimeout)
	}
	busy := t.sch.Setup.Queue > 0 || t.sch.Clients[a.Client].Maker > 0 && strings.HasPrefix(a.Route, "own.")
	if busy || t.stopped != forever || t.treeHadAt(answer.at, "stopRoute", "stopSessions", "stopSession") {
		codes = append(codes, messages.CodeBusy)
	}
	return codes
}

// inOrder: what one sender does reaches a client in that order; an answer that is given later
// comes after what its handler has sent.
func (t *trial) inOrder(f *file) {
	last := map[string]*event{}
	for i, e := range f.items {
		cause := t.causeOf(e)
		if cause == nil {
			continue
		}
		if before := last[cause.lane]; cause.lane != "" && before != nil && before.no > cause.no {
			t.accuse(f, "in lane %q: [%v] came after [%v]", cause.lane, cause, before)
		}
		last[cause.lane] = cause
		if e.what == got && cause.lane == "" {
			t.overtook(f, i, cause)
		}
	}
}

// causeOf is what the server's side did that made e come; nil if that is not known.
func (t *trial) causeOf(e *event) *event {
	switch {
	case e.what == gotPush && e.tag < len(t.pushed):
		return t.pushed[e.tag]
	case e.what == got && e.code != messages.CodeTimeout && e.code != messages.CodeBusy:
		return t.ends[e.tag]
	}
	return nil
}

// overtook looks for what the handler of a later answer sent before, and that came after.
func (t *trial) overtook(f *file, at int, end *event) {
	c := t.calls[end.tag]
	for _, e := range f.items[at+1:] {
		if p := t.causeOf(e); p != nil && e.what == gotPush && c != nil && p.lane == c.lane && p.at < end.at {
			t.accuse(f, "the later answer #%d overtook push %d", end.tag, p.tag)
		}
	}
}
