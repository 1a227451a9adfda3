package client_test

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/client"
	"github.com/fairlead-go/fairlead/connectors/memory"
	"github.com/fairlead-go/fairlead/connectors/wire/pomelo"
)

// far is a server that does as the test says.
type far struct {
	t      *testing.T
	conn   net.Conn
	cut    pomelo.Stream
	frames []connectors.Frame
}

const plain = `{"code":200,"sys":{}}`

// connect is a client whose handshake the server gave this answer.
func connect(t *testing.T, cfg client.Config, answer string) (*client.Client, *far) {
	t.Helper()
	near, f := pair(t)
	go func() {
		f.expect(pomelo.TypeHandshake)
		f.send(pomelo.TypeHandshake, answer)
	}()
	c, err := client.New(t.Context(), near, cfg)
	if err != nil {
		t.Fatal(err)
	}
	f.expect(pomelo.TypeAck)
	return c, f
}

func pair(t *testing.T) (net.Conn, *far) {
	t.Helper()
	l := memory.Listen("far")
	near, err := l.Dial()
	if err != nil {
		t.Fatal(err)
	}
	conn, _ := l.Accept()
	return near, &far{t: t, conn: conn}
}

// next is the client's next package, false when it has hung up.
func (f *far) next() (pomelo.Package, bool) {
	for b := make([]byte, 1000); len(f.frames) == 0; {
		n, err := f.conn.Read(b)
		if err != nil {
			return pomelo.Package{}, false
		}
		frames, err := f.cut.Feed(b[:n], nil)
		if err != nil {
			f.t.Errorf("the client sent %q: %v", b[:n], err)
			return pomelo.Package{}, false
		}
		for _, fr := range frames {
			f.frames = append(f.frames, connectors.Frame{Data: append([]byte{}, fr.Data...)})
		}
	}
	p, _, _ := pomelo.DecodePackage(f.frames[0].Data)
	f.frames = f.frames[1:]
	return p, true
}

func (f *far) expect(typ byte) string {
	p, ok := f.next()
	if !ok || p.Type != typ {
		f.t.Errorf("the client sent type %d %q (%v), want type %d", p.Type, p.Body, ok, typ)
	}
	return string(p.Body)
}

func (f *far) send(typ byte, body string) {
	b, _ := pomelo.Package{Type: typ, Body: []byte(body)}.Append(nil)
	f.conn.Write(b)
}

// message is the client's next message.
func (f *far) message() pomelo.Message {
	m, err := pomelo.DecodeMessage([]byte(f.expect(pomelo.TypeData)))
	if err != nil {
		f.t.Errorf("the client's message: %v", err)
	}
	return m
}

func (f *far) respond(id uint64, body string) {
	b, _ := pomelo.Message{Kind: pomelo.KindResponse, ID: id, Body: []byte(body)}.Append(nil)
	f.send(pomelo.TypeData, string(b))
}

func (f *far) push(route, body string) {
	b, _ := pomelo.Message{Kind: pomelo.KindPush, Route: []byte(route), Body: []byte(body)}.Append(nil)
	f.send(pomelo.TypeData, string(b))
}

// echo answers requests with their body until the client hangs up.
func (f *far) echo() {
	for {
		p, ok := f.next()
		if !ok {
			f.conn.Close()
			return
		}
		if m, err := pomelo.DecodeMessage(p.Body); err == nil && m.Kind == pomelo.KindRequest {
			f.respond(m.ID, string(m.Body))
		}
	}
}

// ended checks that the client is over, for this reason, at this time.
func ended(t *testing.T, c *client.Client, want error, after time.Duration) {
	t.Helper()
	begin := time.Now()
	<-c.Done()
	if err := c.Err(); !errors.Is(err, want) || time.Since(begin) != after {
		t.Errorf("ended with %v after %v, want %v after %v", err, time.Since(begin), want, after)
	}
}

func request(c *client.Client, v any) (string, error) {
	b, err := c.Request(context.Background(), "lobby.echo", v)
	return string(b), err
}
