package actors

import (
	"errors"
	"sync"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/connectors"
)

// mailboxKind is what all mailboxes of one kind share.
type mailboxKind struct {
	// turns runs a mailbox that has taken burst messages in one run. Nil: its own dispatcher does.
	turns actor.Dispatcher
	// burst is how many messages one run handles before it makes room for others.
	burst int
	// limit of waiting user messages. Zero: none.
	limit int
	// lost is told of every message that is never handled: the mailbox was
	// full, or the actor stopped. Nil: nobody is told.
	lost func(to *actor.PID, msg any)
	// full is told instead of lost when the mailbox was full. Nil: lost is.
	full func(to *actor.PID, msg any)
	// left is told when the actor has stopped and all that was left has been told lost; perhaps more than once. Nil: nobody is.
	left func(*mailbox)
	// desk is where the mailbox's only actor answers requests, or nil.
	desk *desk
}

// mailbox replaces the engine's own, for three reasons: it is a third smaller
// and holds no queue while it is empty; its length has a bound that does not
// block senders; and what is left in it when its actor stops is not lost
// without a word. System messages never wait behind user messages.
type mailbox struct {
	kind       *mailboxKind
	invoker    actor.MessageInvoker
	dispatcher actor.Dispatcher // nil: the sender's goroutine runs the mailbox
	turn       func()           // process, made once; nil while it never was scheduled

	mu        sync.Mutex
	queue     ring[any]
	system    []any
	running   bool
	suspended bool
	used      bool          // since busy was last asked
	stopping  bool          // a Stop is handled: the actor may be gone from here on
	was       actor.Process // registered when that began: a successor has another one
}

func newMailbox(kind *mailboxKind) actor.MailboxProducer {
	return func() actor.Mailbox {
		m := &mailbox{kind: kind}
		if kind.desk != nil {
			kind.desk.box.Store(m)
		}
		return m
	}
}

// RegisterHandlers is called once by the spawner. A message that was posted
// before it waits.
func (m *mailbox) RegisterHandlers(i actor.MessageInvoker, d actor.Dispatcher) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.invoker = i; d != (inline{}) {
		m.dispatcher = d
	}
}

// Start is called when the mailbox is ready: nothing is left to do.
func (m *mailbox) Start() {}

// PostUserMessage queues msg and sees to it that it is handled.
func (m *mailbox) PostUserMessage(msg any) { m.post(nil, msg) }

// post is PostUserMessage for a sender who may have a turn to lend.
func (m *mailbox) post(turn *connectors.Turn, msg any) {
	m.mu.Lock()
	m.used = true
	switch {
	case m.dispatcher == nil && m.restful():
		m.running = true
		m.mu.Unlock()
		m.process(msg)
	case m.kind.limit > 0 && m.load()+size(msg) > m.kind.limit:
		m.mu.Unlock()
		m.tellFull(msg)
	default:
		m.queue.push(msg)
		m.count(size(msg) - 1)
		m.wake(turn)
	}
}

// load is called with mu held. It is how much waits, asks counted by their requests.
func (m *mailbox) load() int {
	if m.kind.desk == nil {
		return m.queue.n
	}
	return m.queue.n + int(m.kind.desk.more.Load())
}

// count notes that a message has come that counts for so many more than one, or with a negative number gone.
func (m *mailbox) count(more int) {
	if more != 0 {
		m.kind.desk.more.Add(int64(more))
	}
}

// restful is called with mu held: nothing runs, waits, or is held back.
func (m *mailbox) restful() bool {
	return !m.running && !m.suspended && !m.stopping && m.invoker != nil && m.queue.n == 0 && len(m.system) == 0
}

// PostSystemMessage queues msg ahead of all user messages.
func (m *mailbox) PostSystemMessage(msg any) {
	m.mu.Lock()
	m.system = append(m.system, msg)
	m.wake(nil)
}

// UserMessageCount is the number of waiting user messages.
func (m *mailbox) UserMessageCount() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.load()
}

// wake is called with mu held, and releases it.
func (m *mailbox) wake(turn *connectors.Turn) {
	if m.running || m.invoker == nil {
		m.mu.Unlock()
		return
	}
	m.running = true
	m.mu.Unlock()
	switch {
	case m.dispatcher == nil:
		m.process(nil)
	case turn != nil && m.kind.desk != nil && m.kind.desk.brisk():
		turn.Add(m.run())
	default:
		m.dispatcher.Schedule(m.run())
	}
}

// run is process, for who has set running.
func (m *mailbox) run() func() {
	if m.turn == nil {
		m.turn = func() { m.process(nil) }
	}
	return m.turn
}

// process handles first, unless it is nil, and what waits, until the mailbox is empty or
// its turn is over.
func (m *mailbox) process(first any) {
	d, began := m.kind.desk, time.Time{}
	if d != nil {
		began = d.begin()
	}
	budget, end := m.kind.burst, broken
	for ; end == broken; first = nil {
		end = m.handle(first, &budget)
	}
	if d != nil {
		d.ran(m.kind.burst-budget, began)
	}
	switch {
	case end == idle:
		if m.kind.left != nil && m.gone() {
			m.kind.left(m)
		}
	case m.kind.turns != nil:
		m.kind.turns.Schedule(m.run())
	default:
		m.dispatcher.Schedule(m.run())
	}
}

// How a run ended.
type runEnd int

const (
	broken runEnd = iota // the actor panicked: go on
	idle                 // nothing to do
	tired                // the turn is over
)

// handle handles messages; a panic of the actor ends it and becomes a failure.
func (m *mailbox) handle(msg any, budget *int) (end runEnd) {
	returned := false
	defer func() {
		if returned {
			return
		}
		reason := recover()
		if m.kind.desk != nil {
			m.kind.desk.failed(msg)
		}
		if reason != nil {
			m.invoker.EscalateFailure(reason, msg)
			return
		}
		// runtime.Goexit, as testing.T.FailNow calls it: this goroutine ends.
		m.invoker.EscalateFailure(errors.New("actors: goroutine exit in Receive"), msg)
		go m.process(nil)
	}()
	if msg != nil {
		*budget--
		m.invoker.InvokeUserMessage(msg)
	}
	for {
		if *budget <= 0 {
			returned = true
			return tired
		}
		system, ok := false, false
		if msg, system, ok = m.next(); !ok {
			returned = true
			return idle
		}
		if *budget -= size(msg); system {
			m.invoker.InvokeSystemMessage(msg)
		} else if !m.stopping || m.alive() {
			m.invoker.InvokeUserMessage(msg)
		} else {
			m.tellLost(msg)
		}
	}
}

// next takes the message that is due; not ok means that the run is over.
func (m *mailbox) next() (msg any, system, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for len(m.system) > 0 {
		msg = m.system[0]
		m.system[0] = nil
		if m.system = m.system[1:]; len(m.system) == 0 {
			m.system = nil
		}
		switch msg.(type) {
		case *actor.SuspendMailbox:
			m.suspended = true
		case *actor.ResumeMailbox:
			m.suspended = false
		case *actor.Stop, *actor.Terminated: // an actor may end with either
			if !m.stopping {
				m.stopping, m.was = true, m.registered()
			}
			return msg, true, true
		default:
			return msg, true, true
		}
	}
	if m.suspended && m.stopping && !m.alive() { // it has failed, and nobody will let it go on
		m.suspended = false
	}
	if !m.suspended {
		if a := m.kind.desk.kept(); a != nil {
			return a, false, true
		}
	}
	if m.suspended || m.queue.n == 0 {
		m.running = false
		return nil, false, false
	}
	msg = m.queue.pop()
	m.count(1 - size(msg))
	return msg, false, true
}

// alive tells whether the actor is still registered, it and not one that has taken its name.
func (m *mailbox) alive() bool {
	return m.was == nil || m.registered() == m.was
}

// gone tells whether the actor has stopped, and all is told that was left.
func (m *mailbox) gone() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.stopping && !m.running && m.queue.n == 0 && !m.alive()
}

// busy tells whether a message waits, or is handled, or has been since it was last asked.
func (m *mailbox) busy() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	busy := m.used || m.running || m.queue.n > 0
	m.used = false
	return busy
}

// registered is what the actor's name leads to.
func (m *mailbox) registered() actor.Process {
	c, ok := m.invoker.(actor.Context)
	if !ok {
		return nil
	}
	p, _ := c.ActorSystem().ProcessRegistry.GetLocal(c.Self().Id)
	return p
}

func (m *mailbox) tellLost(msg any) {
	if m.kind.lost != nil {
		m.kind.lost(m.self(), msg)
	}
}

func (m *mailbox) tellFull(msg any) {
	if m.kind.full != nil {
		m.kind.full(m.self(), msg)
	} else {
		m.tellLost(msg)
	}
}

// self is the mailbox's actor, if that can be known.
func (m *mailbox) self() *actor.PID {
	if c, ok := m.invoker.(actor.Context); ok {
		return c.Self()
	}
	return nil
}
