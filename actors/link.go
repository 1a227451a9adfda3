package actors

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/messages"
)

// link is what belongs to one living wire. It is made when a client is
// accepted, outlives restarts of the socket's actor, and is closed by the shard
// once that actor is gone. Its methods may be called from any goroutine: a mutex
// guards it, not the actor's mailbox, because the reader, the batcher and
// the writer meet here for every message, and a mailbox hop costs ten times as much.
// The reader is a goroutine, or what a Deliverer calls: see sink.
//
// What a push to thousands touches comes first: it is what is read from memory for each of them.
type link struct {
	*gate
	conn    connectors.Conn
	batcher *batcher

	mu       sync.Mutex
	codec    connectors.Codec // nil before the handshake is done
	out      outbox
	written  uint64             // bytes
	reason   *connectors.Reason // set once: the link ends
	airborne time.Duration      // when the write under way began, since birth; zero: none is

	// live counts the goroutines of the link, and that it is not closed: at zero nothing of it is left.
	live    atomic.Int32
	taking  atomic.Bool // one of the goroutines is a Deliverer's
	over    atomic.Bool // there is a reason
	closed  bool
	asked   int8 // hooks that run
	paused  bool // the reader waits for a slot
	watched bool // the alarm rings within Limits.OutboxAge after the beginning of the write under way
	told    bool // the event stream, that there is pressure
	telling bool // it, now
	late    bool // time is up, requests are refused
	greeted bool // the application knows that the client is there

	slots  slots
	alarm  alarm
	paid   time.Duration      // of Limits.Rate: when the client will have rested
	cancel context.CancelFunc // of the handshake hooks that run
	seldom *seldom            // nil for most

	// talk makes the calls to proto follow each other: frames, time and the
	// application's answer come from different goroutines.
	talk  sync.Mutex
	proto connectors.Protocol

	// turn is held while frames, or the application's answer to a handshake, are acted upon: what came with the
	// handshake is routed ahead of what comes next.
	turn      sync.Mutex
	lastRoute string           // turn's: the name resolved last
	last      *target          // and what was found
	lent      *connectors.Turn // turn's: of who brings the frames, if there is one

	// What tells when a client that is to go may go.
	leaving atomic.Pointer[connectors.Reason]
	feeding atomic.Bool  // the reader handles frames
	owed    atomic.Int32 // answers to requests that have left their slots

	place   *place // where it came in
	no      uint64 // of the socket
	pid     *actor.PID
	session atomic.Pointer[messages.Session]
	bornAt  time.Duration // since the node was
	read    atomic.Uint64 // bytes
	seats   []seat        // in groups; the batcher's
}

// seldom is what few links ever need. It is mu's.
type seldom struct {
	kickers  []*actor.PID     // who waits for Kicked
	pressing []*actor.PID     // who pushes, and has been told that it is too much
	panics   []time.Duration  // that its requests caused
	goodbye  *messages.Closed // what the application is told of a client that has gone, once it knows that it came
	room     chan struct{}    // wakes the reader that waits for a slot
	login    *login           // that is not settled

	// All count from the link's birth. Zero: never.
	pausedAt time.Duration // when the reader began to wait
	pace     time.Duration // when the reader may go on that was too fast
	end      time.Duration // when a sealed link ends, written or not
	force    time.Duration // when a link that is to go is sealed, whatever is still owed
}

// rarely is called with mu held. It is for what is about to be kept.
func (l *link) rarely() *seldom {
	if l.seldom == nil {
		l.seldom = &seldom{}
	}
	return l.seldom
}

// some is called with mu held. It is for looking.
func (l *link) some() seldom {
	if l.seldom == nil {
		return seldom{}
	}
	return *l.seldom
}

// begin begins the conversation, on a goroutine of the link's, if it needs one.
func (l *link) begin() {
	if _, ok := l.conn.(connectors.Deliverer); ok {
		l.starts.schedule(l)
	} else {
		go l.serve()
	}
}

// open lets the protocol say what comes first.
func (l *link) open() {
	l.guarded(func() { l.converse(connectors.Protocol.Open) })
}

// serve is the link's reader goroutine, up to the end of the handshake, which is the
// deepest part of a conversation.
func (l *link) serve() {
	defer l.handOver()
	l.open()
	for l.currentCodec() == nil && l.readOn() {
	}
}

// handOver lets a goroutine go on whose stack has not grown: most clients are idle most
// of the time, and then their reader's stack is half of what they cost.
func (l *link) handOver() {
	if l.currentCodec() == nil || l.ended() {
		l.leave()
		return
	}
	go func() {
		defer l.leave()
		for l.readOn() {
		}
	}()
}

// readOn reads until the wire ends, and then returns false, until something panics, or until
// the handshake is done. A panic is the socket's failure; the reader goes on, for as
// long as the socket's supervisor does. Only a Conn that panics is lost: reading it again
// would be no better.
func (l *link) readOn() (again bool) {
	reading := false
	defer func() {
		if p := recover(); p != nil {
			if reading {
				l.broken(p)
			} else {
				l.fail(p)
			}
			again = !l.ended()
		}
	}()
	for young := l.currentCodec() == nil; ; {
		reading = true
		frames, err := l.conn.ReadFrames()
		reading = false
		if !l.bring(nil, frames, err) {
			return false
		}
		if young && l.currentCodec() != nil {
			return true
		}
	}
}

// bring handles what came of the wire: by a read, or by a Deliverer, who may lend a turn. It returns false
// when no more is wanted.
func (l *link) bring(turn *connectors.Turn, frames []connectors.Frame, err error) (more bool) {
	if len(frames) > 0 && !l.feed(turn, frames) {
		return false
	}
	if err != nil {
		l.end(readReason(err))
	}
	return err == nil
}

// steps are kept for use again; a link has one only while something happens.
var steps = sync.Pool{New: func() any { return new(connectors.Step) }}

func giveBack(step *connectors.Step) {
	step.Reset() // a panic may have left something in it
	steps.Put(step)
}

// feed brings the frames of one read to the protocol and does what it wants.
func (l *link) feed(turn *connectors.Turn, frames []connectors.Frame) bool {
	l.feeding.Store(true)
	defer l.fed()
	if l.leaving.Load() != nil { // they came too late: nobody has looked at them
		return false
	}
	l.turn.Lock()
	defer l.turn.Unlock()
	l.lent = turn
	defer func() { l.lent = nil }()
	step := steps.Get().(*connectors.Step)
	defer giveBack(step)
	n := 0
	for _, f := range frames {
		n += len(f.Data)
	}
	l.read.Add(uint64(n))
	for now := time.Now(); len(frames) > 0; step.Reset() {
		step.Expect(n)
		l.speak(func() { frames = l.take(step, frames, now) })
		if !l.act(step, now) {
			return false
		}
	}
	return l.leaving.Load() == nil
}

// fed notes that the reader has handled what it read.
func (l *link) fed() {
	l.feeding.Store(false)
	l.mayDepart()
}

// take feeds frames until one wants what a step can hold only once: to ask the
// application, or to end. It returns the frames that are left. A frame that the protocol panics
// with is lost, and the socket's failure; those before and behind it are not.
func (l *link) take(step *connectors.Step, frames []connectors.Frame, now time.Time) (left []connectors.Frame) {
	defer func() {
		if p := recover(); p != nil {
			l.fail(p)
		}
	}()
	for i, f := range frames {
		left = frames[i+1:]
		if l.proto.Feed(step, f, now); step.Close != nil || step.Hello != nil {
			break
		}
	}
	return left
}

// speak calls f while nobody else uses proto.
func (l *link) speak(f func()) {
	l.talk.Lock()
	defer l.talk.Unlock()
	f()
}

// converse makes one call to the protocol and does what it wants.
func (l *link) converse(call func(connectors.Protocol, *connectors.Step, time.Time)) {
	step := steps.Get().(*connectors.Step)
	defer giveBack(step)
	now := time.Now()
	l.speak(func() { call(l.proto, step, now) })
	l.act(step, now)
}

// act does what a step says, and returns false when the link ends with it.
func (l *link) act(step *connectors.Step, now time.Time) bool {
	if step.ReadLimit > 0 {
		l.guarded(func() { l.conn.SetReadLimit(step.ReadLimit) })
	}
	if !step.Expire.IsZero() {
		l.expireBy(step.Expire)
	}
	if step.Codec != nil {
		l.welcome(step.Codec, step.Send)
	}
	for range step.Lost {
		l.fault(messages.FaultDecode, scene{connector: l.name, session: l.session.Load().Id})
	}
	if step.Codec == nil && len(step.Send) > 0 {
		l.sendControl(step.Send)
	}
	if !l.requests(step.Requests, now) {
		return false
	}
	if len(step.After) > 0 {
		l.sendControl(step.After)
	}
	if step.Hello != nil {
		l.ask(step.Hello)
	}
	if step.Close == nil {
		return true
	}
	if len(step.Send)+len(step.After) > 0 { // the client is to learn it: a refusal
		l.seal(*step.Close, nil)
	} else {
		l.end(*step.Close)
	}
	return false
}

// welcome makes the client one that messages can be sent to, behind answer, which lets it in. The answer
// goes when the application has been told: what the client asks then comes later.
func (l *link) welcome(c connectors.Codec, answer []byte) {
	l.mu.Lock()
	first := l.codec == nil && l.reason == nil
	if l.reason == nil {
		l.codec = c
	}
	slow := l.putControl(answer)
	l.mu.Unlock()
	if first {
		l.readies.Add(1)
		l.greet()
	}
	l.release(slow)
	if r := l.bye.Load(); first && r != nil { // it shook hands before we began to drain
		l.depart(r)
	}
}

// greet tells the application that the client is there, and then, if it has gone meanwhile,
// that too.
func (l *link) greet() {
	if l.Events != nil {
		l.tell(&messages.Connected{Session: l.session.Load()})
	}
	l.mu.Lock()
	l.greeted = true
	gone := l.some().goodbye
	l.mu.Unlock()
	if gone != nil {
		l.tell(gone)
	}
}
