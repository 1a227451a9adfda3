package port

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// Claim says which clients of a Port are its user's.
type Claim struct {
	// Bytes are the first bytes of clients that go to Conn. A letter that nobody
	// claims begins an HTTP request; any other such byte ends the connection.
	Bytes []byte
	// Any claims all clients, also those that wait to be spoken to: no first byte is waited for. Nobody
	// else can be on the port then.
	Any bool
	// Conn takes such a client, with nothing read. It runs on a goroutine of its
	// own and may block until somebody accepts the client, or the Share is about
	// to be closed; it counts as pending meanwhile.
	Conn func(net.Conn)
	// Path claims HTTP requests for Handler: those for this path, and those
	// below it when it ends in a slash. The longest path that fits wins. Empty
	// means "/", everything.
	Path string
	// Upgrade leaves requests at Path that do not ask for a WebSocket to others.
	Upgrade bool
	// Handler serves the requests. Nil claims none. What asks for a WebSocket and
	// comes at once is served without net/http's server, to the same effect, but
	// that the client's leaving does not end the request's context, and that an
	// answer that is no upgrade closes the connection.
	Handler http.Handler
	// Fail is told of the first accept error in a row, of the loss of the place, and
	// of the error that ends accepting. It does not block. Nil means that nobody is told.
	Fail func(error)
}

func (c Claim) withDefaults() Claim {
	if c.Path == "" {
		c.Path = "/"
	}
	if c.Fail == nil {
		c.Fail = func(error) {}
	}
	return c
}

// wants tells whether r is at the claim's path, and of its kind.
func (c *Claim) wants(r *http.Request) bool {
	if c.Upgrade && !upgrades(r) {
		return false
	}
	if strings.HasSuffix(c.Path, "/") {
		return c.Path == "/" || strings.HasPrefix(r.URL.Path, c.Path)
	}
	return r.URL.Path == c.Path
}

// upgrades tells whether r asks for a WebSocket, in any way.
func upgrades(r *http.Request) bool {
	return strings.EqualFold(r.Header.Get("Upgrade"), "websocket")
}

// Share is one user's part of an open Port.
type Share struct {
	port  *Port
	claim Claim
	place *place
	once  sync.Once
	err   error
}

// Addr is where the port listens.
func (s *Share) Addr() net.Addr { return s.place.addr }

// Health is why clients cannot come in now, or nil. A place that the Port has opened
// itself and has lost is taken again as soon as that is possible; a Listener that it
// was given is not.
func (s *Share) Health() error { return s.place.health() }

// Close gives the claim back. Clients that were handed over live on. When no other
// Share is open the port closes, with its HTTP connections, and when Close returns
// nothing of it runs but handlers that have not returned yet.
func (s *Share) Close() error {
	s.once.Do(func() { s.err = s.port.leave(s) })
	return s.err
}

// table says whose a client is. It does not change; claims come and go with new
// tables.
type table struct {
	shares []*Share
	bytes  [256]*Share
	any    bool     // all are one Share's
	paths  []*Share // in the order in which they are asked
}

// with is the table and one more share, or why it cannot be.
func (t *table) with(s *Share) (*table, error) {
	if t.any || s.claim.Any && len(t.shares) > 0 {
		return nil, errors.New("Claim.Any: claimed already")
	}
	for _, b := range s.claim.Bytes {
		if t.bytes[b] != nil {
			return nil, fmt.Errorf("Claim.Bytes %#02x: claimed already", b)
		}
	}
	for _, o := range t.paths {
		if s.claim.Handler != nil && o.claim.Path == s.claim.Path && o.claim.Upgrade == s.claim.Upgrade {
			return nil, fmt.Errorf("Claim.Path %q: claimed already", s.claim.Path)
		}
	}
	return newTable(append(slices.Clip(t.shares), s)), nil
}

func (t *table) without(s *Share) *table {
	return newTable(slices.DeleteFunc(slices.Clone(t.shares), func(o *Share) bool { return o == s }))
}

func newTable(shares []*Share) *table {
	t := &table{shares: shares}
	for _, s := range shares {
		if t.any = s.claim.Any; t.any {
			fill(&t.bytes, s)
		}
		for _, b := range s.claim.Bytes {
			t.bytes[b] = s
		}
		if s.claim.Handler != nil {
			t.paths = append(t.paths, s)
		}
	}
	slices.SortStableFunc(t.paths, closer)
	return t
}

func fill(bytes *[256]*Share, s *Share) {
	for b := range bytes {
		bytes[b] = s
	}
}

// closer orders the claim that fits fewer requests first.
func closer(a, b *Share) int {
	if n := cmp.Compare(len(b.claim.Path), len(a.claim.Path)); n != 0 {
		return n
	}
	switch {
	case a.claim.Upgrade == b.claim.Upgrade:
		return 0
	case a.claim.Upgrade:
		return -1
	}
	return 1
}

// handler is who serves r, or nil.
func (t *table) handler(r *http.Request) http.Handler {
	for _, s := range t.paths {
		if s.claim.wants(r) {
			return s.claim.Handler
		}
	}
	return nil
}
