package calm

import (
	"sync"
	"time"
)

const (
	burst       = 10          // lines of one message that may come within every
	every       = time.Second // stretch of time this long
	maxMessages = 256         // that have counters of their own
)

// storm counts the lines of each message. A lock and no actor: loggers call from everywhere,
// and do not wait for anybody.
type storm struct {
	mu       sync.Mutex
	messages map[string]*counter
	rest     counter // of the messages beyond maxMessages
	swept    time.Time
}

// counter is when the last lines of a message were let through, and how many were not since.
type counter struct {
	times      [burst]time.Time // a ring
	next       int              // in times: the oldest
	suppressed int
}

// admit tells whether a line may come, and how many of its message did not before it.
func (s *storm) admit(message string, now time.Time) (suppressed int, ok bool) {
	if now.IsZero() {
		now = time.Now()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.of(message, now).admit(now)
}

// of is the counter of a message.
func (s *storm) of(message string, now time.Time) *counter {
	if c := s.messages[message]; c != nil {
		return c
	}
	if len(s.messages) == maxMessages && !near(s.swept, now) {
		s.sweep(now)
	}
	if len(s.messages) == maxMessages {
		return &s.rest
	}
	if s.messages == nil {
		s.messages = map[string]*counter{}
	}
	c := new(counter)
	s.messages[message] = c
	return c
}

// sweep forgets the messages that were not heard of lately: of those with words in them that
// change there is no end.
func (s *storm) sweep(now time.Time) {
	s.swept = now
	for message, c := range s.messages {
		if !near(c.times[(c.next+burst-1)%burst], now) {
			s.rest.suppressed += c.suppressed
			delete(s.messages, message)
		}
	}
}

func (c *counter) admit(now time.Time) (suppressed int, ok bool) {
	if near(c.times[c.next], now) {
		c.suppressed++
		return 0, false
	}
	c.times[c.next] = now
	c.next = (c.next + 1) % burst
	suppressed, c.suppressed = c.suppressed, 0
	return suppressed, true
}

// near tells whether two times are within one stretch. Lines of several goroutines may come
// out of order, and clocks without a monotonic reading go back.
func near(a, b time.Time) bool { return b.Sub(a).Abs() < every }
