package main

import (
	"bytes"
	"fmt"
	"io"
	"sync"
)

// stage is where several processes write to, in turns.
type stage struct {
	mu sync.Mutex
	w  io.Writer
}

func (s *stage) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.w.Write(b)
}

// voice is what one process writes, line by line and after its name.
type voice struct {
	name string
	to   io.Writer
	rest []byte // of a line that has not ended
}

func (v *voice) Write(b []byte) (int, error) {
	v.rest = append(v.rest, b...)
	end := bytes.LastIndexByte(v.rest, '\n') + 1
	var lines bytes.Buffer
	for line := range bytes.Lines(v.rest[:end]) {
		fmt.Fprintf(&lines, "%-9s | %s", v.name, line)
	}
	v.rest = append(v.rest[:0], v.rest[end:]...)
	if lines.Len() > 0 {
		_, _ = v.to.Write(lines.Bytes()) // the process must not die of our own stderr
	}
	return len(b), nil
}

// cue is a writer for what may only come after another one has written, or when nothing will come any more.
type cue struct {
	to     io.Writer
	first  bool
	given  chan struct{}
	giving *sync.Once
	over   <-chan struct{}
}

// newCue is a pair: what is written to the second one waits for the first one. After over, nothing is written.
func newCue(to io.Writer, over <-chan struct{}) (first, second *cue) {
	given, once := make(chan struct{}), new(sync.Once)
	return &cue{to, true, given, once, over}, &cue{to, false, given, once, over}
}

func (c *cue) Write(b []byte) (int, error) {
	if !c.first {
		select {
		case <-c.given:
		case <-c.over:
		}
	}
	select {
	case <-c.over:
		return len(b), nil
	default:
	}
	_, _ = c.to.Write(b)
	if c.first {
		c.giving.Do(func() { close(c.given) })
	}
	return len(b), nil
}
