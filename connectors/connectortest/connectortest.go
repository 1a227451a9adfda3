// Package connectortest is the suite that every connector passes, ours and yours: what package connectors
// promises of a Connector, a Listener, a Conn, a Protocol and a Codec is checked, first of these alone,
// then of the connector in a whole server. A failure names the promise that is broken.
//
//	func TestPromises(t *testing.T) {
//		connectortest.Run(t, connectortest.Harness{
//			New: func(testing.TB) connectors.Connector { return &foo.Connector{Addr: "127.0.0.1:0"} },
//		})
//	}
package connectortest

import (
	"net"
	"testing"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
)

// Harness says how to make a connector, and how its clients speak. Only New is needed where clients speak
// Pomelo's packages over what net.Dial dials.
type Harness struct {
	// New makes a connector that has not been used, and that will listen at a free place.
	New func(t testing.TB) connectors.Connector
	// At makes another one, for the place where one that New has made listens, or has listened. Nil:
	// what needs it is left out.
	At func(t testing.TB, place net.Addr) connectors.Connector

	// Dial opens a client's wire to a place of c, up to where the client speaks: with TLS, where there
	// is TLS. Nil means net.Dial. A wire with a method CloseWrite can be closed by half. It holds what is
	// written until that is read, some KiB at least: one of net.Pipe does not, one of memory.Listen does. Dial
	// is called by several goroutines at once.
	Dial func(c connectors.Connector, place net.Addr) (net.Conn, error)
	// WebSocket, when set, has the wire upgraded: the suite writes and reads frames, and the Client
	// what is in them.
	WebSocket *WebSocket
	// Client makes the far end of a wire. Nil means Pomelo.
	Client func(wire net.Conn) Client

	// Datagrams says that a Write on the wire is one whole message: UDP, a POST. Nothing is sent in
	// pieces then, and nothing is expected of an end or of a client that does not read. Each Read on
	// it brings one, too.
	Datagrams bool
	// NoKick says that clients are hung up on without a word.
	NoKick bool
	// NoHello says that the application is not asked whether a client may come in.
	NoHello bool
	// NoOrder says that the wire may change the order of messages, or lose some.
	NoOrder bool
	// NoEnd says that a client cannot tell that it has been hung up on.
	NoEnd bool
	// Limit is how large a frame the connector accepts, in bytes, where SetReadLimit does not decide it.
	// Zero: SetReadLimit does. Negative: the wire has no limit to show, since its frames do not announce
	// their size: lines.
	Limit int

	// Garbage are bytes that no client says, one list element a client's. Nil means zeros, ones and text.
	Garbage []string
	// Allocs is how many allocations a request and its answer may cost, on both ends together. Zero means 200.
	Allocs float64
	// Patience is how long anything may take. Zero means 5 s.
	Patience time.Duration
}

// Client is the far end of one wire: what your clients say, as bytes, and what they read. Join and
// Next are called by one goroutine at a time, and read and write the wire that the Client was made with;
// what Request and Notify make is written by the suite, in pieces where the wire is a stream.
//
// Bodies are JSON objects. A Client of a wire that has another form brings them into it, and back.
type Client interface {
	// Join comes in: it returns when requests may be sent, or the error why not. What it sends should be
	// answered before it returns, since what comes late passes for the first message.
	Join() error
	// Request is the bytes that ask. Ids count from 1.
	Request(id uint64, route string, body []byte) []byte
	// Notify is the bytes that tell, and want no answer.
	Notify(route string, body []byte) []byte
	// Next waits for the next message. What the wire says for itself, signs of life for example, is seen to
	// and passed over. An error is the end: the server has hung up.
	Next() (Message, error)
}

// Kind is what a Message is.
type Kind int

// The kinds of messages that a server sends.
const (
	Response Kind = iota + 1 // the answer to the request ID
	Push                     // Route and Body
	Kick                     // the last before the end
)

// Message is what a Client has read.
type Message struct {
	Kind  Kind
	ID    uint64 // of a Response
	Route string // of a Push
	Body  []byte // JSON, but for a Kick; may be kept
}

// WebSocket says how a wire is upgraded. Each message of a Client is one message of the WebSocket, and so is
// each Read on its wire, as far as the buffer holds it.
type WebSocket struct {
	// Path is where clients ask for the upgrade, with a query if there is one. Empty means "/".
	Path string
	// Protocol is the subprotocol that they ask for. Empty means none.
	Protocol string
	// Text has clients send text messages instead of binary ones.
	Text bool
}

func (h Harness) withDefaults() Harness {
	if h.Dial == nil {
		h.Dial = func(_ connectors.Connector, place net.Addr) (net.Conn, error) {
			return net.Dial(place.Network(), place.String())
		}
	}
	if h.Client == nil {
		h.Client = Pomelo
	}
	if h.Garbage == nil {
		h.Garbage = []string{zeros, ones, text}
	}
	if h.Allocs == 0 {
		h.Allocs = 200
	}
	if h.Patience == 0 {
		h.Patience = 5 * time.Second
	}
	return h
}
