package connectortest

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
)

// far is a client.
type far struct {
	*rig
	wire   *wire
	client Client

	once  sync.Once
	got   chan Message
	ended chan error // why Next has ended
}

// dial opens a client's wire. It is hung up with the test.
func (r *rig) dial() *far {
	r.Helper()
	f, err := r.tryDial()
	if err != nil {
		r.Fatalf("dial: %v", err)
	}
	return f
}

func (r *rig) tryDial() (*far, error) {
	w, err := r.open(func() (net.Conn, error) { return r.Dial(r.connector, r.place()) })
	if err != nil {
		return nil, err
	}
	f := &far{rig: r, wire: w, client: r.Client(w), got: make(chan Message, 4096), ended: make(chan error, 1)}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.fars = append(r.fars, f)
	return f, nil
}

// joining comes in, beside what else is done.
func (f *far) joining() <-chan error {
	joined := make(chan error, 1)
	go func() { joined <- f.client.Join() }()
	return joined
}

// listen has messages read from now on.
func (f *far) listen() {
	f.once.Do(func() {
		go func() {
			for {
				m, err := f.client.Next()
				if err != nil {
					f.ended <- err
					return
				}
				f.got <- m
			}
		}()
	})
}

// hangUp closes the wire, and lets go of who reads it.
func (f *far) hangUp() {
	_ = f.wire.Close()
	for len(f.got) > 0 {
		<-f.got
	}
}

// send writes messages, one by one.
func (f *far) send(all ...[]byte) {
	f.Helper()
	for _, m := range all {
		if err := f.wire.put(f.wire.framed(m)); err != nil {
			f.fatal("Conn", "a client cannot write, though nobody has hung up on it: %v%s", err, holds(err))
		}
	}
}

// trySend writes messages, together where the wire is a stream, for who does not mind if that fails.
func (f *far) trySend(all ...[]byte) {
	if !f.Datagrams {
		_ = f.wire.put(f.stream(all...))
		return
	}
	for _, m := range all {
		_ = f.wire.put(f.wire.framed(m))
	}
}

// stream is messages as bytes one behind the other.
func (f *far) stream(all ...[]byte) (b []byte) {
	for _, m := range all {
		b = append(b, f.wire.framed(m)...)
	}
	return b
}

func (f *far) sendRaw(b []byte) {
	f.Helper()
	if err := f.wire.put(b); err != nil {
		f.fatal("Conn", "a client cannot write, though nobody has hung up on it: %v%s", err, holds(err))
	}
}

// next is the next message, or none in time.
func (f *far) next() (Message, bool) {
	f.listen()
	return next(f.Patience, f.got)
}

// end waits until the client sees the end, and tells whether it does. What comes before is passed over.
func (f *far) end() bool {
	f.listen()
	for range cap(f.got) * 64 {
		select {
		case <-f.got:
			continue
		default:
		}
		_, ok := next(f.Patience, f.ended)
		if ok || len(f.got) == 0 {
			return ok
		}
	}
	return false
}

const (
	// echoRoute is where requests and notifies go.
	echoRoute = "echo.echo"
	// pushRoute is what is pushed.
	pushRoute = "onEcho"
)

// payload is a body that can be told from others.
type payload struct {
	N   int    `json:"n"`
	Pad string `json:"pad,omitempty"`
}

// body is payload n with so many bytes to fill it.
func body(n, pad int) []byte {
	b, _ := json.Marshal(payload{n, strings.Repeat("x", pad)}) // an int and a string have JSON
	return b
}

// numberOf is the n of a body.
func numberOf(b []byte) (int, error) {
	var p payload
	if err := json.Unmarshal(b, &p); err != nil {
		return 0, fmt.Errorf("%.60q: %w", b, err)
	}
	return p.N, nil
}

// holds is what else may be the reason that a Write gave up.
func holds(err error) string {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return "; a Write waits until the other end reads: a wire holds some KiB that it has not read, one of net.Pipe holds none"
	}
	return ""
}
