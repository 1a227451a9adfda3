package sio_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/port"
	"github.com/fairlead-go/fairlead/connectors/sio"
)

// hit is a request made by hand. SID in its target stands for the one of a client that is there.
type hit struct {
	method, target, body string
	header               []string // name, value, …
}

// upgrading are the headers of a request for a WebSocket.
var upgrading = []string{
	"Connection", "Upgrade", "Upgrade", "websocket", "Sec-Websocket-Version", "13", "Sec-Websocket-Key", "dGhlIHNhbXBsZSBub25jZQ==",
}

// with is h with one header more.
func (h hit) with(name, value string) hit {
	h.header = append(h.header[:len(h.header):len(h.header)], name, value)
	return h
}

// reply is the whole of an answer.
type reply struct {
	status int
	header http.Header
	body   string
}

// hit asks; SID becomes sid.
func (r *rig) hit(h hit, sid string) reply {
	r.Helper()
	target := "http://game.example" + strings.Replace(h.target, "SID", sid, 1)
	req, err := http.NewRequestWithContext(r.Context(), h.method, target, strings.NewReader(h.body))
	if err != nil {
		r.Fatal(err)
	}
	for i := 0; i < len(h.header); i += 2 {
		req.Header.Set(h.header[i], h.header[i+1])
	}
	resp, err := r.http.Do(req)
	if err != nil {
		r.Fatalf("%s %s: %v", h.method, h.target, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusSwitchingProtocols { // there is no end to it
		return reply{resp.StatusCode, resp.Header, ""}
	}
	b, _ := io.ReadAll(resp.Body)
	return reply{resp.StatusCode, resp.Header, string(b)}
}

// allowing is what the answer says to pages.
func (a reply) allowing() (names []string) {
	for name := range a.header {
		if strings.HasPrefix(name, "Access-Control-") {
			names = append(names, name)
		}
	}
	return names
}

const (
	root          = "/socket.io/?"
	pollingFour   = root + "EIO=4&transport=polling"
	webSocketFour = root + "EIO=4&transport=websocket"

	forbidden = `{"code":4,"message":"Forbidden"}`
)

// What is refused is refused with these bodies, and in this order (P16.2).
func TestRefusals(t *testing.T) {
	const (
		transport = `{"code":0,"message":"Transport unknown"}`
		session   = `{"code":1,"message":"Session ID unknown"}`
		method    = `{"code":2,"message":"Bad handshake method"}`
		request   = `{"code":3,"message":"Bad request"}`
		version   = `{"code":5,"message":"Unsupported protocol version"}`
	)
	for name, tt := range map[string]struct {
		hit
		want string
	}{
		"no transport":                           {hit{method: "GET", target: root + "EIO=4"}, transport},
		"an unknown transport":                   {hit{method: "GET", target: root + "EIO=4&transport=pigeon"}, transport},
		"JSONP":                                  {hit{method: "GET", target: pollingFour + "&j=0"}, transport},
		"JSONP of a session":                     {hit{method: "GET", target: pollingFour + "&j=0&sid=SID"}, transport},
		"a transport and a session unknown":      {hit{method: "GET", target: root + "EIO=4&transport=pigeon&sid=nobody"}, transport},
		"a transport unknown, a wrong method":    {hit{method: "PUT", target: root + "EIO=4&transport=pigeon"}, transport},
		"a session unknown":                      {hit{method: "GET", target: pollingFour + "&sid=nobody"}, session},
		"a session unknown, POST":                {hit{method: "POST", target: pollingFour + "&sid=nobody", body: "2"}, session},
		"a session unknown, a wrong method":      {hit{method: "PUT", target: pollingFour + "&sid=nobody"}, session},
		"a session unknown, no upgrade":          {hit{method: "GET", target: webSocketFour + "&sid=nobody"}, session},
		"a session unknown, on a WebSocket":      {hit{method: "GET", target: webSocketFour + "&sid=nobody", header: upgrading}, session},
		"a session unknown, an unknown version":  {hit{method: "GET", target: root + "EIO=9&transport=polling&sid=nobody"}, session},
		"PUT":                                    {hit{method: "PUT", target: pollingFour + "&sid=SID", body: "2"}, request},
		"DELETE":                                 {hit{method: "DELETE", target: pollingFour + "&sid=SID"}, request},
		"a session's polling with an upgrade":    {hit{method: "GET", target: pollingFour + "&sid=SID", header: upgrading}, request},
		"a GET with a body":                      {hit{method: "GET", target: pollingFour + "&sid=SID", body: "2"}, request},
		"HEAD":                                   {hit{method: "HEAD", target: pollingFour + "&sid=SID"}, ""},
		"websocket without an upgrade":           {hit{method: "GET", target: webSocketFour}, request},
		"a session's, without an upgrade":        {hit{method: "GET", target: webSocketFour + "&sid=SID"}, request},
		"polling with an upgrade":                {hit{method: "GET", target: pollingFour, header: upgrading}, request},
		"without an upgrade, an unknown version": {hit{method: "GET", target: root + "EIO=9&transport=websocket"}, request},
		"a handshake by POST":                    {hit{method: "POST", target: pollingFour, body: "40"}, method},
		"by POST, an unknown version":            {hit{method: "POST", target: root + "EIO=9&transport=polling"}, method},
		"an unknown version":                     {hit{method: "GET", target: root + "EIO=9&transport=polling"}, version},
		"no version":                             {hit{method: "GET", target: root + "transport=polling"}, version},
		"a version unknown, on a WebSocket":      {hit{method: "GET", target: root + "EIO=2&transport=websocket", header: upgrading}, version},
		"a version unknown, and the check":       {hit{method: "GET", target: root + "EIO=2&transport=polling&bad=1"}, version},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, picky(), func(r *rig) {
				c := r.open("EIO=4")
				got := r.hit(tt.hit, c.sid)
				if got.status != 400 || got.body != tt.want || got.header.Get("Content-Type") != "application/json" {
					t.Errorf("%d %q, %s; want 400 %q", got.status, got.body, got.header.Get("Content-Type"), tt.want)
				}
				if status, body := c.post("40"); status != 200 {
					t.Fatalf("the client that is there: %d %q behind it", status, body)
				}
				(<-r.sessions).Close(connectors.Reason{})
			})
		})
	}
}

// Polling is over when a client has moved, whatever the method (P16.2, P16.7).
func TestPollingBehindAnUpgradeIsRefused(t *testing.T) {
	bubble(t, &sio.Connector{}, func(r *rig) {
		c := r.open("EIO=4")
		s := c.connect()
		c.climb()
		for _, method := range []string{"GET", "POST", "PUT", "DELETE"} {
			if status, body := c.do(method, "2"); status != 400 || body != `{"code":3,"message":"Bad request"}` {
				t.Errorf("%s: %d %q, want 400, code 3", method, status, body)
			}
		}
		if err := s.end(); err != nil {
			t.Errorf("the session has ended: %v", err)
		}
		s.Close(connectors.Reason{})
	})
}

// climb moves the client to a WebSocket. It does not wait for the bubble: what the WebSocket brings may
// wait for a lock, and that is no rest.
func (c *client) climb() *socket {
	c.Helper()
	ws := c.dial()
	ws.send("2probe")
	ws.expect("3probe")
	ws.send("5")
	if status, body := c.get(); status != http.StatusBadRequest {
		c.Errorf("a GET behind the move: %d %q, want 400", status, body)
	}
	return ws
}

// Check is asked by newcomers, on both transports, and by nobody else.
func TestCheckIsAskedOfHandshakes(t *testing.T) {
	var asked atomic.Int32
	c := &sio.Connector{Check: func(r *http.Request) error {
		asked.Add(1)
		if r.Header.Get("X-Token") != "good" {
			return errors.New("no token")
		}
		return nil
	}}
	bubble(t, c, func(r *rig) {
		for _, h := range []hit{{method: "GET", target: pollingFour}, {method: "GET", target: webSocketFour, header: upgrading}} {
			if got := r.hit(h, ""); got.status != 403 || got.body != forbidden {
				t.Errorf("%s: %d %q, want 403 %s", h.target, got.status, got.body, forbidden)
			}
		}
		if n, stats := asked.Swap(0), r.connector.Stats(); n != 2 || stats != (sio.Stats{}) {
			t.Errorf("asked %d times, %+v; want twice, and nobody in", n, stats)
		}
		got := r.hit(hit{method: "GET", target: pollingFour}.with("X-Token", "good"), "")
		client := &client{rig: r, query: "EIO=4", sid: sidOf(got.body)}
		if got.status != 200 || client.sid == "" {
			t.Fatalf("with a token: %d %q", got.status, got.body)
		}
		s := client.connect()
		client.climb()
		if n := asked.Load(); n != 1 {
			t.Errorf("asked %d times about a client that polls, posts and upgrades; want once", n)
		}
		s.Close(connectors.Reason{})
	})
}

func TestCookieOfTheSession(t *testing.T) {
	bubble(t, &sio.Connector{Cookie: "io"}, func(r *rig) {
		got := r.hit(hit{method: "GET", target: pollingFour}, "")
		resp := http.Response{Header: got.header}
		cookies := resp.Cookies()
		if len(cookies) != 1 {
			t.Fatalf("cookies %v, want one", cookies)
		}
		c := cookies[0]
		if c.Name != "io" || c.Value != sidOf(got.body) || c.Path != "/" || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode {
			t.Errorf("cookie %q of session %q; want io=<sid>; Path=/; HttpOnly; SameSite=Lax", c.Raw, sidOf(got.body))
		}
		got = r.hit(hit{method: "POST", target: pollingFour + "&sid=SID", body: "40"}, sidOf(got.body))
		if v := got.header["Set-Cookie"]; len(v) > 0 {
			t.Errorf("an answer behind the handshake sets %q", v)
		}
		(<-r.sessions).Close(connectors.Reason{})
	})
	bubble(t, &sio.Connector{}, func(r *rig) {
		if v := r.hit(hit{method: "GET", target: pollingFour}, "").header["Set-Cookie"]; len(v) > 0 {
			t.Errorf("without Cookie it sets %q", v)
		}
	})
}

func TestTransportsThatAreNotServed(t *testing.T) {
	const unknown = `{"code":0,"message":"Transport unknown"}`
	bubble(t, &sio.Connector{Transports: []string{sio.Polling}}, func(r *rig) {
		got := r.hit(hit{method: "GET", target: pollingFour}, "")
		if !strings.Contains(got.body, `"upgrades":[]`) {
			t.Errorf("the open packet is %q, want no upgrades", got.body)
		}
		for _, target := range []string{webSocketFour, webSocketFour + "&sid=SID"} {
			if got := r.hit(hit{method: "GET", target: target, header: upgrading}, sidOf(got.body)); got.status != 400 || got.body != unknown {
				t.Errorf("%s: %d %q, want 400 %s", target, got.status, got.body, unknown)
			}
		}
	})
	bubble(t, &sio.Connector{Transports: []string{sio.WebSocket}}, func(r *rig) {
		if got := r.hit(hit{method: "GET", target: pollingFour}, ""); got.status != 400 || got.body != unknown {
			t.Errorf("polling: %d %q, want 400 %s", got.status, got.body, unknown)
		}
		c, s := r.websocket("EIO=4")
		s.say(`2["here"]`)
		c.expect(`42["here"]`)
		s.Close(connectors.Reason{})
	})
	bubble(t, &sio.Connector{}, func(r *rig) {
		if got := r.hit(hit{method: "GET", target: pollingFour}, ""); !strings.Contains(got.body, `"upgrades":["websocket"]`) {
			t.Errorf("the open packet is %q, want that it may upgrade", got.body)
		}
	})
}

func TestPath(t *testing.T) {
	bubble(t, &sio.Connector{Path: "/play/"}, func(r *rig) {
		for target, want := range map[string]int{"/play/?EIO=4&transport=polling": 200, "/play/room/?EIO=4&transport=polling": 200, pollingFour: 426} {
			if got := r.hit(hit{method: "GET", target: target}, ""); got.status != want {
				t.Errorf("%s: %d %q, want %d", target, got.status, got.body, want)
			}
		}
	})
}

// What answers say of themselves: proxies keep none of them.
func TestHeadersOfAnswers(t *testing.T) {
	bubble(t, &sio.Connector{}, func(r *rig) {
		open := r.hit(hit{method: "GET", target: pollingFour}, "")
		post := r.hit(hit{method: "POST", target: pollingFour + "&sid=SID", body: "40"}, sidOf(open.body))
		for _, a := range []reply{open, post, r.hit(hit{method: "GET", target: root}, "")} {
			if v := a.header.Get("Cache-Control"); v != "no-store" {
				t.Errorf("Cache-Control of %q is %q, want no-store", a.body, v)
			}
		}
		if v := open.header.Get("Content-Type"); v != "text/plain; charset=UTF-8" {
			t.Errorf("a payload is %q", v)
		}
		if v := post.header.Get("Content-Type"); v != "text/html" || post.body != "ok" {
			t.Errorf("a POST is answered with %q of %q, want ok of text/html", post.body, v)
		}
		(<-r.sessions).Close(connectors.Reason{})
	})
}

// A mistaken field is named by the error of Listen.
func TestFieldsThatMakeNoSense(t *testing.T) {
	for name, c := range map[string]*sio.Connector{
		"Addr":               {Port: &port.Port{}, Addr: ":1"},
		"HTTP":               {Port: &port.Port{}, HTTP: http.NotFoundHandler()},
		`Path "game/"`:       {Path: "game/"},
		`Path "/game"`:       {Path: "/game"},
		`Transports "pige"`:  {Transports: []string{sio.Polling, "pige"}},
		`Namespaces "b"`:     {Namespaces: []string{"/a", "b"}},
		`Namespaces "/b,c"`:  {Namespaces: []string{"/b,c"}},
		`Namespaces "/b?c"`:  {Namespaces: []string{"/b?c"}},
		`Origins[1] "a b"`:   {Origins: []string{"game.example", "a b"}},
		`game: Path "/game"`: {ID: "game", Path: "/game"},
	} {
		listeners, err := c.Listen(t.Context())
		if err == nil || !strings.Contains(err.Error(), name) || !strings.HasPrefix(err.Error(), c.Name()+": ") {
			t.Errorf("Listen returns %v, want an error that names %s", err, name)
		}
		for _, l := range listeners {
			l.Close()
		}
	}
}
