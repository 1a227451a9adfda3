package hybrid_test

import (
	"net"
	"strings"
	"testing"

	"github.com/fairlead-go/fairlead/connectors/hybrid"
)

// served is the host that clients ask for in these tests.
const served = "game.example:8080"

// upgradeFrom asks for a WebSocket with these head lines and returns the status.
func upgradeFrom(t *testing.T, addr net.Addr, lines string) string {
	t.Helper()
	c, err := net.Dial(addr.Network(), addr.String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	write(t, c, "GET / HTTP/1.1\r\n"+lines+"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n")
	b := make([]byte, len("HTTP/1.1 101"))
	if _, err := c.Read(b); err != nil {
		t.Fatal(err)
	}
	return string(b[len("HTTP/1.1 "):])
}

// Every trick that makes one page look like another is refused, whichever way
// pages are allowed.
func TestOriginTricks(t *testing.T) {
	const (
		in  = "101"
		out = "403"
	)
	policies := map[string][]string{
		"same host": nil,
		"host":      {"game.example:8080", "game.example"},
		"origin":    {"https://game.example:8080", "https://game.example:443", "capacitor://localhost", "file://"},
		"IPv6":      {"[2001:db8::1]:8080"},
		"punycode":  {"https://xn--bcher-kva.example"},
		"null":      {"null"},
	}
	type trick struct{ policy, origin, want string }
	tricks := map[string]trick{
		"the page itself":                    {"same host", "https://game.example:8080", in},
		"over http":                          {"same host", "http://game.example:8080", in},
		"in capitals":                        {"same host", "HTTPS://GAME.EXAMPLE:8080", in},
		"null":                               {"same host", "null", out},
		"Null":                               {"same host", "Null", out},
		"nothing":                            {"same host", "", out},
		"a blank":                            {"same host", "https://game.example:8080 https://evil.example", out},
		"a list":                             {"same host", "https://game.example:8080, https://evil.example", out},
		"another port":                       {"same host", "https://game.example:8081", out},
		"no port":                            {"same host", "https://game.example", out},
		"a port that begins alike":           {"same host", "https://game.example:80800", out},
		"a port with a zero":                 {"same host", "https://game.example:08080", out},
		"an empty port":                      {"same host", "https://game.example:", out},
		"a subdomain":                        {"same host", "https://evil.game.example:8080", out},
		"a parent domain":                    {"same host", "https://example:8080", out},
		"a domain that ends alike":           {"same host", "https://evilgame.example:8080", out},
		"a domain that begins alike":         {"same host", "https://game.example:8080.evil.example", out},
		"a trailing dot":                     {"same host", "https://game.example.:8080", out},
		"a user":                             {"same host", "https://user@game.example:8080", out},
		"a user and a password":              {"same host", "https://user:8080@game.example:8080", out},
		"the host as a user":                 {"same host", "https://game.example:8080@evil.example", out},
		"the host as a password":             {"same host", "https://x:game.example@evil.example:8080", out},
		"a path":                             {"same host", "https://game.example:8080/", out},
		"the host as a path":                 {"same host", "https://evil.example/game.example:8080", out},
		"the host as a query":                {"same host", "https://evil.example?game.example:8080", out},
		"the host as a fragment":             {"same host", "https://evil.example#game.example:8080", out},
		"a backslash":                        {"same host", `https://evil.example\@game.example:8080`, out},
		"an escape":                          {"same host", "https://game%2eexample:8080", out},
		"an escaped zero":                    {"same host", "https://game.example:8080%00.evil.example", out},
		"no scheme":                          {"same host", "game.example:8080", out},
		"slashes without a scheme":           {"same host", "//game.example:8080", out},
		"one slash":                          {"same host", "https:/game.example:8080", out},
		"three slashes":                      {"same host", "https:///game.example:8080", out},
		"a scheme of an extension":           {"same host", "chrome-extension://game.example:8080", out},
		"data":                               {"same host", "data:text/html,game.example:8080", out},
		"javascript":                         {"same host", "javascript://game.example:8080", out},
		"a file":                             {"same host", "file://", out},
		"a letter that looks alike":          {"same host", "https://g\u0430me.example:8080", out},
		"a letter that folds to it":          {"same host", "https://game.e\u212aample:8080", out},
		"letters of full width":              {"same host", "https://\uff47ame.example:8080", out},
		"a dot that is none":                 {"same host", "https://game\u3002example:8080", out},
		"a host that is no letter":           {"same host", "https://*:8080", out},
		"bytes that are no text":             {"same host", "https://game.example:8080\xff", out},
		"a listed host":                      {"host", "https://game.example", in},
		"a listed host and port":             {"host", "http://game.example:8080", in},
		"a listed host, another port":        {"host", "https://game.example:444", out},
		"a listed host below":                {"host", "https://evil.game.example", out},
		"a listed host before":               {"host", "https://game.example.evil.example", out},
		"a listed host with a dot":           {"host", "https://game.example.", out},
		"a listed host with a user":          {"host", "https://u@game.example", out},
		"a listed host of another scheme":    {"host", "ftp://game.example", out},
		"null is not listed":                 {"host", "null", out},
		"the bare host":                      {"host", "game.example", out},
		"a listed origin":                    {"origin", "https://game.example:8080", in},
		"a listed origin's own port":         {"origin", "https://game.example", in},
		"a listed origin, over http":         {"origin", "http://game.example:8080", out},
		"a listed origin with a user":        {"origin", "https://u@game.example:8080", out},
		"a listed origin with a path":        {"origin", "https://game.example:8080/x", out},
		"an app":                             {"origin", "capacitor://localhost", in},
		"an app's host as a page":            {"origin", "http://localhost", out},
		"files":                              {"origin", "file://", in},
		"IPv6":                               {"IPv6", "http://[2001:db8::1]:8080", in},
		"IPv6 in capitals":                   {"IPv6", "http://[2001:DB8::1]:8080", in},
		"IPv6, another port":                 {"IPv6", "http://[2001:db8::1]:8081", out},
		"IPv6 in another writing":            {"IPv6", "http://[2001:db8:0::1]:8080", out},
		"IPv6 with a zone":                   {"IPv6", "http://[2001:db8::1%25eth0]:8080", out},
		"IPv6 without brackets":              {"IPv6", "http://2001:db8::1:8080", out},
		"IPv6 with something behind":         {"IPv6", "http://[2001:db8::1]8080", out},
		"punycode":                           {"punycode", "https://xn--bcher-kva.example", in},
		"the same, decoded":                  {"punycode", "https://b\u00fccher.example", out},
		"null where it is listed":            {"null", "null", in},
		"a host of that name":                {"null", "http://null", out},
		"the same host where null is listed": {"null", "https://game.example:8080", out},
	}
	distinct := map[trick]bool{}
	for _, tt := range tricks {
		distinct[tt] = true
	}
	if n := len(distinct); n < 40 {
		t.Errorf("%d distinct cases, want 40 at the least", n)
	}
	for name, tt := range tricks {
		t.Run(name, func(t *testing.T) {
			l := listen(t, &hybrid.Connector{Origins: policies[tt.policy]})
			if tt.want == in {
				go func() { _, _ = l.Accept() }()
			}
			if got := upgradeFrom(t, l.Addr(), "Host: "+served+"\r\nOrigin: "+tt.origin+"\r\n"); got != tt.want {
				t.Errorf("status %s, want %s", got, tt.want)
			}
		})
	}
}

func TestOriginHeads(t *testing.T) {
	for name, tt := range map[string]struct{ lines, want string }{
		"two origins":                  {"Host: a\r\nOrigin: http://a\r\nOrigin: http://b\r\n", "403"},
		"the default port in Host":     {"Host: a:80\r\nOrigin: http://a\r\n", "101"},
		"the port of another scheme":   {"Host: a:443\r\nOrigin: http://a\r\n", "403"},
		"no origin, so no browser":     {"Host: a\r\n", "101"},
		"an empty host and null":       {"Host: \r\nOrigin: null\r\n", "403"},
		"an empty host and a bare one": {"Host: \r\nOrigin: http://\r\n", "403"},
	} {
		t.Run(name, func(t *testing.T) {
			l := listen(t, &hybrid.Connector{})
			if tt.want == "101" {
				go func() { _, _ = l.Accept() }()
			}
			if got := upgradeFrom(t, l.Addr(), tt.lines); got != tt.want {
				t.Errorf("status %s, want %s", got, tt.want)
			}
		})
	}
}

func TestOriginsThatCanNeverMatchAreErrors(t *testing.T) {
	for _, entry := range []string{
		"", "*.game.example", "game.example/", "https://game.example/", "https://u@game.example",
		"b\u00fccher.example", "https://*", "game.example:", "game.example:http", "[::1", "[1]", "ht tp://x", "://x", " game.example",
	} {
		c := &hybrid.Connector{Addr: "127.0.0.1:0", Origins: []string{"ok.example", entry}}
		_, err := c.Listen(t.Context())
		if err == nil || !strings.HasPrefix(err.Error(), `hybrid: Origins[1] "`) {
			t.Errorf("%q: error %v", entry, err)
		}
	}
}
