package actors_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/fairlead-go/fairlead/messages"
)

// quiet is a schedule: two in the same group and one who is not, one after another.
var quiet = schedule{
	Seats: []int{0b001, 0b001, 0},
	Rounds: []round{
		{Settle: true, Pause: 50 * time.Millisecond, Actions: []action{
			{Do: ask, Client: 0, Script: []op{{Do: push}, {Do: groupPush}, {Do: push, Who: 1}, {Do: members}}, End: answer},
		}},
		{Settle: true, Pause: 50 * time.Millisecond, Actions: []action{
			{Do: ask, Client: 2, Script: []op{{Do: bind}, {Do: userPush}, {Do: groupPush}}, End: later, For: time.Millisecond},
		}},
		{Settle: true, Pause: 50 * time.Millisecond, Actions: []action{
			{Do: outside, Script: []op{{Do: leave, Who: 1}, {Do: groupKeyed}, {Do: groupKeyed}}},
			{Do: notify, Client: 1, Route: 1, Script: []op{{Do: push, Who: 1}, {Do: kick, Who: 1}}},
		}},
		{Settle: true, Actions: []action{
			{Do: outside, Script: []op{{Do: allPush}}},
			{Do: ask, Client: 0, End: never},
		}},
	},
}

// nth is the tag of the nth thing of that kind in the history.
func (h *history) nth(v verb, n int) int {
	for _, m := range h.notes {
		if m.Do == v {
			if n == 0 {
				return m.tag
			}
			n--
		}
	}
	panic("no such note")
}

func (h *history) line(v verb, n int) string { return "p:" + strconv.Itoa(h.nth(v, n)) }

func (w *witness) without(line string) {
	i := slices.Index(w.lines, line)
	w.lines = slices.Delete(w.lines, i, i+1)
}

// TestTheJudgeSeesWhatIsWrong doctors a history that is right.
func TestTheJudgeSeesWhatIsWrong(t *testing.T) {
	for name, c := range map[string]struct {
		doctor func(h *history, c []*witness)
		want   string // empty: nothing is wrong
	}{
		"as it was": {func(*history, []*witness) {}, ""},
		"who of two senders is first is their affair": {func(h *history, c []*witness) {
			i, j := slices.Index(c[0].lines, h.line(groupPush, 1)), slices.Index(c[0].lines, h.line(groupKeyed, 1))
			c[0].lines[i], c[0].lines[j] = c[0].lines[j], c[0].lines[i]
		}, ""},
		"two pushes of a handler change places": {func(_ *history, c []*witness) {
			c[0].lines[0], c[0].lines[1] = c[0].lines[1], c[0].lines[0]
		}, "came after"},
		"an answer comes before the pushes of its handler": {func(_ *history, c []*witness) {
			c[0].lines[0], c[0].lines[2] = c[0].lines[2], c[0].lines[0]
		}, "came after"},
		"a later answer overtakes what was sent before": {func(_ *history, c []*witness) {
			c[2].lines[0], c[2].lines[1] = c[2].lines[1], c[2].lines[0]
		}, "overtook"},
		"a push comes twice":                   {func(_ *history, c []*witness) { c[0].lines = slices.Insert(c[0].lines, 0, c[0].lines[0]) }, "came twice"},
		"a push is missing":                    {func(h *history, c []*witness) { c[1].without(h.line(push, 1)) }, "is missing"},
		"a group push is missing":              {func(h *history, c []*witness) { c[1].without(h.line(groupPush, 0)) }, "is missing"},
		"a push to a user is missing":          {func(h *history, c []*witness) { c[2].without(h.line(userPush, 0)) }, "is missing"},
		"a push to all is missing":             {func(h *history, c []*witness) { c[2].without(h.line(allPush, 0)) }, "is missing"},
		"the last of a key is missing":         {func(h *history, c []*witness) { c[0].without(h.line(groupKeyed, 1)) }, "is missing"},
		"what was replaced comes all the same": {func(h *history, c []*witness) { c[0].lines = slices.Insert(c[0].lines, 4, h.line(groupKeyed, 0)) }, ""},
		"a group push reaches one who never joined": {func(h *history, c []*witness) {
			c[2].lines = slices.Insert(c[2].lines, 0, h.line(groupPush, 0))
		}, "was not for it"},
		"a group push reaches one who has left": {func(h *history, c []*witness) {
			c[1].lines = slices.Insert(c[1].lines, 2, h.line(groupKeyed, 1))
		}, "was not for it"},
		"a push reaches another":       {func(h *history, c []*witness) { c[2].lines = slices.Insert(c[2].lines, 0, h.line(push, 0)) }, "was not for it"},
		"a push that nobody sent":      {func(_ *history, c []*witness) { c[0].lines[0] = "p:999" }, "nobody sent"},
		"a line that is none":          {func(_ *history, c []*witness) { c[0].lines[0] = "nonsense" }, "line 0 is"},
		"an answer is missing":         {func(_ *history, c []*witness) { c[0].lines = slices.Delete(c[0].lines, 2, 3) }, "answered 0 times"},
		"an answer comes twice":        {func(_ *history, c []*witness) { c[0].lines = slices.Insert(c[0].lines, 2, c[0].lines[2]) }, "came twice"},
		"a deadline comes twice":       {func(_ *history, c []*witness) { c[0].lines = append(c[0].lines, "301!504") }, "answered 2 times"},
		"a deadline instead":           {func(_ *history, c []*witness) { c[0].lines[2] = "0!504" }, "was answered"},
		"another's answer":             {func(_ *history, c []*witness) { c[0].lines[2] = "0=1" }, "was answered"},
		"an answer to nothing":         {func(_ *history, c []*witness) { c[0].lines = append(c[0].lines, "77!504") }, "never asked"},
		"something comes after a kick": {func(h *history, c []*witness) { c[1].lines = append(c[1].lines, h.line(allPush, 0)) }, "came after \"kick"},
		"something comes instead of a kick": {func(h *history, c []*witness) {
			c[1].lines[len(c[1].lines)-1] = h.line(allPush, 0)
		}, "had closed it"},
		"a kick without a kick":         {func(_ *history, c []*witness) { c[1].lines = c[1].lines[:len(c[1].lines)-1] }, "without a kick"},
		"a kick reaches another":        {func(_ *history, c []*witness) { c[2].lines = append(c[2].lines, c[1].lines[len(c[1].lines)-1]) }, "was not for it"},
		"a kick drops what came before": {func(h *history, c []*witness) { c[1].without(h.line(push, 2)) }, "is missing"},
		"a close that closes nobody": {func(h *history, c []*witness) {
			c[0].without(h.line(allPush, 0))
			c[2].without(h.line(allPush, 0))
			h.notes[h.nth(allPush, 0)].op = op{Do: closeIt}
		}, "did not close it"},
		"a close is never told":           {func(_ *history, c []*witness) { c[1].closed = nil }, "told 0 times"},
		"a close is told twice":           {func(_ *history, c []*witness) { c[0].closed = append(c[0].closed, c[0].closed[0]) }, "told 2 times"},
		"a close without a cause":         {func(_ *history, c []*witness) { c[1].closed[0].Cause = 0 }, "nobody wanted"},
		"a close for another's reason":    {func(_ *history, c []*witness) { c[1].closed[0].Reason = "1" }, "nobody wanted"},
		"a close that nobody wanted":      {func(_ *history, c []*witness) { c[2].early = true }, "nobody wanted"},
		"slow, and nothing was held back": {func(_ *history, c []*witness) { c[0].closed[0].Cause = messages.CauseSlow }, "after it hung up"},
		"a member is forgotten":           {func(h *history, _ []*witness) { h.notes[h.nth(members, 0)].found = []int{1} }, "did not find"},
		"a stranger is a member":          {func(h *history, _ []*witness) { h.notes[h.nth(members, 0)].found = []int{0, 1, 2} }, "found client 2"},
		"a user's sockets are miscounted": {func(h *history, _ []*witness) { h.notes[h.nth(userPush, 0)].count = 2 }, "want 1 to 1"},
		"a group is left behind":          {func(h *history, _ []*witness) { h.left = "groups" }, "left behind"},
	} {
		t.Run(name, func(t *testing.T) {
			house := &house{t: t}
			defer house.close()
			h, err := house.perform(quiet)
			if err != nil {
				t.Fatal(err)
			}
			was := h.String()
			c.doctor(h, h.clients)
			switch err := h.judge(); {
			case c.want == "" && err != nil:
				t.Errorf("judged %v\n%s", err, was)
			case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
				t.Errorf("judged %v, want %q in it\n%s", err, c.want, was)
			}
		})
	}
}
