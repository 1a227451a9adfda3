package line_test

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fairlead-go/fairlead/cmd/robot/line"
	"github.com/fairlead-go/fairlead/connectors/client"
	"github.com/fairlead-go/fairlead/connectors/wire/pomelo"
)

const plain = `{"code":200,"sys":{}}`

func TestWhatIsSaidAndHeard(t *testing.T) {
	heard := newEar()
	c, f, err := come(t, plain, heard)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	body := []byte(`{"a":1}`)
	if err := errors.Join(c.Request(7, "lobby.echo", body), c.Notify("lobby.tell", body)); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"\x00\x07\x0alobby.echo" + `{"a":1}`, "\x02\x0alobby.tell" + `{"a":1}`} {
		if got := f.expect(pomelo.TypeData); got != want {
			t.Errorf("the server gets %q, want %q", got, want)
		}
	}
	f.say(pomelo.Message{Kind: pomelo.KindPush, Route: []byte("any"), Body: []byte("p")})
	f.say(pomelo.Message{Kind: pomelo.KindPush, Compressed: true, Code: 9, Body: []byte("short")})
	f.say(pomelo.Message{Kind: pomelo.KindResponse, ID: 7, Body: []byte("r")})
	for _, want := range []string{"push p", "push short", "7 r"} {
		if got := <-heard.heard; got != want {
			t.Errorf("the client hears %q, want %q", got, want)
		}
	}
	if err := c.Request(1, strings.Repeat("x", 256), nil); !errors.Is(err, line.ErrRoute) {
		t.Errorf("a long route: %v", err)
	}
	if err := c.Request(1, "x", make([]byte, pomelo.MaxBody)); !errors.Is(err, pomelo.ErrTooLong) {
		t.Errorf("a long body: %v", err)
	}
	if err := c.Notify("x", nil); err != nil || f.expect(pomelo.TypeData) != "\x02\x01x" {
		t.Errorf("after what was refused: %v", err)
	}
}

func TestServersThatDoNotLetIn(t *testing.T) {
	for name, tt := range map[string]struct{ answer, says string }{
		"a code":  {`{"code":501,"msg":"old"}`, "handshake: line: refused: code 501: old"},
		"no JSON": {`hello`, "handshake: line: malformed answer"},
	} {
		if _, _, err := come(t, tt.answer, newEar()); err == nil || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: %v, want %q", name, err, tt.says)
		}
	}
}

func TestTheEnd(t *testing.T) {
	for name, tt := range map[string]struct {
		end  func(*far)
		says string
	}{
		"a kick":         {func(f *far) { f.send(pomelo.TypeKick, `{"reason":"out"}`) }, "client: kicked: out"},
		"a kick of JSON": {func(f *far) { f.send(pomelo.TypeKick, `{"reason":{"a":1}}`) }, "client: kicked: map[a:1]"},
		"a hang-up":      {func(f *far) { f.conn.Close() }, "line: the server hung up: EOF"},
		"nonsense":       {func(f *far) { f.conn.Write([]byte("what")) }, "pomelo: unknown package type"},
		"half a message": {func(f *far) { f.send(pomelo.TypeData, "") }, "pomelo: short message"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, f, err := come(t, plain, newEar())
				if err != nil {
					t.Fatal(err)
				}
				tt.end(f)
				synctest.Wait()
				if err := c.Err(); err == nil || !strings.Contains(err.Error(), tt.says) {
					t.Errorf("ended with %v, want %q", err, tt.says)
				}
				if kick := (*client.KickError)(nil); strings.Contains(name, "kick") && !errors.As(c.Err(), &kick) {
					t.Errorf("%v is no kick", c.Err())
				}
				if err := c.Request(1, "x", nil); !errors.Is(err, c.Err()) {
					t.Errorf("asked after the end: %v", err)
				}
				c.Close()
			})
		})
	}
}

func TestASilentServerIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, f, err := come(t, `{"code":200,"sys":{"heartbeat":3}}`, newEar())
		if err != nil {
			t.Fatal(err)
		}
		begin := time.Now()
		for i := range 3 {
			f.expect(pomelo.TypeHeartbeat)
			if got, want := time.Since(begin), time.Duration(i+1)*3*time.Second; got != want {
				t.Errorf("a heartbeat after %v, want %v", got, want)
			}
			f.send(pomelo.TypeHeartbeat, "")
		}
		if _, err := io.ReadAll(f.conn); err != nil { // three more, and the end
			t.Error(err)
		}
		if got := time.Since(begin); got != 21*time.Second || !errors.Is(c.Err(), line.ErrSilent) {
			t.Errorf("ended after %v with %v, want 21s", got, c.Err())
		}
		c.Close()
	})
}
