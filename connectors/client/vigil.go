package client

import (
	"sync"
	"time"
)

// vigil gives the server up when nothing comes from it for too long. It is for
// servers that ask for life by themselves (P16.5). The zero vigil is patient for ever.
type vigil struct {
	patience time.Duration
	fail     func(error)

	mu      sync.Mutex // the timer calls from a goroutine of its own
	heard   time.Time
	timer   *time.Timer
	stopped bool
}

func (v *vigil) start(patience time.Duration, fail func(error)) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.patience, v.fail, v.heard = patience, fail, time.Now()
	v.timer = time.AfterFunc(patience, v.check)
}

// alive tells that something has come.
func (v *vigil) alive() {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.timer != nil {
		v.heard = time.Now()
	}
}

func (v *vigil) stop() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.stopped = true
	if v.timer != nil {
		v.timer.Stop()
	}
}

func (v *vigil) check() {
	if v.silent() {
		v.fail(ErrSilent)
	}
}

// silent tells whether the time is over, and else comes back when it will be.
func (v *vigil) silent() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	left := v.patience - time.Since(v.heard)
	if v.stopped || left <= 0 {
		return !v.stopped
	}
	v.timer.Reset(left)
	return false
}
