package actors

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"
)

// inline runs a mailbox on the goroutine that sent the message, unless it runs
// already. Only socket actors have it: they never block.
type inline struct{}

func (inline) Schedule(run func()) { run() }
func (inline) Throughput() int     { return socketBurst }

// How the queue watches for handlers that block.
const (
	queueDepth = 4096                  // mailboxes waiting for a worker; beyond it each gets a goroutine
	queueCheck = time.Millisecond      // how often a queue that stands is looked at
	queueIdle  = 50 * time.Millisecond // how long an added worker waits for more
	queueAdd   = 256                   // most workers added at a time
)

// queue runs mailboxes on goroutines that are kept: the engine's default starts
// one for each run, and pays each time for growing its stack. When
// the queue stands still because its workers are blocked in handlers, it adds
// workers for as long as it takes.
type queue struct {
	work     chan func() // a nil ends the worker that takes it
	closed   atomic.Bool
	workers  sync.WaitGroup
	taken    atomic.Uint64 // runs begun
	watching atomic.Bool
}

var _ actor.Dispatcher = (*queue)(nil)

func newQueue() *queue {
	q := &queue{work: make(chan func(), queueDepth)}
	for range runtime.GOMAXPROCS(0) {
		q.workers.Go(q.serve)
	}
	return q
}

// Throughput is for the engine's own mailboxes.
func (q *queue) Throughput() int { return routeBurst }

// Schedule hands run to a worker.
func (q *queue) Schedule(run func()) {
	if q.closed.Load() {
		go run()
		return
	}
	select {
	case q.work <- run:
		if len(q.work) > 0 && !q.watching.Load() && q.watching.CompareAndSwap(false, true) {
			q.workers.Go(q.watch)
		}
	default:
		go run()
	}
}

// serve is a worker that stays.
func (q *queue) serve() {
	for run := range q.work {
		if run == nil {
			return
		}
		q.taken.Add(1)
		run()
	}
}

// help is a worker that leaves when it has had nothing to do for a while.
func (q *queue) help() {
	rest := time.NewTimer(queueIdle)
	defer rest.Stop()
	for {
		select {
		case run := <-q.work:
			if run == nil {
				q.work <- nil // meant for one that stays
				return
			}
			q.taken.Add(1)
			run()
			rest.Reset(queueIdle)
		case <-rest.C:
			return
		}
	}
}

// watch lives while runs wait. When none was begun between two looks, all workers are blocked.
func (q *queue) watch() {
	look := time.NewTicker(queueCheck)
	defer look.Stop()
	for last := q.taken.Load(); ; {
		<-look.C
		now := q.taken.Load()
		if len(q.work) == 0 {
			q.watching.Store(false)
			if len(q.work) == 0 || !q.watching.CompareAndSwap(false, true) {
				return
			}
		} else if now == last {
			for range min(len(q.work), queueAdd) {
				q.workers.Go(q.help)
			}
		}
		last = now
	}
}

// close ends the workers when they have done what waits. Whoever closes the
// queue has stopped the actors that use it; a late run gets a goroutine.
func (q *queue) close() {
	q.closed.Store(true)
	for range runtime.GOMAXPROCS(0) {
		q.work <- nil
	}
	q.workers.Wait()
}
