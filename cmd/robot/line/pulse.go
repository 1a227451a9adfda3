package line

import "time"

// patience is how many signs of life in a row may remain without an answer.
const patience = 2

// live begins to show life, if the server wants that.
func (s *stream) live() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.every > 0 && s.err == nil {
		s.pulse = time.AfterFunc(s.every, s.beat)
	}
}

// beat shows life, and gives up a server that shows none.
func (s *stream) beat() {
	if s.silent() {
		s.end(ErrSilent)
		return
	}
	_ = s.send(func(dst []byte) ([]byte, error) { return s.talk.beat(dst), nil }) // ErrStuck: the server hears enough
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		s.pulse.Reset(s.every)
	}
}

func (s *stream) silent() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.heard.Swap(false) {
		s.missed = 0
		return false
	}
	s.missed++
	return s.missed > patience
}
