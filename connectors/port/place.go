package port

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"sync"
	"syscall"
	"time"
)

// watchEvery is how often a listening socket that nothing comes to is asked whether it
// still is one: who closes its file descriptor behind our back wakes nobody.
const watchEvery = 500 * time.Millisecond

// noSocket are what is said of a file descriptor that is no listening socket any more: it
// was shut down, closed, or is another file now.
var noSocket = []error{syscall.EINVAL, syscall.EBADF, syscall.ENOTSOCK, syscall.EOPNOTSUPP, errFile}

// place is where clients arrive. The accept loop owns it; others close it and ask for
// its health, which is what the mutex is for.
type place struct {
	addr   net.Addr
	socket bool // a kernel's socket that we have opened: it can be watched, and opened again
	opts   options

	mu     sync.Mutex
	ln     net.Listener
	file   file
	closed bool
	err    error // why clients cannot come in
}

func newPlace(ln net.Listener, socket bool, opts options) *place {
	p := &place{addr: ln.Addr(), socket: socket, opts: opts, ln: ln}
	if socket {
		p.file = fileOf(ln)
	}
	p.watch()
	return p
}

// deadliner is what a kernel's listening socket is beside a net.Listener.
type deadliner interface{ SetDeadline(time.Time) error }

// watch lets Accept return after a while.
func (p *place) watch() { p.until(time.Now().Add(watchEvery)) }

func (p *place) until(t time.Time) {
	if d, ok := p.listener().(deadliner); ok && p.socket {
		_ = d.SetDeadline(t)
	}
}

// accept returns the next client, or why none can come any more.
func (p *place) accept() (net.Conn, error) {
	for {
		c, err := p.listener().Accept()
		if !p.socket || !errors.Is(err, os.ErrDeadlineExceeded) {
			return c, err
		}
		p.watch()
		if err := p.file.check(); err != nil {
			return nil, err
		}
		p.report(nil) // accept(2) has found nothing to complain of either
	}
}

// lost tells whether err is one after which accepting is over. Of a user's listener only
// net.ErrClosed is known to say so.
func (p *place) lost(err error) bool {
	if errors.Is(err, net.ErrClosed) {
		return true
	}
	return p.socket && slices.ContainsFunc(noSocket, func(e error) bool { return errors.Is(err, e) })
}

// reopen listens at the same address once more.
func (p *place) reopen() error {
	_ = p.file.shut(p.listener())
	addr := p.addr.String()
	if p.addr.Network() == "unix" {
		addr = "unix:" + addr
	}
	ln, err := listen(context.Background(), addr, p.opts)
	if err != nil {
		return fmt.Errorf("listen again: %w", err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		_ = ln.Close()
		return net.ErrClosed
	}
	p.ln, p.err, p.file = ln, nil, fileOf(ln)
	return nil
}

func (p *place) listener() net.Listener {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ln
}

// report notes why clients cannot come in, or nil.
func (p *place) report(err error) {
	p.mu.Lock()
	p.err = err
	p.mu.Unlock()
}

// health is what was reported last.
func (p *place) health() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return net.ErrClosed
	}
	return p.err
}

func (p *place) close() (err error) {
	defer caught("Listener.Close", &err)
	p.mu.Lock()
	p.closed = true
	ln, file := p.ln, p.file
	p.mu.Unlock()
	err = file.shut(ln)
	if errors.Is(err, net.ErrClosed) {
		err = nil // somebody else's, closed by them, or lost
	}
	return err
}
