package actors

import "time"

// Faults says what failures do. The zero Faults is the table of docs/reliability.md.
type Faults struct {
	// Panics of handlers that one client's requests may cause before it is
	// closed, cause 15. Zero means the fifth in 10 s closes it.
	Panics Intensity
	// Socket is how often a socket's actor may fail, or its protocol, before the
	// client is closed; until then a fresh actor takes over the living wire. Zero
	// means the third failure in 10 s closes it.
	Socket Intensity
	// Listener is how a listener that cannot accept is tried again. Zero means
	// after 50 ms, doubled up to 5 s, a quarter more or less, for ever.
	Listener Backoff
	// Tree is how often actors that supervise others may fail before the whole is
	// drained and stopped. Zero means the third failure in a minute does it.
	Tree Intensity
}

// Intensity is how many failures, within what time, are too many.
type Intensity struct {
	// Most is the failure that is one too many. Zero means the default, one that
	// none is allowed, negative that any number is.
	Most int
	// Within is the time they are counted in. Zero means the default.
	Within time.Duration
}

// Backoff is how long to wait between tries.
type Backoff struct {
	// First is before the second try; it doubles up to Most, and starts anew after
	// Calm without a failure. Zero means the default.
	First, Most, Calm time.Duration
}

// WithDefaults fills in what is zero.
func (f Faults) WithDefaults() Faults {
	f.Panics = f.Panics.or(5, 10*time.Second)
	f.Socket = f.Socket.or(3, 10*time.Second)
	f.Tree = f.Tree.or(3, time.Minute)
	or(&f.Listener.First, 50*time.Millisecond)
	or(&f.Listener.Most, 5*time.Second)
	or(&f.Listener.Calm, 10*time.Second)
	return f
}

func (i Intensity) or(most int, within time.Duration) Intensity {
	or(&i.Most, most)
	or(&i.Within, within)
	return i
}
