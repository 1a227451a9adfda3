package sio_test

import (
	"encoding/json"
	"errors"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/sio"
	"github.com/fairlead-go/fairlead/connectors/wire/engineio"
	"github.com/fairlead-go/fairlead/messages"
)

// twofold serves a namespace besides the main one.
func twofold() *sio.Connector { return &sio.Connector{Namespaces: []string{"/b"}} }

// both connects a client's two namespaces over a WebSocket.
func (r *rig) both(query string) (ws *socket, one, other *session) {
	r.Helper()
	ws, one = r.websocket(query)
	if versionOf(query) == engineio.V3 {
		one.say("0")
		ws.expect("40")
	}
	ws.send("40/b")
	other = <-r.sessions
	other.say("0/b")
	ws.expect("40/b")
	return ws, one, other
}

// Each namespace is a session of its own, with messages and attachments of its own (P17.3).
func TestSessionsOfNamespacesAreApart(t *testing.T) {
	for _, query := range []string{"EIO=4", "EIO=3"} {
		bubble(t, twofold(), func(r *rig) {
			ws, one, other := r.both(query)
			ws.send(`42["one"]`, `42/b,["other"]`, `42["again"]`)
			for namespace, bytes := range map[string]string{"/b,": "bBAUG", "": "bAQID"} {
				if versionOf(query) == engineio.V3 {
					bytes = "b4" + bytes[1:]
				}
				ws.send(`451-`+namespace+`["x",{"_placeholder":true,"num":0}]`, bytes)
			}
			synctest.Wait()
			if got, want := one.heard(), `2["one"] 2["again"] `+announced+" "+three; got != want {
				t.Errorf("%s: the main session hears %q, want %q", query, got, want)
			}
			if got, want := other.heard(), `2/b,["other"] 51-/b,["x",{"_placeholder":true,"num":0}]`+" \x04\x05\x06"; got != want {
				t.Errorf("%s: the other hears %q, want %q", query, got, want)
			}
			one.say(`2["to one"]`)
			other.say(`2/b,["to the other"]`)
			ws.expect(`42["to one"]`, `42/b,["to the other"]`)
			other.Close(connectors.Reason{})
			one.Close(connectors.Reason{})
		})
	}
}

// Who is kicked from one namespace stays in the other (P17.5).
func TestAKickFromOneNamespace(t *testing.T) {
	bubble(t, twofold(), func(r *rig) {
		ws, one, other := r.both("EIO=4")
		other.Close(connectors.Reason{Cause: messages.CauseKicked})
		ws.expect("41/b,")
		if err := other.say(`2/b,["late"]`); !errors.Is(err, net.ErrClosed) {
			t.Errorf("write behind the kick: %v, want %v", err, net.ErrClosed)
		}
		one.say(`2["here"]`)
		ws.expect(`42["here"]`)
		ws.send(`42["too"]`)
		synctest.Wait()
		if got := one.heard(); got != `2["too"]` || one.end() != nil {
			t.Errorf("the main session hears %q", got)
		}
		one.Close(connectors.Reason{Cause: messages.CauseKicked})
		ws.expect("41", "(websocket: close 1000 (normal)…")
	})
	bubble(t, twofold(), func(r *rig) {
		c := r.open("EIO=4")
		one := c.connect()
		c.post("40/b,")
		(<-r.sessions).Close(connectors.Reason{Cause: messages.CauseKicked})
		if _, got := c.get(); got != "41/b," {
			t.Errorf("a client that polls gets %q", got)
		}
		if status, _ := c.post(`42["x"]`); status != 200 || one.heard() != `2["x"]` {
			t.Errorf("a POST to the other session: %d", status)
		}
		one.Close(connectors.Reason{})
	})
}

// What makes no sense costs the client all its sessions.
func TestMalformedInOneNamespace(t *testing.T) {
	for name, end := range map[string]func(ws *socket, other *session){
		"a session says so":             func(_ *socket, other *session) { other.Close(connectors.Reason{Cause: messages.CauseMalformed}) },
		"the engine says so":            func(ws *socket, _ *session) { ws.send("x") },
		"a second CONNECT":              func(ws *socket, _ *session) { ws.send("40/b") },
		"a namespace that is not there": func(ws *socket, _ *session) { ws.send(`42/c,["x"]`) },
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, twofold(), func(r *rig) {
				ws, one, other := r.both("EIO=4")
				end(ws, other)
				ws.expect("(websocket: close 1000 (normal): malformed…")
				if err := <-one.ended; err == nil {
					t.Error("the main session goes on")
				}
				one.Close(connectors.Reason{})
				other.Close(connectors.Reason{})
			})
		})
	}
}

// A client may leave one namespace and come back to it (P17.5).
func TestLeavingOneNamespace(t *testing.T) {
	bubble(t, twofold(), func(r *rig) {
		ws, one, other := r.both("EIO=4")
		ws.send("41/b,")
		synctest.Wait()
		if got := other.heard(); got != "1/b," {
			t.Errorf("the session that is left hears %q", got)
		}
		other.Close(connectors.Reason{Cause: messages.CauseClient})
		one.say(`2["still"]`)
		ws.expect(`42["still"]`) // and nothing ahead of it
		ws.send("40/b,", `42/b,["back"]`)
		again := <-r.sessions
		synctest.Wait()
		if got := again.heard(); got != `2/b,["back"]` || other.heard() != "" || one.heard() != "" || one.end() != nil {
			t.Errorf("the new session hears %q", got)
		}
		again.Close(connectors.Reason{})
		one.Close(connectors.Reason{})
	})
}

// Who asks for a namespace that is none of ours is told so, and nothing else happens (P17.3).
func TestUnknownNamespaces(t *testing.T) {
	for query, tt := range map[string]struct{ ask, want string }{
		"EIO=4":   {"40/c,", `44/c,{"message":"Invalid namespace"}`},
		"EIO=4&a": {`40/c,{"token":1}`, `44/c,{"message":"Invalid namespace"}`},
		"EIO=3":   {"40/c", `44/c,"Invalid namespace"`},
		"EIO=3&a": {"40/c?token=1", `44/c,"Invalid namespace"`},
	} {
		bubble(t, twofold(), func(r *rig) {
			ws, one, other := r.both(query)
			ws.send(tt.ask)
			ws.expect(tt.want)
			ws.send(tt.ask) // as often as it likes
			ws.expect(tt.want)
			ws.send(`42["x"]`, `42/b,["y"]`)
			synctest.Wait()
			if len(r.sessions) > 0 || one.heard() != `2["x"]` || other.heard() != `2/b,["y"]` {
				t.Errorf("%s: a refusal is felt elsewhere", query)
			}
			other.Close(connectors.Reason{})
			one.Close(connectors.Reason{})
		})
	}
}

// A client without a session that asks for an unknown namespace only is not kept for it (P17.3).
func TestAnUnknownNamespaceIsNoSession(t *testing.T) {
	bubble(t, twofold(), func(r *rig) {
		begin := time.Now()
		ws := (&client{rig: r, query: "EIO=4"}).dial()
		ws.expect(`0{"sid":"…`)
		ws.send("40/c,")
		ws.expect(`44/c,{"message":"Invalid namespace"}`, "2")
		ws.send("3")
		if ws.expect("(websocket: close…"); since(begin) != 45*time.Second {
			t.Errorf("closed after %v, want 45s", since(begin))
		}
	})
}

// Old clients ignore, and are ignored, where new ones would be hung up on (P17.3).
func TestOldClientsAskTwice(t *testing.T) {
	bubble(t, twofold(), func(r *rig) {
		ws, one, other := r.both("EIO=3")
		ws.send("40", "40/b", `42/c,["x"]`, `42["y"]`)
		synctest.Wait()
		if len(r.sessions) > 0 || one.heard() != `2["y"]` || other.heard() != "" {
			t.Error("what is to be ignored is not")
		}
		one.say(`2["here"]`)
		ws.expect(`42["here"]`)
		other.Close(connectors.Reason{})
		one.Close(connectors.Reason{})
	})
}

// What the handshake hook sees of a CONNECT: its auth, or the query that old clients put there (P17.4).
func TestWhatANamespaceIsAskedWith(t *testing.T) {
	for name, tt := range map[string]struct {
		query, connect string
		auth           string
		more           map[string]string
	}{
		"4": {"EIO=4&lang=de", `40/b,{"token":1}`, `{"token":1}`, nil},
		"3": {"EIO=3&lang=de", "40/b?token=1&x=y%20z", "", map[string]string{"token": "1", "x": "y z"}},
	} {
		t.Run(name, func(t *testing.T) {
			byHand(t, twofold(), func(r *rig) {
				ws := (&client{rig: r, query: tt.query}).dial()
				ws.expect(`0{"sid":"…`)
				if strings.HasPrefix(tt.query, "EIO=4") {
					ws.send("40")
				}
				one, hello := r.take()
				if strings.Contains(string(hello.Raw), `"token"`) {
					t.Errorf("the main session sees %s", hello.Raw)
				}
				ws.send(tt.connect)
				other, hello := r.take()
				var raw struct {
					Transport, Namespace string
					Auth                 json.RawMessage
					Query                map[string]string
				}
				if err := json.Unmarshal(hello.Raw, &raw); err != nil {
					t.Fatalf("%s: %v", hello.Raw, err)
				}
				if raw.Namespace != "/b" || raw.Transport != sio.WebSocket || string(raw.Auth) != tt.auth || string(hello.User) != tt.auth {
					t.Errorf("it sees %s, user %s", hello.Raw, hello.User)
				}
				if raw.Query["lang"] != "de" || raw.Query["token"] != tt.more["token"] || raw.Query["x"] != tt.more["x"] {
					t.Errorf("it sees the query %v, want lang=de and %v", raw.Query, tt.more)
				}
				other.Close(connectors.Reason{})
				one.Close(connectors.Reason{})
			})
		})
	}
}
