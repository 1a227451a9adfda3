package actors_test

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/actors"
	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/messages"
)

// requestTimeout is long enough for the answers that are given later.
const requestTimeout = 5 * time.Second

// expiry is within what a request has expired then: codecs that take their time hold up who tells of it.
const expiry = 50 * time.Millisecond

// stage is a tree on which schedules are run, one after another.
type stage struct {
	*rig
	born   time.Time
	naps   atomic.Int64 // handlers and codecs that sleep
	slow   map[bool]connectors.Codec
	play   *play // the schedule under way
	kinds  int   // of codecs so far
	dialed int
}

// lender is a tape that brings what its client sends, on goroutines that it lends.
type lender struct {
	*tape
	bringer bringer
}

func (l *lender) Deliver(to connectors.Sink) {
	l.bringer = bringer{end: l.tape.end, lends: true}
	l.bringer.Deliver(to)
}

// play is one schedule being run.
type play struct {
	*stage
	history
	schedule schedule
	epoch    atomic.Int64
	laters   int // answers from goroutines of their own
	tapes    []*tape
}

// tape is a client's wire that keeps what is written.
type tape struct {
	*end
	stage *stage
	until atomic.Int64 // writes wait until then
	lines []string     // the writer's; read when all is quiet
	rest  []string     // what a prompt write has left
	tries int
	gone  bool // the client has hung up: main's
}

func (c *tape) Write(packages net.Buffers) error {
	for left := c.until.Load() - int64(c.stage.now()); left > 0; left = c.until.Load() - int64(c.stage.now()) {
		select {
		case <-time.After(time.Duration(left)):
		case <-c.end.gone:
			return net.ErrClosed
		}
	}
	c.lines = append(c.lines, c.rest...)
	c.rest = nil
	for _, p := range packages {
		c.lines = append(c.lines, string(p))
	}
	return nil
}

// TryWrite takes nothing, all, all but the last, or only keeps it, in turn.
func (c *tape) TryWrite(packages net.Buffers) (taken, rest bool) {
	c.tries++
	if c.until.Load() > int64(c.stage.now()) || len(c.rest) > 0 || c.tries%4 == 0 {
		return false, false
	}
	now := len(packages)
	if way := c.tries % 4; way == 2 {
		now = 0
	} else if way == 3 {
		now--
	}
	for i, p := range packages {
		if i < now {
			c.lines = append(c.lines, string(p))
		} else {
			c.rest = append(c.rest, string(p))
		}
	}
	return true, len(c.rest) > 0
}

// theatre is the connector: half of its clients have a codec that takes its time to encode answers.
type theatre struct {
	*place
	stage *stage
}

func (t *theatre) Listen(context.Context) ([]connectors.Listener, error) {
	return []connectors.Listener{t}, nil
}

func (t *theatre) Accept() (connectors.Conn, error) {
	select {
	case c := <-t.conns:
		tape, _ := c.(*tape)
		if t.stage.dialed++; t.stage.dialed%2 == 0 {
			return &lender{tape: tape}, nil
		}
		return tape, nil
	case <-t.closed:
		return nil, net.ErrClosed
	}
}

func (t *theatre) Protocol(connectors.Conn) connectors.Protocol {
	t.stage.kinds++
	return &speaker{lines{place: t.place}, t.stage.slow[t.stage.kinds%2 == 0]}
}

type speaker struct {
	lines
	codec connectors.Codec
}

func (s *speaker) Open(step *connectors.Step, now time.Time) {
	s.lines.Open(step, now)
	step.Codec = s.codec
}

// dreamTime is longer than a nap.
const dreamTime = 10 * time.Millisecond

// dreamy sleeps when it encodes an answer.
type dreamy struct {
	plain
	stage *stage
}

func (d dreamy) AppendResponse(dst []byte, to connectors.Origin, r *messages.Response) ([]byte, error) {
	d.stage.sleep(dreamTime)
	return d.plain.AppendResponse(dst, to, r)
}

// newStage is to be called in a bubble.
func newStage(t *testing.T, direct bool) *stage {
	s := &stage{born: time.Now()}
	s.rig = start(t, func(tree *actors.Tree, p *place) {
		tree.Connectors = []connectors.Connector{&theatre{p, s}}
		tree.InFlight, tree.RequestTimeout = 256, requestTimeout
		if direct {
			tree.Tick = -1
		}
		for i := range routes - 1 {
			h := actors.NewRoute("r" + strconv.Itoa(i))
			actors.HandleRaw(h, "do", s.handler(i))
			tree.Routes = append(tree.Routes, h)
		}
		tree.Routes = append(tree.Routes, actors.PerSession("r"+strconv.Itoa(routes-1), func(*messages.Session) *actors.Handlers {
			h := actors.NewRoute("")
			actors.HandleRaw(h, "do", s.handler(routes))
			return h
		}))
		s.slow = map[bool]connectors.Codec{false: plain{p}, true: dreamy{plain{p}, s}}
	})
	return s
}

func (s *stage) now() time.Duration { return time.Since(s.born) }

// sleep tells the stage, in whose bubble all this runs, that somebody sleeps who is not done.
func (s *stage) sleep(d time.Duration) {
	s.naps.Add(1)
	defer s.naps.Add(-1)
	time.Sleep(d)
}

// close stops the tree. Nothing may keep it waiting.
func (s *stage) close() {
	begin := time.Now()
	s.tree.Stop()
	if d := time.Since(begin); d > 0 {
		s.t.Errorf("stopping an empty tree took %v: something of it was still alive", d)
	}
	synctest.Wait()
	time.Sleep(2 * s.system.Config.DeadLetterThrottleInterval)
}

// perform runs a schedule to its end.
func (s *stage) perform(sch schedule) *history {
	p := &play{stage: s, schedule: sch}
	s.play = p
	for no, seats := range sch.Seats {
		p.dial()
		for g := range groups {
			if seats>>g&1 == 1 {
				p.do(crowd{p.tree, p.system.Root}, outsideGroups, -1, op{Do: join, Who: no, Group: g})
			}
		}
	}
	p.settle()
	for i, r := range sch.Rounds {
		for j := range r.Actions {
			p.begin(i, j)
		}
		if r.Settle {
			p.settle()
		}
		time.Sleep(r.Pause)
	}
	p.settle()
	p.finish()
	return &p.history
}

// settle waits until all that was begun is done, and begins a new epoch.
func (p *play) settle() {
	for synctest.Wait(); p.naps.Load() > 0; synctest.Wait() {
		time.Sleep(time.Millisecond)
	}
	p.epochEnds = append(p.epochEnds, p.now())
	p.epoch.Add(1)
}

// finish lets all deadlines pass, hangs up, and looks at what is left.
func (p *play) finish() {
	time.Sleep(requestTimeout + 2*time.Second)
	p.settle()
	p.readEvents()
	for no, w := range p.clients {
		if w.early = len(w.closed) > 0; !w.early {
			p.tapes[no].send("EOF")
		}
	}
	time.Sleep(2 * time.Second)
	p.settle()
	p.readEvents()
	for no, w := range p.clients {
		w.lines = p.tapes[no].lines
	}
	st := p.tree.Stats()
	groups, err := p.tree.Groups(context.Background())
	if st.Connections != 0 || st.Ready != 0 || st.Users != 0 || len(groups) != 0 || err != nil {
		p.left = fmt.Sprintf("%+v, groups %q, %v", st, groups, err)
	}
	p.tree.Sockets(func(s *messages.Session) bool { p.left += " socket " + s.Id; return true })
}

// write notes what is about to be done.
func (p *play) write(n *note) *note {
	p.mu.Lock()
	defer p.mu.Unlock()
	n.tag, n.epoch, n.at = len(p.notes), int(p.epoch.Load()), p.now()
	p.notes = append(p.notes, n)
	return n
}

// socket is that of a client with this number, modulo how many there are.
func (p *play) socket(no int) (client int, pid *actor.PID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	client = no % len(p.tapes)
	return client, p.tapes[client].session.Socket
}

// client is the number of the client with that session, or -1.
func (p *play) client(s *messages.Session) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.IndexFunc(p.tapes, func(c *tape) bool { return c.session.Id == s.Id })
}

// even is a filter.
func even(s *messages.Session) bool { return strings.ContainsAny(s.Id[len(s.Id)-1:], "02468") }

// dial brings a client in, unless there are enough.
func (p *play) dial() {
	no := len(p.tapes)
	if no == mostClients {
		return
	}
	c := &tape{stage: p.stage, end: &end{t: p.t, in: make(chan string, 1000), gone: make(chan struct{})}}
	p.place.conns <- c
	for c.session == nil {
		select {
		case ev := <-p.events.got:
			if on, ok := ev.(*messages.Connected); ok {
				c.session = on.Session
			} else {
				p.closedEvent(ev)
			}
		case <-time.After(time.Minute):
			p.t.Fatal("not connected within a minute")
		}
	}
	p.write(&note{op: op{Do: dial, Who: no}, sender: mainSender, self: no})
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tapes = append(p.tapes, c)
	p.clients = append(p.clients, &witness{even: even(c.session)})
}

func (p *play) readEvents() {
	for len(p.events.got) > 0 {
		p.closedEvent(<-p.events.got)
	}
}

func (p *play) closedEvent(ev any) {
	m, ok := ev.(*messages.Closed)
	if !ok {
		p.t.Errorf("event %T", ev)
		return
	}
	if no := p.client(m.Session); no >= 0 {
		p.clients[no].closed = append(p.clients[no].closed, m)
	} else {
		p.t.Errorf("%v, which is of another schedule", m)
	}
}
