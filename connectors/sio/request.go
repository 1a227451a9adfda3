package sio

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/fairlead-go/fairlead/connectors/admit"
	"github.com/fairlead-go/fairlead/connectors/wire/engineio"
)

// request is an HTTP request with what its query says.
type request struct {
	*http.Request
	query     url.Values
	transport string
	sid       string
	version   engineio.Version // zero: none that we know
	b64       bool
}

func newRequest(r *http.Request) *request {
	q := r.URL.Query()
	req := &request{
		Request: r, query: q,
		transport: q.Get("transport"), sid: q.Get("sid"), b64: q.Get("b64") == "1",
	}
	switch q.Get("EIO") {
	case "3":
		req.version = engineio.V3
	case "4":
		req.version = engineio.V4
	}
	return req
}

// local is where the client came to.
func (r *request) local() net.Addr {
	a, _ := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	return a
}

// remote is where the client comes from, as the port knows it: a proxy's word counts there.
func (r *request) remote() net.Addr {
	if a, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
		return net.TCPAddrFromAddrPort(a)
	}
	return peer(r.RemoteAddr)
}

// from is the address that its place is counted for.
func (r *request) from() netip.Addr { return admit.AddrOf(r.remote()) }

// peer is an address that is none of TCP.
type peer string

func (p peer) Network() string { return "unknown" }
func (p peer) String() string  { return string(p) }

// greeting is what a handshake says, for the application.
type greeting struct {
	query   url.Values
	headers http.Header
}

func (r *request) greeting() *greeting { return &greeting{r.query, r.Header} }

// raw is the whole of a handshake as JSON. more is the query of a namespace, for clients that can say
// nothing else to it. It is made by hand: of each newcomer, and garbage is most of what one costs.
func (g *greeting) raw(transport, namespace string, auth []byte, more url.Values) []byte {
	b := make([]byte, 0, 512)
	b = appendQuoted(append(b, `{"transport":`...), transport)
	b = appendQuoted(append(b, `,"namespace":`...), namespace)
	if len(auth) > 0 {
		b = append(append(b, `,"auth":`...), auth...)
	}
	b = append(b, `,"query":{`...)
	b = appendMembers(b, g.query, more)
	for name, values := range more {
		b = appendMember(b, name, values)
	}
	b = append(b, `},"headers":{`...)
	for name, values := range g.headers {
		b = appendMember(b, strings.ToLower(name), values)
	}
	return append(b, "}}"...)
}

// appendMembers appends those of a query that more does not say otherwise.
func appendMembers(b []byte, query, more url.Values) []byte {
	for name, values := range query {
		if _, other := more[name]; !other {
			b = appendMember(b, name, values)
		}
	}
	return b
}

// appendMember appends a member of an object, whose values are joined with commas as HTTP does.
func appendMember(b []byte, name string, values []string) []byte {
	if b[len(b)-1] != '{' {
		b = append(b, ',')
	}
	b = append(appendQuoted(b, name), ':')
	if len(values) == 1 {
		return appendQuoted(b, values[0])
	}
	return appendQuoted(b, strings.Join(values, ", "))
}

// appendQuoted appends s as a JSON string.
func appendQuoted(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	for _, r := range s { // what is no UTF-8 comes as U+FFFD
		switch {
		case r == '"' || r == '\\':
			b = append(b, '\\', byte(r))
		case r < ' ':
			b = append(b, '\\', 'u', '0', '0', hex[r>>4], hex[r&15])
		default:
			b = utf8.AppendRune(b, r)
		}
	}
	return append(b, '"')
}
