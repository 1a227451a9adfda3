package pomelo

import (
	"cmp"
	"crypto/md5"
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// ErrDictionary refuses more routes than 16 bits can number.
var ErrDictionary = errors.New("pomelo: dictionary over 65535 routes")

// Dictionary gives routes numbers of two bytes, for both directions (P8). It does
// not change. A nil Dictionary is empty.
type Dictionary struct {
	codes   map[string]uint16
	routes  []string // that of code 1 first
	text    string   // route → code as JSON
	version string
	sys     []byte // the members it adds to a handshake's answer, a comma behind each
}

// NewDictionary numbers the routes that requests may name, in the order of their
// UTF-16 code units, and then user, in the order given, as config/dictionary.json
// does. A route that user repeats is written by its new code and still read by its
// old one (P8.1).
func NewDictionary(routes, user []string) (*Dictionary, error) {
	routes = slices.Clone(routes)
	slices.SortFunc(routes, byCodeUnits)
	routes = append(slices.Compact(routes), user...)
	if len(routes) > math.MaxUint16 {
		return nil, ErrDictionary
	}
	d := &Dictionary{codes: make(map[string]uint16, len(routes)), routes: routes}
	for i, route := range routes {
		if len(route) > MaxRoute || !utf8.ValidString(route) {
			return nil, fmt.Errorf("dictionary: %q: %w", route, ErrRoute)
		}
		d.codes[route] = uint16(i + 1)
	}
	d.text = string(d.appendCodes(nil))
	d.version = versionOf(d.text)
	d.sys = d.appendSys(nil)
	return d, nil
}

// Code is the number that stands for route.
func (d *Dictionary) Code(route string) (code uint16, ok bool) {
	if d == nil {
		return 0, false
	}
	code, ok = d.codes[route]
	return code, ok
}

// Route is the route that code stands for.
func (d *Dictionary) Route(code uint16) (route string, ok bool) {
	if d == nil || code == 0 || int(code) > len(d.routes) {
		return "", false
	}
	return d.routes[code-1], true
}

// JSON is route → code as clients get it.
func (d *Dictionary) JSON() string { return d.text }

// Version tells clients whether the dictionary they have kept is this one (P8.3).
func (d *Dictionary) Version() string { return d.version }

// appendCodes appends route → code. Like a member of a JavaScript object, a route
// that comes twice has its first place and its last code.
func (d *Dictionary) appendCodes(dst []byte) []byte {
	dst = append(dst, '{')
	written := make(map[string]bool, len(d.routes))
	for _, route := range d.routes {
		if written[route] {
			continue
		}
		written[route] = true
		dst = append(appendString(dst, route), ':')
		dst = append(strconv.AppendUint(dst, uint64(d.codes[route]), 10), ',')
	}
	return closeObject(dst)
}

func (d *Dictionary) appendSys(dst []byte) []byte {
	dst = append(append(dst, `"dict":`...), d.text...)
	dst = append(append(dst, `,"routeToCode":`...), d.text...)
	dst = append(dst, `,"codeToRoute":{`...)
	for i, route := range d.routes {
		dst = append(strconv.AppendInt(append(dst, '"'), int64(i+1), 10), `":`...)
		dst = append(appendString(dst, route), ',')
	}
	dst = append(closeObject(dst), `,"dictVersion":`...)
	return append(appendString(dst, d.version), ',')
}

// byCodeUnits orders like JavaScript: a character above U+FFFF counts as its
// surrogates, which come before U+E000.
func byCodeUnits(a, b string) int {
	if a == b {
		return 0
	}
	return cmp.Or(slices.Compare(utf16.Encode([]rune(a)), utf16.Encode([]rune(b))), cmp.Compare(a, b))
}

// versionOf is what the reference takes for the version of JSON texts: no secret,
// only a name (P8.3, P10.2).
func versionOf(text string) string {
	sum := md5.Sum([]byte(text))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// closeObject ends an object whose members have a comma behind each.
func closeObject(dst []byte) []byte {
	if dst[len(dst)-1] == ',' {
		dst[len(dst)-1] = '}'
		return dst
	}
	return append(dst, '}')
}
