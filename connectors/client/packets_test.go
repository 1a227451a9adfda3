package client_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/fairlead-go/fairlead/connectors/client"
	"github.com/fairlead-go/fairlead/connectors/memory"
	"github.com/fairlead-go/fairlead/connectors/wire/engineio"
	"github.com/fairlead-go/fairlead/connectors/wire/pomelo"
	"github.com/fairlead-go/fairlead/connectors/wire/socketio"
	"github.com/fairlead-go/fairlead/messages"
)

// engine is a socket.io server that does as the test says.
type engine struct {
	t  testing.TB
	ws *websocket.Conn
}

const opened = `0{"sid":"engine","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}`

// dialEngine dials a server that speaks Engine.IO as serve does. It serves one client.
func dialEngine(t testing.TB, cfg client.Config, serve func(e *engine)) (*client.Client, error) {
	t.Helper()
	l := memory.Listen("sio")
	s := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ws, err := new(websocket.Upgrader).Upgrade(w, r, nil)
		if err != nil {
			t.Errorf("upgrade: %v", err)
			return
		}
		defer ws.Close()
		serve(&engine{t, ws})
	})}
	go s.Serve(l)
	t.Cleanup(func() { s.Close() })
	if cfg.Addr == "" {
		cfg.Addr = "sio://game.example"
	}
	cfg.NetDial = through(l)
	return client.Dial(t.Context(), cfg)
}

// enter is a client that a server has let in, which then speaks as serve does.
func enter(t testing.TB, cfg client.Config, serve func(e *engine)) *client.Client {
	t.Helper()
	c, err := dialEngine(t, cfg, func(e *engine) {
		e.send(opened)
		e.expect("40")
		e.send(`40{"sid":"public"}`)
		serve(e)
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (e *engine) send(packets ...string) {
	for _, p := range packets {
		e.ws.WriteMessage(websocket.TextMessage, []byte(p))
	}
}

// next is the client's next packet, or in brackets how it ended.
func (e *engine) next() string {
	typ, b, err := e.ws.ReadMessage()
	switch {
	case err != nil:
		return fmt.Sprintf("(%v)", err)
	case typ != websocket.TextMessage:
		return fmt.Sprintf("(type %d: %q)", typ, b)
	}
	return string(b)
}

func (e *engine) expect(packets ...string) {
	e.t.Helper()
	for _, want := range packets {
		if got := e.next(); got != want {
			e.t.Errorf("the client sent %q, want %q", got, want)
		}
	}
}

func TestWhatIsAskedOverSocketIO(t *testing.T) {
	tests := map[string]struct {
		addr string
		user any
		want string // path and query, and the CONNECT
	}{
		"nothing given": {addr: "sio://game.example", want: "/socket.io/?EIO=4&mode=pomelo&transport=websocket 40"},
		"a bare slash":  {addr: "sio://game.example:3010/", want: "/socket.io/?EIO=4&mode=pomelo&transport=websocket 40"},
		"all given": {
			addr: "sio://game.example/game/?token=x&EIO=3", user: map[string]any{"name": "ann"},
			want: `/game/?EIO=4&mode=pomelo&token=x&transport=websocket 40{"name":"ann"}`,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := memory.Listen("sio")
				asked := make(chan string, 1)
				s := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					ws, _ := new(websocket.Upgrader).Upgrade(w, r, nil)
					defer ws.Close()
					e := &engine{t, ws}
					e.send(opened)
					asked <- r.URL.String() + " " + e.next()
				})}
				go s.Serve(l)
				defer s.Close()
				client.Dial(t.Context(), client.Config{Addr: tt.addr, User: tt.user, NetDial: through(l)})
				if got := <-asked; got != tt.want {
					t.Errorf("asked %s, want %s", got, tt.want)
				}
			})
		})
	}
}

// asks, tells and bye are what clients write, as pomelo's do.
const (
	asks  = `42["message","\u0000\u0000\u0000\u0001\u0003a.b{\"n\":1}"]`
	tells = `42["message","\u0000\u0000\u0000\u0000\u0003a.b{\"n\":2}"]`
	bye   = "41"
)

func TestPacketsOnTheWire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var pushed []string
		cfg := client.Config{Push: func(route string, body []byte) { pushed = append(pushed, route+" "+string(body)) }}
		over := make(chan struct{})
		c := enter(t, cfg, func(e *engine) {
			defer close(over)
			e.expect(asks)
			e.send(`42["message","{\"route\":\"onChat\",\"body\":{\"a\":1}}"]`)
			e.send("42/elsewhere,[\"other\"]", "6", "2")
			e.send(`42["message","[{\"route\":\"onMove\",\"body\":[2]},{\"id\":1,\"body\":\"ö\"}]"]`)
			e.expect("3", tells, bye, "(websocket: close 1000 (normal))")
		})
		if got, err := c.Request(t.Context(), "a.b", []byte(`{"n":1}`)); string(got) != `"ö"` || err != nil {
			t.Errorf("answer = %s, %v", got, err)
		}
		if want := []string{`onChat {"a":1}`, "onMove [2]"}; !slices.Equal(pushed, want) {
			t.Errorf("pushes = %q, want %q", pushed, want)
		}
		if h := c.Handshake(); h.Heartbeat != 25*time.Second || h.Sys != nil || h.User != nil {
			t.Errorf("handshake = %v", h)
		}
		c.Notify("a.b", []byte(`{"n":2}`))
		c.Close()
		<-over
	})
}

func TestWhatSocketIODoesNotCarryIsNotSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := enter(t, client.Config{}, func(e *engine) { e.expect(bye) })
		if _, err := request(c, []byte("no JSON")); !errors.Is(err, socketio.ErrBody) {
			t.Errorf("a body that is no JSON: %v", err)
		}
		if err := c.Notify(strings.Repeat("r", 256), nil); !errors.Is(err, pomelo.ErrRoute) {
			t.Errorf("a route of 256 bytes: %v", err)
		}
		c.Close()
		if _, err := dialEngine(t, client.Config{User: []int{1}}, func(*engine) {}); !errors.Is(err, client.ErrAuth) {
			t.Errorf("a user that is a list: %v", err)
		}
	})
}

func TestSocketIOHandshakesThatFail(t *testing.T) {
	code := func(code int32, msg string) func(error) bool {
		return func(err error) bool {
			e := messages.AsError(err)
			return e.Code == code && e.Msg == msg
		}
	}
	is := func(want error) func(error) bool { return func(err error) bool { return errors.Is(err, want) } }
	tests := map[string]struct {
		says  []string
		check func(err error) bool
	}{
		"refused with a code":    {[]string{opened, `44{"message":"who?","data":{"code":401}}`}, code(401, "who?")},
		"refused without one":    {[]string{opened, `44{"message":"who?","data":"x"}`}, code(500, "who?")},
		"refused without a word": {[]string{opened, `44`}, code(500, "")},
		"sent away":              {[]string{opened, `41`}, is(io.EOF)},
		"closed":                 {[]string{opened, `1`}, is(io.EOF)},
		"closed before":          {[]string{`1`}, is(io.EOF)},
		"not opened":             {[]string{`40{"sid":"x"}`}, is(socketio.ErrState)},
		"opened twice":           {[]string{opened, opened}, is(socketio.ErrState)},
		"no handshake":           {[]string{`0[`}, func(err error) bool { return strings.Contains(err.Error(), "malformed open packet") }},
		"no packet":              {[]string{`x`}, is(engineio.ErrType)},
		"no packet inside":       {[]string{opened, `4x`}, is(socketio.ErrType)},
		"bytes":                  {[]string{opened, `bAQID`}, is(socketio.ErrUnbidden)},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, err := dialEngine(t, client.Config{}, func(e *engine) {
					e.send(tt.says...)
					for !strings.HasPrefix(e.next(), "(") {
					}
				})
				if err == nil || !tt.check(err) || c != nil {
					t.Errorf("client %v, error %v", c, err)
				}
			})
		})
	}
}

func TestHowSocketIOServersEndIt(t *testing.T) {
	kick := func(want client.KickError) func(error) bool {
		return func(err error) bool {
			var got *client.KickError
			return errors.As(err, &got) && *got == want
		}
	}
	is := func(want error) func(error) bool { return func(err error) bool { return errors.Is(err, want) } }
	tests := map[string]struct {
		says  []string
		check func(err error) bool
	}{
		"a kick":             {[]string{`42["message","{\"route\":\"onKick\",\"reason\":\"too fast\"}"]`, "41"}, kick(client.KickError{Reason: "too fast"})},
		"a kick with advice": {[]string{`42["message","{\"route\":\"onKick\",\"reason\":\"x\",\"retryAfterMs\":1500,\"spreadMs\":20}"]`}, kick(client.KickError{"x", 1500 * time.Millisecond, 20 * time.Millisecond})},
		"a kick in a list":   {[]string{`42["message","[{\"route\":\"a\",\"body\":1},{\"route\":\"onKick\",\"reason\":\"x\"}]"]`}, kick(client.KickError{Reason: "x"})},
		"a farewell":         {[]string{"41"}, is(io.EOF)},
		"a close":            {[]string{"1"}, is(io.EOF)},
		"an event of others": {[]string{`42["onChat",{}]`}, is(socketio.ErrText)},
		"a text of others":   {[]string{`42["message","hi"]`}, is(socketio.ErrText)},
		"bytes announced":    {[]string{`451-["message",{"_placeholder":true,"num":0}]`}, is(socketio.ErrState)},
		"bytes":              {[]string{`bAQID`}, is(socketio.ErrUnbidden)},
		"no UTF-8":           {[]string{"42[\"message\",\"\xff\"]"}, is(engineio.ErrUTF8)},
		"let in again":       {[]string{`40{"sid":"x"}`}, is(socketio.ErrState)},
		"no packet":          {[]string{"4"}, is(socketio.ErrType)},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := enter(t, client.Config{}, func(e *engine) {
					e.expect(asks)
					e.send(tt.says...)
					for !strings.HasPrefix(e.next(), "(") {
					}
				})
				_, err := c.Request(t.Context(), "a.b", []byte(`{"n":1}`))
				<-c.Done()
				if !tt.check(err) || !tt.check(c.Err()) {
					t.Errorf("request: %v, end: %v", err, c.Err())
				}
			})
		})
	}
}

// What the server says it does is what it is held to: a ping each interval, and a while.
func TestASilentSocketIOServerIsGivenUp(t *testing.T) {
	const patience = 45*time.Second + 100*time.Millisecond
	for name, tt := range map[string]struct {
		pings time.Duration // when the last comes
		cfg   client.Config
		after time.Duration
	}{
		"silent from the start": {after: patience},
		"a ping":                {pings: 25 * time.Second, after: 25*time.Second + patience},
		"at the last moment":    {pings: patience - time.Millisecond, after: 2*patience - time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := enter(t, tt.cfg, func(e *engine) {
					if tt.pings > 0 {
						time.Sleep(tt.pings)
						e.send("2")
						e.expect("3")
					}
					e.next()
				})
				ended(t, c, client.ErrSilent, tt.after)
			})
		})
	}
}

func TestASilentSocketIOClientAnswersNoPings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := enter(t, client.Config{Silent: true}, func(e *engine) {
			e.send("2")
			e.expect(bye)
		})
		time.Sleep(time.Hour)
		c.Close()
	})
}

// Pings by the million make no heap of pongs: one at most waits.
func TestPongsDoNotPileUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := enter(t, client.Config{}, func(e *engine) {
			for range 10_000 {
				e.send("2")
			}
			time.Sleep(time.Second)
			pongs := 0
			for ; e.next() == "3"; pongs++ {
			}
			if pongs == 0 || pongs > 3000 { // what the pipe holds
				t.Errorf("%d pongs", pongs)
			}
		})
		time.Sleep(2 * time.Second)
		c.Close()
	})
}
