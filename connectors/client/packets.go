package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/wire/engineio"
	"github.com/fairlead-go/fairlead/connectors/wire/pomelo"
	"github.com/fairlead-go/fairlead/connectors/wire/socketio"
	"github.com/fairlead-go/fairlead/messages"
)

// ErrAuth refuses a Config.User that is no object: over socket.io it must be one.
var ErrAuth = errors.New("client: User is no JSON object")

// packets is the talk of socket.io: Engine.IO 4 (P16), messages as pomelo's clients of it write
// them (P18.2).
type packets struct {
	silent bool // Config.Silent
}

// codec is how packets are written and read.
var codec = socketio.Codec{Version: engineio.V4, Mode: socketio.Pomelo}

// enter waits for the engine's handshake, and connects the main namespace (P17.3).
func (p packets) enter(w wire, cfg Config) (in welcome, err error) {
	auth, err := authOf(cfg.User)
	if err != nil {
		return in, err
	}
	open, err := p.next(w)
	if err != nil {
		return in, err
	}
	if in, err = parseOpen(open); err != nil {
		return in, err
	}
	if err := w.write(codec.AppendConnect(nil, auth)); err != nil {
		return in, err
	}
	for admitted := false; !admitted; {
		answer, err := p.next(w)
		if err != nil {
			return in, err
		}
		if admitted, err = isAdmission(answer); err != nil {
			return in, err
		}
	}
	return in, nil
}

// authOf is user as JSON, nil for none.
func authOf(user any) ([]byte, error) {
	if user == nil {
		return nil, nil
	}
	auth, err := json.Marshal(user)
	if err == nil && auth[0] != '{' {
		err = ErrAuth
	}
	return auth, err
}

// next is the server's next packet that is more than a question for life.
func (p packets) next(w wire) (engineio.Packet, error) {
	for {
		frames, err := w.read()
		if err != nil {
			return engineio.Packet{}, hungUp(err)
		}
		e, err := decode(frames[0])
		switch {
		case err != nil:
			return e, hungUp(err)
		case e.Type == engineio.Ping && !p.silent:
			err = w.write(p.beat())
		case e.Type == engineio.Open, e.Type == engineio.Message:
			return e, nil
		}
		if err != nil {
			return e, err
		}
	}
}

// decode reads a packet. There is none with bytes in pomelo's messages, and a server that closes
// has hung up.
func decode(f connectors.Frame) (engineio.Packet, error) {
	e, err := engineio.V4.Decode(f)
	switch {
	case err != nil:
		return e, err
	case e.Binary:
		return e, socketio.ErrUnbidden
	case e.Type == engineio.Close:
		return e, io.EOF
	}
	return e, nil
}

// parseOpen reads the engine's handshake (P16.4).
func parseOpen(e engineio.Packet) (in welcome, err error) {
	var open struct {
		PingInterval, PingTimeout float64 // milliseconds
	}
	if e.Type != engineio.Open {
		return in, socketio.ErrState
	}
	if err := json.Unmarshal(e.Data, &open); err != nil {
		return in, fmt.Errorf("client: malformed open packet: %w", err)
	}
	in.Heartbeat = milliseconds(open.PingInterval)
	if in.Heartbeat > 0 {
		in.patience = in.Heartbeat + milliseconds(open.PingTimeout) + grace
	}
	return in, nil
}

// isAdmission tells whether the server lets us in, or why it does not. What else it says before
// does not count.
func isAdmission(e engineio.Packet) (bool, error) {
	if e.Type != engineio.Message {
		return false, socketio.ErrState
	}
	k, err := socketio.Decode(e.Data)
	switch {
	case err != nil:
		return false, err
	case k.Namespace != nil:
		return false, nil
	case k.Type == socketio.ConnectError:
		return false, refusal(k.Data)
	case k.Type == socketio.Disconnect:
		return false, hungUp(io.EOF)
	}
	return k.Type == socketio.Connect, nil
}

// refusal reads why a client may not come in. Not every server gives a code.
func refusal(b []byte) error {
	var r struct {
		Message string
		Data    struct{ Code int32 }
	}
	_ = json.Unmarshal(b, &r) // of what makes no sense, the rest
	if r.Data.Code == 0 {
		r.Data.Code = messages.CodeInternal
	}
	return fmt.Errorf("client: refused: %w", messages.NewError(r.Data.Code, r.Message))
}

// maxRoute is how long a route may be: its length is one byte, in pomelo's own messages too.
const maxRoute = 255

func (packets) message(id uint64, route string, body []byte) ([]byte, error) {
	if len(route) > maxRoute {
		return nil, pomelo.ErrRoute
	}
	return codec.AppendRequest(nil, &messages.Request{Id: id, Notify: id == 0, Route: route, Body: body})
}

func (packets) beat() []byte { return engineio.AppendPacket(nil, engineio.Pong, "") }

// bye leaves the namespace (P17.5).
func (packets) bye() []byte {
	return engineio.AppendPacket(nil, engineio.Message, string(socketio.Disconnect))
}

func (p packets) hear(c *Client, f connectors.Frame) error {
	e, err := decode(f)
	switch {
	case err != nil:
		return err
	case e.Type == engineio.Ping && !p.silent:
		c.out.beat()
	case e.Type == engineio.Message:
		return hearPacket(c, e.Data)
	}
	return nil
}

// hearPacket sees to a packet of Socket.IO. What is said in a namespace that we have not asked for
// means nothing.
func hearPacket(c *Client, b []byte) error {
	k, err := socketio.Decode(b)
	switch {
	case err != nil:
		return err
	case k.Namespace != nil:
		return nil
	case k.Type == socketio.Disconnect:
		return io.EOF
	case k.Type != socketio.Event:
		return socketio.ErrState
	}
	said, err := codec.DecodeSaid(k)
	if err != nil {
		return err
	}
	for _, s := range said {
		if err := hearSaid(c, s); err != nil {
			return err
		}
	}
	return nil
}

// onKick is the push that pomelo's kick is over socket.io. One with a body of the application's is
// a kick too.
const onKick = "onKick"

func hearSaid(c *Client, s socketio.Said) error {
	switch {
	case s.Answers:
		c.calls.answer(s.ID, s.Body)
	case s.Route == onKick:
		return c.takeKick(s.Body)
	default:
		c.takePush(s.Route, s.Body)
	}
	return nil
}
