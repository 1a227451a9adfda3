package hybrid

import (
	"net"
	"sync/atomic"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/wire/pomelo"
)

// batchSize is how many bytes of packages are gathered for one write. More would
// not leave faster: the kernel's send buffer is hardly larger.
const batchSize = 16 << 10

// stream is a client on a stream of bytes: TCP, TLS, a unix socket, or whatever a
// given net.Listener brings.
type stream struct {
	wire
	limit    atomic.Int64
	packages pomelo.Stream
}

var _ connectors.Conn = (*stream)(nil)

func (l *listener) newStream(c net.Conn) *stream {
	s := &stream{}
	s.init(c, l.slack)
	s.limit.Store(l.hello)
	return s
}

// ReadFrames returns the packages that one read brought, or waits for more.
func (s *stream) ReadFrames() ([]connectors.Frame, error) {
	if !s.in.TryLock() {
		return nil, net.ErrClosed // Close has taken over
	}
	defer s.in.Unlock()
	s.release()
	s.packages.Rest()
	if s.packages.Pending() { // is what has begun within a limit set since?
		if frames, err := s.feed(nil, nil); len(frames) > 0 || err != nil {
			return frames, err
		}
	}
	defer s.settle()
	for {
		s.begun = s.packages.Pending()
		if err := s.fill(); err != nil {
			return nil, err
		}
		frames, err := s.feed(s.rest, s.buf.frames[:0])
		s.buf.frames = frames
		if len(frames) > 0 {
			return frames, err
		}
		if err != nil {
			s.release()
			return nil, err
		}
	}
}

func (s *stream) feed(b []byte, dst []connectors.Frame) ([]connectors.Frame, error) {
	if n := s.limit.Load(); n > 0 {
		s.packages.SetLimit(max(int(n)-pomelo.HeaderLen, 1))
	}
	frames, err := s.packages.Feed(b, dst)
	if err != nil {
		s.err = err // final: the stream is lost
	}
	return frames, err
}

// SetReadLimit makes ReadFrames refuse packages over n bytes, header included. It
// takes hold with the bytes read next.
func (s *stream) SetReadLimit(n int) { s.limit.Store(int64(n)) }

// Write sends packages with one write for each batchSize of bytes, and one for
// a package that is longer.
func (s *stream) Write(packages net.Buffers) error {
	if len(packages) == 1 {
		return s.send(packages[0])
	}
	b := scraps.Get().(*[]byte)
	defer giveBack(b)
	for _, p := range packages {
		if len(*b)+len(p) > batchSize && len(*b) > 0 {
			if err := s.send(*b); err != nil {
				return err
			}
			*b = (*b)[:0]
		}
		if len(p) > batchSize {
			if err := s.send(p); err != nil {
				return err
			}
			continue
		}
		*b = append(*b, p...)
	}
	return s.send(*b)
}

func (s *stream) send(b []byte) error {
	_, err := s.wire.Write(b)
	return err
}

// TryWrite is for one package, or few.
func (s *stream) TryWrite(packages net.Buffers) (taken, rest bool) {
	if len(packages) == 1 {
		return s.prompt(packages[0])
	}
	b := scraps.Get().(*[]byte)
	defer giveBack(b)
	for _, p := range packages {
		*b = append(*b, p...)
	}
	return s.prompt(*b)
}

// Close ends the stream. The reason is not told: pomelo has a package for that.
func (s *stream) Close(connectors.Reason) { s.hangup(nil) }

// Transport is the network's name: "tcp", "unix", ….
func (s *stream) Transport() string { return s.LocalAddr().Network() }
