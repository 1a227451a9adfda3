package poll

import (
	"os"
	"runtime"
	"sync"
	"syscall"
	"time"
)

// batch is how many events are taken at once.
const batch = 128

// loop is an epoll of its own, which the runtime's poller waits at as it does at a socket. What is below mu is shared by its
// hands, of which one leads.
type loop struct {
	fd   int
	file *os.File
	raw  syscall.RawConn
	wait func(fd uintptr) bool // poll, bound once

	// The leader's, who has no mu while it waits.
	events [batch]syscall.EpollEvent
	parked bool // it had to wait

	mu       sync.Mutex
	table    table
	leader   *Hand
	at, n    int      // events that are left
	due      []func() // what turns have left, ahead of these
	begun    uint64   // events, and what followed from them
	busy     bool     // the leader is at one
	watching bool     // a look is due
	before   uint64   // begun, at the last look
	watch    *time.Timer
	spare    []*Hand
	closed   bool
}

func newLoop() (*loop, error) {
	fd, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("epoll_create1", err)
	}
	if err := syscall.SetNonblock(fd, true); err != nil { // for the runtime's poller
		_ = syscall.Close(fd)
		return nil, os.NewSyscallError("fcntl", err)
	}
	l := &loop{fd: fd, file: os.NewFile(uintptr(fd), "epoll")}
	if l.raw, err = l.file.SyscallConn(); err != nil {
		_ = l.file.Close()
		return nil, err
	}
	l.wait = l.poll
	l.mu.Lock()
	defer l.mu.Unlock()
	l.handOver()
	return l, nil
}

// stop ends it. Hands that are at something end when they come back.
func (l *loop) stop() {
	l.mu.Lock()
	l.closed = true
	for _, h := range l.spare {
		close(h.wake)
	}
	l.spare = nil
	if l.watch != nil {
		l.watch.Stop()
	}
	for _, f := range l.due { // nobody leads any more
		go f()
	}
	l.due = nil
	l.mu.Unlock()
	_ = l.file.Close()
}

func (l *loop) add(r Reader) Place {
	l.mu.Lock()
	defer l.mu.Unlock()
	index, version := l.table.take(r)
	return Place{l, index, version}
}

func (l *loop) remove(p Place) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.table.leave(p.index, p.version)
}

// task is what turns have left, or a Reader to be run.
type task struct {
	do func()
	Place
	reader Reader
	over   bool
}

// next waits for what h is to do. It is not ok when h does not lead any more.
func (l *loop) next(h *Hand) (t task, ok bool) {
	for {
		t, ok, leads := l.left(h)
		if ok || !leads {
			return t, ok
		}
		if !l.parked { // there was something at once, and may be now: others have their turn first
			runtime.Gosched()
		}
		l.parked = false
		if l.raw.Read(l.wait) != nil { // it has been closed
			return task{}, false
		}
	}
}

// left is what h has to do without waiting, if it leads.
func (l *loop) left(h *Hand) (t task, ok, leads bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.leader != h || l.closed {
		return task{}, false, false
	}
	if last := len(l.due) - 1; last >= 0 {
		t.do, l.due[last] = l.due[last], nil
		l.due = l.due[:last]
		l.step()
		return t, true, true
	}
	for l.at < l.n {
		ev := &l.events[l.at]
		l.at++
		p := Place{l, ev.Fd, uint32(ev.Pad)}
		s := l.table.at(p.index, p.version)
		switch {
		case s == nil:
		case s.running:
			s.again = true
		default:
			s.running = true
			l.step()
			return task{nil, p, s.reader, ev.Events&^syscall.EPOLLIN != 0}, true, true
		}
	}
	l.busy = false
	return task{}, false, true
}

// poll takes what events there are. It returns false when the runtime is to wait for some.
func (l *loop) poll(fd uintptr) bool {
	for {
		n, err := syscall.EpollWait(int(fd), l.events[:], 0)
		switch {
		case err == syscall.EINTR:
			continue
		case err != nil:
			panic(os.NewSyscallError("epoll_wait", err)) // it cannot fail
		}
		l.at, l.n = 0, n
		l.parked = l.parked || n == 0
		return n > 0
	}
}

// done notes that h has run a Reader, and has the kernel tell again what it did not get to.
func (l *loop) done(h *Hand, t task, more bool) {
	l.mu.Lock()
	s := l.table.at(t.index, t.version)
	if s != nil {
		more = more || s.again
		s.running, s.again = false, false
	}
	if l.leader == h {
		l.step()
	}
	l.mu.Unlock()
	if s != nil && more {
		_ = t.register(t.reader.Socket(), syscall.EPOLL_CTL_MOD) // it fails when the socket has been closed
	}
}
