package poll

import (
	"os"
	"runtime"
	"sync"
	"syscall"
)

// Supported tells whether Add works here at all.
const Supported = true

// loops are the process's, as the runtime's poller is whom they wait with: as many as cores, for as long as
// there are Readers.
var loops struct {
	mu      sync.Mutex
	all     []*loop
	readers int
	next    int
}

// Place is a Reader's with its loop. The zero Place is nobody's.
type Place struct {
	loop    *loop
	index   int32
	version uint32
}

// Add has r called from now on, maybe at once. What came before counts as well.
func Add(r Reader) (Place, error) {
	l, err := enter()
	if err != nil {
		return Place{}, err
	}
	p := l.add(r)
	if err := p.register(r.Socket(), syscall.EPOLL_CTL_ADD); err != nil {
		p.Leave()
		return Place{}, err
	}
	return p, nil
}

// Leave has the Reader not called any more, but for a call that has begun. It must come before the socket is closed.
func (p Place) Leave() {
	if p.loop == nil {
		return
	}
	p.loop.remove(p)
	loops.mu.Lock()
	var all []*loop
	if loops.readers--; loops.readers == 0 {
		all, loops.all = loops.all, nil
	}
	loops.mu.Unlock()
	stop(all)
}

// enter counts a Reader in and chooses its loop.
func enter() (*loop, error) {
	loops.mu.Lock()
	defer loops.mu.Unlock()
	if loops.readers == 0 {
		all, err := start(runtime.GOMAXPROCS(0))
		if err != nil {
			return nil, err
		}
		loops.all = all
	}
	loops.readers++
	loops.next++
	return loops.all[loops.next%len(loops.all)], nil
}

func start(n int) (all []*loop, err error) {
	for range n {
		l, err := newLoop()
		if err != nil {
			stop(all)
			return nil, err
		}
		all = append(all, l)
	}
	return all, nil
}

func stop(all []*loop) {
	for _, l := range all {
		l.stop()
	}
}

// register tells the kernel what is waited for. Changing what it knows has it look again whether that is there.
func (p Place) register(raw syscall.RawConn, op int) (err error) {
	const edge = -syscall.EPOLLET // a uint32's highest bit
	ev := syscall.EpollEvent{Events: syscall.EPOLLIN | syscall.EPOLLRDHUP | edge, Fd: p.index, Pad: int32(p.version)}
	fail := raw.Control(func(fd uintptr) {
		err = os.NewSyscallError("epoll_ctl", syscall.EpollCtl(p.loop.fd, op, int(fd), &ev))
	})
	if fail != nil {
		return fail
	}
	return err
}
