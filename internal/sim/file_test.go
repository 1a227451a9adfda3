package sim_test

import (
	"slices"
	"strings"
	"time"

	"github.com/fairlead-go/fairlead/messages"
)

// trial is a history, sorted for a judge.
type trial struct {
	*history
	files   []*file // by client
	pushed  []*event
	changes []*event // of groups and users: join, leave, bind, unbind, bound
	calls   map[int]*event
	ends    map[int]*event
	tree    []*event // faults that are no client's
	settled time.Duration
	stopped time.Duration // when a stop or a drain began; forever: only in the end
	breach  []string
}

// file is what is known of one client.
type file struct {
	no       int
	dialled  *event
	opened   []*event
	in       []*event // connected
	welcome  []*event
	closed   []*event
	told     int
	shut     *event
	ended    *event
	sent     map[int]*event
	order    []*event // what was sent
	read     []*event
	answers  map[int]int // by the application, of each request
	refusals map[int]int // by the server itself
	items    []*event    // what came, in order
	faults   []*event    // and what tripped
}

// open sorts a history.
func (h *history) sorted() *trial {
	t := &trial{history: h, calls: map[int]*event{}, ends: map[int]*event{}, pushed: make([]*event, h.pushes+1), stopped: forever, settled: forever}
	for no := range h.sch.Clients {
		t.files = append(t.files, &file{no: no, sent: map[int]*event{}, answers: map[int]int{}, refusals: map[int]int{}})
	}
	for _, e := range h.events {
		if e.client >= 0 {
			t.files[e.client].add(e)
		}
		t.add(e)
	}
	return t
}

func (t *trial) add(e *event) {
	switch e.what {
	case called:
		t.calls[e.tag] = e
	case ending:
		t.ends[e.tag] = e
	case did:
		if e.op.pushes() {
			t.pushed[e.tag] = e
		} else {
			t.changes = append(t.changes, e)
		}
	case bound:
		t.changes = append(t.changes, e)
	case settled:
		t.settled = e.at
	case stopping:
		if t.settled == forever {
			t.stopped = min(t.stopped, e.at)
		}
	case fault, tripped:
		if e.client < 0 {
			t.tree = append(t.tree, e)
		}
	}
}

func (f *file) add(e *event) {
	switch e.what {
	case dialled:
		f.dialled = e
	case opened:
		f.opened = append(f.opened, e)
	case connected:
		f.in = append(f.in, e)
	case welcomed:
		f.welcome = append(f.welcome, e)
	case closed:
		f.closed = append(f.closed, e)
	case toldClosed:
		f.told++
	case shut:
		f.shut = e
	case readEnded:
		f.ended = e
	case sent:
		f.sent[e.tag] = e
		f.order = append(f.order, e)
	case read:
		f.read = append(f.read, e)
	case answered:
		if e.code == messages.CodeBusy || e.code == messages.CodeTimeout {
			f.refusals[e.tag]++
		} else {
			f.answers[e.tag]++
		}
	case got, gotPush, gotKick, gotOther:
		f.items = append(f.items, e)
	case fault, tripped:
		f.faults = append(f.faults, e)
	}
}

// early tells whether the client was closed before the end began.
func (t *trial) early(f *file) bool { return len(f.closed) > 0 && f.closed[0].at < t.settled }

// has tells whether one of these faults has touched the client, or tripped.
func (f *file) has(kinds ...string) bool { return f.since(kinds...) != nil }

// since is the first of these faults.
func (f *file) since(kinds ...string) *event {
	i := slices.IndexFunc(f.faults, func(e *event) bool {
		word, _, _ := strings.Cut(e.text, " ")
		return slices.Contains(kinds, word)
	})
	if i < 0 {
		return nil
	}
	return f.faults[i]
}

// treeHad tells whether something of the tree was hurt in this way.
func (t *trial) treeHad(kinds ...string) bool {
	return slices.ContainsFunc(t.tree, func(e *event) bool {
		word, _, _ := strings.Cut(e.text, " ")
		return slices.Contains(kinds, word)
	})
}

// replaced is how soon a part of the tree that was stopped is there again: a route stops when
// its handler returns.
const replaced = 10 * time.Second

// treeHadAt tells whether something of the tree had been hurt in this way shortly before.
func (t *trial) treeHadAt(at time.Duration, kinds ...string) bool {
	return slices.ContainsFunc(t.tree, func(e *event) bool {
		word, _, _ := strings.Cut(e.text, " ")
		return slices.Contains(kinds, word) && e.at <= at && at <= e.at+replaced
	})
}

// badReader are the faults after which a client does not take what it is sent at once.
var badReader = []string{"stall", "deaf", "vanish", "slow", "drop", "reset"}

// forever is later than all that happens.
const forever = time.Duration(1 << 62)

// lossFrom is since when what is sent to a client may not reach it: never, if it stayed.
func (t *trial) lossFrom(f *file) time.Duration {
	if !t.early(f) {
		return forever
	}
	at := f.closed[0].at
	if e := f.since(badReader...); e != nil {
		at = min(at, e.at)
	}
	return at
}

// excuses says for which faults a client may be closed with which causes.
var excuses = map[string][]messages.Cause{
	"drop":              {messages.CauseClient, messages.CauseNetwork},
	"reset":             {messages.CauseClient, messages.CauseNetwork, messages.CauseMalformed},
	"vanish":            {messages.CauseHeartbeatTimeout, messages.CauseHandshakeTimeout, messages.CauseSlow},
	"partial":           {messages.CauseStalled, messages.CauseHeartbeatTimeout, messages.CauseHandshakeTimeout},
	"garbage":           {messages.CauseMalformed, messages.CauseStalled, messages.CauseHandshakeTimeout},
	"oversize":          {messages.CauseTooLarge},
	"nonsense":          {messages.CauseMalformed, messages.CauseHeartbeatTimeout, messages.CauseHandshakeTimeout},
	"stall":             {messages.CauseSlow, messages.CauseHandshakeTimeout},
	"deaf":              {messages.CauseSlow, messages.CauseHandshakeTimeout},
	"slow":              {messages.CauseSlow, messages.CauseHandshakeTimeout},
	"flood":             {messages.CauseSlow},
	"fast":              {messages.CauseSlow},
	"silent":            {messages.CauseHandshakeTimeout},
	"noAck":             {messages.CauseHandshakeTimeout},
	"badHello":          {messages.CauseRefused},
	"oldClient":         {messages.CauseRefused},
	"hookRefuses":       {messages.CauseRefused},
	"hookHangs":         {messages.CauseRefused, messages.CauseHandshakeTimeout},
	"panicHook":         {messages.CauseRefused},
	"panicCheck":        {messages.CauseRefused},
	"panicReadFrames":   {messages.CauseFailed},
	"panicWrite":        {messages.CauseFailed},
	"panicSetReadLimit": {messages.CauseFailed, messages.CauseHandshakeTimeout, messages.CauseTooLarge},
	"panicFeed":         {messages.CauseFailed, messages.CauseHandshakeTimeout, messages.CauseHeartbeatTimeout},
	"panicOpen":         {messages.CauseFailed},
	"panicExpire":       {messages.CauseFailed},
	"panicWelcome":      {messages.CauseFailed, messages.CauseHandshakeTimeout},
	"breakSocket":       {messages.CauseFailed},
	"stopSocket":        {messages.CauseClosed},
	"poisonSocket":      {messages.CauseClosed},
	"close":             {messages.CauseClosed},
	"kick":              {messages.CauseKicked},
	"panicKick":         {messages.CauseKicked},
}

// fatal are faults that no connection survives.
var fatal = []string{
	"drop", "reset", "vanish", "partial", "garbage", "oversize", "silent", "noAck", "badHello", "oldClient", "hookRefuses",
	"hookHangs", "panicHook", "panicCheck", "panicReadFrames", "panicWrite", "panicOpen", "stopSocket", "poisonSocket", "close", "kick",
	"panicKick",
}
