package stream

import (
	"fmt"
	"net/http"
	"strings"
)

// origins are the pages that may open a WebSocket. Browsers let any page open one
// anywhere, with the user's cookies, and leave it to the server to look at the
// page's Origin. What is not written exactly as browsers write it is refused.
type origins struct {
	any    bool
	null   bool
	listed map[string]bool // hosts, and whole origins; empty means the host asked for
}

// opaque is the origin of pages that have none: sandboxed frames, files.
const opaque = "null"

// newOrigins checks and takes what NewUpgrader is given.
func newOrigins(list []string) (o origins, err error) {
	o.listed = map[string]bool{}
	for i, entry := range list {
		e := lower(entry)
		scheme, host, whole := strings.Cut(e, "://")
		switch {
		case e == "*":
			o.any = true
			continue
		case e == opaque:
			o.null = true
			continue
		case whole && isScheme(scheme) && (host == "" || isHost(host)):
			e = scheme + "://" + withoutDefault(scheme, host)
		case !whole && isHost(e):
		default:
			return o, fmt.Errorf(`Origins[%d] %q: want a host ("game.example"), an origin ("https://game.example"), "null" or "*", in ASCII`, i, entry)
		}
		o.listed[e] = true
	}
	return o, nil
}

// allow tells whether the page that asks may connect. Clients that are no browser
// send no Origin, and could send any.
func (o origins) allow(r *http.Request) bool {
	values, sent := r.Header["Origin"]
	if !sent || o.any {
		return true
	}
	if len(values) != 1 {
		return false
	}
	origin := lower(values[0])
	scheme, host, whole := strings.Cut(origin, "://")
	if !whole {
		return o.null && origin == opaque
	}
	if o.listed[origin] {
		return true
	}
	if scheme != "http" && scheme != "https" || !isHost(host) {
		return false
	}
	if len(o.listed) == 0 && !o.null {
		return host == withoutDefault(scheme, lower(r.Host))
	}
	return o.listed[host]
}

// withoutDefault is a host without the port that its scheme implies, which
// browsers leave out.
func withoutDefault(scheme, host string) string {
	switch scheme {
	case "http":
		return strings.TrimSuffix(host, ":80")
	case "https":
		return strings.TrimSuffix(host, ":443")
	}
	return host
}

// What schemes, names and addresses of IPv6 are made of, in lower case.
const (
	digits    = "0123456789"
	letters   = "abcdefghijklmnopqrstuvwxyz"
	ofScheme  = letters + digits + "+-."
	ofName    = letters + digits + "-._"
	ofAddress = digits + "abcdef:."
)

func isScheme(s string) bool { return only(s, ofScheme) }

// isHost tells whether s can be the host, and the port, of an origin: a name or
// address of IPv4, or one of IPv6 in brackets. Nothing in it may mean something
// else to somebody: no user, path, escape, blank or letter beyond ASCII.
func isHost(s string) bool {
	if rest, ok := strings.CutPrefix(s, "["); ok {
		address, rest, closed := strings.Cut(rest, "]")
		port, has := strings.CutPrefix(rest, ":")
		return closed && strings.Contains(address, ":") && only(address, ofAddress) && (rest == "" || has && isPort(port))
	}
	name, port, has := strings.Cut(s, ":")
	return only(name, ofName) && (!has || isPort(port))
}

func isPort(s string) bool { return len(s) <= 5 && only(s, digits) }

func only(s, chars string) bool { return s != "" && strings.Trim(s, chars) == "" }

// lower is s with ASCII letters in lower case, and no others: İ is not i.
func lower(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)
}
