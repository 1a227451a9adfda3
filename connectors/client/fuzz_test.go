package client_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fairlead-go/fairlead/connectors/client"
	"github.com/fairlead-go/fairlead/connectors/wire/pomelo"
	"github.com/fairlead-go/fairlead/messages"
)

// FuzzServer has a server answer the handshake and then send anything, in pieces.
// Whatever it is, the client ends when the server hangs up, and with it all who wait.
func FuzzServer(f *testing.F) {
	wire := func(typ byte, body string) string {
		b, _ := pomelo.Package{Type: typ, Body: []byte(body)}.Append(nil)
		return string(b)
	}
	for _, s := range []string{
		"",
		wire(pomelo.TypeData, "\x04\x01{}"),
		wire(pomelo.TypeData, "\x04\x01{\"code\":500}") + wire(pomelo.TypeData, "\x04\x01again"),
		wire(pomelo.TypeData, "\x06\x01rhi") + wire(pomelo.TypeHeartbeat, "") + wire(pomelo.TypeKick, `{"reason":"x"}`),
		wire(pomelo.TypeKick, `{"reason":{"a":[1]}}`),
		wire(pomelo.TypeData, "\x07\x00\x01"),
		wire(pomelo.TypeHandshake, `{"code":200}`),
		"\x04\xff\xff\xff", "HTTP/1.1 400",
	} {
		for _, answer := range []string{
			plain, beating, `{"code":501}`, `{"code":200,"sys":{"heartbeat":1e300}}`, `{"code":200,"sys":{"heartbeat":1e-9},"user":[[[]]]}`,
			`{"code":200,"sys":{"heartbeat":"3"}}`, `{"code":2147483648}`, `{"code":200,"sys":null}`, `{`, ``,
		} {
			f.Add([]byte(answer), []byte(s), byte(3))
		}
	}
	f.Fuzz(func(t *testing.T, answer, sent []byte, piece byte) {
		if len(answer) > 1<<16 {
			return
		}
		synctest.Test(t, func(t *testing.T) {
			near, f := pair(t)
			go func() {
				defer f.conn.Close()
				f.expect(pomelo.TypeHandshake)
				f.send(pomelo.TypeHandshake, string(answer))
				for b := sent; len(b) > 0; {
					n := min(int(piece)+1, len(b))
					if _, err := f.conn.Write(b[:n]); err != nil {
						return
					}
					b = b[n:]
				}
			}()
			pushed := func(string, []byte) {}
			c, err := client.New(t.Context(), near, client.Config{Push: pushed})
			if err != nil {
				if c != nil {
					t.Errorf("a client and %v", err)
				}
				return
			}
			speak(t, c)
		})
	})
}

// speak asks until the server is gone, and looks at how the client ends.
func speak(t *testing.T, c *client.Client) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	body, err := c.Request(ctx, "a.b", nil)
	if failure := client.Failure(body); failure != nil && messages.AsError(failure).Code == 0 {
		t.Errorf("%q is the failure %v", body, failure)
	}
	<-c.Done()
	var kick *client.KickError
	ended := c.Err()
	if reason, kicked := c.Kicked(); kicked != errors.As(ended, &kick) || kicked && reason != kick.Reason {
		t.Errorf("kicked is %v, %q, and the end is %v", kicked, reason, ended)
	}
	if ended == nil || err != nil && ctx.Err() == nil && !errors.Is(err, ended) {
		t.Errorf("the request ends with %v, the client with %v", err, ended)
	}
	c.Close()
}
