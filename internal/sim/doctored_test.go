package sim_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fairlead-go/fairlead/messages"
)

// calm is a schedule of which the judge knows everything: what is sent is far apart.
func calm() *schedule {
	s := &schedule{Setup: setup{Buffer: 4 << 10, InFlight: 8}, Clients: []plan{{}, {Delivered: true}, {}}, Asks: []*ask{nil}}
	at := time.Duration(0)
	add := func(do string, client int, list ...*ask) {
		at += 200 * time.Millisecond
		for _, a := range list {
			a.Tag, a.Client = len(s.Asks), client
			s.Asks = append(s.Asks, a)
		}
		s.Steps = append(s.Steps, step{At: at, Do: do, Client: client, Asks: list, Script: []op{{Do: "all"}}})
	}
	both := []op{{Do: "join", Group: 1}, {Do: "bind", User: 1}}
	add("ask", 0, &ask{Route: "one.do", Script: both, End: "answer"}, &ask{Route: "one.do", End: "fail"})
	add("ask", 1, &ask{Route: "two.do", Script: both[:1], End: "answer"})
	add("ask", 0, &ask{Route: "one.do", End: "answer", Script: []op{
		{Do: "push"}, {Do: "groupPush", Group: 1}, {Do: "user", User: 1}, {Do: "keyed", Key: 1}, {Do: "keyed", Key: 1}, {Do: "lossy"},
	}})
	add("outside", 0)
	add("ask", 1, &ask{Route: "own.do", End: "later", For: time.Millisecond, Script: []op{{Do: "push"}}})
	add("ask", 2, &ask{Route: "plain.do", End: "never"}, &ask{Route: "one.do", Notify: true, End: "answer"})
	add("kick", 1)
	return s
}

// doctor changes a history.
type doctor struct{ *history }

// at is the place of the nth event of that kind, of a client.
func (d doctor) at(what word, client, nth int) int {
	for i, e := range d.events {
		if e.what == what && e.client == client {
			if nth == 0 {
				return i
			}
			nth--
		}
	}
	panic("no such event: " + what.String())
}

func (d doctor) get(what word, client, nth int) *event { return d.events[d.at(what, client, nth)] }

func (d doctor) lose(what word, client, nth int) {
	i := d.at(what, client, nth)
	d.events = slices.Delete(d.events, i, i+1)
}

func (d doctor) double(what word, client, nth int) {
	i := d.at(what, client, nth)
	e := *d.events[i]
	d.events = slices.Insert(d.events, i+1, &e)
}

// swap lets two events of the same client and kind change places.
func (d doctor) swap(what word, client, one, other int) {
	i, j := d.at(what, client, one), d.at(what, client, other)
	d.events[i], d.events[j] = d.events[j], d.events[i]
}

func (d doctor) add(e event) {
	e.no, e.at = len(d.events), d.events[len(d.events)-1].at
	d.events = append(d.events, &e)
}

// TestTheJudgeSeesWhatIsWrong doctors a history that is right.
func TestTheJudgeSeesWhatIsWrong(t *testing.T) {
	for name, c := range map[string]struct {
		doctor func(d *doctor)
		want   string // empty: nothing is wrong
	}{
		"as it was":                        {func(*doctor) {}, ""},
		"a lossy push is missing":          {func(d *doctor) { d.lose(gotPush, 0, 4) }, ""},
		"an answer is lost":                {func(d *doctor) { d.lose(got, 0, 1) }, "was never answered"},
		"an answer was never made":         {func(d *doctor) { d.lose(answered, 0, 0) }, "was read and never answered"},
		"an answer is doubled":             {func(d *doctor) { d.double(got, 0, 0) }, "was answered 2 times"},
		"an answer is made twice":          {func(d *doctor) { d.double(answered, 0, 0) }, "2 times by the server"},
		"an answer to nothing":             {func(d *doctor) { d.get(got, 0, 0).tag = 3 }, "which it never asked"},
		"an answer with another's code":    {func(d *doctor) { d.get(got, 0, 0).code = refusal }, "answered with code 422"},
		"busy, and nothing was":            {func(d *doctor) { d.get(got, 0, 0).code = messages.CodeBusy }, "answered with code 503"},
		"a deadline before its time":       {func(d *doctor) { d.get(got, 0, 0).code = messages.CodeTimeout }, "answered with code 504"},
		"two answers change places":        {func(d *doctor) { d.swap(got, 0, 0, 1) }, "came after"},
		"two pushes change places":         {func(d *doctor) { d.swap(gotPush, 0, 0, 1) }, "came after"},
		"an answer before its pushes":      {func(d *doctor) { d.early(0) }, "came after"},
		"a later answer overtakes":         {func(d *doctor) { d.early(1) }, "overtook"},
		"a push is missing":                {func(d *doctor) { d.lose(gotPush, 0, 0) }, "is missing"},
		"a group push is missing":          {func(d *doctor) { d.lose(gotPush, 1, 0) }, "is missing"},
		"a push to a user is missing":      {func(d *doctor) { d.lose(gotPush, 0, 2) }, "is missing"},
		"a push to all is missing":         {func(d *doctor) { d.lose(gotPush, 2, 0) }, "is missing"},
		"the newest of a key is missing":   {func(d *doctor) { d.lose(gotPush, 0, 3) }, "is missing"},
		"a push comes twice":               {func(d *doctor) { d.double(gotPush, 0, 0) }, "came 2 times"},
		"a push of nobody's":               {func(d *doctor) { d.get(gotPush, 0, 0).tag = 99 }, "nobody sent"},
		"a push of another's":              {func(d *doctor) { d.get(gotPush, 2, 0).tag = d.get(gotPush, 0, 0).tag }, "not for it"},
		"a group push to who never joined": {func(d *doctor) { d.get(gotPush, 2, 0).tag = d.get(gotPush, 0, 1).tag }, "not for it"},
		"requests change places":           {func(d *doctor) { d.get(called, 0, 0).tag, d.get(called, 0, 1).tag = 2, 1 }, "reached route"},
		"something comes after a kick":     {func(d *doctor) { d.add(event{what: gotPush, client: 1, tag: 1}) }, "after a kick"},
		"a kick is not told":               {func(d *doctor) { d.lose(gotKick, 1, 0) }, "told: false"},
		"a kick of nobody's":               {func(d *doctor) { d.add(event{what: gotKick, client: 2}) }, "told: true"},
		"a close is never told":            {func(d *doctor) { d.lose(closed, 0, 0) }, "closed 0 times"},
		"a close is told twice":            {func(d *doctor) { d.double(closed, 0, 0) }, "closed 2 times"},
		"the application hears of none":    {func(d *doctor) { d.lose(toldClosed, 0, 0) }, "0 times that it went"},
		"a close that nobody wanted":       {func(d *doctor) { d.get(closed, 0, 0).at = time.Second }, "nobody wanted it"},
		"a close for another's reason":     {func(d *doctor) { d.get(closed, 1, 0).cause = messages.CauseSlow }, "nobody wanted it"},
		"a close in the end as failed":     {func(d *doctor) { d.get(closed, 0, 0).cause = messages.CauseFailed }, "closed in the end"},
		"a kick that closes nobody":        {func(d *doctor) { d.get(closed, 1, 0).at = time.Hour }, "survived kick"},
		"a wire that stays open":           {func(d *doctor) { d.lose(shut, 0, 0) }, "never closed"},
		"a client that is never served":    {func(d *doctor) { d.lose(opened, 2, 0); d.lose(closed, 2, 0) }, "never served"},
		"a client that is never let in":    {func(d *doctor) { d.lose(connected, 2, 0); d.lose(toldClosed, 2, 0) }, "neither in nor closed"},
		"a wire used after its end":        {func(d *doctor) { d.add(event{what: touched, client: 0}) }, "touched"},
		"a limit that is exceeded":         {func(d *doctor) { d.exceed(0, "too much") }, "too much"},
		"a map entry that stays":           {func(d *doctor) { d.add(event{what: left, client: -1, text: "socket"}) }, "left"},
		"a stop that gives up":             {func(d *doctor) { d.add(event{what: logged, client: -1, text: "stop: gave up waiting"}) }, "gave up"},
		"bytes that make no sense":         {func(d *doctor) { d.add(event{what: gotOther, client: 2}) }, "gotOther"},
	} {
		t.Run(name, func(t *testing.T) {
			h, err := play(t, calm())
			if err != nil {
				t.Fatal(err)
			}
			was := h.String()
			c.doctor(&doctor{h})
			breach := strings.Join(h.judge(), "\n")
			if c.want == "" && breach != "" || !strings.Contains(breach, c.want) {
				t.Errorf("judged %q, want %q in it\n%s", breach, c.want, was)
			}
		})
	}
}

// early lets the client's last answer come before all pushes.
func (d *doctor) early(client int) {
	last := -1
	for i, e := range d.events {
		if e.what == got && e.client == client {
			last = i
		}
	}
	e := d.events[last]
	d.events = slices.Delete(d.events, last, last+1)
	first := d.at(gotPush, client, map[int]int{0: 0, 1: 2}[client])
	d.events = slices.Insert(d.events, first, e)
}
