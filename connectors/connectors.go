// Package connectors is the contract between wires and actors. A connector
// knows bytes and no actors: it listens, makes a Conn of each client, and brings
// a Protocol that holds the conversation. See docs/architecture.md.
package connectors

import (
	"context"
	"errors"
	"net"
	"time"

	"github.com/fairlead-go/fairlead/internal/recycle"
	"github.com/fairlead-go/fairlead/messages"
)

// Connector serves one kind of client.
type Connector interface {
	// Name is unique within one configuration; it is part of actor names and
	// of every Session.
	Name() string
	// Listen opens the connector's places, each ready to accept. It is called
	// once for each start, and closes what it opened when it fails.
	Listen(ctx context.Context) ([]Listener, error)
	// Protocol makes the conversation with the client behind c.
	Protocol(c Conn) Protocol
}

// Ticker is implemented by connectors that choose how long a push may wait for
// others to share its write. Zero means 20 ms, negative that pushes never wait.
type Ticker interface {
	TickEvery() time.Duration
}

// Source is what a configuration accepts: a Connector, or a Factory of one.
type Source interface {
	Name() string
}

// Factory makes a connector for a host and port.
type Factory struct {
	Host string
	Port int
	New  func(host string, port int) Connector
}

// Name says what the factory would make, for messages about it.
func (f Factory) Name() string { return "factory" }

// Listener accepts on one address. What takes time before a client can be
// served (telling protocols apart, TLS, upgrades) is not done in Accept, but
// beside it.
type Listener interface {
	// Accept returns the next client. After Close it returns net.ErrClosed;
	// after any other error it may be called again.
	Accept() (Conn, error)
	// Close stops accepting. Conns that were accepted live on.
	Close() error
	Addr() net.Addr
}

// Frame is the smallest whole thing that a wire delivers: a package cut out of
// a stream, a WebSocket message, a datagram.
type Frame struct {
	Data []byte
	Text bool // a WebSocket text message
}

// Conn is the wire of one client. One goroutine reads it and one writes it;
// Close and SetReadLimit may be called from others.
type Conn interface {
	// ReadFrames blocks until the client has sent something and returns all
	// whole frames that one read brought, in order. They are valid until the
	// next call. It may return frames and an error together; the error comes
	// after them, and is final: io.EOF, net.ErrClosed, one of this package's
	// errors, or the wire's own.
	ReadFrames() ([]Frame, error)
	// Write sends packages in order, in as few writes as the wire allows. It
	// does not keep them. An error is final; ErrSlow says that the client is to blame, ErrReplaced that it came in again.
	Write(packages net.Buffers) error
	// SetReadLimit makes ReadFrames fail with ErrTooLarge on a frame whose
	// announced size is over n bytes.
	SetReadLimit(n int)
	// Close hangs up and unblocks ReadFrames and Write. What was written
	// still reaches a client that takes it; the wire may tell it the reason. A
	// Write under way is cut off: such a client is let go of at once.
	// It does not block. Further calls do nothing.
	Close(r Reason)
	// Transport is "tcp", "websocket", …
	Transport() string
	LocalAddr() net.Addr
	RemoteAddr() net.Addr
}

// Deliverer is implemented by Conns that bring what their client sends on goroutines of their own,
// since there is no lasting stream to wait at: requests of HTTP, a socket that many clients share.
// ReadFrames is not called then, and no goroutine waits in it.
type Deliverer interface {
	// Deliver names who takes what comes. It is called at most once, when the protocol has opened
	// the conversation: a SetReadLimit, a Write or a Close may have come before. It does not block.
	Deliver(to Sink)
}

// Sink takes what a Deliverer brings, one call at a time.
type Sink interface {
	// Take takes what ReadFrames would return: whole frames in order, valid until Take returns,
	// and an error that is final. It returns when they have been handled, which is how a client with
	// too much in flight is slowed down; and false when the client is gone: nothing more is to be brought.
	// Until it returns the Conn's other methods are called as ever, so no lock of theirs may be held.
	// An error without frames may be told meanwhile, too.
	Take(frames []Frame, err error) (more bool)
	// Moved says that the client has come over to another transport, in good order: Transport is
	// to be asked again.
	Moved()
}

// Prompt is implemented by Conns that can write without waiting, which spares a lone answer
// the way through another goroutine.
type Prompt interface {
	// TryWrite writes what the wire takes at once and keeps a copy of the rest, which a
	// Write that must follow, with or without packages, writes first. It does not wait, and
	// is not called while a Write is under way. It has taken nothing when taken is false.
	TryWrite(packages net.Buffers) (taken, rest bool)
}

// Meter is implemented by Conns that can tell a slow client from a stuck one. Without it a
// Write that takes long counts as stuck.
type Meter interface {
	// Progress is how many bytes the wire has taken since it was opened, those of a Write under
	// way among them, and since when that Write has waited for it to take more: the zero time when
	// it does not wait, or when none is under way.
	Progress() (taken uint64, stalled time.Time)
}

// Holder is implemented by Conns that keep what was written until their client has room for it. Held is how many
// messages these are: they count as unsent when the client goes.
type Holder interface {
	Held() int
}

// Health is implemented by Listeners that may lose their place and try by themselves
// to get it back: an error of Accept, but for net.ErrClosed, is then a notice, and Accept is called
// again at once. It returns why clients cannot come in now, or nil.
type Health interface {
	Health() error
}

// Lingerer is implemented by Listeners that serve accepted clients beyond Close, because these come
// with a new connection for each request.
type Lingerer interface {
	// Gone is closed when nothing of the Listener is left, soon after Close and the end of its clients.
	Gone() <-chan struct{}
}

// Counter is implemented by Connectors that count who did not come in.
type Counter interface {
	Counts() Counts
}

// Counts are of clients that never became sockets, since the start.
type Counts struct {
	Refused      uint64 // by a limit or a filter
	AcceptErrors uint64 // a listening place failed to accept
	Shed         uint64 // accepted on the reserve descriptor and closed at once
}

// Plus adds up.
func (c Counts) Plus(d Counts) Counts {
	return Counts{c.Refused + d.Refused, c.AcceptErrors + d.AcceptErrors, c.Shed + d.Shed}
}

// Reason says why a socket closes.
type Reason struct {
	Cause messages.Cause
	Text  string // for people; may be empty
	// RetryAfter, when set, advises the client to come back, after this and a random
	// part of Spread.
	RetryAfter, Spread time.Duration
}

// Errors that ReadFrames and Take end with when the client is to blame. They may be wrapped.
var (
	ErrTooLarge  = errors.New("connectors: frame over the limit")
	ErrMalformed = errors.New("connectors: malformed frame")
	ErrStalled   = errors.New("connectors: frame not complete in time")
	ErrSilent    = errors.New("connectors: no sign of life in time")
	ErrSlow      = errors.New("connectors: what is sent is not taken")
	ErrReplaced  = errors.New("connectors: the client came in again")
)

// Protocol is one client's conversation as a pure value: no I/O, no clock, no
// goroutine. Its methods are called one at a time, and what they want done they
// append to step.
type Protocol interface {
	// Open begins the conversation.
	Open(step *Step, now time.Time)
	// Feed takes one frame. Nothing may keep f.Data.
	Feed(step *Step, f Frame, now time.Time)
	// Expire is called at the latest when the last Step.Expire has come, and may be
	// called earlier.
	Expire(step *Step, now time.Time)
	// Welcome brings the application's answer to a Hello that Feed asked for:
	// user data for the client, or why it is refused. What came meanwhile and had to wait may
	// become Requests now.
	Welcome(step *Step, user any, err error, now time.Time)
}

// Testator is implemented by Protocols that have something to route when their client is gone: a last
// will.
type Testator interface {
	// End is called once, after all other methods, if the client had come in; r is why it has gone. Of
	// step only Requests that are notifies count.
	End(step *Step, r Reason, now time.Time)
}

// Step is what a Protocol wants done. The zero Step is: nothing.
type Step struct {
	// Send is whole packages to be sent ahead of waiting messages.
	Send []byte
	// After is such packages, too, to be sent once Requests have been handed over: what tells the client
	// that they are safe. They are not, and it is not told, when the conversation ends meanwhile.
	After []byte
	// Requests are to be routed in order, see Request and Copy. A request's Seq,
	// Session and Deadline are set on the way; its Body must not alias a frame.
	Requests []Inbound
	// Codec, when set, says that the handshake is done: requests may come and
	// messages may be sent from now on, written by this codec.
	Codec Codec
	// Hello, when set, asks the application whether the client may come in.
	Hello *Hello
	// Expire, when set, replaces the time by which Expire must be called.
	Expire time.Time
	// ReadLimit, when positive, replaces the largest frame accepted, in bytes.
	ReadLimit int
	// Lost is how many messages could not be decoded because code of the
	// application's panicked. The conversation goes on without them.
	Lost int
	// Close, when set, ends the conversation, after Requests, Send and After of
	// this step have been seen to.
	Close *Reason

	bytes int // that may still come: what is worth allocating at once
	room  []byte
}

// Reset empties the step and keeps what is its own memory.
func (s *Step) Reset() {
	clear(s.Requests)
	*s = Step{Send: s.Send[:0], After: s.After[:0], Requests: s.Requests[:0]}
}

// Expect says how many bytes the step's frames have together, so that what their requests keep of them
// can be allocated at once.
func (s *Step) Expect(bytes int) { s.bytes = bytes }

// roomMost is how many bytes are allocated at once: a request that is not answered for long keeps all of them.
const roomMost = 4 << 10

// Request appends a request for the Protocol to fill in, and returns it.
func (s *Step) Request(tag any) *messages.Request {
	r := recycle.Request()
	s.Requests = append(s.Requests, Inbound{r, tag, true})
	return r
}

// Copy is a copy of b that a request may keep. What one read brings shares memory.
func (s *Step) Copy(b []byte) []byte {
	if cap(s.room)-len(s.room) < len(b) {
		s.room = make([]byte, 0, max(min(s.bytes, roomMost), len(b)))
	}
	at := len(s.room)
	s.room = append(s.room, b...)
	s.bytes -= len(b)
	return s.room[at:len(s.room):len(s.room)]
}

// Inbound is a decoded request with what its answer must remember.
type Inbound struct {
	*messages.Request
	// Tag comes back in AppendResponse.
	Tag any

	ours bool // the Request is a Step's
}

// Free is for who knows that nobody else has the Request any more. One that is not a Step's is left as it is: who made it,
// a decoder of the application's, may have kept it.
func (in *Inbound) Free() {
	if in.ours {
		recycle.Free(in.Request)
	}
}

// Hello is what a client says when it comes in.
type Hello struct {
	Connector  string
	Transport  string
	RemoteAddr net.Addr
	// Type and Version are what the client says of itself.
	Type, Version string
	// User is the application's part of the handshake as the client wrote it
	// (JSON), Raw the whole of it. Both may be kept.
	User, Raw []byte
	// Credentials are set where the wire itself has a place for them: MQTT.
	Credentials *Credentials
	// Settings is for the application to fill in: what the client's session holds from its
	// beginning.
	Settings map[string][]byte
}

// Credentials are by what a client of MQTT says who it is, in its CONNECT.
type Credentials struct {
	ClientID string // never empty: one is made for a client that sends none
	Username string
	Password []byte // nil: none; may be kept
}

// Codec turns messages into a client's bytes. It is shared by many clients, has no
// state, and is comparable: what is pushed to many is encoded once for each Codec.
type Codec interface {
	// AppendResponse appends the package that answers the request that to
	// remembers. It keeps nothing of r.
	AppendResponse(dst []byte, to Origin, r *messages.Response) ([]byte, error)
	// AppendPush appends the package that holds p.
	AppendPush(dst []byte, p *messages.Push) ([]byte, error)
	// AppendKick appends the package that says farewell with a reason, and with
	// advice when to come back if there is one. Wires without one append nothing.
	AppendKick(dst []byte, k *messages.Kick) ([]byte, error)
}

// Origin is what is remembered of a request until it is answered.
type Origin struct {
	ID    uint64
	Route string
	Tag   any
}
