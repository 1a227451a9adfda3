package client

import (
	"context"
	"sync"
	"time"
)

// outbox gathers frames while a write is under way, so that many callers share
// one. Its goroutine lives while bytes wait. A lock and no actor, because callers
// wait for their place.
type outbox struct {
	write func([]byte) error
	fail  func(error)
	life  []byte // a sign of it

	mu      sync.Mutex
	waiting []byte
	due     bool          // a sign of life is among it
	writing bool          // the goroutine runs
	ended   bool          // nothing more is taken
	changed chan struct{} // closed, and replaced, when room or the end comes
}

// outboxRoom is how many bytes may wait. One frame of any size always fits an
// empty outbox.
const outboxRoom = 256 << 10

func (o *outbox) start(write func([]byte) error, life []byte, fail func(error)) {
	o.write, o.life, o.fail, o.changed = write, life, fail, make(chan struct{})
}

// put sends b, waiting for room. It does not wait for the write.
func (o *outbox) put(ctx context.Context, b []byte) error {
	for {
		room, err := o.try(b)
		if room == nil {
			return err
		}
		select {
		case <-room:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// beat sends a sign of life, whether there is room or not: one at most waits.
func (o *outbox) beat() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.ended || o.due {
		return
	}
	o.due = true
	o.waiting = append(o.waiting, o.life...)
	o.hurry()
}

// try sends b, or returns what to wait for.
func (o *outbox) try(b []byte) (room <-chan struct{}, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.ended {
		return nil, ErrClosed
	}
	if len(o.waiting) > 0 && len(o.waiting)+len(b) > outboxRoom {
		return o.changed, nil
	}
	o.waiting = append(o.waiting, b...)
	o.hurry()
	return nil, nil
}

// hurry is called with mu held: something waits.
func (o *outbox) hurry() {
	if !o.writing {
		o.writing = true
		go o.run()
	}
}

func (o *outbox) run() {
	for b := o.take(nil); b != nil; b = o.take(b) {
		if err := o.write(b); err != nil {
			o.fail(err)
		}
	}
}

// take returns what waits, or nil and the goroutine must end. What was written
// gives its memory to what comes.
func (o *outbox) take(written []byte) []byte {
	o.mu.Lock()
	defer o.mu.Unlock()
	defer o.wake()
	b := o.waiting
	o.due = false
	if len(b) == 0 {
		o.waiting, o.writing = nil, false
		return nil
	}
	o.waiting = written[:0]
	return b
}

// finish takes nothing more but the last, and waits until all is written, or the
// time has come.
func (o *outbox) finish(last []byte, by time.Time) {
	o.mu.Lock()
	if !o.ended && len(last) > 0 {
		o.waiting = append(o.waiting, last...)
		o.hurry()
	}
	o.mu.Unlock()
	o.end(false)
	timer := time.NewTimer(time.Until(by))
	defer timer.Stop()
	for busy := o.busy(); busy != nil; busy = o.busy() {
		select {
		case <-busy:
		case <-timer.C:
			return
		}
	}
}

// stop takes nothing more and forgets what waits.
func (o *outbox) stop() { o.end(true) }

// wait returns when the goroutine has ended.
func (o *outbox) wait() {
	for busy := o.busy(); busy != nil; busy = o.busy() {
		<-busy
	}
}

func (o *outbox) end(forget bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.ended = true
	if forget {
		o.waiting = nil
	}
	o.wake()
}

// busy is what to wait for while the goroutine runs, else nil.
func (o *outbox) busy() <-chan struct{} {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.writing {
		return nil
	}
	return o.changed
}

func (o *outbox) wake() {
	close(o.changed)
	o.changed = make(chan struct{})
}
