package socketio_test

import (
	"fmt"
	"net"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/wire/engineio"
	"github.com/fairlead-go/fairlead/connectors/wire/socketio"
	"github.com/fairlead-go/fairlead/connectors/wire/websocket"
	"github.com/fairlead-go/fairlead/messages"
)

// Codecs of the main namespace.
var (
	pomeloCodec  = socketio.Codec{Version: engineio.V4, Mode: socketio.Pomelo}
	pomeloCodec3 = socketio.Codec{Version: engineio.V3, Mode: socketio.Pomelo}
	eventCodec   = socketio.Codec{Version: engineio.V4, Mode: socketio.Events}
	eventCodec3  = socketio.Codec{Version: engineio.V3, Mode: socketio.Events}
)

// talk is a conversation that a test holds with a Protocol.
type talk struct {
	*socketio.Protocol
	seat  socketio.Seat
	step  connectors.Step
	codec connectors.Codec
	ended *connectors.Reason // for good
}

// sit opens a conversation and does not welcome the client yet.
func sit(cfg socketio.Config, seat socketio.Seat) *talk {
	cfg = cfg.WithDefaults()
	t := &talk{Protocol: socketio.NewProtocol(&cfg, seat), seat: seat}
	t.Open(&t.step, time.Time{})
	return t
}

// enter opens a conversation with a client that is let in.
func enter(cfg socketio.Config, seat socketio.Seat) *talk {
	t := sit(cfg, seat)
	t.welcome(nil)
	return t
}

func (t *talk) welcome(err error) {
	t.step.Reset()
	t.Welcome(&t.step, nil, err, time.Time{})
	t.note()
}

// says feeds a packet: text without the type of the engine's packet.
func (t *talk) says(packet string) {
	t.step.Reset()
	t.Feed(&t.step, connectors.Frame{Data: []byte(packet), Text: true}, time.Time{})
	t.note()
}

// attaches feeds an attachment.
func (t *talk) attaches(b string) {
	t.step.Reset()
	t.Feed(&t.step, connectors.Frame{Data: []byte(b)}, time.Time{})
	t.note()
}

func (t *talk) note() {
	if t.step.Codec != nil {
		t.codec = t.step.Codec
	}
	if t.ended == nil {
		t.ended = t.step.Close
	}
}

// texts are frames as a client sees them, one after the other; binary ones in <>.
func texts(frames []byte) (all []string) {
	for len(frames) > 0 {
		opcode, payload, rest, ok := websocket.Cut(frames)
		if !ok {
			return append(all, fmt.Sprintf("no frame: %x", frames))
		}
		switch opcode {
		case websocket.Text:
			all = append(all, string(payload))
		case websocket.Binary:
			all = append(all, fmt.Sprintf("<%s>", payload))
		default:
			all = append(all, fmt.Sprintf("opcode %d: %s", opcode, payload))
		}
		frames = rest
	}
	return all
}

// origin is what is remembered of a request.
func origin(r connectors.Inbound) connectors.Origin {
	return connectors.Origin{ID: r.Id, Route: r.Route, Tag: r.Tag}
}

// joined is one message of a codec as a client sees it.
func joined(frames []byte) []string {
	return texts(socketio.Join(nil, net.Buffers{frames}, ""))
}

// requests are those of the last step, shown.
func (t *talk) requests() (all []string) {
	for _, r := range t.step.Requests {
		kind := "request"
		if r.Notify {
			kind = "notify"
		}
		s := fmt.Sprintf("%s %d %s %s", kind, r.Id, r.Route, r.Body)
		if r.Encoding != messages.JSON {
			s += " " + r.Encoding.String()
		}
		for _, b := range r.Attachments {
			s += fmt.Sprintf(" <%s>", b)
		}
		all = append(all, s)
	}
	return all
}
