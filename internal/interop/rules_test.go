package interop_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fairlead-go/fairlead/connectors/memory"
)

// These tests hold what the protocols' own suites check, and what stands beside it in P16 and P17.

const (
	kitEcho = "connector.interopHandler.echo"
	kitKick = "connector.interopHandler.kick"
)

// bothVersions runs a test for each version of Engine.IO.
func bothVersions(t *testing.T, f func(t *testing.T, place *memory.Listener, version int)) {
	t.Helper()
	t.Parallel()
	for _, version := range []int{3, 4} {
		t.Run(fmt.Sprint("version ", version), func(t *testing.T) {
			inBubble(t, events, func(t *testing.T, place *memory.Listener) { f(t, place, version) })
		})
	}
}

// refusals are what the codes stand for.
var refusals = []string{
	"Transport unknown", "Session ID unknown", "Bad handshake method", "Bad request", "Forbidden", "Unsupported protocol version",
}

func TestHandshakesAreRefusedInThisOrder(t *testing.T) {
	for name, tt := range map[string]struct {
		method, query string
		code          int
	}{
		"no transport":                      {"GET", "EIO=4", 0},
		"an unknown transport":              {"GET", "EIO=4&transport=abc", 0},
		"JSONP":                             {"GET", "EIO=4&transport=polling&j=0", 0},
		"an unknown transport, and session": {"GET", "EIO=4&transport=abc&sid=x", 0},
		"an unknown session":                {"GET", "EIO=4&transport=polling&sid=x", 1},
		"an unknown session, by POST":       {"POST", "EIO=4&transport=polling&sid=x", 1},
		"a POST":                            {"POST", "EIO=4&transport=polling", 2},
		"a PUT":                             {"PUT", "EIO=4&transport=polling", 2},
		"a POST of no version":              {"POST", "transport=polling", 2},
		"a WebSocket that is none":          {"GET", "EIO=4&transport=websocket", 3},
		"a WebSocket of no version":         {"GET", "transport=websocket", 3},
		"no version":                        {"GET", "transport=polling", 5},
		"version 2":                         {"GET", "EIO=2&transport=polling", 5},
		"version 5":                         {"GET", "EIO=5&transport=polling", 5},
		"a version that is no number":       {"GET", "EIO=abc&transport=polling", 5},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, events, func(t *testing.T, place *memory.Listener) {
				got := newEngineClient(t, place, 4).ask(context.Background(), tt.method, "/socket.io/?"+tt.query, "")
				want := fmt.Sprintf(`{"code":%d,"message":%q}`, tt.code, refusals[tt.code])
				if got.status != 400 || got.typ != "application/json" || got.body != want {
					t.Errorf("answer = %v, want 400 %s", got, want)
				}
			})
		})
	}
}

func TestWebSocketsAreRefusedBeforeTheyAreOpen(t *testing.T) {
	inBubble(t, events, func(t *testing.T, place *memory.Listener) {
		for _, query := range []string{
			"EIO=4", "EIO=4&transport=abc", "EIO=4&transport=polling",
			"transport=websocket", "EIO=abc&transport=websocket", "EIO=4&transport=websocket&sid=x",
		} {
			_, resp, err := newEngineClient(t, place, 4).upgrade("/socket.io/?" + query)
			if err == nil || resp == nil || resp.StatusCode != 400 {
				t.Errorf("%s: %v, %v, want status 400", query, resp, err)
			}
		}
	})
}

func TestTheOpenPacket(t *testing.T) {
	bothVersions(t, func(t *testing.T, place *memory.Listener, version int) {
		got := newEngineClient(t, place, version).get()
		open := got.body
		if version == 3 {
			open, _ = cutText(open)
		}
		if got.status != 200 || !strings.EqualFold(got.typ, "text/plain; charset=utf-8") {
			t.Errorf("answer = %v, want 200 of text/plain", got)
		}
		checkOpen(t, version, open, `["websocket"]`)
		checkOpen(t, version, newEngineClient(t, place, version).dial().next(), `[]`)
	})
}

// checkOpen wants exactly what the version knows.
func checkOpen(t *testing.T, version int, packet, upgrades string) {
	t.Helper()
	var open map[string]json.RawMessage
	if !strings.HasPrefix(packet, "0{") || json.Unmarshal([]byte(packet[1:]), &open) != nil || len(open["sid"]) < 22 {
		t.Fatalf("%q is no open packet", packet)
	}
	delete(open, "sid")
	want := map[string]string{"upgrades": upgrades, "pingInterval": "25000", "pingTimeout": "20000"}
	if version == 4 {
		want["maxPayload"] = "1000000"
	}
	got := map[string]string{}
	for name, value := range open {
		got[name] = string(value)
	}
	if !maps.Equal(got, want) {
		t.Errorf("beside its sid the open packet has %v, want %v", got, want)
	}
}

// entered makes a polling client that has a session.
func entered(t *testing.T, place *memory.Listener, version int, extra string) *engineClient {
	t.Helper()
	c, rest := polling(t, place, version, extra)
	switch {
	case version == 4:
		c.posts("40")
		if got := c.get(); !strings.HasPrefix(got.body, "40{") {
			t.Fatalf("the answer to CONNECT is %v", got)
		}
	case rest == "":
		c.gets("40")
	}
	return c
}

// inSession makes a client with a session on a WebSocket.
func inSession(t *testing.T, place *memory.Listener, version int) *engineSocket {
	t.Helper()
	s := onWebSocket(t, place, version)
	if version == 3 {
		s.hears("40")
		return s
	}
	s.sends("40")
	s.hearsConnect("40")
	return s
}

// asks is a request, answers what it is answered.
func asks(id int, body string) string    { return fmt.Sprintf(`42%d["%s",%s]`, id, kitEcho, body) }
func answers(id int, body string) string { return fmt.Sprintf(`43%d[%s]`, id, body) }

func TestPayloadsHoldSeveralPackets(t *testing.T) {
	bothVersions(t, func(t *testing.T, place *memory.Listener, version int) {
		c := entered(t, place, version, "")
		c.posts(asks(1, `"a"`))
		c.gets(answers(1, `"a"`))
		c.posts(asks(2, `2`), asks(3, `{}`), asks(4, `[4]`))
		var got []string
		for len(got) < 3 { // they are answered one by one
			body := c.get().body
			if version == 4 {
				got = append(got, strings.Split(body, "\x1e")...)
				continue
			}
			for body != "" {
				var p string
				p, body = cutText(body)
				got = append(got, p)
			}
		}
		if want := []string{answers(2, `2`), answers(3, `{}`), answers(4, `[4]`)}; !slices.Equal(got, want) {
			t.Errorf("answers = %q, want %q", got, want)
		}
	})
}

// TestBinaryInPayloads: a client that can take bytes gets them as bytes, where the version has a way for that.
func TestBinaryInPayloads(t *testing.T) {
	for name, tt := range map[string]struct {
		version      int
		extra, send  string
		typ, receive string
	}{
		"version 4":            {4, "", "bAQIDBA==", "text/plain; charset=UTF-8", "461-1[%s]\x1ebAQIDBA=="},
		"version 3, base64":    {3, "&b64=1", "b4AQIDBA==", "text/plain; charset=UTF-8", "36:461-1[%s]10:b4AQIDBA=="},
		"version 3, in binary": {3, "", "b4AQIDBA==", "application/octet-stream", "\x00\x03\x06\xff461-1[%s]\x01\x05\xff\x04\x01\x02\x03\x04"},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, events, func(t *testing.T, place *memory.Listener) {
				const placeholder = `{"_placeholder":true,"num":0}`
				c := entered(t, place, tt.version, tt.extra)
				c.posts(`451-1["`+kitEcho+`",`+placeholder+`]`, tt.send)
				if got, want := c.get(), fmt.Sprintf(tt.receive, placeholder); got.status != 200 || got.typ != tt.typ || got.body != want {
					t.Errorf("GET = %v, want %s %q", got, tt.typ, want)
				}
			})
		})
	}
}

func TestBinaryOnWebSockets(t *testing.T) {
	bothVersions(t, func(t *testing.T, place *memory.Listener, version int) {
		s := inSession(t, place, version)
		const packet = `452-1["` + kitEcho + `",[{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]]`
		if s.sends(packet); version == 4 {
			s.sendsBinary(1, 2, 3)
			s.sendsBinary(4, 5)
		} else {
			s.sendsBinary(4, 1, 2, 3)
			s.sendsBinary(4, 4, 5)
		}
		first, second := "<010203>", "<0405>"
		if version == 3 {
			first, second = "<04010203>", "<040405>"
		}
		s.hears(`462-1[[{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]]`, first, second)
	})
}

// malformed are packets that nobody may send. Each ends the session of its sender.
var malformed = map[string]string{
	"nothing":                        "",
	"an unknown type":                "abc",
	"base64 that is none":            "b!!!!",
	"an open packet":                 "0{}",
	"binary that nobody announced":   "bAQIDBA==",
	"an unknown type of Socket.IO":   "4abc",
	"an event that is no list":       "42{}",
	"an event without a name":        "42[]",
	"a reserved event":               `42["disconnect"]`,
	"an id that is none":             `42abc["` + kitEcho + `"]`,
	"a list that does not end":       `42["` + kitEcho + `",`,
	"too many attachments":           `4511-["` + kitEcho + `"]`,
	"a placeholder out of range":     `451-["` + kitEcho + `",{"_placeholder":true,"num":1}]`,
	"a server's CONNECT_ERROR":       `44"no"`,
	"text in place of binary":        `451-["` + kitEcho + `",{"_placeholder":true,"num":0}]` + "\x1e" + `42["` + kitEcho + `"]`,
	"an upgrade of what is no probe": "5",
}

func TestMalformedPacketsEndTheSession(t *testing.T) {
	for name, packet := range malformed {
		t.Run(name, func(t *testing.T) {
			bothVersions(t, func(t *testing.T, place *memory.Listener, version int) {
				packet := packet
				if version == 3 && strings.HasPrefix(packet, "b") {
					packet = "b4" + packet[1:]
				}
				packets := strings.Split(packet, "\x1e")
				c := entered(t, place, version, "")
				if got := c.post(c.payload(packets...)); got.status != 400 && !late(packet) {
					t.Errorf("POST = %v, want 400", got)
				}
				if late(packet) {
					c.get() // "1"
				}
				c.gone()
				s := inSession(t, place, version)
				s.sends(packets...)
				s.ends()
			})
		})
	}
}

// late tells whether an error is the session's, which may find it after the POST is answered.
func late(packet string) bool { return len(packet) > 1 && packet[0] == '4' }

func TestASecondGETEndsTheSession(t *testing.T) {
	bothVersions(t, func(t *testing.T, place *memory.Listener, version int) {
		c := entered(t, place, version, "")
		first := c.hold()
		if got := c.get(); got.status != 400 {
			t.Errorf("the second = %v, want 400", got)
		}
		if got := <-first; got.status != 200 || got.body != c.payload("1") {
			t.Errorf("the first = %v, want %q", got, c.payload("1"))
		}
		c.gone()
	})
}

func TestACancelledGETEndsTheSession(t *testing.T) {
	bothVersions(t, func(t *testing.T, place *memory.Listener, version int) {
		c := entered(t, place, version, "")
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		c.ask(ctx, http.MethodGet, c.query("polling"), "")
		synctest.Wait()
		c.gone()
	})
}

const (
	pingInterval = 25 * time.Second
	pingTimeout  = 20 * time.Second
)

func TestHeartbeats(t *testing.T) {
	bothVersions(t, func(t *testing.T, place *memory.Listener, version int) {
		c, s := entered(t, place, version, ""), inSession(t, place, version)
		for range 3 {
			begin := time.Now()
			if version == 4 { // the server asks
				c.gets("2")
				c.posts("3")
				s.hears("2")
				s.sends("3")
				if d := time.Since(begin); d != pingInterval {
					t.Errorf("a heartbeat took %v, want %v", d, pingInterval)
				}
				continue
			}
			time.Sleep(pingInterval)
			c.posts("2")
			c.gets("3")
			s.sends("2", "2data")
			s.hears("3", "3data")
		}
	})
}

// TestSilenceEndsTheSession, and a request that comes when its time is over does not show life.
func TestSilenceEndsTheSession(t *testing.T) {
	bothVersions(t, func(t *testing.T, place *memory.Listener, version int) {
		begin := time.Now()
		c, polls := entered(t, place, version, ""), entered(t, place, version, "")
		s := inSession(t, place, version)
		if version == 4 {
			polls.gets("2")
		}
		held := polls.hold()
		s.ends()
		if d := time.Since(begin); d != pingInterval+pingTimeout {
			t.Errorf("the end came after %v, want %v", d, pingInterval+pingTimeout)
		}
		if got := c.post(c.payload("3")); got.status != 400 {
			t.Errorf("POST = %v, want 400", got)
		}
		if got := <-held; got.status != 200 || got.body != polls.payload("1") {
			t.Errorf("the GET that was held = %v, want %q", got, polls.payload("1"))
		}
		polls.gone()
	})
}

func TestAClientCloses(t *testing.T) {
	bothVersions(t, func(t *testing.T, place *memory.Listener, version int) {
		c := entered(t, place, version, "")
		held := c.hold()
		c.posts("1")
		if got := <-held; got.status != 200 || got.body != c.payload("6") {
			t.Errorf("the GET that was held = %v, want %q", got, c.payload("6"))
		}
		c.gone()

		between := entered(t, place, version, "")
		between.posts("1")
		between.gets("6")
		between.gone()

		s := inSession(t, place, version)
		s.sends("1")
		s.ends()
	})
}
