package actors_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/actors"
	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/internal/leak"
	"github.com/fairlead-go/fairlead/messages"
)

func TestMain(m *testing.M) { leak.Main(m) }

// rig is a tree that serves text clients over channels.
type rig struct {
	t      *testing.T
	system *actor.ActorSystem
	tree   *actors.Running
	place  *place
	events *probe
	log    *bytes.Buffer
	form   form
}

// form is how frames come from a Conn.
type form string

const (
	read    form = "read"    // they are waited for
	brought form = "brought" // the Conn is a Deliverer
	lent    form = "lent"    // and lends its goroutine to routes, all of which are known to be quick
)

// bubble runs f with a rig in virtual time, and takes the rig down again. It does so for all forms of Conns.
func bubble(t *testing.T, tune func(*actors.Tree, *place), f func(r *rig)) {
	t.Helper()
	for _, form := range []form{read, brought, lent} {
		t.Run(string(form), func(t *testing.T) { bubbleOf(t, form, tune, f) })
	}
}

func bubbleOf(t *testing.T, form form, tune func(*actors.Tree, *place), f func(r *rig)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := start(t, tune)
		if r.form = form; form == lent {
			actors.Trust(r.tree)
		}
		defer func() {
			r.tree.Stop()
			synctest.Wait()
			time.Sleep(2 * r.system.Config.DeadLetterThrottleInterval)
		}()
		f(r)
	})
}

func start(t *testing.T, tune func(*actors.Tree, *place)) *rig {
	t.Helper()
	r := &rig{t: t, log: &bytes.Buffer{}, place: newPlace()}
	quiet := slog.New(slog.NewTextHandler(&locked{w: r.log}, &slog.HandlerOptions{Level: slog.LevelWarn}))
	r.system = actor.NewActorSystem(actor.WithLoggerFactory(func(*actor.ActorSystem) *slog.Logger { return quiet }))
	r.events = newProbe(r.system)
	tree := actors.Tree{
		Connectors: []connectors.Connector{r.place}, Events: r.events.pid, Log: quiet,
		Tick: 20 * time.Millisecond, Limits: actors.Limits{}.WithDefaults(), Faults: actors.Faults{}.WithDefaults(), Drain: actors.DrainPolicy{}.WithDefaults(),
	}
	if tune != nil {
		tune(&tree, r.place)
	}
	var err error
	if r.tree, err = tree.Start(r.system); err != nil {
		t.Fatalf("Start: %v", err)
	}
	return r
}

// locked makes a writer fit for several goroutines.
type locked struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *locked) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(b)
}

// probe is an actor that keeps what it is sent.
type probe struct {
	pid *actor.PID
	got chan any
}

func newProbe(system *actor.ActorSystem) *probe {
	p := &probe{got: make(chan any, 10000)}
	p.pid = system.Root.Spawn(actor.PropsFromFunc(func(c actor.Context) {
		switch c.Message().(type) {
		case actor.SystemMessage, actor.AutoReceiveMessage:
		default:
			p.got <- c.Message()
		}
	}))
	return p
}

// place is a connector whose clients are in this process. A frame is a line:
// "R 7 chat.say body" is request 7, "N chat.say body" a notify, "A chat.say body" one that is acknowledged,
// "W chat.say body" a last will, "H text" a hello; "panic" panics in Feed, "bad" is malformed.
type place struct {
	conns   chan any // a Conn, or an error for Accept
	closed  chan struct{}
	once    sync.Once
	pushed  atomic.Int64      // calls of AppendPush
	shy     bool              // clients say hello first
	full    bool              // and are sent away
	rude    bool              // Welcome panics
	encode  func(body string) // is called by AppendPush
	far     *actor.PID        // of a route elsewhere
	shaky   bool              // the next Expire panics
	silence time.Duration
	gate    chan struct{} // "block" waits for it
}

func newPlace() *place { return &place{conns: make(chan any, 10), closed: make(chan struct{})} }

func (p *place) Name() string { return "lines" }
func (p *place) Listen(context.Context) ([]connectors.Listener, error) {
	return []connectors.Listener{p}, nil
}
func (p *place) Protocol(connectors.Conn) connectors.Protocol { return &lines{place: p} }
func (p *place) Addr() net.Addr                               { return &net.UnixAddr{Name: "lines"} }

func (p *place) Close() error { p.once.Do(func() { close(p.closed) }); return nil }

func (p *place) Accept() (connectors.Conn, error) {
	select {
	case c := <-p.conns:
		switch c := c.(type) {
		case connectors.Conn:
			return c, nil
		case error:
			return nil, c
		}
		panic(c)
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

// dial connects a client.
func (r *rig) dial() *end {
	r.t.Helper()
	e := r.newEnd()
	if r.form == read {
		r.enter(e, e)
	} else {
		r.enter(&bringer{end: e, lends: r.form == lent}, e)
	}
	return e
}

func (r *rig) newEnd() *end {
	return &end{t: r.t, in: make(chan string, 1000), out: make(chan []string, 1000), gone: make(chan struct{}), stuck: make(chan struct{})}
}

// enter connects the client behind conn.
func (r *rig) enter(conn connectors.Conn, e *end) {
	r.t.Helper()
	r.place.conns <- conn
	if !r.place.shy {
		e.session = next[*messages.Connected](r.t, r.events).Session
	}
}

func next[T any](t *testing.T, p *probe) T {
	t.Helper()
	select {
	case m := <-p.got:
		v, ok := m.(T)
		if !ok {
			t.Fatalf("got a %T %v, want %T", m, m, v)
		}
		return v
	case <-time.After(time.Minute):
		var v T
		t.Fatalf("no %T within a minute", v)
		return v
	}
}

// end is both ends of one client's wire.
type end struct {
	t       *testing.T
	session *messages.Session
	in      chan string
	out     chan []string
	gone    chan struct{}
	once    sync.Once
	reason  connectors.Reason
	block   atomic.Bool   // writes wait
	stuck   chan struct{} // tells that one does
	limit   int
}

func (e *end) send(lines ...string) {
	for _, l := range lines {
		e.in <- l
	}
}

// batch is what one write brought, within a minute. The writer has done all that it can by then: what is
// pushed next waits for the tick, instead of leaving behind what came before.
func (e *end) batch() []string {
	e.t.Helper()
	select {
	case b := <-e.out:
		synctest.Wait()
		return b
	case <-time.After(time.Minute):
		e.t.Fatal("nothing written within a minute")
		return nil
	}
}

// hungUp waits for the end of the wire.
func (e *end) hungUp() connectors.Reason {
	e.t.Helper()
	select {
	case <-e.gone:
		return e.reason
	case <-time.After(10 * time.Minute):
		e.t.Fatal("not closed within ten minutes")
		return e.reason
	}
}

func (e *end) ReadFrames() ([]connectors.Frame, error) {
	select {
	case l := <-e.in:
		switch l {
		case "EOF":
			return nil, io.EOF
		case "broken wire":
			panic("in ReadFrames")
		}
		return cut(l), nil
	case <-e.gone:
		return nil, net.ErrClosed
	}
}

// cut is a frame of each line.
func cut(lines string) (frames []connectors.Frame) {
	if lines == "" {
		return nil
	}
	for line := range strings.SplitSeq(lines, "\n") {
		frames = append(frames, connectors.Frame{Data: []byte(line)})
	}
	return frames
}

func (e *end) Write(packages net.Buffers) error {
	if e.block.Load() {
		select {
		case e.stuck <- struct{}{}:
			<-e.gone
		case <-e.gone:
		}
		return net.ErrClosed
	}
	var b []string
	for _, p := range packages {
		b = append(b, string(p))
	}
	select {
	case e.out <- b:
		return nil
	case <-e.gone:
		return net.ErrClosed
	}
}

func (e *end) Close(r connectors.Reason) {
	e.once.Do(func() { e.reason = r; close(e.gone) })
}
func (e *end) SetReadLimit(n int)   { e.limit = n }
func (e *end) Transport() string    { return "lines" }
func (e *end) LocalAddr() net.Addr  { return &net.UnixAddr{Name: "here"} }
func (e *end) RemoteAddr() net.Addr { return &net.UnixAddr{Name: "there"} }

// lines is the protocol.
type lines struct {
	place *place
	seen  time.Time
	will  string // "route body"; "panic" panics
}

func (p *lines) Open(s *connectors.Step, now time.Time) {
	if p.seen = now; p.place.silence > 0 {
		s.Expire = now.Add(p.place.silence)
	}
	switch {
	case p.place.full:
		s.Close = &connectors.Reason{Cause: messages.CauseRefused}
	case !p.place.shy:
		s.Codec = plain{p.place}
	}
}

func (p *lines) Expire(s *connectors.Step, now time.Time) {
	if p.place.shaky {
		p.place.shaky = false
		panic("in Expire")
	}
	if due := p.seen.Add(p.place.silence); now.Before(due) {
		s.Expire = due
		return
	}
	s.Close = &connectors.Reason{Cause: messages.CauseHeartbeatTimeout}
}

func (p *lines) Welcome(s *connectors.Step, user any, err error, _ time.Time) {
	if p.place.rude {
		panic("in Welcome")
	}
	if err != nil {
		s.Send = append(s.Send, "refused: "+err.Error()...)
		s.Close = &connectors.Reason{Cause: messages.CauseRefused}
		return
	}
	s.Send = fmt.Append(s.Send, "welcome: ", user)
	s.Codec = plain{p.place}
}

func (p *lines) Feed(s *connectors.Step, f connectors.Frame, now time.Time) {
	p.seen = now
	word, rest, _ := strings.Cut(string(f.Data), " ")
	r := &messages.Request{}
	switch word {
	case "panic":
		panic("as asked")
	case "block":
		<-p.place.gate
	case "bad":
		s.Close = &connectors.Reason{Cause: messages.CauseMalformed}
		return
	case "H":
		s.Hello = &connectors.Hello{User: []byte(rest)}
		return
	case "N":
		r.Notify = true
	case "A":
		r.Notify = true
		s.After = append(s.After, "taken"...)
	case "W":
		p.will = rest
		return
	case "R":
		var id string
		id, rest, _ = strings.Cut(rest, " ")
		r.Id, _ = strconv.ParseUint(id, 10, 64)
	default:
		return
	}
	var body string
	r.Route, body, _ = strings.Cut(rest, " ")
	q := s.Request("tag")
	q.Id, q.Notify, q.Route, q.Body = r.Id, r.Notify, r.Route, s.Copy([]byte(body))
}

func (p *lines) End(s *connectors.Step, r connectors.Reason, _ time.Time) {
	if p.will == "panic" {
		panic("in End")
	}
	if route, body, ok := strings.Cut(p.will, " "); ok {
		q := s.Request(nil)
		q.Notify, q.Route, q.Body = true, route, fmt.Append(nil, body, " ", r.Cause.Word())
		s.Request(nil).Route = route // nobody is there to be answered
		s.Close = &connectors.Reason{}
	}
}

// plain writes messages as people do.
type plain struct{ place *place }

func (plain) AppendResponse(dst []byte, to connectors.Origin, r *messages.Response) ([]byte, error) {
	if string(r.Body) == `"boom"` {
		panic("in the codec")
	}
	if to.Tag != "tag" {
		return dst, fmt.Errorf("tag is %v", to.Tag)
	}
	if r.Error != nil {
		return fmt.Appendf(dst, "%d!%d", to.ID, r.Error.Code), nil
	}
	dst = fmt.Appendf(dst, "%d=%s", to.ID, r.Body)
	for _, a := range r.Attachments {
		dst = fmt.Appendf(dst, "+%s", a)
	}
	for _, a := range r.Arguments {
		dst = fmt.Appendf(dst, ",%s", a)
	}
	return dst, nil
}

func (p plain) AppendPush(dst []byte, m *messages.Push) ([]byte, error) {
	p.place.pushed.Add(1)
	if p.place.encode != nil {
		p.place.encode(string(m.Body))
	}
	return fmt.Appendf(dst, "%s:%s", m.Route, m.Body), nil
}

func (plain) AppendKick(dst []byte, k *messages.Kick) ([]byte, error) {
	return fmt.Append(dst, "kick:", k.Reason), nil
}
