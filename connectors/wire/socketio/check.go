package socketio

import (
	"github.com/fairlead-go/fairlead/connectors/wire/engineio"
)

// check tells what is wrong with a packet at this time. What EIO3 clients send too early, or twice,
// old ones do.
func (p *Protocol) check(k Packet) error {
	switch k.Type {
	case Disconnect:
		if len(k.Data) > 0 {
			return ErrPayload
		}
		return nil
	case Connect:
		if p.codec.Version == engineio.V4 {
			return ErrState
		}
		return nil
	case ConnectError:
		return ErrType
	}
	if p.state == asked && p.codec.Version == engineio.V4 {
		return ErrState
	}
	if k.Attachments > max(p.cfg.MaxAttachments, 0) {
		return ErrAttachments
	}
	return checkList(k, p.cfg.MaxDepth+1)
}

// checkList tells what is wrong with the payload of an event or an acknowledgement.
func checkList(k Packet, depth int) error {
	if err := checkJSON(k.Data, depth); err != nil {
		return err
	}
	list := trim(k.Data)
	if list[0] != '[' {
		return ErrPayload
	}
	if k.Type == Event || k.Type == BinaryEvent {
		name, _ := next(list[1:])
		if name == nil || !isName(name) {
			return ErrPayload
		}
	}
	if k.Attachments > 0 && !placeholdersFit(list, k.Attachments) {
		return ErrPlaceholder
	}
	return nil
}

// isName tells whether a JSON value can be the name of an event: a number too can.
func isName(v []byte) bool {
	if v[0] == '"' {
		return !reserved(string(unquote(v)))
	}
	return v[0] == '-' || '0' <= v[0] && v[0] <= '9'
}
