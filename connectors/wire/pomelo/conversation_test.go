package pomelo_test

import (
	"encoding/json"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/wire/pomelo"
	"github.com/fairlead-go/fairlead/messages"
)

// FuzzConversation has a client, an application and a clock do what a script says,
// and looks after all that a Protocol promises.
func FuzzConversation(f *testing.F) {
	for way := range byte(16) { // eight configs, with and without measuring
		f.Add(scripted(hello, ack, ask+tell+beat, goAway), way)
		f.Add(scripted(hello, hello, ack+ask), way)
		f.Add(scripted(hello, ack, data("\x01\x07\x00\x01")+data("\x04\x01")), way)
		f.Add(scripted(hello, ack, data("panic"), data("far")+data("none"), data("error")), way)
		f.Add([]byte{verbCanned, verbWelcome, 1<<3 | verbCanned, 3<<3 | verbCanned, 4<<3 | verbGlue, 3<<3 | verbCanned, 31<<3 | verbWait}, way)
	}
	plain, other := sent(f)
	for _, s := range plain {
		f.Add(scripted(s...), byte(11))
	}
	for _, s := range other { // with a dictionary, schemas, signatures, codecs of their own
		for _, way := range []byte{10, 14, 15, 12} {
			f.Add(scripted(s...), way)
		}
	}
	var v handshakeVectors
	load(f, "pomelo-handshake.json", &v)
	for _, c := range v.Cases {
		f.Add(scripted(string(c.RequestHex), ack, ask), byte(2))
	}
	cfgs := conversationConfigs(f)
	f.Fuzz(func(t *testing.T, script []byte, way byte) {
		deeds, cfg := deedsOf(script), cfgs[int(way)%len(cfgs)]
		j := &judge{t: t, cfg: cfg.WithDefaults(), talk: open(cfg)}
		j.opens()
		for _, d := range deeds {
			j.does(d)
		}
		j.ends()
		if way&8 != 0 && !cfg.Crypto {
			j.measures(deeds)
		}
	})
}

// sent are the frames of the recorded sessions, those with a plain connector and
// the others.
func sent(t testing.TB) (plain, other [][]string) {
	var v struct{ Sessions [][]octets }
	load(t, "sent.json", &v)
	for _, s := range v.Sessions {
		plain = append(plain, texts(s))
	}
	var w struct{ Transcripts []struct{ Steps []step } }
	load(t, "transcripts.json", &w)
	for _, c := range w.Transcripts {
		var frames []octets
		for _, s := range c.Steps {
			if len(s.Send) > 0 {
				frames = append(frames, s.Send)
			}
		}
		other = append(other, texts(frames))
	}
	return plain, other
}

func texts(frames []octets) (texts []string) {
	for _, b := range frames {
		texts = append(texts, string(b))
	}
	return texts
}

// conversationConfigs are ways to set up a connector: everything, and what makes a
// difference alone.
func conversationConfigs(t testing.TB) []pomelo.Config {
	check := func(typ, _ string) bool {
		if typ == "panic" {
			panic("check")
		}
		return typ != "old"
	}
	small := func(cfg pomelo.Config) pomelo.Config {
		cfg.MaxHello, cfg.MaxPackage = 200, 400
		return cfg
	}
	tables := typed(t)
	tables.Dict, tables.Heartbeat = dictionary(t, []string{"r", "a.b"}, nil), time.Second
	own := pomelo.Config{Decode: custom, Heartbeat: 3 * time.Second}
	both := own
	both.Encode = func(id uint64, _ string, body []byte) ([]byte, error) {
		if id%2 == 1 {
			panic("encode")
		}
		return body, nil
	}
	signed := pomelo.Config{Crypto: true, Dict: tables.Dict}
	rich := pomelo.Config{Protos: protos(t, fuzzed, fuzzed), CheckClient: check, Timeout: time.Second}
	return []pomelo.Config{small(pomelo.Config{}), small(tables), tables, {Heartbeat: time.Second, CheckClient: check}, own, small(both), signed, rich}
}

// judge follows a conversation and complains of what may not be.
type judge struct {
	t    *testing.T
	cfg  pomelo.Config
	talk *talk

	working, closed, asked bool
	due                    time.Time // by which Expire must be called
	limit                  int       // of a frame, as the steps say
	kept                   []keeps
	packages               int
}

// keeps is a request and what it said when it came.
type keeps struct {
	*messages.Request
	route, body string
}

// opens looks at the first step.
func (j *judge) opens() {
	if j.talk.step.ReadLimit <= pomelo.HeaderLen {
		j.t.Errorf("the first read limit is %d", j.talk.step.ReadLimit)
	}
	j.looks()
}

func (j *judge) does(d deed) {
	step := &j.talk.step
	step.Reset()
	switch {
	case d.frame != nil:
		data := append([]byte{}, d.frame.Data...)
		j.talk.Feed(step, connectors.Frame{Data: data, Text: d.frame.Text}, j.talk.now)
		j.hears(d.frame.Data)
		for i := range data { // nothing may keep it
			data[i] ^= 0xff
		}
	case d.welcome && j.asked:
		j.talk.Welcome(step, d.user, d.err, j.talk.now)
	case d.welcome:
	default:
		j.talk.now = j.talk.now.Add(d.wait)
		j.talk.Expire(step, j.talk.now)
		if late := !j.due.IsZero() && !j.talk.now.Before(j.due); late && step.Close == nil && !j.closed && step.Expire.IsZero() && j.cfg.Timeout > 0 {
			j.t.Errorf("at %v nothing is done about what was due at %v", j.talk.now, j.due)
		}
	}
	j.looks()
}

// hears keeps what the step asks to be routed, and looks at it while the frame is
// what it was.
func (j *judge) hears(frame []byte) {
	for _, r := range j.talk.step.Requests {
		if !j.working && j.talk.step.Codec == nil {
			j.t.Errorf("%q is routed before the ack", r.Route)
		}
		j.kept = append(j.kept, keeps{r.Request, r.Route, string(r.Body)})
		j.wellFormed(r.Request, len(frame))
	}
	for b := frame; len(b) > 0; {
		p, rest, err := pomelo.DecodePackage(b)
		if err != nil {
			break
		}
		j.packages++
		most := j.cfg.MaxHello
		if j.working || j.talk.step.Codec != nil {
			most = j.cfg.MaxPackage
		}
		if len(p.Body) > most && j.talk.step.Close == nil && !j.closed {
			j.t.Errorf("a package of %d bytes is taken, the limit is %d", len(p.Body), most)
		}
		b = rest
	}
}

func (j *judge) wellFormed(r *messages.Request, n int) {
	if r.Notify != (r.Id == 0) && j.cfg.Decode != nil {
		j.t.Errorf("notify is %v, and the id %d", r.Notify, r.Id)
	}
	if r.Id > pomelo.MaxID && j.cfg.Encode == nil {
		j.t.Errorf("id %d is routed", r.Id)
	}
	if len(r.Route) > pomelo.MaxRoute || !utf8.ValidString(r.Route) {
		j.t.Errorf("route %q is routed", r.Route)
	}
	if j.cfg.Protos != nil && j.cfg.Protos.Client().Has(r.Route) && j.cfg.Decode == nil && !json.Valid(r.Body) {
		j.t.Errorf("a typed body comes as %q", r.Body)
	}
	if len(r.Body) > 8*n+64<<10 {
		j.t.Errorf("a frame of %d bytes brings a body of %d", n, len(r.Body))
	}
}

// looks after what every step must keep to.
func (j *judge) looks() {
	step := &j.talk.step
	if does := todo(*step); j.closed && does != "" {
		j.t.Errorf("after the end: %s", does)
	}
	for b := step.Send; len(b) > 0; {
		p, rest, err := pomelo.DecodePackage(b)
		if err != nil {
			j.t.Fatalf("sends %q: %v", step.Send, err)
		}
		if p.Type == pomelo.TypeHandshake && !json.Valid(p.Body) {
			j.t.Errorf("answers %q", p.Body)
		}
		b = rest
	}
	if h := step.Hello; h != nil {
		j.asked = true
		if j.working || !json.Valid(h.Raw) || h.User != nil && !json.Valid(h.User) {
			j.t.Errorf("asks for %+v", h)
		}
	}
	if step.Codec != nil {
		if j.working || !j.asked {
			j.t.Errorf("works, and has worked before: %v, was asked for: %v", j.working, j.asked)
		}
		j.working = true
	}
	if step.ReadLimit > 0 {
		j.limit = step.ReadLimit
	}
	if want := pomelo.HeaderLen + j.cfg.MaxPackage; j.working && j.limit != want {
		j.t.Errorf("the read limit is %d while working, want %d", j.limit, want)
	}
	if !step.Expire.IsZero() {
		if !step.Expire.After(j.talk.now) {
			j.t.Errorf("at %v Expire is wanted by %v", j.talk.now, step.Expire)
		}
		j.due = step.Expire
	}
	if step.Lost > 0 && j.cfg.Decode == nil {
		j.t.Errorf("%d messages are lost, and nobody could panic", step.Lost)
	}
	j.closed = j.closed || step.Close != nil
}

// ends looks whether all requests are still what they were.
func (j *judge) ends() {
	for _, k := range j.kept {
		if k.Route != k.route || string(k.Body) != k.body {
			j.t.Errorf("a request for %q with %q has become one for %q with %q", k.route, k.body, k.Route, k.Body)
		}
	}
}

// perPackage is what a message may cost besides its bytes: a Request, its place in
// the step while that grows, or the answer to a code that stands for no route.
const perPackage = 512

// measures plays it all again and counts what is allocated: at most eight times
// the bytes that came, and what is not theirs.
func (j *judge) measures(deeds []deed) {
	var input uint64
	frames := make([]connectors.Frame, len(deeds))
	for i, d := range deeds {
		if d.frame != nil {
			input += uint64(len(d.frame.Data))
			frames[i] = connectors.Frame{Data: append([]byte{}, d.frame.Data...), Text: d.frame.Text}
		}
	}
	got := allocated(func() {
		c, asked := open(j.cfg), false
		for i, d := range deeds {
			c.step.Reset()
			switch {
			case d.frame != nil:
				c.Feed(&c.step, frames[i], c.now)
				asked = asked || c.step.Hello != nil
			case d.welcome && d.err == nil && asked:
				c.Welcome(&c.step, nil, nil, c.now)
			}
		}
	})
	if most := 8*input + 64<<10 + perPackage*uint64(j.packages+len(deeds)); got > most {
		j.t.Errorf("%d bytes in %d packages allocate %d, want at most %d", input, j.packages, got, most)
	}
}
