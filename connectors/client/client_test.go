package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fairlead-go/fairlead/connectors/client"
	"github.com/fairlead-go/fairlead/connectors/wire/pomelo"
	"github.com/fairlead-go/fairlead/messages"
)

func TestHelloSaysWhoComesIn(t *testing.T) {
	tests := map[string]struct {
		cfg  client.Config
		want string
	}{
		"nothing given": {want: `{"sys":{"type":"fairlead-go","version":"0.1.0","rsa":{}}}`},
		"all given": {
			cfg:  client.Config{Type: "robot", Version: "7", User: map[string]any{"token": "x"}},
			want: `{"sys":{"type":"robot","version":"7","rsa":{}},"user":{"token":"x"}}`,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				near, f := pair(t)
				go client.New(t.Context(), near, tt.cfg)
				if got := f.expect(pomelo.TypeHandshake); got != tt.want {
					t.Errorf("hello = %s, want %s", got, tt.want)
				}
				f.conn.Close()
			})
		})
	}
}

func TestTheAnswerIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, f := connect(t, client.Config{}, `{"code":200,"sys":{"heartbeat":2.5},"user":{"name":"ann"}}`)
		h := c.Handshake()
		if string(h.Sys) != `{"heartbeat":2.5}` || string(h.User) != `{"name":"ann"}` || h.Heartbeat != 2500*time.Millisecond {
			t.Errorf("handshake = %s %s %v", h.Sys, h.User, h.Heartbeat)
		}
		c.Close()
		f.conn.Close()
	})
}

func TestHandshakesThatFail(t *testing.T) {
	var refused *messages.Error
	tests := map[string]struct {
		server func(f *far)
		check  func(err error) bool
		after  time.Duration
	}{
		"refused": {
			server: func(f *far) { f.send(pomelo.TypeHandshake, `{"code":501}`) },
			check:  func(err error) bool { return errors.As(err, &refused) && refused.Code == 501 },
		},
		"not JSON": {
			server: func(f *far) { f.send(pomelo.TypeHandshake, `{`) },
			check:  func(err error) bool { return strings.Contains(err.Error(), "malformed answer") },
		},
		"hung up": {
			server: func(f *far) { f.conn.Close() },
			check:  func(err error) bool { return errors.Is(err, io.EOF) },
		},
		"garbage": {
			server: func(f *far) { f.conn.Write([]byte("HTTP/1.1 400")) },
			check:  func(err error) bool { return errors.Is(err, pomelo.ErrType) },
		},
		"silence": {
			server: func(*far) {},
			check:  func(err error) bool { return errors.Is(err, context.DeadlineExceeded) },
			after:  time.Second,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				near, f := pair(t)
				go func() {
					f.expect(pomelo.TypeHandshake)
					tt.server(f)
				}()
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				begin := time.Now()
				if c, err := client.New(ctx, near, client.Config{}); err == nil || !tt.check(err) || c != nil {
					t.Errorf("client %v, error %v", c, err)
				}
				if got := time.Since(begin); got != tt.after {
					t.Errorf("failed after %v, want %v", got, tt.after)
				}
				if _, err := near.Write([]byte("x")); !errors.Is(err, net.ErrClosed) {
					t.Errorf("the conn is not closed: %v", err)
				}
			})
		})
	}
}

func TestValuesBecomeBodies(t *testing.T) {
	tests := map[string]struct {
		value any
		want  string
	}{
		"nothing":   {want: `{}`},
		"a value":   {value: map[string]int{"n": 1}, want: `{"n":1}`},
		"bytes":     {value: []byte(`raw`), want: `raw`},
		"no bytes":  {value: []byte{}, want: ``},
		"JSON text": {value: json.RawMessage(`[1, 2]`), want: `[1, 2]`},
	}
	synctest.Test(t, func(t *testing.T) {
		c, f := connect(t, client.Config{}, plain)
		go f.echo()
		for name, tt := range tests {
			if got, err := request(c, tt.value); got != tt.want || err != nil {
				t.Errorf("%s: answer = %q and %v, want %q", name, got, err, tt.want)
			}
		}
		if _, err := request(c, func() {}); err == nil {
			t.Error("a func was sent")
		}
		if _, err := c.Request(t.Context(), strings.Repeat("r", 256), nil); !errors.Is(err, pomelo.ErrRoute) {
			t.Errorf("a route of 256 bytes: %v, want ErrRoute", err)
		}
		c.Close()
	})
}

func TestMessagesOnTheWire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, f := connect(t, client.Config{}, plain)
		c.Notify("a.b", []byte("hi"))
		if got, want := f.expect(pomelo.TypeData), "\x02\x03a.bhi"; got != want {
			t.Errorf("notify = %q, want %q", got, want)
		}
		go c.Request(t.Context(), "a.b", []byte("hi"))
		if got, want := f.expect(pomelo.TypeData), "\x00\x01\x03a.bhi"; got != want {
			t.Errorf("request = %q, want %q", got, want)
		}
		c.Close()
		f.conn.Close()
	})
}

func TestAnswersFindTheirRequestInAnyOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, f := connect(t, client.Config{}, plain)
		var all sync.WaitGroup
		for i := range 10 {
			all.Go(func() {
				if got, err := request(c, i); got != fmt.Sprint(i) || err != nil {
					t.Errorf("answer = %s and %v, want %d", got, err, i)
				}
			})
		}
		var asked []pomelo.Message
		for range 10 {
			asked = append(asked, f.message())
		}
		slices.Reverse(asked)
		f.respond(77, "nobody asked")
		for _, m := range asked {
			f.respond(m.ID, string(m.Body))
		}
		all.Wait()
		c.Close()
	})
}

func TestARequestEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, f := connect(t, client.Config{}, plain)
		ctx, cancel := context.WithTimeout(t.Context(), 250*time.Millisecond)
		defer cancel()
		begin := time.Now()
		if _, err := c.Request(ctx, "a.b", nil); !errors.Is(err, context.DeadlineExceeded) || time.Since(begin) != 250*time.Millisecond {
			t.Errorf("ended with %v after %v, want the deadline after 250ms", err, time.Since(begin))
		}
		f.respond(f.message().ID, "late")
		go f.echo()
		if got, err := request(c, 2); got != "2" || err != nil {
			t.Errorf("the next answer = %q and %v, want 2", got, err)
		}
		c.Close()
	})
}

func TestARequestEndsWithTheClient(t *testing.T) {
	tests := map[string]struct {
		end  func(c *client.Client, f *far)
		want error
	}{
		"closed":             {end: func(c *client.Client, _ *far) { c.Close() }, want: client.ErrClosed},
		"hung up":            {end: func(_ *client.Client, f *far) { f.conn.Close() }, want: io.EOF},
		"garbage":            {end: func(_ *client.Client, f *far) { f.conn.Write([]byte{9, 9, 9, 9}) }, want: pomelo.ErrType},
		"a short push":       {end: func(_ *client.Client, f *far) { f.send(pomelo.TypeData, "\x06\x05ab") }, want: pomelo.ErrShortMessage},
		"a short route code": {end: func(_ *client.Client, f *far) { f.send(pomelo.TypeData, "\x07\x00\x01") }, want: client.ErrDictionary},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, f := connect(t, client.Config{}, plain)
				go func() {
					f.message()
					tt.end(c, f)
				}()
				if _, err := request(c, nil); !errors.Is(err, tt.want) {
					t.Errorf("request: %v, want %v", err, tt.want)
				}
				ended(t, c, tt.want, 0)
				if err := c.Notify("a.b", nil); !errors.Is(err, tt.want) {
					t.Errorf("notify afterwards: %v, want %v", err, tt.want)
				}
				c.Close()
			})
		})
	}
}

func TestPushesComeInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got []string
		c, f := connect(t, client.Config{
			Push: func(route string, body []byte) { got = append(got, route+":"+string(body)) },
		}, plain)
		c.On("onChat", func(body []byte) { got = append(got, "chat "+string(body)) })
		f.push("onChat", "1")
		f.push("onMove", "2")
		f.push("onChat", "3")
		synctest.Wait()
		c.On("onChat", nil)
		f.push("onChat", "4")
		synctest.Wait()
		if want := []string{"chat 1", "onMove:2", "chat 3", "onChat:4"}; !slices.Equal(got, want) {
			t.Errorf("pushes = %q, want %q", got, want)
		}
		c.Close()
	})
}

// A server that does not wait for the ack is understood.
func TestPushesRightBehindTheHandshakeAreNotLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, f := pair(t)
		go func() {
			f.expect(pomelo.TypeHandshake)
			b, _ := pomelo.Package{Type: pomelo.TypeHandshake, Body: []byte(plain)}.Append(nil)
			b, _ = pomelo.Package{Type: pomelo.TypeData, Body: []byte("\x06\x01ahi")}.Append(b)
			f.conn.Write(b)
		}()
		pushed := make(chan string, 1)
		c, err := client.New(t.Context(), near, client.Config{Push: func(route string, body []byte) { pushed <- route + ":" + string(body) }})
		if err != nil {
			t.Fatal(err)
		}
		if got := <-pushed; got != "a:hi" {
			t.Errorf("push = %q, want a:hi", got)
		}
		c.Close()
	})
}

func TestAKickEndsTheClient(t *testing.T) {
	tests := map[string]struct{ body, want string }{
		"a text":    {body: `{"reason":"duplicate login"}`, want: "duplicate login"},
		"no reason": {body: `{}`, want: ""},
		"a number":  {body: `{"reason":7}`, want: "7"},
		"no JSON":   {body: ``, want: ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, f := connect(t, client.Config{}, plain)
				heard := "nothing"
				c.OnKick(func(reason string) { heard = reason })
				if _, kicked := c.Kicked(); kicked {
					t.Error("kicked before the kick")
				}
				f.send(pomelo.TypeKick, tt.body)
				<-c.Done()
				if reason, kicked := c.Kicked(); !kicked || reason != tt.want || heard != tt.want {
					t.Errorf("kicked = %v for %q, heard %q, want %q", kicked, reason, heard, tt.want)
				}
				c.Close()
			})
		})
	}
}

func TestFailure(t *testing.T) {
	tests := map[string]struct {
		body string
		want error
	}{
		"a code":            {body: `{"code":500}`, want: messages.NewError(500, "")},
		"a code and a text": {body: `{"code":404,"msg":"no room"}`, want: messages.NewError(404, "no room")},
		"a strange text":    {body: `{"code":404,"msg":7}`, want: messages.NewError(404, "")},
		"success":           {body: `{"code":200,"msg":"hi"}`},
		"another code":      {body: `{"code":"AB-12"}`},
		"half a code":       {body: `{"code":500.5}`},
		"no code":           {body: `{"msg":"hi"}`},
		"a list":            {body: `[500]`},
		"no JSON":           {body: `500 {`},
		"nothing":           {},
	}
	for name, tt := range tests {
		got := client.Failure([]byte(tt.body))
		if fmt.Sprint(got) != fmt.Sprint(tt.want) {
			t.Errorf("%s: %v, want %v", name, got, tt.want)
		}
	}
}
