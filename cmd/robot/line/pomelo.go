package line

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/client"
	"github.com/fairlead-go/fairlead/connectors/wire/pomelo"
	"github.com/fairlead-go/fairlead/messages"
)

// packages is Pomelo's talk. Pushes are not told apart by their routes, so that a shortened one does not
// matter.
type packages struct {
	user   json.RawMessage
	cut    pomelo.Stream
	frames []connectors.Frame
}

func (p *packages) hello(dst []byte) ([]byte, error) {
	type sys struct {
		Type    string   `json:"type"`
		Version string   `json:"version"`
		RSA     struct{} `json:"rsa"`
	}
	body, err := json.Marshal(struct {
		Sys  sys             `json:"sys"`
		User json.RawMessage `json:"user,omitempty"`
	}{sys{Type: "robot", Version: "0.1.0"}, p.user})
	if err != nil {
		return dst, err
	}
	return pomelo.Package{Type: pomelo.TypeHandshake, Body: body}.Append(dst)
}

func (p *packages) hear(s *stream, b []byte) error {
	var err error
	p.frames, err = p.cut.Feed(b, p.frames[:0])
	for _, f := range p.frames {
		if bad := p.take(s, f.Data); bad != nil {
			return bad
		}
	}
	return err
}

func (p *packages) take(s *stream, b []byte) error {
	body := b[pomelo.HeaderLen:]
	switch b[0] {
	case pomelo.TypeData:
		return p.message(s, body)
	case pomelo.TypeKick:
		return kicked(body)
	case pomelo.TypeHandshake:
		if !s.in {
			return p.admitted(s, body)
		}
	}
	return nil
}

func (p *packages) message(s *stream, b []byte) error {
	m, err := pomelo.DecodeMessage(b)
	if err != nil {
		return err
	}
	switch m.Kind {
	case pomelo.KindResponse:
		s.ear.Answer(m.ID, m.Body)
	case pomelo.KindPush:
		s.ear.Push(m.Body)
	}
	return nil
}

// admitted reads the answer to hello, and acks it.
func (p *packages) admitted(s *stream, body []byte) error {
	var answer struct {
		Code int32
		Msg  string
		Sys  struct{ Heartbeat float64 } // seconds
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return fmt.Errorf("line: malformed answer: %w", err)
	}
	if answer.Code != 200 {
		return fmt.Errorf("line: refused: %w", messages.NewError(answer.Code, answer.Msg))
	}
	s.in, s.every = true, time.Duration(answer.Sys.Heartbeat*float64(time.Second))
	return s.send(func(dst []byte) ([]byte, error) { return pomelo.Package{Type: pomelo.TypeAck}.Append(dst) })
}

// kicked reads a kick, whose reason is a text from us; others send any JSON.
func kicked(body []byte) error {
	var kick struct{ Reason any }
	_ = json.Unmarshal(body, &kick)
	reason, ok := kick.Reason.(string)
	if !ok && kick.Reason != nil {
		reason = fmt.Sprint(kick.Reason)
	}
	return &client.KickError{Reason: reason}
}

func (p *packages) request(dst []byte, id uint64, route string, body []byte) ([]byte, error) {
	start := len(dst)
	dst = append(dst, pomelo.TypeData, 0, 0, 0, byte(pomelo.KindRequest)<<1)
	return end(binary.AppendUvarint(dst, id), start, route, body)
}

func (p *packages) notify(dst []byte, route string, body []byte) ([]byte, error) {
	start := len(dst)
	return end(append(dst, pomelo.TypeData, 0, 0, 0, byte(pomelo.KindNotify)<<1), start, route, body)
}

// end appends route and body, and writes the length of the package that began at start.
func end(dst []byte, start int, route string, body []byte) ([]byte, error) {
	if len(route) > pomelo.MaxRoute {
		return dst, ErrRoute
	}
	dst = append(append(append(dst, byte(len(route))), route...), body...)
	n := len(dst) - start - pomelo.HeaderLen
	if n > pomelo.MaxBody {
		return dst, pomelo.ErrTooLong
	}
	dst[start+1], dst[start+2], dst[start+3] = byte(n>>16), byte(n>>8), byte(n)
	return dst, nil
}

func (p *packages) beat(dst []byte) []byte { return append(dst, pomelo.TypeHeartbeat, 0, 0, 0) }
func (p *packages) bye(dst []byte) []byte  { return dst }
