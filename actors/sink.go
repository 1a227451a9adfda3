package actors

import "github.com/fairlead-go/fairlead/connectors"

var _ connectors.Borrower = sink{}

// sink is a link as a Deliverer sees it. Each Take stands in for the reader while it lasts, on a
// goroutine of the Conn's: the link's mutex, which counts it in and out, hands over from one to the next
// what is the reader's alone.
type sink struct{ link *link }

// deliver begins the conversation with a client whose Conn brings what it sends.
func (l *link) deliver() {
	defer l.leave()
	l.open()
	if !l.ended() {
		l.guarded(func() { l.conn.(connectors.Deliverer).Deliver(sink{l}) })
	}
}

// Take handles frames as the reader does. A panic is the socket's failure, and costs what is left of
// them; the next Take goes on. The end alone is told at any time: it lets go who waits for room.
func (s sink) Take(frames []connectors.Frame, err error) (more bool) {
	return s.TakeOn(nil, frames, err)
}

// TakeOn is Take, and leaves to turn the mailboxes that it would have a worker woken for.
func (s sink) TakeOn(turn *connectors.Turn, frames []connectors.Frame, err error) (more bool) {
	l := s.link
	if len(frames) == 0 && err != nil {
		l.end(readReason(err))
		return false
	}
	if !l.enter() {
		return false
	}
	defer l.exited()
	defer func() {
		if p := recover(); p != nil {
			l.fail(p)
			more = l.bring(nil, nil, err) && !l.ended() // err does not come again
		}
	}()
	return l.bring(turn, frames, err)
}

// Moved has the session say by which transport its client is there now.
func (s sink) Moved() {
	l := s.link
	l.guarded(func() { l.moved(l.conn.Transport()) })
}

// moved changes the session's transport, unless its last word has been spoken.
func (l *link) moved(transport string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if s := l.session.Load(); !l.closed && s.Transport != transport {
		l.session.Store(s.WithTransport(transport))
	}
}

// enter counts a Take in, unless the link ends. One that comes while another is under way would
// upset the order: its Conn is as broken as one that panics.
func (l *link) enter() bool {
	if !l.taking.CompareAndSwap(false, true) {
		l.broken("connectors: Take while another one is under way")
		return false
	}
	if l.over.Load() || !l.join() {
		l.taking.Store(false)
		return false
	}
	return true
}

// exited counts a Take out.
func (l *link) exited() {
	l.taking.Store(false)
	l.leave()
}
