package main

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"path/filepath"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/actors"
	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/connectortest"
	"github.com/fairlead-go/fairlead/connectors/custom"
	"github.com/fairlead-go/fairlead/connectors/port"
	"github.com/fairlead-go/fairlead/examples/foo/page"
	"github.com/fairlead-go/fairlead/supervisor"
)

// laid is a client's end of a page as the suite wants it: what is written waits here for the server to take it.
type laid struct {
	net.Conn // what a page has not: nothing of it is asked
	*page.Page
	out chan []byte
}

func lay(folder string) (net.Conn, error) {
	p, err := page.Lay(folder)
	if err != nil {
		return nil, err
	}
	l := laid{Page: p, out: make(chan []byte, 1<<15)}
	go func() {
		for b := range l.out {
			if p.Put(b) != nil {
				return
			}
		}
	}()
	return l, nil
}

func (l laid) Read(b []byte) (int, error) {
	got, err := l.Take(nil)
	return copy(b, got), err
}
func (l laid) Write(b []byte) (int, error)    { l.out <- bytes.Clone(b); return len(b), nil }
func (laid) SetWriteDeadline(time.Time) error { return nil }
func (laid) SetReadDeadline(time.Time) error  { return nil }
func (l laid) Close() error {
	l.Leave()
	select {
	case l.out <- nil:
	default:
	}
	return nil
}

// far is the far end of either form.
type far struct {
	wire net.Conn
	rest []byte
}

func newFar(wire net.Conn) connectortest.Client { return &far{wire: wire} }

func (*far) Join() error { return nil }

func (*far) Request(id uint64, route string, body []byte) []byte {
	b, err := encode(nil, custom.Message{ID: id, Route: route, Body: body})
	if errors.Is(err, errLong) { // and not sent as a whole
		return append([]byte("\xff\xff"), body...)
	}
	return b
}

func (f *far) Notify(route string, body []byte) []byte { return f.Request(0, route, body) }

func (f *far) Next() (connectortest.Message, error) {
	for {
		if n, _ := cut(f.rest); n > 0 && n <= len(f.rest) {
			m, err := decode(f.rest[:n])
			if err != nil {
				return connectortest.Message{}, err
			}
			f.rest = f.rest[n:]
			return heard(m.Id, m.Route, m.Body), nil
		}
		b := make([]byte, page.Room)
		n, err := f.wire.Read(b)
		if f.rest = append(f.rest, b[:n]...); err != nil && n == 0 {
			return connectortest.Message{}, err
		}
	}
}

func heard(id uint64, route string, body []byte) connectortest.Message {
	switch {
	case id > 0:
		return connectortest.Message{Kind: connectortest.Response, ID: id, Body: body}
	case route == "!kick":
		return connectortest.Message{Kind: connectortest.Kick}
	}
	return connectortest.Message{Kind: connectortest.Push, Route: route, Body: body}
}

func TestPromises(t *testing.T) {
	unixOnly(t)
	t.Run("datagrams", func(t *testing.T) {
		connectortest.Run(t, connectortest.Harness{
			New: func(t testing.TB) connectors.Connector {
				return &FooConnector{Folder: filepath.Join(t.TempDir(), "door")}
			},
			At: func(_ testing.TB, place net.Addr) connectors.Connector {
				return &FooConnector{Folder: place.String()}
			},
			Dial: func(_ connectors.Connector, place net.Addr) (net.Conn, error) {
				return lay(place.String())
			},
			Client:    newFar,
			Datagrams: true,
			Allocs:    100, // it looks again and again
		})
	})
	t.Run("stream", func(t *testing.T) {
		at := func(addr string) connectors.Connector { return stream(&port.Port{Addr: addr}) }
		connectortest.Run(t, connectortest.Harness{
			New:    func(testing.TB) connectors.Connector { return at("127.0.0.1:0") },
			At:     func(_ testing.TB, place net.Addr) connectors.Connector { return at(place.String()) },
			Client: newFar,
		})
	})
}

// What a client asks at once is answered when the application has let it in, in whichever form.
func TestRequestsWaitForTheApplication(t *testing.T) {
	unixOnly(t)
	folder := t.TempDir()
	door := filepath.Join(folder, "door")
	socket := filepath.Join(folder, "socket")
	quiet := slog.New(slog.DiscardHandler)
	system := actor.NewActorSystem(actor.WithLoggerFactory(func(*actor.ActorSystem) *slog.Logger { return quiet }))
	let := make(chan struct{})
	fl, err := supervisor.Start(system, supervisor.Config{
		Connectors: []connectors.Source{&FooConnector{Folder: door}, stream(&port.Port{Addr: "unix:" + socket})},
		Routes:     []actors.Route{game()},
		Logger:     quiet,
		Handshake: func(context.Context, *connectors.Hello) (any, error) {
			<-let
			return nil, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer fl.Stop()
	p, err := page.Lay(door)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	clients := []connectors.Conn{&FooSocket{page: p}, custom.Stream(conn, custom.StreamConfig{Cut: cut, FrameTime: time.Minute})}
	for _, c := range clients {
		defer c.Close(connectors.Reason{})
		b, err := encode(nil, custom.Message{ID: 1, Route: "game.start", Body: []byte(`"ann"`)})
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Write(net.Buffers{b}); err != nil {
			t.Fatal(err)
		}
	}
	close(let)
	for _, c := range clients {
		if frames, err := c.ReadFrames(); len(frames) == 0 || err != nil {
			t.Errorf("%s: %v and %v, want answers", c.Transport(), frames, err)
		}
	}
}
