package connectortest

import (
	"bytes"
	"errors"
	"io"
	"net"
	"sync"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/wire/pomelo"
	"github.com/fairlead-go/fairlead/messages"
)

var brokenServers = map[string]broken{
	"requests change places": {
		promise: "a server answers in order", says: "a client got response",
		make: conns(func(c connectors.Conn) connectors.Conn { return &swapping{Conn: c} }),
	},
	"requests change places, with pushes": {
		promise: "a server pushes in order", says: "a client got push",
		make: conns(func(c connectors.Conn) connectors.Conn { return &swapping{Conn: c} }),
	},
	"answers go to others": {
		promise: "clients do not mix", says: "clients are mixed up",
		make: func(w *wrapped) {
			var all conveyed
			w.conn = func(c connectors.Conn) connectors.Conn { return &mixing{all.add(c), &all} }
		},
	},
	"a client that has left stays": {
		promise: "a server is told of a client's end once", says: "the end of a client was not noticed within",
		make: conns(func(c connectors.Conn) connectors.Conn { return &holdingOn{Conn: c, closed: make(chan struct{})} }),
	},
	"the last words are lost": {
		promise: "what was sent before half a close is handled", says: "messages were handled that a client had sent before",
		make: conns(func(c connectors.Conn) connectors.Conn { return &hesitating{Conn: c} }),
	},
	"a kick does not reach who says nothing": {
		promise: "a kick before the handshake", says: "a kicked client did not see the end",
		make: conns(kickingLate),
	},
	"a kick does not reach who shakes hands": {
		promise: "a kick during the handshake", says: "did not see the end within",
		make: conns(kickingLate),
	},
	"a kick waits for who does not read": {
		promise: "a kick of a client that does not read", says: "the end of a client was not noticed within",
		make: conns(func(c connectors.Conn) connectors.Conn { return &locked{Conn: c} }),
	},
	"clients come in for ever": {
		promise: "a server stops while clients come in", says: "the server did not stop while clients came in",
		make: listeners(closingLate),
	},
	"clients come in while it closes": {
		promise: "clients may come in while the place closes", says: "Listener.Close did not unblock Accept",
		make: listeners(closingLate),
	},
	"a Write waits for who has left": {
		promise: "a Write ends when its client goes", says: "Write did not fail within",
		make: conns(func(c connectors.Conn) connectors.Conn { return &holdingOn{Conn: c, closed: make(chan struct{})} }),
	},
	"a slow handshake is not waited for": {
		promise: "a handshake may come in pieces", says: "a client did not come in within",
		make: func(w *wrapped) {
			w.conn = func(c connectors.Conn) connectors.Conn { return &hasty{Conn: c, since: time.Now()} }
		},
	},
	"a wire that holds nothing": {
		promise: "a place is ready when Listen returns", says: "one of net.Pipe holds none",
		make: func(w *wrapped) { w.Buffer = 1 },
	},
	"who asks is closed": {
		promise: "frames come in order", says: `the Protocol has closed it, cause CAUSE_MALFORMED, "no"`,
		make: feeds(func(step *connectors.Step, f connectors.Frame) {
			if isRequest(f) {
				*step = connectors.Step{Close: &connectors.Reason{Cause: messages.CauseMalformed, Text: "no"}}
			}
		}),
	},
	"one lock for everything": {
		promise: "Conns may be called from many goroutines", says: "what was under way did not end after Conn.Close",
		make: conns(func(c connectors.Conn) connectors.Conn { return &serial{locked: locked{Conn: c}} }),
	},
}

// isRequest tells whether a frame holds a message.
func isRequest(f connectors.Frame) bool { return f.Data[0] == pomelo.TypeData }

// swapping has every request wait for the next one, which goes first; but for the first.
type swapping struct {
	connectors.Conn
	seen int
	held []byte
}

func (c *swapping) ReadFrames() ([]connectors.Frame, error) {
	for {
		frames, err := c.Conn.ReadFrames()
		var out []connectors.Frame
		for _, f := range frames {
			if isRequest(f) {
				c.seen++
			}
			switch {
			case !isRequest(f) || c.seen < 2:
				out = append(out, f)
			case c.held == nil:
				c.held = bytes.Clone(f.Data)
			default:
				out = append(out, f, connectors.Frame{Data: c.held})
				c.held = nil
			}
		}
		if len(out) > 0 || err != nil {
			return out, err
		}
	}
}

// hesitating keeps a request until the next one comes; but for the first.
type hesitating struct {
	connectors.Conn
	seen int
	held []byte
}

func (c *hesitating) ReadFrames() ([]connectors.Frame, error) {
	for {
		frames, err := c.Conn.ReadFrames()
		var out []connectors.Frame
		for _, f := range frames {
			if isRequest(f) {
				c.seen++
			}
			if !isRequest(f) || c.seen < 2 {
				out = append(out, f)
				continue
			}
			if c.held != nil {
				out = append(out, connectors.Frame{Data: c.held})
			}
			c.held = bytes.Clone(f.Data)
		}
		if len(out) > 0 || err != nil {
			return out, err
		}
	}
}

// mixing writes to others when as much has been written as clients hear who come in, and more.
type mixing struct {
	connectors.Conn
	all *conveyed
}

func (c *mixing) Write(packages net.Buffers) error {
	c.all.mu.Lock()
	c.all.writes++
	to := c.Conn
	if c.all.writes > 40 {
		to = c.all.all[c.all.writes%len(c.all.all)]
	}
	c.all.mu.Unlock()
	return to.Write(packages)
}

// holdingOn does not notice that its client has left.
type holdingOn struct {
	connectors.Conn
	closed chan struct{}
	once   sync.Once
}

func (c *holdingOn) ReadFrames() ([]connectors.Frame, error) {
	frames, err := c.Conn.ReadFrames()
	if errors.Is(err, io.EOF) {
		<-c.closed
	}
	return frames, err
}

func (c *holdingOn) Write(packages net.Buffers) error {
	err := c.Conn.Write(packages)
	if err != nil {
		<-c.closed
	}
	return err
}

func (c *holdingOn) Close(r connectors.Reason) {
	c.once.Do(func() { close(c.closed) })
	c.Conn.Close(r)
}

// kickingLate is for kicks that should have come long ago.
func kickingLate(c connectors.Conn) connectors.Conn {
	return &closing{c, func(c connectors.Conn, r connectors.Reason) {
		if r.Cause == messages.CauseKicked {
			time.AfterFunc(time.Second, func() { c.Close(r) })
			return
		}
		c.Close(r)
	}}
}

// hasty wants a handshake at once.
type hasty struct {
	connectors.Conn
	since time.Time
	first sync.Once
}

func (c *hasty) ReadFrames() ([]connectors.Frame, error) {
	frames, err := c.Conn.ReadFrames()
	c.first.Do(func() {
		if time.Since(c.since) > 5*time.Millisecond {
			c.Conn.Close(connectors.Reason{})
		}
	})
	return frames, err
}

// serial holds its lock while it reads.
type serial struct{ locked }

func (c *serial) ReadFrames() ([]connectors.Frame, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.Conn.ReadFrames()
}

func (c *serial) Write(packages net.Buffers) error { return c.Conn.Write(packages) }
