package port

import (
	"errors"
	"os"
	"syscall"
	"time"
)

const (
	// shedTime is how long clients are looked for that can only be turned away.
	shedTime = 2 * time.Millisecond
	// mostShed is how many are, at once.
	mostShed = 64
)

// exhausted tells whether err says that no file descriptor is left.
func exhausted(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE)
}

// reserve is a file descriptor that is there to be given up, so that a client can be
// accepted, and turned away, when there is no other.
type reserve struct {
	file *os.File
}

func (r *reserve) take() {
	if r.file == nil {
		r.file, _ = os.Open(os.DevNull) // there may be none left: next time
	}
}

// release tells whether there was one to give up.
func (r *reserve) release() bool {
	if r.file == nil {
		return false
	}
	_ = r.file.Close()
	r.file = nil
	return true
}

// shed turns away clients that wait: they would hang until a file descriptor is free,
// and learn only by their own patience that nobody has time for them.
func (l *live) shed() {
	defer l.reserve.take()
	if !l.place.socket || !l.reserve.release() {
		return
	}
	defer l.place.watch()
	l.place.until(time.Now().Add(shedTime))
	ln := l.place.listener()
	for range mostShed {
		c, err := ln.Accept()
		if err != nil {
			return
		}
		l.counts.shed.Add(1)
		Abort(c)
	}
}
