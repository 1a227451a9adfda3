package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os/exec"
	"sync"
	"time"

	"github.com/fairlead-go/fairlead/cmd/robot/line"
)

// server is the process that is accounted: the one of -pid, or one that the robot
// started. It may be none.
type server struct {
	pid   int
	cmd   *exec.Cmd     // if started here
	ended chan struct{} // closed when it has ended
	said  *tail
}

// spent is what a process has used so far.
type spent struct {
	known  bool
	cpu    time.Duration
	memory int64 // resident, in bytes
}

const (
	startTime = 30 * time.Second // for a server to answer the first client
	stopTime  = 5 * time.Second  // for it to end when asked to
)

// startServer starts the command of -server, if any, and returns when it serves.
func startServer(ctx context.Context, o options, stderr io.Writer) (*server, error) {
	s := &server{pid: o.pid}
	if o.server != "" {
		if err := s.start(ctx, o, stderr); err != nil {
			return nil, err
		}
		return s, nil
	}
	if o.pid != 0 {
		if _, err := spentBy(o.pid); err != nil {
			return nil, fmt.Errorf("-pid %d: %w", o.pid, err)
		}
	}
	return s, nil
}

func (s *server) start(ctx context.Context, o options, stderr io.Writer) error {
	s.said = &tail{}
	if o.verbose {
		s.said.also = stderr
	}
	if knock(ctx, o) == nil { // it would be measured instead of ours
		return fmt.Errorf("-server: somebody else serves at %s", o.addrs[0])
	}
	s.cmd = shell(o.withPort(o.server))
	s.cmd.Stdout, s.cmd.Stderr = s.said, s.said
	s.cmd.WaitDelay = time.Second // its children may hold its output open
	if err := s.cmd.Start(); err != nil {
		return fmt.Errorf("-server: %w", err)
	}
	s.pid, s.ended = s.cmd.Process.Pid, make(chan struct{})
	go func() {
		defer close(s.ended)
		_ = s.cmd.Wait() // how it ended is in ProcessState
	}()
	if err := s.serves(ctx, o); err != nil {
		s.stop()
		return fmt.Errorf("-server: %w%s", err, s.said)
	}
	return nil
}

// serves returns nil once a client has come in.
func (s *server) serves(ctx context.Context, o options) error {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	for {
		err := knock(ctx, o)
		if err == nil {
			return nil
		}
		wait(50*time.Millisecond, s.ended, ctx.Done())
		select {
		case <-s.ended:
			return fmt.Errorf("it ended before it served: %v", s.cmd.ProcessState)
		case <-ctx.Done():
			return fmt.Errorf("no client came in: %w", err)
		default:
		}
	}
}

func knock(ctx context.Context, o options) error {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	c, err := line.Dial(ctx, o.config(0), &seat{})
	if err != nil {
		return err
	}
	c.Close()
	return nil
}

// stop ends the server that start has started: it is asked to, then made to.
func (s *server) stop() {
	if s.cmd == nil || s.ended == nil {
		return
	}
	terminate(s.cmd.Process, false)
	select {
	case <-s.ended:
	case <-time.After(stopTime):
		terminate(s.cmd.Process, true)
		<-s.ended
	}
}

// spent is what the server has used so far, not known when it cannot be told.
func (s *server) spent() spent {
	if s.pid == 0 {
		return spent{}
	}
	used, err := spentBy(s.pid)
	used.known = err == nil
	return used
}

// tail keeps the end of what is written to it. A lock: os/exec writes.
type tail struct {
	also io.Writer

	mu   sync.Mutex
	last []byte
}

const tailSize = 1 << 10

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last = append(t.last, b...)
	t.last = t.last[max(len(t.last)-tailSize, 0):]
	if t.also != nil {
		return t.also.Write(b)
	}
	return len(b), nil
}

// String is the last line that was written, after a colon.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	last := bytes.TrimSpace(t.last)
	if last = last[bytes.LastIndexByte(last, '\n')+1:]; len(last) == 0 {
		return ""
	}
	return ": " + string(last)
}
