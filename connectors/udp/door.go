package udp

import (
	"bytes"
	"net/netip"
	"time"

	"github.com/fairlead-go/fairlead/connectors/admit"
	"github.com/fairlead-go/fairlead/connectors/wire/pomelo"
	"github.com/fairlead-go/fairlead/messages"
)

// What a stranger's datagram makes of it.
type verdict int

const (
	away   verdict = iota // nothing
	guest                 // a client whose address is not proven
	proven                // a client whose address is
)

// door decides about strangers without remembering them. Only the reader uses it.
type door struct {
	filter   *admit.Filter
	gate     *admit.Gate
	cookies  *cookies
	required bool
	most     int // bytes of a handshake
	answer   []byte
}

// refusal is what a client is told that cannot be answered as it should.
var refusal = pomelo.AppendRefusal(nil, messages.CodeInternal)

func newDoor(c *Connector) (*door, error) {
	k, err := newCookies()
	if err != nil {
		return nil, err
	}
	return &door{
		filter: c.Admit.Filter, gate: &c.gate,
		cookies: k, required: c.RequireCookies,
		most: pomelo.HeaderLen + c.pomelo.MaxHello,
	}, nil
}

// knock looks at a stranger's datagram. An answer is never longer than it, and valid until the
// next call (P19.4, P19.5).
func (d *door) knock(from datagram, now time.Time) (answer []byte, v verdict) {
	body, ok := d.handshake(from.data)
	if !ok || !d.admits(from.from) {
		return nil, away
	}
	cookie, knows := pomelo.Cookie(body)
	switch {
	case knows && d.cookies.good(cookie, from.from, now):
		return nil, proven
	case knows:
		d.answer = pomelo.AppendChallenge(d.answer[:0], d.cookies.of(from.from, now))
	case d.required:
		d.answer = pomelo.AppendRefusal(d.answer[:0], pomelo.CodeOldClient)
	default:
		return nil, guest
	}
	if len(d.answer) > len(from.data) {
		return nil, away
	}
	return d.answer, away
}

// said is how every answer of a server begins. Who sends one is a server, or sends back what it gets: with an
// answer for an answer two of them would never come to an end.
var said = []byte(`{"code":`)

// handshake is the body of a datagram that is a client's handshake and nothing else.
func (d *door) handshake(b []byte) (body []byte, ok bool) {
	if len(b) > d.most {
		return nil, false
	}
	p, rest, err := pomelo.DecodePackage(b)
	return p.Body, err == nil && p.Type == pomelo.TypeHandshake && len(rest) == 0 && !bytes.HasPrefix(p.Body, said)
}

// admits asks the filter: who is not let in gets no answer either. A port of 0 cannot be answered.
func (d *door) admits(peer netip.AddrPort) bool {
	if !peer.IsValid() || peer.Port() == 0 {
		return false
	}
	if d.filter != nil && !d.filter.Allows(peer.Addr().WithZone("")) {
		d.gate.Refuse(admit.Filtered)
		return false
	}
	return true
}
