package bench_test

import (
	"context"
	"net"
	"runtime"
	"strconv"
	"sync/atomic"
	"testing"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/hybrid"
)

// BenchmarkPath is what fairlead itself costs for a request of a Pomelo client and its answer, on one goroutine:
// from the bytes that were read to those that are written, with no system call in it.
func BenchmarkPath(b *testing.B) {
	for _, atOnce := range []int{1, 16} {
		b.Run("atonce="+strconv.Itoa(atOnce), func(b *testing.B) {
			h := &hatch{Connector: &hybrid.Connector{Heartbeat: seldom}, conns: make(chan *through, 1), closed: make(chan struct{})}
			s := serve(b, h)
			defer s.end()
			client := &through{sink: make(chan connectors.Sink, 1)}
			h.conns <- client
			sink := <-client.sink
			frames := make([]connectors.Frame, atOnce)
			for i := range frames {
				frames[i].Data = request(7, "echo", make([]byte, 64))
			}
			var turn connectors.Turn
			bring := func(frames ...connectors.Frame) {
				answered := client.written.Load() + int64(len(frames))
				turn.Take(sink, frames, nil)
				for turn.Do(); client.written.Load() < answered; {
					runtime.Gosched() // the route was not known to be quick yet
				}
			}
			bring(connectors.Frame{Data: pack(pkgHandshake, []byte(hello))})
			turn.Take(sink, []connectors.Frame{{Data: pack(pkgAck, nil)}}, nil)
			b.ReportAllocs()
			for b.Loop() {
				bring(frames...)
			}
			b.ReportMetric(float64(b.Elapsed())/float64(b.N*atOnce), "ns/request")
		})
	}
}

// hatch is a connector for Pomelo's clients, who come through it.
type hatch struct {
	*hybrid.Connector
	conns  chan *through
	closed chan struct{}
	once   atomic.Bool
}

func (h *hatch) Listen(context.Context) ([]connectors.Listener, error) {
	return []connectors.Listener{h}, nil
}

func (h *hatch) Accept() (connectors.Conn, error) {
	select {
	case c := <-h.conns:
		return c, nil
	case <-h.closed:
		return nil, net.ErrClosed
	}
}

func (h *hatch) Addr() net.Addr { return &net.UnixAddr{Name: "hatch"} }

func (h *hatch) Close() error {
	if !h.once.Swap(true) {
		close(h.closed)
	}
	return nil
}

// through is a client whose packages the benchmark brings; what is written is counted.
type through struct {
	sink    chan connectors.Sink
	written atomic.Int64 // packages
}

func (t *through) Deliver(to connectors.Sink)                { t.sink <- to }
func (t *through) ReadFrames() ([]connectors.Frame, error)   { return nil, net.ErrClosed }
func (t *through) Write(p net.Buffers) error                 { t.written.Add(int64(len(p))); return nil }
func (t *through) TryWrite(p net.Buffers) (taken, rest bool) { return t.Write(p) == nil, false }
func (t *through) Close(connectors.Reason)                   {}
func (t *through) SetReadLimit(int)                          {}
func (t *through) Transport() string                         { return "hatch" }
func (t *through) LocalAddr() net.Addr                       { return &net.UnixAddr{Name: "hatch"} }
func (t *through) RemoteAddr() net.Addr                      { return &net.UnixAddr{Name: "client"} }
