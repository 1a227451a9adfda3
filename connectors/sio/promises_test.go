package sio_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/connectortest"
	"github.com/fairlead-go/fairlead/connectors/sio"
	"github.com/fairlead-go/fairlead/connectors/wire/engineio"
	"github.com/fairlead-go/fairlead/connectors/wire/socketio"
	"github.com/fairlead-go/fairlead/connectors/wire/websocket"
	"github.com/fairlead-go/fairlead/messages"
)

const queried = "/socket.io/?EIO=4&mode=event&transport="

func TestPromises(t *testing.T) {
	harness := connectortest.Harness{
		New: func(testing.TB) connectors.Connector {
			return &sio.Connector{Addr: "127.0.0.1:0", MaxPayload: largest}
		},
		At: func(_ testing.TB, place net.Addr) connectors.Connector {
			return &sio.Connector{Addr: place.String(), MaxPayload: largest}
		},
		Client: func(wire net.Conn) connectortest.Client { return &farEnd{wire: wire, buf: make([]byte, 1<<20)} },
		Limit:  largest,
	}
	t.Run("websocket", func(t *testing.T) {
		h := harness
		h.WebSocket = &connectortest.WebSocket{Path: queried + "websocket", Text: true}
		connectortest.Run(t, h)
	})
	t.Run("polling", func(t *testing.T) {
		h := harness
		h.Dial, h.Datagrams, h.Allocs = dialPolling, true, 400 // each message is a POST
		connectortest.Run(t, h)
	})
}

const largest = 100_000

// farEnd is a client of Socket.IO 5 that writes events.
type farEnd struct {
	wire    net.Conn
	buf     []byte
	waiting [][]byte // packets
}

var words = socketio.Codec{Version: engineio.V4, Mode: socketio.Events}

func (f *farEnd) Join() error {
	for _, want := range []string{"0{", "40"} {
		p, err := f.packet()
		if err == nil && !bytes.HasPrefix(p, []byte(want)) {
			err = fmt.Errorf("got %q, want %s…", p, want)
		}
		if err == nil && want == "0{" {
			_, err = f.wire.Write([]byte("40"))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (f *farEnd) Request(id uint64, route string, body []byte) []byte {
	return said(&messages.Request{Id: id, Route: route, Body: body})
}

func (f *farEnd) Notify(route string, body []byte) []byte {
	return said(&messages.Request{Notify: true, Route: route, Body: body})
}

func said(r *messages.Request) []byte {
	b, err := words.AppendRequest(nil, r)
	if err != nil {
		panic(err)
	}
	_, packet, _, _ := websocket.Cut(b)
	return packet
}

func (f *farEnd) Next() (connectortest.Message, error) {
	for {
		p, err := f.packet()
		if err != nil {
			return connectortest.Message{}, err
		}
		if p[0] != engineio.Message {
			continue
		}
		k, err := socketio.Decode(p[1:])
		if err == nil && k.Type == socketio.Disconnect {
			continue // the end of the engine is yet to be fetched
		}
		all, err := words.DecodeSaid(k)
		if err != nil {
			return connectortest.Message{}, err
		}
		return messageOf(all[0]), nil
	}
}

func messageOf(s socketio.Said) connectortest.Message {
	kind := connectortest.Push
	switch {
	case s.Answers:
		kind = connectortest.Response
	case s.Route == "onKick":
		kind = connectortest.Kick
	}
	return connectortest.Message{Kind: kind, ID: s.ID, Route: s.Route, Body: s.Body}
}

// packet is the next packet of the engine: of a message, or of a payload.
func (f *farEnd) packet() ([]byte, error) {
	for len(f.waiting) == 0 {
		n, err := f.wire.Read(f.buf)
		if err != nil {
			return nil, err
		}
		f.waiting = bytes.Split(bytes.Clone(f.buf[:n]), []byte{0x1e})
	}
	p := f.waiting[0]
	f.waiting = f.waiting[1:]
	switch {
	case len(p) == 0 || p[0] == engineio.Close:
		return nil, io.EOF
	case p[0] == engineio.Ping:
		_, err := f.wire.Write([]byte{engineio.Pong})
		return []byte{engineio.Noop}, err
	}
	return p, nil
}

// polling is a wire that reads by GET, and writes by POST.
type polling struct {
	net.Conn  // none
	http      *http.Client
	url       string
	first     []byte // the open packet
	ctx       context.Context
	cancelled context.CancelFunc
}

func dialPolling(_ connectors.Connector, at net.Addr) (net.Conn, error) {
	p := &polling{http: &http.Client{Transport: &http.Transport{}}, url: "http://" + at.String() + queried + sio.Polling}
	p.ctx, p.cancelled = context.WithCancel(context.Background())
	open, err := p.do(http.MethodGet, "")
	if err != nil {
		return nil, err
	}
	p.first, p.url = open, p.url+"&sid="+sidOf(string(open))
	return p, nil
}

func (p *polling) Read(b []byte) (n int, err error) {
	payload := p.first
	if p.first = nil; payload == nil {
		payload, err = p.do(http.MethodGet, "")
	}
	return copy(b, payload), err
}

func (p *polling) Write(b []byte) (int, error) {
	_, err := p.do(http.MethodPost, string(b))
	return len(b), err
}

func (p *polling) do(method, body string) ([]byte, error) {
	r, err := http.NewRequestWithContext(p.ctx, method, p.url, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	resp, err := p.http.Do(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, errors.New(resp.Status)
	}
	return io.ReadAll(resp.Body)
}

func (p *polling) Close() error {
	p.cancelled()
	p.http.CloseIdleConnections()
	return nil
}

func (p *polling) SetWriteDeadline(time.Time) error { return nil }
