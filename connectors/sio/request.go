package sio

import (
	"encoding/json"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

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
// nothing else to it.
func (g *greeting) raw(transport, namespace string, auth []byte, more url.Values) []byte {
	b, err := json.Marshal(struct {
		Transport string            `json:"transport"`
		Namespace string            `json:"namespace"`
		Auth      json.RawMessage   `json:"auth,omitempty"`
		Query     map[string]string `json:"query"`
		Headers   map[string]string `json:"headers"`
	}{transport, namespace, auth, flat(g.query, more), flat(lower(g.headers))})
	if err != nil {
		return nil // auth has been looked at: it is JSON
	}
	return b
}

// flat joins the values of each name with commas, as HTTP does.
func flat(lists ...map[string][]string) map[string]string {
	m := map[string]string{}
	for _, l := range lists {
		for name, values := range l {
			m[name] = strings.Join(values, ", ")
		}
	}
	return m
}

func lower(h http.Header) map[string][]string {
	m := make(map[string][]string, len(h))
	for name, values := range h {
		m[strings.ToLower(name)] = values
	}
	return m
}
