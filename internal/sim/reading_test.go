package sim_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/fairlead-go/fairlead/connectors/wire/pomelo"
)

// take writes down what whole packages say, and returns what is left.
func (c *client) take(b []byte) (rest []byte) {
	for {
		p, after, err := pomelo.DecodePackage(b)
		switch {
		case err == nil:
		case len(b) > 0 && (b[0] == 0 || b[0] > pomelo.TypeKick):
			c.note(gotOther, fmt.Sprintf("bytes % x", b[:min(len(b), 20)]))
			return nil
		default:
			return b
		}
		c.see(p)
		b = after
	}
}

func (c *client) see(p pomelo.Package) {
	switch p.Type {
	case pomelo.TypeHandshake:
		code := codeOf(p.Body)
		c.write(event{what: welcomed, client: c.no, code: code})
		if code == 200 && !c.welcome {
			c.welcome = true
			close(c.in)
		}
	case pomelo.TypeHeartbeat:
	case pomelo.TypeKick:
		var k struct{ Reason string }
		_ = json.Unmarshal(p.Body, &k)
		c.note(gotKick, k.Reason)
	case pomelo.TypeData:
		c.message(p.Body)
	default:
		c.note(gotOther, fmt.Sprintf("package of type %d", p.Type))
	}
}

func (c *client) message(b []byte) {
	m, err := pomelo.DecodeMessage(b)
	tag, ok := tagOf(m.Body)
	switch {
	case err == nil && m.Kind == pomelo.KindPush && ok:
		c.write(event{what: gotPush, client: c.no, tag: tag})
	case err == nil && m.Kind == pomelo.KindResponse && ok && tag == int(m.ID):
		c.write(event{what: got, client: c.no, tag: tag})
	case err == nil && m.Kind == pomelo.KindResponse && !ok && codeOf(m.Body) != 0:
		c.write(event{what: got, client: c.no, tag: int(m.ID), code: codeOf(m.Body)})
	default:
		c.note(gotOther, fmt.Sprintf("message %.60q: %v", b, err))
	}
}

// tagOf reads {"tag":7 at the head of a body.
func tagOf(body []byte) (tag int, ok bool) {
	rest, ok := bytes.CutPrefix(body, []byte(`{"tag":`))
	if !ok {
		return 0, false
	}
	i := 0
	for i < len(rest) && rest[i] >= '0' && rest[i] <= '9' {
		i++
	}
	tag, err := strconv.Atoi(string(rest[:i]))
	return tag, err == nil
}

func codeOf(body []byte) int {
	var v struct{ Code int }
	_ = json.Unmarshal(body, &v)
	return v.Code
}
