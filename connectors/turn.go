package connectors

// Borrower is a Sink that can do more than a Take on the goroutine that brings frames: it answers the requests in
// them there, if their actors rest, which saves waking others for it. A Deliverer uses it only if one of its
// goroutines that takes long holds up nobody.
type Borrower interface {
	Sink
	// TakeOn is Take, and leaves in turn what is to be done when it has returned and the client's next frames
	// may be brought. The caller must call turn.Do soon, not on behalf of the client: what is done there is other
	// clients' as well.
	TakeOn(turn *Turn, frames []Frame, err error) (more bool)
}

// Turn is work for a goroutine that brings what clients send, and is its own. The zero Turn is ready.
type Turn struct {
	// Yield, unless nil, is called within a TakeOn that is about to wait, for the client to have less in
	// flight: whoever relies on the goroutine may go on with another one at once.
	Yield func()

	due []func()
}

// Take is to.TakeOn with this turn where to is a Borrower, else to.Take.
func (t *Turn) Take(to Sink, frames []Frame, err error) (more bool) {
	if b, ok := to.(Borrower); ok {
		return b.TakeOn(t, frames, err)
	}
	return to.Take(frames, err)
}

// Add is for a Borrower: f is to be called, once.
func (t *Turn) Add(f func()) { t.due = append(t.due, f) }

// Pass gives what was added to somebody else: a Borrower that is about to wait must not wait for it.
func (t *Turn) Pass(to func(func())) {
	for _, f := range t.due {
		to(f)
	}
	clear(t.due)
	t.due = t.due[:0]
}

// Do does all that was added. It may take as long as the handlers of requests take. Of several things only the first is done
// here: the others may be what it waits for, or other clients'.
func (t *Turn) Do() {
	if len(t.due) == 0 {
		return
	}
	first := t.due[0]
	for _, f := range t.due[1:] {
		go f()
	}
	clear(t.due)
	t.due = t.due[:0]
	first()
}
