package main

import (
	"context"
	"errors"
	"math"
	"sync"
	"time"

	"github.com/fairlead-go/fairlead/cmd/robot/line"
)

// maxOpen is how many requests of one client may be under way.
const maxOpen = 1 << 16

var errBehind = errors.New("65,536 requests wait for an answer")

// answered gets an answer: the request's id, and when it was to be sent. The body is valid until it returns.
type answered func(id uint64, at time.Duration, body []byte)

// seat is one client: its line, and its requests under way. It is the line's Ear.
type seat struct {
	line.Line
	n     int               // which client it is, from 0
	push  func(body []byte) // called with what is pushed; nil: nobody wants it
	extra bool              // it may end when it likes, and is owed nothing

	mu    sync.Mutex // sender and reader are two
	last  uint64
	calls []call // by id, modulo how many they are: a power of two
	open  int
}

// call is a request under way; its id is 0 where there is none.
type call struct {
	id   uint64
	at   time.Duration
	then answered
}

// sit connects client n as cfg says.
func (s *seat) sit(ctx context.Context, cfg line.Config) error {
	l, err := line.Dial(ctx, cfg, s)
	if err != nil {
		return err
	}
	s.Line = l
	return nil
}

// ask sends a request that was to be sent at that time.
func (s *seat) ask(at time.Duration, route string, body []byte, then answered) error {
	id, err := s.begin(at, then)
	if err != nil {
		return err
	}
	return s.send(id, route, body)
}

// send sends the request that has begun with this id.
func (s *seat) send(id uint64, route string, body []byte) error {
	err := s.Request(id, route, body)
	if err != nil {
		s.take(id)
	}
	return err
}

// begin makes an id for a request.
func (s *seat) begin(at time.Duration, then answered) (id uint64, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open >= maxOpen {
		return 0, errBehind
	}
	if 2*s.open >= len(s.calls) {
		s.grow()
	}
	for id == 0 || s.place(id).id != 0 {
		s.last = s.last%math.MaxInt32 + 1
		id = s.last
	}
	*s.place(id) = call{id, at, then}
	s.open++
	return id, nil
}

// place is where a request with this id is, if it is.
func (s *seat) place(id uint64) *call { return &s.calls[id&uint64(len(s.calls)-1)] }

func (s *seat) grow() {
	old := s.calls
	s.calls = make([]call, max(2*len(old), 2))
	for _, c := range old {
		if c.id != 0 {
			*s.place(c.id) = c
		}
	}
}

// take is the request with this id, which ends with it.
func (s *seat) take(id uint64) (c call, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.calls) == 0 || id == 0 || s.place(id).id != id {
		return call{}, false
	}
	c = *s.place(id)
	*s.place(id) = call{}
	s.open--
	return c, true
}

// waiting is how many requests of a client that lives are under way.
func (s *seat) waiting() int {
	if s.Err() != nil {
		return 0
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.open
}

// Answer is for line.Ear.
func (s *seat) Answer(id uint64, body []byte) {
	if c, ok := s.take(id); ok {
		c.then(id, c.at, body)
	}
}

// Push is for line.Ear.
func (s *seat) Push(body []byte) {
	if s.push != nil {
		s.push(body)
	}
}

// request asks and waits for the answer.
func (s *seat) request(ctx context.Context, route string, body []byte) ([]byte, error) {
	came := make(chan []byte, 1)
	err := s.ask(0, route, body, func(_ uint64, _ time.Duration, answer []byte) {
		came <- append([]byte{}, answer...)
	})
	if err != nil {
		return nil, err
	}
	for look := time.NewTicker(lookTime); ; {
		select {
		case answer := <-came:
			look.Stop()
			return answer, nil
		case <-ctx.Done():
			look.Stop()
			return nil, ctx.Err()
		case <-look.C:
			if err := s.Err(); err != nil {
				look.Stop()
				return nil, err
			}
		}
	}
}
