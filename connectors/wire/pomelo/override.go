package pomelo

import (
	"bytes"
	"fmt"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/messages"
)

// What stands here is the connector's own message layer, where the application
// brings one (P15). A panic in it is one client's, and one message's.

// customized routes what Config.Decode makes of body. Its error closes, as any
// malformed message does; its panic costs the message only, which is counted: nobody
// knows the id that an answer would need.
func (p *Protocol) customized(step *connectors.Step, body []byte) {
	r, panicked, err := p.decode(bytes.Clone(body))
	switch {
	case panicked:
		step.Lost++
		return
	case err == nil && r == nil:
		return
	case err == nil && r.Id > MaxID && p.cfg.Encode == nil:
		err = ErrID
	}
	if err != nil {
		p.fail(step, err)
		return
	}
	r.Notify = r.Notify || r.Id == 0
	step.Requests = append(step.Requests, connectors.Inbound{Request: r})
}

func (p *Protocol) decode(body []byte) (r *messages.Request, panicked bool, err error) {
	defer func() { panicked = recover() != nil }()
	r, err = p.cfg.Decode(body)
	return r, false, err
}

// appendCustom appends the data package whose body Config.Encode makes.
func (c Codec) appendCustom(dst []byte, id uint64, route string, body []byte) ([]byte, error) {
	message, err := c.encode(id, route, body)
	if err != nil {
		return dst, err
	}
	return Package{Type: TypeData, Body: message}.Append(dst)
}

func (c Codec) encode(id uint64, route string, body []byte) (message []byte, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("pomelo: encode panicked: %v", v)
		}
	}()
	return c.cfg.Encode(id, route, body)
}
