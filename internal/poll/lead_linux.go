package poll

import "time"

const (
	// lookEvery is how often it is looked at whether the leader still gets on.
	lookEvery = time.Millisecond
	// spares is how many hands are kept that do not lead: a fresh one pays for growing its stack.
	spares = 4
)

// leave has the leader do what a turn of h's has left. Others' is done by nobody else: who leads may be waiting.
func (l *loop) leave(h *Hand, due []func()) {
	l.mu.Lock()
	leads := l.leader == h && !l.closed
	if leads {
		l.due = append(l.due, due...)
	}
	l.mu.Unlock()
	for i := 0; i < len(due) && !leads; i++ {
		go due[i]()
	}
}

// step is called with mu held, when the leader begins something that may take long.
func (l *loop) step() {
	l.begun++
	l.busy = true
	if l.watching || l.closed {
		return
	}
	l.watching, l.before = true, l.begun
	if l.watch == nil {
		l.watch = time.AfterFunc(lookEvery, l.look)
	} else {
		l.watch.Reset(lookEvery)
	}
}

// look has another hand lead when the leader has been at the same since the last look.
func (l *loop) look() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.watching = false
	if !l.busy || l.closed {
		return
	}
	if l.begun == l.before {
		l.handOver()
		return
	}
	l.watching, l.before = true, l.begun
	l.watch.Reset(lookEvery)
}

// handOver is called with mu held. The new leader begins with the events that are left.
func (l *loop) handOver() {
	l.busy = false
	if last := len(l.spare) - 1; last >= 0 {
		l.leader = l.spare[last]
		l.spare = l.spare[:last]
		l.leader.wake <- struct{}{}
		return
	}
	l.leader = newHand(l)
	go l.leader.work()
}

// rest keeps h as a spare, until it is to lead, and tells whether it is.
func (l *loop) rest(h *Hand) bool {
	l.mu.Lock()
	kept := !l.closed && l.leader != h && len(l.spare) < spares
	if kept {
		l.spare = append(l.spare, h)
	}
	l.mu.Unlock()
	if !kept {
		return false
	}
	_, ok := <-h.wake
	return ok
}
