package line_test

import (
	"context"
	"net"
	"sync"
	"testing"

	"github.com/fairlead-go/fairlead/cmd/robot/line"
	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/memory"
	"github.com/fairlead-go/fairlead/connectors/wire/pomelo"
)

// far is a server of one client that does as the test says.
type far struct {
	t      *testing.T
	conn   net.Conn
	cut    pomelo.Stream
	frames []connectors.Frame
}

// come dials a server that answers the handshake like that.
func come(t *testing.T, answer string, ear line.Ear) (line.Line, *far, error) {
	t.Helper()
	l := memory.Listen("far")
	f := &far{t: t}
	var served sync.WaitGroup
	served.Go(func() {
		f.conn, _ = l.Accept()
		f.expect(pomelo.TypeHandshake)
		f.send(pomelo.TypeHandshake, answer)
	})
	c, err := line.Dial(t.Context(), line.Config{
		Addr:    "tcp://far:1",
		NetDial: func(context.Context, string, string) (net.Conn, error) { return l.Dial() },
	}, ear)
	served.Wait()
	if err == nil {
		f.expect(pomelo.TypeAck)
	}
	return c, f, err
}

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
		for _, one := range frames {
			f.frames = append(f.frames, connectors.Frame{Data: append([]byte{}, one.Data...)})
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

func (f *far) say(m pomelo.Message) {
	b, _ := m.Append(nil)
	f.send(pomelo.TypeData, string(b))
}

// ear writes down what it hears.
type ear struct{ heard chan string }

func newEar() ear { return ear{make(chan string, 100)} }

func (e ear) Answer(id uint64, body []byte) { e.heard <- string(rune('0'+id)) + " " + string(body) }
func (e ear) Push(body []byte)              { e.heard <- "push " + string(body) }
