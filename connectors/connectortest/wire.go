package connectortest

import (
	"bufio"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// wire is a client's end as its Client sees it. What is written on it goes in pieces, where the suite
// wants that.
type wire struct {
	net.Conn
	patience time.Duration
	in       *bufio.Reader // nil where each Read brings a datagram
	frames   *frames       // nil where there is no WebSocket
	pieces   int           // bytes a Write of Conn has at most; zero: any number

	mu    sync.Mutex // one writes at a time
	reads atomic.Int64
}

// readSize is what one read may bring: more than servers write at once.
const readSize = 64 << 10

// open dials and upgrades.
func (h *Harness) open(dial func() (net.Conn, error)) (*wire, error) {
	c, err := dial()
	if err != nil {
		return nil, err
	}
	w := &wire{Conn: c, patience: h.Patience}
	if !h.Datagrams {
		w.in = bufio.NewReaderSize(counted{w}, readSize)
	}
	if h.WebSocket != nil {
		_ = c.SetDeadline(time.Now().Add(h.Patience))
		w.frames, err = upgrade(c, w.in, h.WebSocket)
		_ = c.SetDeadline(time.Time{})
	}
	if err != nil {
		_ = c.Close()
		return nil, err
	}
	return w, nil
}

// Read is the Client's.
func (w *wire) Read(p []byte) (int, error) {
	switch {
	case w.frames != nil:
		return w.frames.read(p, w.put)
	case w.in != nil:
		return w.in.Read(p)
	}
	return counted{w}.Read(p)
}

// counted counts how often something comes.
type counted struct{ *wire }

func (c counted) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n > 0 {
		c.reads.Add(1)
	}
	return n, err
}

// Write is the Client's: one message.
func (w *wire) Write(p []byte) (int, error) {
	if err := w.put(w.framed(p)); err != nil {
		return 0, err
	}
	return len(p), nil
}

// framed is a message as it goes over the wire.
func (w *wire) framed(message []byte) []byte {
	if w.frames == nil {
		return message
	}
	return w.frames.message(message)
}

// put writes bytes, in pieces if that is wanted. A server that does not read is not waited for for ever.
func (w *wire) put(b []byte) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	_ = w.SetWriteDeadline(time.Now().Add(w.patience))
	for size := w.pieces; size > 0 && len(b) > size; b = b[size:] {
		if _, err := w.Conn.Write(b[:size]); err != nil {
			return err
		}
		apart()
	}
	_, err := w.Conn.Write(b)
	return err
}

// apart lets what was written be read before more is: a wire may gather what comes close together.
func apart() { <-time.After(200 * time.Microsecond) }

// closeWrite ends the client's half, and tells whether there are halves.
func (w *wire) closeWrite() bool {
	c, ok := w.Conn.(interface{ CloseWrite() error })
	return ok && c.CloseWrite() == nil
}
