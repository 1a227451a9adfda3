package connectortest

import (
	"bytes"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/messages"
)

// near is the server's end of a client: what an application of the contract does, and no more. It reads a
// Conn, or takes what it brings, feeds the Protocol, and does what that wants.
type near struct {
	*rig
	conn     connectors.Conn
	scribble bool                                       // frames are overwritten when they have been fed
	inspect  func(frames []connectors.Frame, err error) // sees what comes before it is fed; may wait

	talk  sync.Mutex // as in the real thing, one call to the Protocol at a time
	proto connectors.Protocol
	out   sync.Mutex // one writes at a time

	mu       sync.Mutex
	codec    connectors.Codec
	closing  *connectors.Reason // by the Protocol's will
	replying bool               // what the Protocol says is being written
	taking   bool
	finished bool // Take has returned false, or its error has come

	ready    chan struct{} // closed when the handshake is done
	requests chan connectors.Inbound
	ended    chan error    // each end that is told
	done     chan struct{} // closed when nobody reads any more
	stop     chan struct{} // closed with the test
	once     sync.Once
}

// start begins the conversation.
func (n *near) start() *near {
	n.converse(connectors.Protocol.Open)
	if d, ok := n.conn.(connectors.Deliverer); ok {
		n.within("Conn.Deliver did not return", "Deliverer", func() { d.Deliver(n) })
	} else {
		go n.read()
	}
	return n
}

// read reads to the end.
func (n *near) read() {
	defer close(n.done)
	defer func() {
		if p := recover(); p != nil {
			n.broken("Conn", "Conn.ReadFrames panicked: %v", p)
			n.tell(fmt.Errorf("panic: %v", p))
		}
	}()
	for {
		frames, err := n.conn.ReadFrames()
		if len(frames) == 0 && err == nil {
			n.broken("Conn", "Conn.ReadFrames returned neither frames nor an error")
			return
		}
		if n.bring(frames, err); err != nil {
			return
		}
	}
}

// Take implements connectors.Sink.
func (n *near) Take(frames []connectors.Frame, err error) (more bool) {
	if len(frames) == 0 && err == nil {
		n.broken("Deliverer", "Sink.Take was called with neither frames nor an error")
		return true
	}
	n.mu.Lock()
	late := n.finished
	twice := len(frames) > 0 && n.taking
	if len(frames) > 0 {
		n.taking = true
	}
	n.finished = n.finished || err != nil
	n.mu.Unlock()
	switch {
	case late && len(frames) > 0:
		n.broken("Sink", "Take was called with frames after the end, or after it had returned false")
		return false
	case twice:
		n.broken("Sink", "Take was called while another Take was under way")
		return false
	}
	more = n.bring(frames, err) && err == nil
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(frames) > 0 {
		n.taking = false
	}
	n.finished = n.finished || !more
	return more
}

// Moved implements connectors.Sink.
func (n *near) Moved() {}

// bring sees to frames, and to the end, and tells whether more is wanted.
func (n *near) bring(frames []connectors.Frame, err error) (more bool) {
	if n.inspect != nil {
		n.inspect(frames, err)
	}
	for _, f := range frames {
		n.feed(f)
	}
	if err != nil {
		n.tell(err)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.closing == nil
}

// feed feeds a copy, so that what is kept of it shows.
func (n *near) feed(f connectors.Frame) {
	if n.scribble {
		f.Data = bytes.Clone(f.Data)
	}
	var step connectors.Step
	n.speak(func() { n.proto.Feed(&step, f, time.Now()) })
	if n.scribble {
		for i := range f.Data {
			f.Data[i] = 0xdb
		}
	}
	n.act(&step)
}

func (n *near) converse(call func(connectors.Protocol, *connectors.Step, time.Time)) {
	var step connectors.Step
	n.speak(func() { call(n.proto, &step, time.Now()) })
	n.act(&step)
}

// speak calls the Protocol. One that panics has done nothing.
func (n *near) speak(f func()) {
	n.talk.Lock()
	defer n.talk.Unlock()
	defer func() {
		if p := recover(); p != nil {
			n.broken("Protocol", "a Protocol panicked: %v", p)
		}
	}()
	f()
}

// act does what a step says.
func (n *near) act(step *connectors.Step) {
	if step.ReadLimit > 0 {
		n.conn.SetReadLimit(step.ReadLimit)
	}
	n.admit(step.Codec) // ahead of what tells the client
	if len(step.Send) > 0 {
		n.reply(step.Send)
	}
	for _, q := range step.Requests {
		select {
		case n.requests <- q:
		case <-n.stop:
			return
		}
	}
	if len(step.After) > 0 {
		n.reply(step.After)
	}
	if step.Hello != nil {
		n.converse(func(p connectors.Protocol, s *connectors.Step, now time.Time) { p.Welcome(s, nil, nil, now) })
	}
	if step.Close != nil {
		n.mu.Lock()
		n.closing = step.Close
		n.mu.Unlock()
		n.conn.Close(*step.Close)
	}
}

// reply writes what the Protocol says, which for a Deliverer is while a Take runs. Who reads learns of an error.
func (n *near) reply(packages []byte) {
	if _, ok := n.conn.(connectors.Deliverer); ok {
		n.within("Write waited for a Take", "Sink", func() { _ = n.write(packages) })
		return
	}
	n.setReplying(true)
	_ = n.write(packages)
	n.setReplying(false)
}

func (n *near) setReplying(yes bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.replying = yes
}

// admit notes that the handshake is done.
func (n *near) admit(c connectors.Codec) {
	if c == nil {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	first := n.codec == nil
	if n.codec = c; first {
		close(n.ready)
	}
}

// words is how messages are written to the client.
func (n *near) words() connectors.Codec {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.codec
}

func (n *near) tell(err error) {
	select {
	case n.ended <- err:
	default:
	}
}

// write sends packages.
func (n *near) write(packages ...[]byte) error {
	n.out.Lock()
	defer n.out.Unlock()
	return n.conn.Write(net.Buffers(packages))
}

// put is write for who does not expect to wait.
func (n *near) put(packages ...[]byte) (err error) {
	n.Helper()
	n.must("Write did not return", "Conn", func() { err = n.write(packages...) })
	return err
}

// push is the package of a push.
func (n *near) push(number, pad int) []byte {
	n.Helper()
	b, err := n.words().AppendPush(nil, &messages.Push{Route: pushRoute, Body: body(number, pad)})
	if err != nil {
		n.fatal("Codec", "AppendPush: %v", err)
	}
	return b
}

// hangUp closes the Conn.
func (n *near) hangUp() {
	n.once.Do(func() { close(n.stop) })
	n.conn.Close(connectors.Reason{Cause: messages.CauseClosed, Text: "the check is over"})
}

// over waits for the reader.
func (n *near) over() {
	if _, delivered := n.conn.(connectors.Deliverer); delivered {
		return
	}
	if _, ok := next(n.Patience, n.done); !ok {
		n.broken("Conn", "Conn.Close did not unblock ReadFrames within %v", n.Patience)
	}
}
