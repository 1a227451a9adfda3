// Package proxy reads the PROXY protocol's header, versions 1 and 2: what a
// proxy says of the client whose bytes follow.
//
// It is our own because the library in the field, github.com/pires/go-proxyproto,
// serves another purpose. It reads through a buffer that stays with the connection
// for good, and takes bytes behind the header along; it refuses a header of version 1
// that arrives in two segments; it lets pass what the specification does not
// (signs and zeros before a port, fields after the last). Here a header is a pure
// function of its bytes, and a reader that is told how many are missing never
// reads one too many.
package proxy

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"net/netip"
	"strconv"
	"strings"
)

// MaxLen is the length of the longest header accepted, and maxLine that of the
// longest in version 1, its end included.
const (
	MaxLen  = 536
	maxLine = 107
)

// Errors that Parse ends with.
var (
	ErrShort     = errors.New("proxy: short header")
	ErrNone      = errors.New("proxy: no header")
	ErrMalformed = errors.New("proxy: malformed header")
)

const (
	line      = "PROXY "
	signature = "\r\n\r\n\x00\r\nQUIT\n"
	headLen   = 16 // version 2: signature, command, family, length
)

// Begins tells whether b may be the first byte of a header.
func Begins(b byte) bool { return b == line[0] || b == signature[0] }

// Parse reads the header at the head of b, which is b[:n]. The client's address is
// not valid when the proxy speaks for itself (LOCAL), or does not know it. While b
// is too short the error is ErrShort, and n how long it must be at the least.
func Parse(b []byte) (client netip.AddrPort, n int, err error) {
	switch {
	case starts(b, signature):
		return parseBinary(b)
	case starts(b, line):
		return parseLine(b)
	case strings.HasPrefix(signature, string(b)), strings.HasPrefix(line, string(b)):
		return client, len(signature), ErrShort // no header is shorter
	}
	return client, 0, ErrNone
}

func starts(b []byte, with string) bool {
	return len(b) >= len(with) && string(b[:len(with)]) == with
}

// parseLine reads version 1: "PROXY TCP4 192.0.2.1 192.0.2.2 4711 443\r\n".
func parseLine(b []byte) (client netip.AddrPort, n int, err error) {
	end := bytes.IndexByte(b[:min(len(b), maxLine)], '\n')
	if end < 0 {
		if n = len(b) + missing(b); n > maxLine {
			return client, 0, ErrMalformed
		}
		return client, n, ErrShort
	}
	text, ok := strings.CutSuffix(string(b[len(line):end+1]), "\r\n")
	if !ok {
		return client, 0, ErrMalformed
	}
	if text == "UNKNOWN" || strings.HasPrefix(text, "UNKNOWN ") {
		return client, end + 1, nil // what follows is to be ignored
	}
	client, ok = parseFields(strings.Split(text, " "))
	if !ok {
		return client, 0, ErrMalformed
	}
	return client, end + 1, nil
}

// missing is how many bytes a line lacks at the least.
func missing(b []byte) int {
	switch {
	case b[len(b)-1] == '\r':
		return len("\n")
	case starts(b, line+"TCP"):
		fields := max(5-bytes.Count(b, []byte(" ")), 0)
		return fields*len(" x") + len("\r\n")
	}
	return len("\r\n")
}

func parseFields(f []string) (client netip.AddrPort, ok bool) {
	if len(f) != 5 {
		return client, false
	}
	is := netip.Addr.Is4
	switch f[0] {
	case "TCP4":
	case "TCP6":
		is = netip.Addr.Is6
	default:
		return client, false
	}
	from, errFrom := netip.ParseAddr(f[1])
	to, errTo := netip.ParseAddr(f[2])
	if errFrom != nil || errTo != nil || !is(from) || !is(to) || from.Zone() != "" || to.Zone() != "" {
		return client, false
	}
	port, ok := parsePort(f[3])
	if _, okTo := parsePort(f[4]); !ok || !okTo {
		return client, false
	}
	return netip.AddrPortFrom(from.Unmap(), port), true
}

// parsePort reads a port written the one way there is.
func parsePort(s string) (uint16, bool) {
	n, err := strconv.ParseUint(s, 10, 16)
	return uint16(n), err == nil && strconv.FormatUint(n, 10) == s
}

// Commands, families of addresses, and the transports below them.
const (
	cmdLocal = 0x20
	cmdProxy = 0x21

	unspec = 0
	inet   = 1
	inet6  = 2
	unix   = 3

	maxTransport = 2 // unspecified, stream, datagram
)

// sizes of what each family has before its fields: two addresses and two ports,
// or two paths.
var sizes = [...]int{unspec: 0, inet: 2*4 + 4, inet6: 2*16 + 4, unix: 2 * 108}

// parseBinary reads version 2.
func parseBinary(b []byte) (client netip.AddrPort, n int, err error) {
	if len(b) < headLen {
		return client, headLen, ErrShort
	}
	n = headLen + int(binary.BigEndian.Uint16(b[14:]))
	command, family, transport := b[12], int(b[13]>>4), b[13]&0xf
	switch {
	case command != cmdLocal && command != cmdProxy, n > MaxLen:
		return client, 0, ErrMalformed
	case len(b) < n:
		return client, n, ErrShort
	case command == cmdLocal:
		return client, n, nil // what follows is to be ignored
	case family >= len(sizes) || transport > maxTransport || n < headLen+sizes[family]:
		return client, 0, ErrMalformed
	case !sound(b[:n], headLen+sizes[family]):
		return client, 0, ErrMalformed
	}
	return source(b[headLen:n], family), n, nil
}

// source is the client's address in a body of version 2, if it is of IP.
func source(body []byte, family int) netip.AddrPort {
	size := 4
	switch family {
	case inet:
	case inet6:
		size = 16
	default:
		return netip.AddrPort{}
	}
	a, _ := netip.AddrFromSlice(body[:size])
	return netip.AddrPortFrom(a.Unmap(), binary.BigEndian.Uint16(body[2*size:]))
}

// Fields of version 2 have a type, a length of two bytes, and a value.
const (
	fieldHead = 3
	typeCRC   = 0x03
	crcLen    = 4
)

// sound tells whether the fields from at on are whole, and the checksum right if
// there is one.
func sound(header []byte, at int) bool {
	for at < len(header) {
		if len(header)-at < fieldHead {
			return false
		}
		value := at + fieldHead
		next := value + int(binary.BigEndian.Uint16(header[at+1:]))
		if next > len(header) {
			return false
		}
		if header[at] == typeCRC && (next-value != crcLen || !checks(header, value)) {
			return false
		}
		at = next
	}
	return true
}

// checks compares the checksum at an index with that of the header, in which it
// counts as zero.
func checks(header []byte, at int) bool {
	zeroed := bytes.Clone(header)
	clear(zeroed[at : at+crcLen])
	sum := crc32.Checksum(zeroed, crc32.MakeTable(crc32.Castagnoli))
	return sum == binary.BigEndian.Uint32(header[at:])
}
