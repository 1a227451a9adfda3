package mqtt

import (
	"errors"
	"net"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/wire/mqtt"
	"github.com/fairlead-go/fairlead/internal/stream"
	"github.com/fairlead-go/fairlead/messages"
)

// client is a Conn as its Protocol knows it.
type client interface {
	connectors.Conn
	// way is what leads to the client.
	way() *outlet
	// Tell says to who takes what the client brings, if that is no reader, why the Conn was closed.
	Tell(err error)
}

// replace ends a client whose id has come in again.
func replace(c client) {
	o := c.way()
	o.mu.Lock()
	o.replaced = true
	o.mu.Unlock()
	c.Close(connectors.Reason{Cause: messages.CauseReplaced, Text: "the client came in again"})
	c.Tell(connectors.ErrReplaced)
}

func (o *outlet) way() *outlet { return o }

// present notes that the client is among others, by an id, and tells whether it still may be. It is called with
// their mutex held.
func (o *outlet) present(among *clients, id string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.gone {
		o.among, o.id = among, id
	}
	return !o.gone
}

// leave takes the client out of those who are there. The Conn does that, which closes once and for all, and not the
// protocol: the application may let a client in that has gone.
func (o *outlet) leave() {
	o.mu.Lock()
	o.gone = true
	among, id := o.among, o.id
	o.mu.Unlock()
	if among != nil {
		among.leave(id, o)
	}
}

// ended is err, or why we have closed.
func (o *outlet) ended(err error) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.replaced && errors.Is(err, net.ErrClosed) {
		return connectors.ErrReplaced
	}
	return err
}

// farewell is the DISCONNECT that tells an MQTT 5 client why, unless it has been told (P20.10).
func (o *outlet) farewell(r connectors.Reason) []byte {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.version != mqtt.V5 || o.said || r.Cause == messages.CauseClient {
		return nil
	}
	d := mqtt.Disconnect{Code: codeOf(r.Cause)}
	d.Properties.ReasonString = []byte(stream.CloseText(r))
	b, err := d.Append(nil, o.version)
	if err != nil || o.largest > 0 && len(b) > o.largest {
		b, _ = mqtt.Disconnect{Code: d.Code}.Append(nil, o.version)
	}
	return b
}

// speak tells whether the end of the connection has not been told yet. The caller tells it.
func (o *outlet) speak() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	first := !o.said
	o.said = true
	return first
}

var (
	_ connectors.Prompt = (*byteStream)(nil)
	_ connectors.Meter  = (*byteStream)(nil)
	_ connectors.Holder = (*byteStream)(nil)

	_ connectors.Deliverer = (*polledStream)(nil)
	_ connectors.Deliverer = (*polledSocket)(nil)
)

// byteStream is a client whose packets come one behind the other: over TCP, TLS, a unix socket, or whatever a
// given net.Listener brings.
type byteStream struct {
	stream.Wire
	outlet
	packets mqtt.Stream // the reader's
}

// newByteStream makes a client of a connection.
func newByteStream(c net.Conn, cfg *settings) client {
	s := &polledStream{byteStream{outlet: outlet{cfg: cfg}}}
	s.Init(c, cfg.packetTime)
	s.SetReadLimit(cfg.strangers())
	if !s.Polls() {
		return &s.byteStream
	}
	return s
}

// polledStream is one that no goroutine needs to wait for.
type polledStream struct{ byteStream }

// Deliver implements connectors.Deliverer.
func (s *polledStream) Deliver(to connectors.Sink) { s.Wire.Deliver(&s.byteStream, to) }

// ReadFrames returns the packets that one read brought, or waits for more.
func (s *byteStream) ReadFrames() ([]connectors.Frame, error) {
	frames, err := s.Wire.ReadFrames(s)
	return frames, s.ended(err)
}

// Cut implements stream.Cutter.
func (s *byteStream) Cut(b []byte, dst []connectors.Frame) (packets []connectors.Frame, rest []byte, err error) {
	s.packets.SetLimit(s.ReadLimit())
	packets, err = s.packets.Feed(b, dst)
	return packets, nil, err
}

// Pending implements stream.Cutter.
func (s *byteStream) Pending() bool { return s.packets.Pending() }

// Rest implements stream.Cutter.
func (s *byteStream) Rest() { s.packets.Rest() }

// Write sends packages with one write.
func (s *byteStream) Write(packages net.Buffers) error {
	if len(packages) == 1 && s.free(packages) {
		return s.ended(s.Wire.Write(packages[0]))
	}
	b := stream.Scrap()
	defer stream.GiveBack(b)
	var slow error
	*b, slow = s.pass(*b, packages)
	return s.ended(errors.Join(s.Wire.Write(*b), slow))
}

// TryWrite is Write without waiting, for what needs no packet id.
func (s *byteStream) TryWrite(packages net.Buffers) (taken, rest bool) {
	if !s.free(packages) {
		return false, false
	}
	if len(packages) == 1 {
		return s.Wire.TryWrite(packages[0])
	}
	b := stream.Scrap()
	defer stream.GiveBack(b)
	for _, p := range packages {
		*b = append(*b, p...)
	}
	return s.Wire.TryWrite(*b)
}

// Close ends the stream, and tells an MQTT 5 client why.
func (s *byteStream) Close(r connectors.Reason) {
	s.leave()
	s.Wire.Close(s.farewell(r))
}

// Transport is the network's name: "tcp", "unix", ….
func (s *byteStream) Transport() string { return s.LocalAddr().Network() }
