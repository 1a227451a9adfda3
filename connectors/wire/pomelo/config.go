package pomelo

import (
	"time"

	"github.com/fairlead-go/fairlead/messages"
)

// Config is what all clients of a connector share. A Protocol reads it and
// nobody changes it.
type Config struct {
	// Heartbeat is how often client and server show each other life. Zero and
	// less mean no heartbeats: those of a client are swallowed (P5.2).
	Heartbeat time.Duration
	// Unannounced has heartbeats and acks answered with a heartbeat although Heartbeat is zero
	// and the handshake announces none (P19.7).
	Unannounced bool
	// Timeout is how long a client may be silent. Zero means twice Heartbeat,
	// without heartbeats for ever, as does less. With heartbeats it counts from
	// the ack on (P5), without them from the first moment on (P13.6). Every frame
	// is life (P5.3).
	Timeout time.Duration
	// HandshakeTime is how long handshake and ack may take together, counted
	// from Open (P3.4). Zero means 5 s, less for ever.
	HandshakeTime time.Duration
	// CheckClient tells whether a client of this type and version may come in;
	// false is answered 501, a panic 500 (P4.3). Nil lets all in. Many clients
	// call it at once.
	CheckClient func(typ, version string) bool
	// Dict gives routes numbers on the wire (P8). Nil means none.
	Dict *Dictionary
	// Protos type the bodies of some routes (P10). Nil means that all are JSON.
	Protos *Schemas
	// Crypto says that clients sign what they send (P14). A handshake without a
	// key is answered 500; a message that is not signed rightly is dropped, and so
	// is any typed one, which cannot be.
	Crypto bool
	// Encoding says what bodies without a schema are: JSON (the zero value), or
	// protobuf or raw bytes, which pass as they are.
	Encoding messages.Encoding
	// Decode, when set, reads messages instead of this package: body is that of a
	// data package, and may be kept. It is called by each client's own reader, many
	// at once. The Request needs an id (0 for a notify), a route and a body; nil
	// means that there is none. An error closes the client as malformed; a panic
	// drops the message, and Step.Lost counts it. Dict, Protos and Crypto have no part in it.
	Decode func(body []byte) (*messages.Request, error)
	// Encode, when set, writes messages instead of this package: it makes the body
	// of a data package, which it gives away, of a response to id or, with id 0, of
	// a push. Body is what a client without dictionary and schemas would get, and
	// may be kept. An error, or a panic, is that of one response, which becomes a
	// code 500, or of one push. Many call it at once; what is pushed to many
	// clients is encoded once.
	Encode func(id uint64, route string, body []byte) ([]byte, error)
	// MaxHello is the largest body accepted before the ack. Zero means 4 KiB.
	MaxHello int
	// MaxPackage is the largest body accepted after it, up to MaxBody. Zero
	// means 64 KiB.
	MaxPackage int
}

// WithDefaults is c with what its zero values mean filled in.
func (c Config) WithDefaults() Config {
	if c.Timeout == 0 {
		c.Timeout = 2 * c.Heartbeat
	}
	if c.HandshakeTime == 0 {
		c.HandshakeTime = 5 * time.Second
	}
	if c.MaxHello == 0 {
		c.MaxHello = 4 << 10
	}
	if c.MaxPackage == 0 {
		c.MaxPackage = 64 << 10
	}
	c.MaxHello = min(c.MaxHello, MaxBody)
	c.MaxPackage = min(c.MaxPackage, MaxBody)
	return c
}
