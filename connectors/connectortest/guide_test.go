package connectortest_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/connectortest"
	"github.com/fairlead-go/fairlead/messages"
)

// Notes is a connector whose clients pass notes over TCP: two bytes that say how long it is, and a text.
// "7 chat.say body" asks, "0 chat.say body" tells; "=7 body" answers, "onSay body" is a push, "! reason" a kick.
type Notes struct{ Addr string }

func (n *Notes) Name() string { return "notes" }

func (n *Notes) Listen(ctx context.Context) ([]connectors.Listener, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", n.Addr)
	if err != nil {
		return nil, err
	}
	return []connectors.Listener{desk{l}}, nil
}

func (n *Notes) Protocol(c connectors.Conn) connectors.Protocol {
	return conversation{connectors.Hello{Connector: n.Name(), Transport: c.Transport(), RemoteAddr: c.RemoteAddr()}}
}

type desk struct{ net.Listener }

func (d desk) Accept() (connectors.Conn, error) {
	c, err := d.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &pupil{Conn: c, in: bufio.NewReader(c)}, nil
}

type pupil struct {
	net.Conn
	in    *bufio.Reader
	limit atomic.Int64
	note  bytes.Buffer
	err   error // final
}

func (p *pupil) ReadFrames() ([]connectors.Frame, error) {
	if p.err == nil {
		p.err = p.read()
	}
	if p.err != nil {
		return nil, p.err
	}
	return []connectors.Frame{{Data: p.note.Bytes(), Text: true}}, nil
}

// read reads a note; its memory grows as it comes.
func (p *pupil) read() error {
	var head [2]byte
	if _, err := io.ReadFull(p.in, head[:]); err != nil {
		return err
	}
	size := int64(binary.BigEndian.Uint16(head[:]))
	if n := p.limit.Load(); n > 0 && size > n {
		return connectors.ErrTooLarge
	}
	p.note.Reset()
	_, err := io.CopyN(&p.note, p.in, size)
	return err
}

func (p *pupil) Write(packages net.Buffers) error {
	_, err := packages.WriteTo(p.Conn)
	return err
}

func (p *pupil) SetReadLimit(n int)      { p.limit.Store(int64(n)) }
func (p *pupil) Close(connectors.Reason) { _ = p.Conn.Close() }
func (p *pupil) Transport() string       { return "tcp" }

// conversation has the application asked, and takes notes.
type conversation struct{ hello connectors.Hello }

func (c conversation) Open(step *connectors.Step, _ time.Time) {
	step.Hello, step.ReadLimit = &c.hello, 32<<10
}

func (conversation) Welcome(step *connectors.Step, _ any, err error, _ time.Time) {
	if err != nil {
		step.Send = appendNote(step.Send, "! "+err.Error())
		step.Close = &connectors.Reason{Cause: messages.CauseRefused}
		return
	}
	step.Codec = codec{}
}

func (conversation) Feed(step *connectors.Step, f connectors.Frame, _ time.Time) {
	var id uint64
	var route string
	if _, err := fmt.Sscanf(string(f.Data), "%d %s ", &id, &route); err != nil {
		step.Close = &connectors.Reason{Cause: messages.CauseMalformed, Text: err.Error()}
		return
	}
	_, rest, _ := bytes.Cut(f.Data, []byte(" "))
	_, rest, _ = bytes.Cut(rest, []byte(" "))
	q := step.Request(nil)
	q.Id, q.Notify, q.Route, q.Body = id, id == 0, route, step.Copy(rest)
}

func (conversation) Expire(*connectors.Step, time.Time) {}

type codec struct{}

func (codec) AppendResponse(dst []byte, to connectors.Origin, r *messages.Response) ([]byte, error) {
	if r.Error != nil {
		return appendNote(dst, fmt.Sprintf("=%d %q", to.ID, r.Error.Msg)), nil
	}
	return appendNote(dst, fmt.Sprintf("=%d %s", to.ID, r.Body)), nil
}

func (codec) AppendPush(dst []byte, p *messages.Push) ([]byte, error) {
	return appendNote(dst, p.Route+" "+string(p.Body)), nil
}

func (codec) AppendKick(dst []byte, k *messages.Kick) ([]byte, error) {
	return appendNote(dst, "! "+k.Reason), nil
}

func appendNote(dst []byte, text string) []byte {
	return append(binary.BigEndian.AppendUint16(dst, uint16(len(text))), text...)
}

func TestPromises(t *testing.T) {
	connectortest.Run(t, connectortest.Harness{
		New:    func(testing.TB) connectors.Connector { return &Notes{Addr: "127.0.0.1:0"} },
		At:     func(_ testing.TB, place net.Addr) connectors.Connector { return &Notes{Addr: place.String()} },
		Client: func(wire net.Conn) connectortest.Client { return &passer{wire} },
	})
}

// passer is the far end: a client that passes notes.
type passer struct{ wire net.Conn }

func (p *passer) Join() error { return nil }

func (p *passer) Request(id uint64, route string, body []byte) []byte {
	return appendNote(nil, fmt.Sprintf("%d %s %s", id, route, body))
}

func (p *passer) Notify(route string, body []byte) []byte { return p.Request(0, route, body) }

func (p *passer) Next() (connectortest.Message, error) {
	var head [2]byte
	if _, err := io.ReadFull(p.wire, head[:]); err != nil {
		return connectortest.Message{}, err
	}
	b := make([]byte, binary.BigEndian.Uint16(head[:]))
	if _, err := io.ReadFull(p.wire, b); err != nil {
		return connectortest.Message{}, err
	}
	to, body, ok := strings.Cut(string(b), " ")
	m := connectortest.Message{Kind: connectortest.Push, Route: to, Body: []byte(body)}
	if !ok {
		return m, errors.New("a note without a space")
	}
	if to == "!" {
		m.Kind = connectortest.Kick
	} else if _, err := fmt.Sscanf(to, "=%d", &m.ID); err == nil {
		m.Kind = connectortest.Response
	}
	return m, nil
}
