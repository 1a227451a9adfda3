package hybrid

import (
	"net"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/wire/pomelo"
	"github.com/fairlead-go/fairlead/internal/stream"
)

// byteStream is a client whose packages come one behind the other: over TCP, TLS,
// a unix socket, or whatever a given net.Listener brings.
type byteStream struct {
	stream.Wire
	packages pomelo.Stream // the reader's
}

var (
	_ connectors.Conn      = (*byteStream)(nil)
	_ stream.Cutter        = (*byteStream)(nil)
	_ connectors.Deliverer = (*polledStream)(nil)
)

func (l *listener) newByteStream(c net.Conn) connectors.Conn {
	s := &polledStream{}
	s.Init(c, l.slack)
	s.SetReadLimit(l.hello)
	if !s.Polls() {
		return &s.byteStream
	}
	return s
}

// polledStream is one that no goroutine needs to wait for.
type polledStream struct{ byteStream }

// Deliver implements connectors.Deliverer.
func (s *polledStream) Deliver(to connectors.Sink) { s.Wire.Deliver(&s.byteStream, to) }

// ReadFrames returns the packages that one read brought, or waits for more. They
// may have as many bytes as SetReadLimit says, header included.
func (s *byteStream) ReadFrames() ([]connectors.Frame, error) { return s.Wire.ReadFrames(s) }

// Cut implements stream.Cutter. A limit that was set since takes hold.
func (s *byteStream) Cut(b []byte, dst []connectors.Frame) (packages []connectors.Frame, rest []byte, err error) {
	if n := s.ReadLimit(); n > 0 {
		s.packages.SetLimit(max(n-pomelo.HeaderLen, 1))
	}
	packages, err = s.packages.Feed(b, dst)
	return packages, nil, err
}

// Pending implements stream.Cutter.
func (s *byteStream) Pending() bool { return s.packages.Pending() }

// Rest implements stream.Cutter.
func (s *byteStream) Rest() { s.packages.Rest() }

// Write sends packages one behind the other, in few writes.
func (s *byteStream) Write(packages net.Buffers) error { return s.WriteBatch(packages) }

// TryWrite is for one package, or few.
func (s *byteStream) TryWrite(packages net.Buffers) (taken, rest bool) {
	return s.TryWriteBatch(packages)
}

// Close ends the stream. The reason is not told: pomelo has a package for that.
func (s *byteStream) Close(connectors.Reason) { s.Wire.Close(nil) }

// Transport is the network's name: "tcp", "unix", ….
func (s *byteStream) Transport() string { return s.LocalAddr().Network() }
