package custom

import (
	"cmp"
	"errors"
	"fmt"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/messages"
)

// Config is the conversation that all clients of a connector hold. Nobody changes it once it is used. Its
// functions are called by many clients at once. A panic in one costs a message in Decode and Encode, and in the
// others the client at most.
type Config struct {
	// Decode reads a frame, which it may keep. The Request needs an id (0 for a notify), a route and a body.
	// Nil without an error means that there is nothing to route: a heartbeat. An error closes the client, as
	// malformed or, where it wraps connectors.ErrTooLarge, as too large. Needed.
	Decode func(frame []byte) (*messages.Request, error)
	// Encode appends the package that holds m to dst, or returns one that is new; it keeps nothing of either. An
	// error is that of one response, which becomes a code 500, or of one push. What is pushed to many
	// clients is encoded once. Needed.
	Encode func(dst []byte, m Message) ([]byte, error)
	// EncodeKick is like Encode, for the package that says farewell. Nil means that the wire has none.
	EncodeKick func(dst []byte, k *messages.Kick) ([]byte, error)
	// Encoding says what bodies are. Zero means JSON.
	Encoding messages.Encoding

	// Hello, when set, reads the first frame of each client, in which it introduces itself: what it returns
	// is Hello.User for the application's handshake hook. An error closes as one of Decode does. Nil means that
	// there is no handshake: clients are in when they connect, unless the hook says otherwise.
	Hello func(frame []byte) (user []byte, err error)
	// Welcome, when set, appends to dst the package that answers Hello: user is what the application's hook
	// returned for the client, err why it is refused. Nil answers nothing.
	Welcome func(dst []byte, user any, err error) ([]byte, error)
	// HandshakeTime is how long it may take until a client is in. Zero means 5 s, negative for ever.
	HandshakeTime time.Duration

	// Timeout is how long a client that is in may be silent. Zero means for ever. Wires that do not tell when
	// the far end has died need one.
	Timeout time.Duration
	// MaxFrame is the largest frame accepted, in bytes. Zero means 64 KiB.
	MaxFrame int
}

// Message is what Encode writes: the response to request ID, or with ID 0 a push.
type Message struct {
	ID    uint64
	Route string // of the request that is answered, or of the push
	// Body is never nil. That of a request that failed is {"code":…,"msg":…}, unless the handler chose another.
	Body []byte
	// Error is set when the request failed.
	Error *messages.Error
}

// Check names a field that is needed and not there.
func (c *Config) Check() error {
	switch {
	case c.Decode == nil:
		return errors.New("Decode is nil: what do clients ask?")
	case c.Encode == nil:
		return errors.New("Encode is nil: how are clients answered?")
	}
	return nil
}

func (c *Config) maxFrame() int { return cmp.Or(c.MaxFrame, defaultMaxFrame) }

// malformed is err as an error that the client is to blame for.
func malformed(err error) error {
	if errors.Is(err, connectors.ErrMalformed) || errors.Is(err, connectors.ErrTooLarge) {
		return err
	}
	return fmt.Errorf("%w: %w", connectors.ErrMalformed, err)
}
