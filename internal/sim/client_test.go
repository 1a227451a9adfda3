package sim_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/connectors/wire/pomelo"
)

// client is the far end: it speaks raw packages and writes down all it sees. It has a goroutine
// that writes and one that reads.
type client struct {
	*history
	no   int
	plan plan
	conn net.Conn
	arms arms // panics that wait for it, on the server's side

	do      chan func() (on bool) // for the writer
	in      chan struct{}         // closed when the handshake is answered well
	done    chan struct{}         // closed when the run is over
	mute    atomic.Bool           // it writes nothing any more
	stalled atomic.Int64          // reads nothing until then; for ever when it is negative
	slow    atomic.Bool           // reads a few bytes at a time
	gone    atomic.Bool           // the server has closed it: an event said so
	pid     atomic.Pointer[actor.PID]
	welcome bool // the reader's: in is closed
	acked   bool // the writer's: messages may be sent
	failed  int  // times the maker of its session's actor has panicked; the route's
}

func newClient(h *history, no int) *client {
	return &client{
		history: h, no: no, plan: h.sch.Clients[no],
		do: make(chan func() bool, 4096), in: make(chan struct{}), done: make(chan struct{}),
	}
}

func (c *client) note(what word, text string) { c.write(event{what: what, client: c.no, text: text}) }

// start is called when the wire is there.
func (c *client) start(conn net.Conn) {
	c.conn = conn
	go c.writer()
	go c.reader()
}

// hello is the package a client begins with; nil if it does not.
func (c *client) hello() []byte {
	if c.plan.Hello == "silent" {
		return nil
	}
	typ := "sim"
	if c.plan.Hello == "oldClient" || c.plan.Hello == "panicCheck" {
		typ = c.plan.Hello
	}
	body := fmt.Sprintf(`{"sys":{"type":%q,"version":"1"},"user":{"do":%q}}`, typ, c.plan.Hello)
	if c.plan.Hello == "badHello" {
		body = "{"
	}
	return pack(pomelo.TypeHandshake, []byte(body))
}

// writer shakes hands, and then does what it is told. It shows life in between.
func (c *client) writer() {
	if b := c.hello(); b != nil {
		c.put(b)
	}
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	in := c.in
	for on := true; on; {
		select {
		case <-in:
			if in = nil; c.plan.Hello != "noAck" {
				c.put(pack(pomelo.TypeAck, nil))
				c.acked = true
			}
		case f := <-c.do:
			on = f()
		case <-beat.C:
			if c.acked {
				c.put(pack(pomelo.TypeHeartbeat, nil))
			}
		case <-c.done:
			return
		}
	}
	<-c.done
}

// put writes, unless the client is mute. A wire that is closed tells its reader as well.
func (c *client) put(b []byte) {
	if !c.mute.Load() {
		_, _ = c.conn.Write(b)
	}
}

// ask sends requests in one write, once the client is in.
func (c *client) ask(asks []*ask) {
	c.do <- func() bool {
		if !c.acked || c.mute.Load() {
			return true
		}
		var b []byte
		for _, a := range asks {
			c.write(event{what: sent, client: c.no, tag: a.Tag, text: a.Route})
			b = append(b, a.pack()...)
		}
		c.put(b)
		return true
	}
}

// pack is the package of a request. A body that makes a handler panic says so itself.
func (a *ask) pack() []byte {
	m := pomelo.Message{Kind: pomelo.KindRequest, ID: uint64(a.Tag), Route: []byte(a.Route)}
	if a.Notify {
		m.Kind, m.ID = pomelo.KindNotify, 0
	}
	switch a.End {
	case "badBody":
		m.Body = fmt.Appendf(nil, `{"tag":%d,`, a.Tag)
	default:
		m.Body = fmt.Appendf(nil, `{"tag":%d,"end":%q}`, a.Tag, a.End)
	}
	b, _ := m.Append(nil)
	return pack(pomelo.TypeData, b)
}

func pack(typ byte, body []byte) []byte {
	b, _ := pomelo.Package{Type: typ, Body: body}.Append(nil)
	return b
}

// last writes b, and then the client is mute.
func (c *client) last(b []byte) {
	c.do <- func() bool {
		c.put(b)
		c.mute.Store(true)
		return true
	}
}

// harm does to the wire what the kind of fault says.
func (c *client) harm(kind string, d time.Duration) {
	rest := make([]byte, 1+int(d)%40)
	r := rand.New(rand.NewPCG(uint64(d), uint64(c.no)))
	for i := range rest {
		rest[i] = byte(r.Uint32())
	}
	half := pack(pomelo.TypeData, make([]byte, 100))[:3+int(d)%60]
	switch kind {
	case "drop":
		c.conn.Close()
	case "reset":
		c.do <- func() bool { c.put(half); c.conn.Close(); return false }
	case "vanish":
		c.mute.Store(true)
		c.stalled.Store(-1)
	case "partial":
		c.last(half)
	case "garbage":
		c.last(append([]byte{0xff}, rest...))
	case "oversize":
		c.last(binary.BigEndian.AppendUint32(nil, uint32(pomelo.TypeData)<<24|200<<10))
	case "nonsense":
		c.last(pack(pomelo.TypeData, []byte{0x0e, 1, 2, 3}))
	case "stall":
		if c.reads() {
			c.stalled.Store(int64(c.now() + d))
		}
	case "deaf":
		c.stalled.Store(-1)
	case "slow":
		c.slow.Store(true)
	}
}

// reader runs in the bubble until the wire ends.
func (c *client) reader() {
	var have []byte
	buf := make([]byte, 4<<10)
	for {
		if !c.rested() {
			return
		}
		some := buf
		if c.slow.Load() {
			time.Sleep(3 * time.Millisecond)
			some = buf[:48]
		}
		n, err := c.conn.Read(some)
		have = c.take(append(have, some[:n]...))
		if err != nil {
			text := err.Error()
			if errors.Is(err, io.EOF) {
				text = "EOF"
			}
			c.note(readEnded, text)
			return
		}
	}
}

// rested waits for the end of a stall; false: the run is over.
func (c *client) rested() bool {
	for {
		until := c.stalled.Load()
		left := time.Duration(until) - c.now()
		var after <-chan time.Time
		switch {
		case until >= 0 && left <= 0:
			return true
		case until >= 0:
			t := time.NewTimer(left)
			defer t.Stop()
			after = t.C
		}
		select {
		case <-after:
		case <-c.done:
			return false
		}
	}
}

// reads tells whether the client still takes what it is sent.
func (c *client) reads() bool { return c.stalled.Load() >= 0 }
