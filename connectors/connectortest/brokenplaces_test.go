package connectortest

import (
	"errors"
	"net"
	"sync"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/memory"
)

var brokenPlaces = map[string]broken{
	"a place without an address": {
		promise: "a place is ready when Listen returns", says: "Addr is <nil>",
		make: listeners(func(l connectors.Listener) connectors.Listener { return &nowhere{l} }),
	},
	"Close of a Listener is forgotten": {
		promise: "Close ends Accept", says: "Listener.Close did not unblock Accept within",
		make: listeners(closingLate),
	},
	"Accept ends with another error": {
		promise: "Close ends Accept", says: "want net.ErrClosed (connectors.Listener)",
		make: listeners(func(l connectors.Listener) connectors.Listener { return &ending{Listener: l} }),
	},
	"Close takes clients along": {
		promise: "clients live on when the place closes", says: "though nobody has hung up on it",
		make: func(w *wrapped) {
			var all conveyed
			w.conn = all.add
			w.listener = func(l connectors.Listener) connectors.Listener {
				return &closingPlace{l, func() error { all.close(); return l.Close() }}
			}
		},
	},
	"a connector listens once": {
		promise: "a connector can listen again", says: "Listen failed: listen memory",
		make: listeners(closingLate),
	},
	"a place is kept": {
		promise: "a place is free after Close", says: "Listen failed: listen memory",
		make: listeners(closingLate),
	},
	"Listen fails too late": {
		promise: "a Listen that fails leaves nothing open", says: "Listen succeeded at memory, where another connector listens",
		make: func(w *wrapped) { w.eager = memory.Listen("memory") },
	},
	"nobody is ever gone": {
		promise: "Gone is told", says: "Gone was not closed within",
		make: listeners(func(l connectors.Listener) connectors.Listener { return &staying{l} }),
	},
}

// listeners breaks Listeners.
func listeners(f func(connectors.Listener) connectors.Listener) func(*wrapped) {
	return func(w *wrapped) { w.listener = f }
}

type nowhere struct{ connectors.Listener }

func (*nowhere) Addr() net.Addr { return nil }

type closingPlace struct {
	connectors.Listener
	close func() error
}

// closingLate is for what should have happened long ago.
func closingLate(l connectors.Listener) connectors.Listener {
	return &closingPlace{l, func() error {
		time.AfterFunc(time.Second, func() { _ = l.Close() })
		return nil
	}}
}

func (l *closingPlace) Close() error { return l.close() }

type ending struct{ connectors.Listener }

func (l *ending) Accept() (connectors.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, errors.New("over")
	}
	return c, nil
}

// staying is a Lingerer for ever.
type staying struct{ connectors.Listener }

func (*staying) Gone() <-chan struct{} { return nil }

// conveyed are Conns that are closed together.
type conveyed struct {
	mu     sync.Mutex
	all    []connectors.Conn
	writes int
}

func (k *conveyed) add(c connectors.Conn) connectors.Conn {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.all = append(k.all, c)
	return c
}

func (k *conveyed) close() {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, c := range k.all {
		c.Close(connectors.Reason{})
	}
}
