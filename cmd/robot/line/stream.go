package line

import (
	"context"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

const (
	readSize = 4 << 10
	// mostWaiting is how many bytes may wait for the server to read, one message of any size always.
	mostWaiting = 4 << 20
)

// stream is a Line over bytes in order. One goroutine reads it. Whoever sends writes; what the wire does not
// take at once is written by a goroutine that lives while bytes wait, so that nobody waits who sends.
type stream struct {
	conn   net.Conn
	framed bool     // WebSocket's frames are between the conn and the talk
	frames deframer // the reader's, if framed
	early  []byte   // what came with the upgrade's answer
	talk   talk
	ear    Ear
	in     bool // the server has let us in; the reader's

	heard atomic.Bool // something has come since the last sign of life

	mu      sync.Mutex // what senders share, and the end
	prompt  prompt
	out     []byte // what waits to be written
	writing bool   // a goroutine writes
	err     error
	every   time.Duration // between signs of life; 0: none
	missed  int           // signs that nothing followed
	pulse   *time.Timer

	done chan struct{} // closed by the reader
}

func newStream(conn net.Conn) *stream {
	s := &stream{conn: conn, done: make(chan struct{})}
	s.prompt.init(conn)
	return s
}

// enter says hello and reads until the server has let us in.
func (s *stream) enter(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() { s.conn.Close() })
	err := s.send(s.talk.hello)
	buf := make([]byte, readSize)
	if err == nil && len(s.early) > 0 {
		err = s.take(s.early)
	}
	for err == nil && !s.in {
		err = s.readOnce(buf)
	}
	if !stop() {
		err = ctx.Err()
	}
	if err != nil {
		s.end(err)
		return err
	}
	s.early = nil
	go s.read(buf)
	s.live()
	return nil
}

// read runs in the reader's goroutine.
func (s *stream) read(buf []byte) {
	defer close(s.done)
	for {
		if err := s.readOnce(buf); err != nil {
			s.end(err)
			return
		}
	}
}

func (s *stream) readOnce(buf []byte) error {
	n, err := s.conn.Read(buf)
	if n > 0 {
		if !s.heard.Load() {
			s.heard.Store(true)
		}
		if bad := s.take(buf[:n]); bad != nil {
			return bad
		}
	}
	if err == io.EOF {
		return fmt.Errorf("line: the server hung up: %w", err)
	}
	return err
}

// take sees to what was read.
func (s *stream) take(b []byte) error {
	if !s.framed {
		return s.talk.hear(s, b)
	}
	for len(b) > 0 {
		var f piece
		if f, b = s.frames.next(b); !f.ok {
			return nil
		}
		if err := s.takeFrame(f); err != nil {
			return err
		}
	}
	return nil
}

func (s *stream) takeFrame(f piece) error {
	switch {
	case f.opcode == opClose:
		return fmt.Errorf("line: the server hung up: %w", io.EOF)
	case f.opcode == opPing:
		return s.put(opPong, func(dst []byte) ([]byte, error) { return append(dst, f.data...), nil })
	case f.opcode == opPong:
		return nil
	}
	return s.talk.hear(s, f.data)
}

// Request is for Line.
func (s *stream) Request(id uint64, route string, body []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	start, err := s.room()
	if err != nil {
		return err
	}
	if s.out, err = s.talk.request(s.out, id, route, body); err != nil {
		s.out = s.out[:start]
		return err
	}
	return s.leave(start, opBinary)
}

// Notify is for Line.
func (s *stream) Notify(route string, body []byte) error {
	return s.send(func(dst []byte) ([]byte, error) { return s.talk.notify(dst, route, body) })
}

// send sends what add appends.
func (s *stream) send(add func(dst []byte) ([]byte, error)) error { return s.put(opBinary, add) }

func (s *stream) put(opcode byte, add func(dst []byte) ([]byte, error)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	start, err := s.room()
	if err != nil {
		return err
	}
	if s.out, err = add(s.out); err != nil {
		s.out = s.out[:start]
		return err
	}
	return s.leave(start, opcode)
}

// room is where the next message begins, for who holds mu.
func (s *stream) room() (start int, err error) {
	start = len(s.out)
	switch {
	case s.err != nil:
		return start, s.err
	case start > mostWaiting:
		return start, ErrStuck
	case s.framed:
		s.out = append(s.out, noHead[:]...)
	}
	return start, nil
}

// leave sends the message that begins at start, for who holds mu.
func (s *stream) leave(start int, opcode byte) error {
	if s.framed {
		s.out = frame(s.out, start, opcode)
	}
	if s.writing {
		return nil
	}
	n := s.prompt.try(s.out)
	if n == len(s.out) {
		s.out = s.out[:0]
		return nil
	}
	s.writing = true
	go s.write(n)
	return nil
}

// write writes all that waits, from n on, and ends.
func (s *stream) write(n int) {
	b := s.next(nil)
	b = b[min(n, len(b)):]
	for len(b) > 0 {
		if _, err := s.conn.Write(b); err != nil {
			s.end(err)
		}
		b = s.next(b)
	}
}

// next is what waits, nil when the writer must end. What was written gives its memory to what comes.
func (s *stream) next(written []byte) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.out
	if s.writing = len(b) > 0 && s.err == nil; !s.writing {
		s.out = nil
		return nil
	}
	s.out = written[:0]
	return b
}

// Err is for Line.
func (s *stream) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// Close is for Line.
func (s *stream) Close() {
	if s.Err() == nil {
		if bye := s.talk.bye(nil); len(bye) > 0 {
			_ = s.send(func(dst []byte) ([]byte, error) { return append(dst, bye...), nil })
		}
		if s.framed {
			_ = s.put(opClose, func(dst []byte) ([]byte, error) { return append(dst, 0x03, 0xe8), nil })
		}
	}
	s.end(ErrClosed)
	<-s.done
}

// end ends the line, for the first reason given.
func (s *stream) end(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return
	}
	s.err = err
	if s.pulse != nil {
		s.pulse.Stop()
	}
	s.conn.Close()
}
