package sio_test

import (
	"errors"
	"net/http"
	"testing"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/sio"
)

// Pages that may connect read every answer, and no others do (P16.3).
func TestPagesOfOtherOrigins(t *testing.T) {
	for name, tt := range map[string]struct {
		hit
		status int
	}{
		"a handshake":            {hit{method: "GET", target: pollingFour}, 200},
		"a POST":                 {hit{method: "POST", target: pollingFour + "&sid=SID", body: `42["x"]`}, 200},
		"an unknown session":     {hit{method: "GET", target: pollingFour + "&sid=nobody"}, 400},
		"an unknown transport":   {hit{method: "GET", target: root + "EIO=4&transport=pigeon"}, 400},
		"a method we do not use": {hit{method: "PUT", target: pollingFour + "&sid=SID"}, 400},
		"a check that says no":   {hit{method: "GET", target: pollingFour + "&bad=1"}, 403},
		"a WebSocket, refused":   {hit{method: "GET", target: webSocketFour + "&bad=1", header: upgrading}, 403},
		"a preflight":            {hit{method: "OPTIONS", target: root}, 204},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, picky(), func(r *rig) {
				c := r.open("EIO=4")
				s := c.connect()
				const page = "https://game.example"
				got := r.hit(tt.with("Origin", page), c.sid)
				if got.status != tt.status {
					t.Errorf("status %d, want %d", got.status, tt.status)
				}
				if o, c := got.header.Get("Access-Control-Allow-Origin"), got.header.Get("Access-Control-Allow-Credentials"); o != page || c != "true" {
					t.Errorf("allowed origin %q, credentials %q; want %q, with credentials", o, c, page)
				}
				if v := got.header.Get("Vary"); v != "Origin" {
					t.Errorf("Vary is %q, want Origin", v)
				}
				got = r.hit(tt.with("Origin", "https://evil.example"), c.sid)
				if got.status != 403 || got.body != forbidden || got.header.Get("Vary") != "Origin" {
					t.Errorf("to others: %d %q, Vary %q; want 403, code 4, Vary: Origin", got.status, got.body, got.header.Get("Vary"))
				}
				if names := got.allowing(); len(names) > 0 {
					t.Errorf("others get %q", names)
				}
				got = r.hit(tt.hit, c.sid)
				if names := got.allowing(); got.status != tt.status || len(names) > 0 || got.header.Get("Vary") != "Origin" {
					t.Errorf("to no page: %d with %q, Vary %q; want %d with none", got.status, names, got.header.Get("Vary"), tt.status)
				}
				s.Close(connectors.Reason{})
			})
		})
	}
}

// picky lets pages of one host in, and nobody who is bad.
func picky() *sio.Connector {
	return &sio.Connector{
		Origins: []string{"game.example"},
		Check: func(r *http.Request) error {
			if r.URL.Query().Has("bad") {
				return errors.New("bad")
			}
			return nil
		},
	}
}

// The rule for pages holds for WebSockets, the first and an upgrade (P16.3).
func TestWebSocketsOfOtherOrigins(t *testing.T) {
	for origin, want := range map[string]int{"https://game.example": 101, "https://evil.example": 403, "null": 403} {
		for name, target := range map[string]string{"a handshake": webSocketFour, "an upgrade": webSocketFour + "&sid=SID"} {
			bubble(t, picky(), func(r *rig) {
				c := r.open("EIO=4")
				got := r.hit(hit{method: "GET", target: target, header: upgrading}.with("Origin", origin), c.sid)
				if got.status != want || want == 403 && got.body != forbidden {
					t.Errorf("%s from %s: %d %q, want %d", name, origin, got.status, got.body, want)
				}
			})
		}
	}
}

// Without Origins any page may connect, and is told so by its name: with credentials * does not count.
func TestAnyOriginByDefault(t *testing.T) {
	bubble(t, &sio.Connector{}, func(r *rig) {
		got := r.hit(hit{method: "GET", target: pollingFour}.with("Origin", "null"), "")
		if o := got.header.Get("Access-Control-Allow-Origin"); got.status != 200 || o != "null" {
			t.Errorf("%d, allowed origin %q; want 200, the page's", got.status, o)
		}
	})
}

// Browsers ask before they send what a form could not: they name no session, nor anything else (P16.3).
func TestPreflights(t *testing.T) {
	bubble(t, picky(), func(r *rig) {
		ask := hit{method: "OPTIONS", target: "/socket.io/"}.with("Origin", "https://game.example")
		got := r.hit(ask.with("Access-Control-Request-Headers", "x-token, content-type"), "")
		if m := got.header.Get("Access-Control-Allow-Methods"); got.status != 204 || got.body != "" || m != "GET,POST" {
			t.Errorf("%d %q, methods %q; want 204 without a body, GET and POST", got.status, got.body, m)
		}
		if h := got.header.Get("Access-Control-Allow-Headers"); h != "x-token, content-type" {
			t.Errorf("allowed headers %q, want what was asked for", h)
		}
		if _, some := r.hit(ask, "").header["Access-Control-Allow-Headers"]; some {
			t.Error("headers are allowed that nobody asked for")
		}
		if _, some := r.hit(hit{method: "GET", target: pollingFour}.with("Origin", "https://game.example"), "").header["Access-Control-Allow-Methods"]; some {
			t.Error("an answer that is none to OPTIONS names methods")
		}
	})
}
