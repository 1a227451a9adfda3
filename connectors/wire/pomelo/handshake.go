package pomelo

import (
	"errors"
	"strconv"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/internal/jsondepth"
	"github.com/fairlead-go/fairlead/messages"
)

// Codes of a handshake's answer (P4.2).
const (
	codeOK = 200
	// CodeOldClient refuses a client that does not know what it must.
	CodeOldClient = 501
)

var (
	errNoSys = errors.New("pomelo: handshake without sys")
	errNoKey = errors.New("pomelo: handshake without sys.rsa")
)

// handshake asks the application, or refuses in the order of P4.3. One that comes
// while the application thinks asks again; the first answer decides (P4.4).
func (p *Protocol) handshake(step *connectors.Step, body []byte) {
	h := p.hello
	if p.asked {
		h = &connectors.Hello{Connector: h.Connector, Transport: h.Transport, RemoteAddr: h.RemoteAddr}
	}
	sys, err := readHello(h, body)
	if err != nil {
		p.refuse(step, messages.CodeInternal, err.Error())
		return
	}
	if code, text := p.check(h.Type, h.Version); code != codeOK {
		p.refuse(step, code, text)
		return
	}
	if err := p.note(&sys); err != nil {
		p.refuse(step, messages.CodeInternal, err.Error())
		return
	}
	if step.Hello == nil {
		step.Hello, p.asked = h, true
	}
}

// Welcome answers the handshake: with user, when it is truthy, or with the code
// of err. Only the first answer counts.
func (p *Protocol) Welcome(step *connectors.Step, user any, err error, _ time.Time) {
	if p.state != inited {
		return
	}
	if err != nil {
		e := messages.AsError(err)
		p.refuse(step, e.Code, e.Error())
		return
	}
	sent, err := p.appendWelcome(step.Send, user)
	if err != nil {
		p.refuse(step, messages.CodeInternal, err.Error())
		return
	}
	step.Send = sent
	p.state = waitAck
	p.hello = nil
}

// check asks the connector's CheckClient. Its panic refuses this client only.
func (p *Protocol) check(typ, version string) (code int32, text string) {
	if p.cfg.CheckClient == nil {
		return codeOK, ""
	}
	defer func() {
		if recover() != nil {
			code, text = messages.CodeInternal, "pomelo: client check panicked"
		}
	}()
	if !p.cfg.CheckClient(typ, version) {
		return CodeOldClient, "pomelo: client too old"
	}
	return codeOK, ""
}

// refuse answers with a code and nothing else, then closes (P4.3). A code that a
// client would take for a yes becomes 500.
func (p *Protocol) refuse(step *connectors.Step, code int32, text string) {
	if code == codeOK || code == 0 {
		code = messages.CodeInternal
	}
	step.Send = AppendRefusal(step.Send, code)
	p.close(step, messages.CauseRefused, text)
}

// note remembers what sys says that counts later: the key, and which tables the
// client has kept (P4.1).
func (p *Protocol) note(sys *helloSys) error {
	if p.cfg.Crypto {
		if !truthy(sys.rsa) {
			return errNoKey
		}
		p.key = parseKey(sys.rsa)
	}
	p.hasDict = p.cfg.Dict != nil && isText(sys.dictVersion, p.cfg.Dict.version)
	p.hasProtos = p.cfg.Protos != nil && isText(sys.protoVersion, p.cfg.Protos.version)
	return nil
}

// helloSys is what a client says of itself, each a JSON value or nothing.
type helloSys struct {
	typ, version, rsa, dictVersion, protoVersion []byte
}

// readHello reads what the client says (P4.1) into h, and returns what it says of
// itself. Names are told apart by case, as JavaScript does. The application is to
// read the rest, so none of it may be nested deeper than maxDepth.
func readHello(h *connectors.Hello, body []byte) (sys helloSys, err error) {
	h.Raw = joinSurrogates(body)
	switch err := jsondepth.Valid(h.Raw, maxDepth); {
	case errors.Is(err, jsondepth.ErrSyntax):
		return sys, ErrJSON
	case err != nil:
		return sys, err
	}
	var own []byte
	eachMember(h.Raw, func(name, value []byte) {
		switch string(name) {
		case "sys":
			own = value
		case "user":
			h.User = value
		}
	})
	if !truthy(own) {
		return sys, errNoSys
	}
	sys = readSys(own)
	h.Type, h.Version = text(sys.typ), text(sys.version)
	return sys, nil
}

// readSys reads the members of sys. Any truthy value will do, with or without them.
func readSys(text []byte) (sys helloSys) {
	eachMember(text, func(name, value []byte) {
		switch string(name) {
		case "type":
			sys.typ = value
		case "version":
			sys.version = value
		case "rsa":
			sys.rsa = value
		case "dictVersion":
			sys.dictVersion = value
		case "protoVersion":
			sys.protoVersion = value
		}
	})
	return sys
}

// appendWelcome appends the answer of P4.2.
func (p *Protocol) appendWelcome(dst []byte, user any) ([]byte, error) {
	var u []byte
	if user != nil {
		var err error
		if u, err = marshal(user); err != nil {
			return dst, err
		}
	}
	start := len(dst)
	dst = appendHeader(dst, TypeHandshake, 0)
	dst = append(dst, `{"code":200,"sys":`...)
	dst = p.appendSys(dst)
	if truthy(u) {
		dst = append(dst, `,"user":`...)
		dst = appendText(dst, u)
	}
	return closeHeader(append(dst, '}'), start)
}

// appendSys appends what clients must know of the connector. A table that the
// client has kept is not sent again, nor is its version (P4.2.1).
func (p *Protocol) appendSys(dst []byte) []byte {
	dst = append(dst, '{')
	if beat := p.cfg.Heartbeat; beat > 0 {
		dst = append(dst, `"heartbeat":`...)
		if beat%time.Second == 0 { // as a rule
			dst = strconv.AppendInt(dst, int64(beat/time.Second), 10)
		} else {
			dst = strconv.AppendFloat(dst, beat.Seconds(), 'f', -1, 64)
		}
		dst = append(dst, ',')
	}
	if d := p.cfg.Dict; d != nil {
		if !p.hasDict {
			dst = append(dst, d.sys...)
		}
		dst = append(dst, `"useDict":true,`...)
	}
	if s := p.cfg.Protos; s != nil {
		if !p.hasProtos {
			dst = append(dst, s.sys...)
		}
		dst = append(dst, `"useProto":true,`...)
	}
	return closeObject(dst)
}
