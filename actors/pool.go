package actors

import (
	"runtime"
	"sync"
	"time"
)

// How a pool watches over its workers.
const (
	poolCheck = time.Millisecond // how often work that waits is looked at
	poolTrim  = time.Second      // how often workers that were not needed go home
	poolAdd   = 256              // most workers added at a time
)

// pool does work on goroutines that are kept: a fresh one pays each time for
// growing its stack, which is a fifth of the cost of an echo. It has as many
// workers as cores; while work waits because they are all blocked, it adds more,
// and sends them home when they have not been needed for a while.
//
// What waits is bounded by those who schedule: a mailbox, or a link, is
// scheduled once until its turn has come.
type pool[T any] struct {
	do   func(T)
	base int

	// mu, not a mailbox: the pool is what runs mailboxes.
	mu       sync.Mutex
	waiting  ring[T]
	idle     []*worker[T] // the one that rested last works first
	workers  int
	least    int    // fewest idle since the last trim
	begun    uint64 // how much work has been begun
	watching bool   // a look at what waits is due
	trimming bool   // a trim is due
	closed   bool
	gone     sync.WaitGroup
}

// worker waits for one piece of work. ok is false when it is to go home.
type worker[T any] struct{ next chan T }

func newPool[T any](do func(T)) *pool[T] {
	return &pool[T]{do: do, base: runtime.GOMAXPROCS(0)}
}

// schedule has x done. It does not block.
func (p *pool[T]) schedule(x T) {
	p.mu.Lock()
	if n := len(p.idle) - 1; n >= 0 {
		w := p.idle[n]
		p.idle = p.idle[:n]
		p.least = min(p.least, n)
		p.begun++
		p.mu.Unlock()
		w.next <- x
		return
	}
	switch {
	case p.closed:
		go p.do(x)
	case p.workers < p.base:
		p.hire(x)
	default:
		p.waiting.push(x)
		p.watch()
	}
	p.mu.Unlock()
}

// hire is called with mu held.
func (p *pool[T]) hire(x T) {
	p.workers++
	p.begun++
	p.gone.Go(func() { p.work(x) })
}

// work is a worker's life.
func (p *pool[T]) work(x T) {
	w := &worker[T]{next: make(chan T, 1)}
	for ok := true; ok; {
		p.do(x)
		if x, ok = p.more(w); !ok {
			x, ok = <-w.next
		}
	}
}

// more returns work that waits. If there is none, w is put among the idle.
func (p *pool[T]) more(w *worker[T]) (x T, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.waiting.n > 0 {
		p.begun++
		return p.waiting.pop(), true
	}
	if p.closed {
		p.workers--
		close(w.next)
		return x, false
	}
	p.idle = append(p.idle, w)
	if !p.trimming && p.workers > p.base {
		p.trimming, p.least = true, len(p.idle)
		time.AfterFunc(poolTrim, p.trim)
	}
	return x, false
}

// watch is called with mu held, when work has to wait.
func (p *pool[T]) watch() {
	if !p.watching {
		p.watching = true
		before := p.begun
		time.AfterFunc(poolCheck, func() { p.look(before) })
	}
}

// look hires when none of the workers has begun anything since work had to wait.
func (p *pool[T]) look(before uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.watching = false
	if p.begun == before {
		for range min(p.waiting.n, poolAdd) {
			p.hire(p.waiting.pop())
		}
	}
	if p.waiting.n > 0 {
		p.watch()
	}
}

// trim sends home who was idle all the time since the last trim; base stays.
func (p *pool[T]) trim() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.trimming = false
	if p.closed {
		return
	}
	p.sendHome(min(p.least, p.workers-p.base))
	if p.workers > p.base {
		p.trimming, p.least = true, len(p.idle)
		time.AfterFunc(poolTrim, p.trim)
	}
}

// sendHome is called with mu held. Those who have rested longest go.
func (p *pool[T]) sendHome(n int) {
	for _, w := range p.idle[:n] {
		close(w.next)
	}
	p.workers -= n
	p.idle = append(p.idle[:0], p.idle[n:]...)
	clear(p.idle[len(p.idle):cap(p.idle)])
}

// close sends everybody home and waits for those who work, at most for so
// long. What is scheduled later is still done.
func (p *pool[T]) close(patience time.Duration) {
	p.mu.Lock()
	p.closed = true
	p.sendHome(len(p.idle))
	p.mu.Unlock()
	within(patience, p.gone.Wait)
}
