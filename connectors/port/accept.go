package port

import (
	"errors"
	"fmt"
	"sync/atomic"
	"time"
)

// counts are of what goes wrong before a client is let in. They belong to a Port.
type counts struct {
	failed, shed atomic.Uint64
}

// trouble is how the accept loop deals with errors.
type trouble struct {
	accept backoff // between tries to accept
	listen backoff // between tries to listen again
}

func newTrouble() *trouble {
	return &trouble{
		accept: backoff{first: 5 * time.Millisecond, most: 250 * time.Millisecond, calm: time.Second},
		listen: backoff{first: 50 * time.Millisecond, most: 5 * time.Second, calm: time.Second / 2},
	}
}

// errGiven is added to the error of a listener that is not ours to open again.
var errGiven = errors.New("a given Listener cannot be opened again")

// accept hands each client to a goroutine that tells what it is. Errors slow it down;
// users hear of the first in a row. A place that is lost is taken again.
//
// A panic of a listener that users gave ends accepting, not the process.
func (l *live) accept() {
	defer func() {
		if v := recover(); v != nil {
			l.fail(fmt.Errorf("panic in Accept: %v: %w", v, errGiven))
		}
	}()
	for t := newTrouble(); ; {
		c, err := l.place.accept()
		if l.closed() {
			if err == nil {
				l.take(c) // which closes it
			}
			return
		}
		if err == nil {
			l.place.report(nil)
			l.take(c)
			continue
		}
		l.counts.failed.Add(1)
		if !l.overcome(t, err) {
			return
		}
	}
}

// overcome deals with an error. It tells whether accepting goes on.
func (l *live) overcome(t *trouble, err error) bool {
	lost := l.place.lost(err)
	switch {
	case lost && !l.place.socket:
		l.fail(fmt.Errorf("%w: %w", err, errGiven))
		return false
	case lost:
		return l.regain(t, err)
	}
	wait, fresh := t.accept.next(time.Now())
	l.place.report(err)
	if fresh {
		l.fail(err)
	}
	if exhausted(err) {
		l.shed()
	}
	return l.pause(wait)
}

// regain listens again at the place that was lost, for as long as it takes.
func (l *live) regain(t *trouble, err error) bool {
	for {
		wait, fresh := t.listen.next(time.Now())
		l.place.report(err)
		if fresh {
			l.fail(err)
		}
		if !l.pause(wait) {
			return false
		}
		if err = l.place.reopen(); err == nil {
			l.place.watch()
			l.log.Info("listening again", "addr", l.place.addr)
			return true
		}
	}
}

// fail tells of an error.
func (l *live) fail(err error) {
	l.place.report(err)
	l.log.Error("accept failed", "addr", l.place.addr, "error", err)
	for _, s := range l.table.Load().shares {
		l.tell(s, err)
	}
}

func (l *live) tell(s *Share, err error) {
	defer func() {
		if v := recover(); v != nil {
			l.log.Error("panic in Claim.Fail", "panic", v)
		}
	}()
	s.claim.Fail(err)
}

func (l *live) pause(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-l.done:
		return false
	}
}

func (l *live) closed() bool {
	select {
	case <-l.done:
		return true
	default:
		return false
	}
}
