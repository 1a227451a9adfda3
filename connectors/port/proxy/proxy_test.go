package proxy_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"net/netip"
	"strings"
	"testing"

	"github.com/fairlead-go/fairlead/connectors/port/proxy"
)

const sig = "\r\n\r\n\x00\r\nQUIT\n"

// v2 makes a header of version 2.
func v2(command, family byte, body string) string {
	head := append([]byte(sig), command, family)
	return string(binary.BigEndian.AppendUint16(head, uint16(len(body)))) + body
}

const (
	four = "\xc0\x00\x02\x01\xc0\x00\x02\x02\x12\x67\x01\xbb" // 192.0.2.1:4711 to 192.0.2.2:443
	six  = "\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01" +
		"\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x12\x67\x01\xbb"
	mapped = "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff\xc0\x00\x02\x01" +
		"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff\xc0\x00\x02\x02\x12\x67\x01\xbb"
)

var headers = map[string]struct {
	wire string
	want string // the client's address; "-" for none
	err  error
}{
	"1: IPv4":                         {"PROXY TCP4 192.0.2.1 192.0.2.2 4711 443\r\n", "192.0.2.1:4711", nil},
	"1: IPv6":                         {"PROXY TCP6 2001:db8::1 2001:db8::2 4711 443\r\n", "[2001:db8::1]:4711", nil},
	"1: IPv4 as IPv6":                 {"PROXY TCP6 ::ffff:192.0.2.1 ::ffff:192.0.2.2 4711 443\r\n", "192.0.2.1:4711", nil},
	"1: unknown":                      {"PROXY UNKNOWN\r\n", "-", nil},
	"1: unknown, and the longest":     {"PROXY UNKNOWN ffff:f...f:ffff " + strings.Repeat("x", 75) + "\r\n", "-", nil},
	"1: ports at their ends":          {"PROXY TCP4 1.2.3.4 5.6.7.8 0 65535\r\n", "1.2.3.4:0", nil},
	"1: one byte too long":            {"PROXY UNKNOWN ffff:f...f:ffff " + strings.Repeat("x", 76) + "\r\n", "", proxy.ErrMalformed},
	"1: unknowns":                     {"PROXY UNKNOWNS\r\n", "", proxy.ErrMalformed},
	"1: lower case":                   {"PROXY tcp4 1.2.3.4 5.6.7.8 1 2\r\n", "", proxy.ErrMalformed},
	"1: IPv6 called IPv4":             {"PROXY TCP4 ::1 ::1 1 2\r\n", "", proxy.ErrMalformed},
	"1: IPv4 called IPv6":             {"PROXY TCP6 1.2.3.4 5.6.7.8 1 2\r\n", "", proxy.ErrMalformed},
	"1: two families":                 {"PROXY TCP4 1.2.3.4 ::1 1 2\r\n", "", proxy.ErrMalformed},
	"1: a zone":                       {"PROXY TCP6 fe80::1%eth0 ::1 1 2\r\n", "", proxy.ErrMalformed},
	"1: zeros before an octet":        {"PROXY TCP4 1.2.3.04 5.6.7.8 1 2\r\n", "", proxy.ErrMalformed},
	"1: a zero before a port":         {"PROXY TCP4 1.2.3.4 5.6.7.8 01 2\r\n", "", proxy.ErrMalformed},
	"1: a sign before a port":         {"PROXY TCP4 1.2.3.4 5.6.7.8 +1 2\r\n", "", proxy.ErrMalformed},
	"1: a port of 65536":              {"PROXY TCP4 1.2.3.4 5.6.7.8 1 65536\r\n", "", proxy.ErrMalformed},
	"1: no port":                      {"PROXY TCP4 1.2.3.4 5.6.7.8 1\r\n", "", proxy.ErrMalformed},
	"1: a field too many":             {"PROXY TCP4 1.2.3.4 5.6.7.8 1 2 3\r\n", "", proxy.ErrMalformed},
	"1: two blanks":                   {"PROXY TCP4  1.2.3.4 5.6.7.8 1 2\r\n", "", proxy.ErrMalformed},
	"1: a blank at the end":           {"PROXY TCP4 1.2.3.4 5.6.7.8 1 2 \r\n", "", proxy.ErrMalformed},
	"1: no carriage return":           {"PROXY UNKNOWN\n", "", proxy.ErrMalformed},
	"1: nothing":                      {"PROXY \r\n", "", proxy.ErrMalformed},
	"2: IPv4":                         {v2(0x21, 0x11, four), "192.0.2.1:4711", nil},
	"2: IPv6":                         {v2(0x21, 0x21, six), "[2001:db8::1]:4711", nil},
	"2: IPv4 as IPv6":                 {v2(0x21, 0x21, mapped), "192.0.2.1:4711", nil},
	"2: a datagram's":                 {v2(0x21, 0x12, four), "192.0.2.1:4711", nil},
	"2: unix":                         {v2(0x21, 0x31, strings.Repeat("/", 216)), "-", nil},
	"2: no family":                    {v2(0x21, 0x00, ""), "-", nil},
	"2: local":                        {v2(0x20, 0x00, ""), "-", nil},
	"2: local, the rest ignored":      {v2(0x20, 0xff, "rest"), "-", nil},
	"2: fields":                       {v2(0x21, 0x11, four+"\x02\x00\x01x\x04\x00\x00"), "192.0.2.1:4711", nil},
	"2: the longest":                  {v2(0x21, 0x11, four+"\x04\x01\xf9"+strings.Repeat("x", 505)), "192.0.2.1:4711", nil},
	"2: a checksum":                   {summed(), "192.0.2.1:4711", nil},
	"2: a wrong checksum":             {v2(0x21, 0x11, four+"\x03\x00\x04abcd"), "", proxy.ErrMalformed},
	"2: half a checksum":              {v2(0x21, 0x11, four+"\x03\x00\x02ab"), "", proxy.ErrMalformed},
	"2: one byte too long":            {v2(0x21, 0x11, four+"\x04\x01\xfa"+strings.Repeat("x", 506)), "", proxy.ErrMalformed},
	"2: half a field":                 {v2(0x21, 0x11, four+"\x02\x00"), "", proxy.ErrMalformed},
	"2: a field beyond the end":       {v2(0x21, 0x11, four+"\x02\x00\x02x"), "", proxy.ErrMalformed},
	"2: too short for its family":     {v2(0x21, 0x11, four[:11]), "", proxy.ErrMalformed},
	"2: too short for the longer one": {v2(0x21, 0x21, six[:35]), "", proxy.ErrMalformed},
	"2: an unknown family":            {v2(0x21, 0x41, six), "", proxy.ErrMalformed},
	"2: an unknown transport":         {v2(0x21, 0x13, four), "", proxy.ErrMalformed},
	"2: an unknown command":           {v2(0x22, 0x11, four), "", proxy.ErrMalformed},
	"2: version 1 in it":              {v2(0x11, 0x11, four), "", proxy.ErrMalformed},
	"pomelo":                          {"\x01\x00\x00\x02{}", "", proxy.ErrNone},
	"an HTTP request":                 {"POST / HTTP/1.1\r\n", "", proxy.ErrNone},
	"one that begins alike":           {"PROXYLIKE / HTTP/1.1\r\n", "", proxy.ErrNone},
	"empty lines":                     {"\r\n\r\n\r\n", "", proxy.ErrNone},
}

// summed is a header with its checksum.
func summed() string {
	b := []byte(v2(0x21, 0x11, four+"\x03\x00\x04\x00\x00\x00\x00"))
	sum := crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli))
	binary.BigEndian.PutUint32(b[len(b)-4:], sum)
	return string(b)
}

func TestHeaders(t *testing.T) {
	for name, tt := range headers {
		t.Run(name, func(t *testing.T) {
			client, n, err := proxy.Parse([]byte(tt.wire + "\x04"))
			if !errors.Is(err, tt.err) {
				t.Fatalf("error %v, want %v", err, tt.err)
			}
			if err != nil {
				return
			}
			got := "-"
			if client.IsValid() {
				got = client.String()
			}
			if got != tt.want || n != len(tt.wire) {
				t.Errorf("client %s in %d bytes, want %s in %d", got, n, tt.want, len(tt.wire))
			}
		})
	}
}

// A reader that asks for what is missing, and no more, ends where the header does.
func TestReadingNeverGoesTooFar(t *testing.T) {
	for name, tt := range headers {
		if tt.err != nil {
			continue
		}
		t.Run(name, func(t *testing.T) {
			stream, at, reads := []byte(tt.wire+"more"), 0, 0
			for {
				_, n, err := proxy.Parse(stream[:at])
				if err == nil {
					break
				}
				if !errors.Is(err, proxy.ErrShort) || n <= at || n > len(tt.wire) {
					t.Fatalf("after %d of %d bytes: go on to %d, %v", at, len(tt.wire), n, err)
				}
				at = n
				reads++
			}
			if at != len(tt.wire) {
				t.Errorf("read %d bytes, want %d", at, len(tt.wire))
			}
			t.Logf("%d reads for %d bytes", reads, at)
		})
	}
}

func TestFirstBytes(t *testing.T) {
	for b := range 256 {
		if got, want := proxy.Begins(byte(b)), b == 'P' || b == '\r'; got != want {
			t.Errorf("Begins(%#02x) = %v, want %v", b, got, want)
		}
	}
}

// FuzzParse checks that nothing is decided too early, that what decodes encodes
// to bytes that decode to the same, and that malformed bytes are an error.
func FuzzParse(f *testing.F) {
	for _, tt := range headers {
		f.Add([]byte(tt.wire))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		client, n, err := proxy.Parse(b)
		switch {
		case err == nil && (n > len(b) || n > proxy.MaxLen):
			t.Fatalf("%d bytes of %d", n, len(b))
		case errors.Is(err, proxy.ErrShort) && (n <= len(b) || n > proxy.MaxLen):
			t.Fatalf("go on to %d after %d", n, len(b))
		case err != nil && client.IsValid():
			t.Fatalf("%v, and %v", client, err)
		case err != nil:
			return
		}
		for k := range n {
			if _, to, err := proxy.Parse(b[:k]); !errors.Is(err, proxy.ErrShort) || to > n {
				t.Fatalf("%d bytes of %d: go on to %d, %v", k, n, to, err)
			}
		}
		if client.IsValid() {
			again, _, err := proxy.Parse([]byte(text(client)))
			if err != nil || again != client {
				t.Fatalf("%v became %v, %v", client, again, err)
			}
		}
	})
}

// text is a header of version 1.
func text(client netip.AddrPort) string {
	protocol := "TCP4"
	if client.Addr().Is6() {
		protocol = "TCP6"
	}
	return fmt.Sprintf("PROXY %s %s %[2]s %d 443\r\n", protocol, client.Addr(), client.Port())
}
