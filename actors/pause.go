package actors

import "time"

// waitForRoom is called with mu held, and holds it again when it returns: the reader pauses.
func (l *link) waitForRoom() {
	s := l.rarely()
	if s.room == nil {
		s.room = make(chan struct{}, 1)
	}
	l.paused = true
	s.pausedAt = l.age(time.Now())
	if l.Pause > 0 {
		l.ringBy(s.pausedAt + l.Pause)
	}
	l.mu.Unlock()
	l.yield()
	<-s.room
	l.mu.Lock()
}

// yield is called by a reader about to wait. Who lent it a goroutine will not have it back soon, and what
// that was to do may be what the reader waits for.
func (l *link) yield() {
	if l.lent == nil {
		return
	}
	l.lent.Pass(l.queue.Schedule)
	if l.lent.Yield != nil {
		l.lent.Yield()
	}
}

// wakeReader is called with mu held, when a slot is free, or time is up, or the link ends.
func (l *link) wakeReader() {
	if l.paused {
		l.paused = false
		l.seldom.room <- struct{}{}
	}
}

// paced waits until the client's Limits.Rate lets a request through, and returns how many of n
// may follow now: none when the link has ended. When it has waited, now is another one. Only the reader calls it.
func (l *link) paced(n int, now *time.Time) int {
	if l.interval == 0 {
		return n
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	age := l.age(*now)
	for l.paid-l.slack > age && l.reason == nil && !l.late {
		l.rarely().pace = l.paid - l.slack
		l.ringBy(l.seldom.pace)
		l.waitForRoom()
		l.seldom.pace = 0
		*now = time.Now()
		age = l.age(*now)
	}
	if l.reason != nil {
		return 0
	}
	if l.late {
		return n
	}
	l.paid = max(l.paid, age)
	free := int((age + l.slack - l.paid) / l.interval)
	n = min(n, 1+free)
	l.paid += time.Duration(n) * l.interval
	return n
}

// pace is Rate as a token bucket: the time a request takes, and how far a client may be ahead.
func (r Rate) pace() (interval, slack time.Duration) {
	if r.PerSecond <= 0 {
		return 0, 0
	}
	interval = max(time.Duration(float64(time.Second)/r.PerSecond), 1)
	burst := r.Burst
	if burst == 0 {
		burst = max(int(r.PerSecond), 1)
	}
	return interval, time.Duration(burst-1) * interval
}
