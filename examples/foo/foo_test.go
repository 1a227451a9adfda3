package main

import (
	"bytes"
	"errors"
	"log"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/actors"
	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/custom"
	"github.com/fairlead-go/fairlead/examples/foo/page"
	"github.com/fairlead-go/fairlead/internal/leak"
	"github.com/fairlead-go/fairlead/messages"
	"github.com/fairlead-go/fairlead/supervisor"
)

var now = time.Unix(1, 0)

// doorOf tells a process of its own where to play.
const doorOf = "FOO_DOOR"

func TestMain(m *testing.M) {
	if door := os.Getenv(doorOf); door != "" {
		if err := visit(door); err != nil {
			log.Fatal(err)
		}
		return
	}
	leak.Main(m)
}

func visit(door string) error {
	p, err := page.Lay(door)
	if err != nil {
		return err
	}
	return play(&FooSocket{page: p}, os.Stdout)
}

func TestAnotherProcessPlays(t *testing.T) {
	unixOnly(t)
	door := filepath.Join(t.TempDir(), "door")
	quiet := slog.New(slog.DiscardHandler)
	system := actor.NewActorSystem(actor.WithLoggerFactory(func(*actor.ActorSystem) *slog.Logger { return quiet }))
	fl, err := supervisor.Start(system, supervisor.Config{
		Connectors: []connectors.Source{&FooConnector{Folder: door}},
		Routes:     []actors.Route{game()},
		Logger:     quiet,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer fl.Stop()
	visitor := exec.CommandContext(t.Context(), os.Args[0])
	visitor.Env = append(os.Environ(), doorOf+"="+door)
	out, err := visitor.CombinedOutput()
	if err != nil || string(out) != heardBy("foo") {
		t.Errorf("printed\n%s\nand ended with %v, want\n%s", out, err, heardBy("foo"))
	}
}

// heardBy is what play prints for a client.
func heardBy(transport string) (lines string) {
	for _, line := range []string{"0 onStep 0", "0 onStep 1", "0 onStep 2", `1 game.start "ann"`, "0 !kick caught"} {
		lines += transport + " " + line + "\n"
	}
	return lines
}

// unixOnly skips where a file that is open keeps its name.
func unixOnly(t *testing.T) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("a file that is open keeps its name on Windows")
	}
}

func TestBothFormsPlay(t *testing.T) {
	unixOnly(t)
	var out bytes.Buffer
	if err := run(t.TempDir(), &out); err != nil {
		t.Fatal(err)
	}
	if want := heardBy("foo") + heardBy("unix"); out.String() != want {
		t.Errorf("printed\n%s\nwant\n%s", out.String(), want)
	}
}

func TestPackages(t *testing.T) {
	for name, tt := range map[string]struct {
		wire string
		want *messages.Request
		err  error
	}{
		"a request":                      {wire: "\x00\x08\x00\x00\x00\x07\x01ahi", want: &messages.Request{Id: 7, Route: "a", Body: []byte("hi")}},
		"a notify":                       {wire: "\x00\x06\x00\x00\x00\x00\x01a", want: &messages.Request{Route: "a", Body: []byte{}}},
		"nothing":                        {wire: "", err: errPackage},
		"a byte less than it says":       {wire: "\x00\x08\x00\x00\x00\x07\x01ah", err: errPackage},
		"a byte more than it says":       {wire: "\x00\x08\x00\x00\x00\x07\x01ahi!", err: errPackage},
		"a head with a byte missing":     {wire: "\x00\x04\x00\x00\x00\x07", err: errPackage},
		"a route longer than what comes": {wire: "\x00\x06\x00\x00\x00\x07\x02a", err: errPackage},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := decode([]byte(tt.wire))
			if !errors.Is(err, tt.err) {
				t.Fatalf("error = %v, want %v", err, tt.err)
			}
			if err == nil && (r.Id != tt.want.Id || r.Route != tt.want.Route || !bytes.Equal(r.Body, tt.want.Body)) {
				t.Errorf("request = %v, want %v", r, tt.want)
			}
		})
	}
}

func TestWhatDoesNotFitIsRefused(t *testing.T) {
	for name, m := range map[string]custom.Message{
		"a body over a datagram":  {Body: make([]byte, page.Room-head+1)},
		"a route of 256 letters":  {Route: strings.Repeat("a", 256)},
		"a datagram and no more":  {Body: make([]byte, page.Room-head)},
		"a route of 255 letters":  {Route: strings.Repeat("a", 255)},
		"a kick that is too long": {Route: "!kick", Body: make([]byte, page.Room)},
	} {
		fits := len(m.Body) <= page.Room-head && len(m.Route) <= 255
		if _, err := encode(nil, m); (err == nil) != fits {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What decodes is encoded to the same bytes.
func FuzzDecode(f *testing.F) {
	f.Add([]byte("\x00\x08\x00\x00\x00\x07\x01ahi"))
	f.Add([]byte("\x00\x06\x00\x00\x00\x00\x01a"))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := decode(b)
		if err != nil || len(b) > page.Room {
			return
		}
		again, err := encode(nil, custom.Message{ID: r.Id, Route: r.Route, Body: r.Body})
		if err != nil || !bytes.Equal(again, b) {
			t.Errorf("%q decodes, and is encoded as %q and %v", b, again, err)
		}
	})
}

// Decode and Encode of the configuration replace Foo's own, each alone or both.
func TestDecodeAndEncodeReplaceFoosOwn(t *testing.T) {
	upper := func(b []byte) (*messages.Request, error) { return decode(bytes.ToUpper(b)) }
	bang := func(dst []byte, m custom.Message) ([]byte, error) { return append(dst, '!'), nil }
	const request = "\x00\x06\x00\x00\x00\x07\x01a"
	for name, tt := range map[string]struct {
		c     *FooConnector
		route string
		wire  string
	}{
		"neither": {c: &FooConnector{}, route: "a", wire: "\x00\x06\x00\x00\x00\x00\x01r"},
		"decode":  {c: &FooConnector{Decode: upper}, route: "A", wire: "\x00\x06\x00\x00\x00\x00\x01r"},
		"encode":  {c: &FooConnector{Encode: bang}, route: "a", wire: "!"},
		"both":    {c: &FooConnector{Decode: upper, Encode: bang}, route: "A", wire: "!"},
	} {
		t.Run(name, func(t *testing.T) {
			unixOnly(t)
			p, err := page.Lay(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			defer p.Leave()
			proto := tt.c.Protocol(&FooSocket{page: p})
			var in, frame connectors.Step
			proto.Open(&in, now)
			proto.Welcome(&in, nil, nil, now)
			proto.Feed(&frame, connectors.Frame{Data: []byte(request)}, now)
			if len(frame.Requests) != 1 || frame.Requests[0].Route != tt.route {
				t.Errorf("requests = %v, want one for %s", frame.Requests, tt.route)
			}
			if b, err := in.Codec.AppendPush(nil, &messages.Push{Route: "r"}); string(b) != tt.wire || err != nil {
				t.Errorf("push = %q and %v, want %q", b, err, tt.wire)
			}
		})
	}
}
