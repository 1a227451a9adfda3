package socketio

import (
	"slices"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/wire/engineio"
)

// Mode is what fairlead's messages are in a client's packets.
type Mode byte

// The modes. The zero Mode is none: the client has not said.
const (
	// Pomelo is that of pomelo's clients: texts in events called "message".
	Pomelo Mode = iota + 1
	// Events is that of everybody else: a route is the name of an event, and a request one that
	// wants an acknowledgement.
	Events
)

// ModeOf is the mode of a name, and none if no mode is called so.
func ModeOf(name string) Mode {
	switch name {
	case "pomelo":
		return Pomelo
	case "event":
		return Events
	}
	return 0
}

// Config is what all clients of a connector share. A Protocol reads it and nobody changes it.
type Config struct {
	// Modes are those that clients may choose, each once. The first holds for what is
	// sent before a client has chosen. None means Pomelo and Events.
	Modes []Mode
	// MaxAttachments is how many a packet may announce. Zero means 10, as clients have it,
	// negative none.
	MaxAttachments int
	// MaxMessage is the largest packet accepted, its attachments among it, in bytes. Zero
	// means 1 000 000.
	MaxMessage int
	// HandshakeTime is how long the application may think about a client. Zero means 45 s.
	HandshakeTime time.Duration
	// MaxDepth is how deep the JSON in a body may be nested. Zero means 32.
	MaxDepth int
}

// WithDefaults is c with what its zero values mean filled in.
func (c Config) WithDefaults() Config {
	if len(c.Modes) == 0 {
		c.Modes = []Mode{Pomelo, Events}
	}
	if c.MaxAttachments == 0 {
		c.MaxAttachments = 10
	}
	if c.MaxMessage == 0 {
		c.MaxMessage = 1_000_000
	}
	if c.HandshakeTime == 0 {
		c.HandshakeTime = 45 * time.Second
	}
	if c.MaxDepth == 0 {
		c.MaxDepth = 32
	}
	return c
}

// choose is the mode that a client has if it asks for this one, and whether that is settled.
func (c *Config) choose(m Mode) (Mode, bool) {
	if slices.Contains(c.Modes, m) {
		return m, true
	}
	return c.Modes[0], len(c.Modes) == 1
}

// Seat is what is known of a client when it comes into a namespace.
type Seat struct {
	Version   engineio.Version
	Namespace string // empty is Main
	// SID is the id that the client is told; EIO3 clients are told none. It is not the engine's,
	// which is a secret.
	SID string
	// Mode is what the client asks for, if it does.
	Mode Mode
	// Hello is what the application is asked with.
	Hello connectors.Hello
}
