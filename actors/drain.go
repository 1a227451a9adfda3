package actors

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/messages"
)

// DrainPolicy says how clients are asked to go and to come back.
type DrainPolicy struct {
	// Rate is how many clients a second are asked to go, and how fast they should come back
	// elsewhere. Zero means 2,500. A drain with a deadline asks all in half of its time.
	Rate float64
	// RetryAfter is how long they should wait at least. Zero means 1 s.
	RetryAfter time.Duration
}

// WithDefaults fills in what is zero.
func (p DrainPolicy) WithDefaults() DrainPolicy {
	if p.Rate <= 0 {
		p.Rate = 2500
	}
	or(&p.RetryAfter, time.Second)
	return p
}

// Drained tells how a drain, or a stop, went.
type Drained struct {
	Clients    int           // that were ready when it began, or became so
	Told       int           // of these, who were sent the reason, and all that was theirs before it
	Busy       uint64        // requests that were answered with code 503 because time was up
	Unanswered uint64        // requests that were in flight when their client went
	Unsent     uint64        // messages that were queued and never written
	Took       time.Duration // until the last client had gone
}

// Why a server is not ready, or has ended.
var (
	ErrStopping = errors.New("actors: stopping")
	ErrDraining = errors.New("actors: draining")
	// ErrHurried is returned by Drain when time was up before all was done.
	ErrHurried = errors.New("actors: drain cut short")

	errRootStopped = errors.New("actors: the tree was stopped from outside")
)

const (
	waveEvery     = 20 * time.Millisecond  // how often clients are asked to go
	progressEvery = 250 * time.Millisecond // how often a drain tells how far it is
)

// exit is how a tree comes to its end; all of the node looks at it.
type exit struct {
	draining atomic.Bool   // newcomers are refused
	stopping atomic.Bool   // and nobody is waited for
	live     atomic.Int64  // links that are not closed
	left     chan struct{} // a link has closed
	over     chan struct{} // closed when nothing of the tree is left
	giveUp   func(error)   // drains the tree because of a fault of ours
	tally    struct {
		clients, told            atomic.Int64
		busy, unanswered, unsent atomic.Uint64
	}
}

// gone is called when a link has closed, with the last that is to be said of it.
func (e *exit) gone(ready bool, ev *messages.Closed) {
	if e.draining.Load() && ready {
		e.tally.clients.Add(1)
		if ev.Told {
			e.tally.told.Add(1)
		}
		e.tally.unanswered.Add(ev.Unanswered)
		e.tally.unsent.Add(ev.Unsent)
	}
	e.live.Add(-1)
	select {
	case e.left <- struct{}{}:
	default:
	}
}

// drain is one Drain, or Stop, being done.
type drain struct {
	*Running
	begin  time.Time
	spread time.Duration // in which all clients are asked to go
	reason connectors.Reason
	links  []*link // in the order in which they are asked
	asked  int
	told   time.Time // when progress was last told
}

// Drain ends the tree in good order: newcomers are answered with code 503, clients are asked to
// go a few at a time, with a kick that says "draining" and when to come back; before it they get
// the answers to all requests that were read, and what is queued for them. When ctx ends what
// is left is answered with code 503, told, and closed. Then all actors are stopped. Calling it
// again waits for the same end, and hurries it when that ctx ends.
func (r *Running) Drain(ctx context.Context) (Drained, error) {
	stop := context.AfterFunc(ctx, r.hurryUp)
	defer stop()
	deadline, _ := ctx.Deadline()
	r.begun.Do(func() { go r.end(deadline) })
	<-r.done
	return r.drained, r.drainErr
}

// Stop is a Drain without time: it closes every listening place and every client, after what waits
// for it has been written, at most for a second; then it stops all actors.
func (r *Running) Stop() {
	r.hurryUp()
	r.begun.Do(func() { go r.end(time.Time{}) })
	<-r.done
}

// Done is closed when the tree has ended, and Err then tells why, if nobody asked for it.
func (r *Running) Done() <-chan struct{} { return r.done }

// Err is nil before the end, and when it was asked for.
func (r *Running) Err() error {
	select {
	case <-r.done:
		r.mu.Lock()
		defer r.mu.Unlock()
		return r.err
	default:
		return nil
	}
}

func (r *Running) hurryUp() { r.hurried.Do(func() { close(r.hurry) }) }

func (r *Running) inHurry() bool {
	select {
	case <-r.hurry:
		return true
	default:
		return false
	}
}

// giveUp drains the tree because of err. It does not wait.
func (r *Running) giveUp(err error) {
	r.mu.Lock()
	first := r.err == nil
	if first {
		r.err = err
	}
	r.mu.Unlock()
	if first {
		r.node.log.Error("giving up", "error", err)
		go func() {
			ctx, cancel := context.WithTimeout(context.Background(), giveUpTime)
			defer cancel()
			_, _ = r.Drain(ctx)
		}()
	}
}

// giveUpTime is how long a tree that gives up has for its clients.
const giveUpTime = 10 * time.Second

// end does it all.
func (r *Running) end(deadline time.Time) {
	n := r.node
	defer close(r.done)
	defer close(n.over)
	d := &drain{Running: r, begin: time.Now()}
	n.draining.Store(true)
	hurried := r.inHurry()
	if hurried {
		d.reason = connectors.Reason{Cause: messages.CauseStopping, Text: "server stopping", RetryAfter: n.Drain.RetryAfter}
	} else {
		d.plan(deadline)
		hurried = d.wait()
	}
	n.stopping.Store(true)
	for _, p := range r.places {
		p.close()
	}
	d.dismiss()
	t := &n.tally
	r.drained = Drained{
		Clients:    int(t.clients.Load()),
		Told:       int(t.told.Load()),
		Busy:       t.busy.Load(),
		Unanswered: t.unanswered.Load(),
		Unsent:     t.unsent.Load(),
		Took:       time.Since(d.begin),
	}
	if hurried {
		r.drainErr = ErrHurried
	}
	r.stopActors()
}

// plan puts the clients in a random order, and spreads them over time.
func (d *drain) plan(deadline time.Time) {
	n := d.node
	back := time.Duration(float64(n.readies.Load()) / n.Drain.Rate * float64(time.Second))
	d.spread = back
	if !deadline.IsZero() {
		d.spread = min(d.spread, time.Until(deadline)/2)
	}
	d.reason = connectors.Reason{Cause: messages.CauseDraining, Text: "draining", RetryAfter: n.Drain.RetryAfter, Spread: back}
	n.bye.Store(&d.reason) // before we look who is there: nobody is missed
	n.directory.each(func(l *link) bool { d.links = append(d.links, l); return true })
	rand.Shuffle(len(d.links), func(i, j int) { d.links[i], d.links[j] = d.links[j], d.links[i] })
}

// wait asks all clients to go, in waves, and waits until those who are ready have gone, and a
// little for those who are on their way in: they are to learn why they are refused. It tells
// whether it was cut short.
func (d *drain) wait() (hurried bool) {
	tick := time.NewTicker(waveEvery)
	defer tick.Stop()
	var empty time.Time
	for {
		d.wave(time.Since(d.begin))
		d.progress()
		if d.asked == len(d.links) && d.node.readies.Load() == 0 {
			if empty.IsZero() {
				empty = time.Now()
			}
			if d.node.live.Load() == 0 || time.Since(empty) >= flushTime {
				return false
			}
		}
		select {
		case <-d.node.left:
		case <-tick.C:
		case <-d.hurry:
			return true
		}
	}
}

// wave asks those whose time has come.
func (d *drain) wave(age time.Duration) {
	due := len(d.links)
	if age < d.spread {
		due = int(float64(due) * float64(age) / float64(d.spread))
	}
	for ; d.asked < due; d.asked++ {
		d.links[d.asked].depart(&d.reason)
	}
}

// progress tells the event stream, now and then.
func (d *drain) progress() {
	if time.Since(d.told) < progressEvery {
		return
	}
	d.told = time.Now()
	m := &messages.Draining{Clients: uint64(len(d.links)), Left: uint64(max(d.node.live.Load(), 0))}
	d.node.directory.each(func(l *link) bool { m.InFlight += l.inFlight(); return true })
	d.node.links.Go(func() { publish(d.node.system, m) }) // who hears of it may want to stop us
}

// dismiss closes all who are left, and waits until they are gone.
func (d *drain) dismiss() {
	n := d.node
	n.directory.each(func(l *link) bool { l.dismiss(d.reason); return true })
	give := time.NewTimer(stopTime)
	defer give.Stop()
	for n.live.Load() > 0 {
		select {
		case <-n.left:
		case <-give.C:
			n.log.Error("stop: gave up waiting", "for", "sockets closed", "after", stopTime)
			return
		}
	}
}
