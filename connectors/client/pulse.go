package client

import (
	"sync"
	"time"
)

// pulse sends heartbeats on its own clock, and gives the server up when after
// one of them nothing comes for two intervals and a little (P5.4). The zero
// pulse is still.
type pulse struct {
	every time.Duration
	send  func()
	fail  func(error)

	mu          sync.Mutex // timers call from goroutines of their own
	asked       time.Time  // the first heartbeat since the server's last package
	beat, watch *time.Timer
	stopped     bool
}

const grace = 100 * time.Millisecond

func (p *pulse) start(every time.Duration, send func(), fail func(error)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.every, p.send, p.fail = every, send, fail
	p.beat = time.AfterFunc(every, p.tick)
}

// alive tells that a package has come.
func (p *pulse) alive() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked = time.Time{}
}

func (p *pulse) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stopped = true
	if p.beat != nil {
		p.beat.Stop()
	}
	if p.watch != nil {
		p.watch.Stop()
	}
}

func (p *pulse) tick() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stopped {
		return
	}
	p.beat.Reset(p.every)
	if p.asked.IsZero() {
		p.asked = time.Now()
		p.expect()
	}
	p.send()
}

// expect has check called when the server's patience is over.
func (p *pulse) expect() {
	if p.watch == nil {
		p.watch = time.AfterFunc(p.patience(), p.check)
		return
	}
	p.watch.Reset(p.patience())
}

func (p *pulse) check() {
	if p.silent() {
		p.fail(ErrSilent)
	}
}

func (p *pulse) silent() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return !p.stopped && !p.asked.IsZero() && time.Since(p.asked) >= p.patience()
}

func (p *pulse) patience() time.Duration { return 2*p.every + grace }
