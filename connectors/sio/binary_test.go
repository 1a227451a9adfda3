package sio_test

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/gorilla/websocket"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/sio"
	"github.com/fairlead-go/fairlead/connectors/wire/engineio"
)

// A packet that announces three bytes, as sessions and clients say it.
const (
	announced = `51-["x",{"_placeholder":true,"num":0}]`
	three     = "\x01\x02\x03"
)

// versionOf is what a query says.
func versionOf(query string) engineio.Version {
	if strings.Contains(query, "EIO=3") {
		return engineio.V3
	}
	return engineio.V4
}

// sayBytes sends a packet and its attachment.
func (s *session) sayBytes(v engineio.Version, packet, attachment string) error {
	b := engineio.AppendPacket(nil, engineio.Message, packet)
	return s.Write(net.Buffers{v.AppendBinary(b, []byte(attachment))})
}

// frame is the next message with its type, as "text: …" or "bytes: …".
func (s *socket) frame() string {
	typ, b, err := s.ws.ReadMessage()
	switch {
	case err != nil:
		return "(" + err.Error() + ")"
	case typ == websocket.BinaryMessage:
		return "bytes: " + string(b)
	}
	return "text: " + string(b)
}

// counted is a packet in a payload of version 3.
func counted(packet string) string { return fmt.Sprintf("%d:%s", len(packet), packet) }

// headed is a packet in a binary payload of version 3.
func headed(kind byte, packet string) string {
	b := []byte{kind}
	for _, c := range fmt.Sprint(len(packet)) {
		b = append(b, byte(c-'0'))
	}
	return string(b) + "\xff" + packet
}

// Bytes are sent as bytes, but to clients that say b64=1, and where polling has no room for them (P16.9).
func TestBytesThatAreSent(t *testing.T) {
	const text, bytes = "text/plain; charset=UTF-8", "application/octet-stream"
	for query, tt := range map[string]struct {
		typ, payload string
		frame        string
	}{
		"EIO=4":       {text, "4" + announced + "\x1ebAQID", "bytes: " + three},
		"EIO=4&b64=1": {text, "4" + announced + "\x1ebAQID", "text: bAQID"},
		"EIO=3":       {bytes, headed(0, "4"+announced) + headed(1, "\x04"+three), "bytes: \x04" + three},
		"EIO=3&b64=1": {text, counted("4"+announced) + counted("b4AQID"), "text: b4AQID"},
		"EIO=4&b64=0": {text, "4" + announced + "\x1ebAQID", "bytes: " + three},
	} {
		t.Run(query, func(t *testing.T) {
			bubble(t, &sio.Connector{}, func(r *rig) {
				c, s := r.polling(query)
				s.sayBytes(versionOf(query), announced, three)
				got := r.hit(hit{method: "GET", target: root + query + "&transport=polling&sid=SID"}, c.sid)
				if typ := got.header.Get("Content-Type"); got.body != tt.payload || typ != tt.typ {
					t.Errorf("polled %q as %s, want %q as %s", got.body, typ, tt.payload, tt.typ)
				}
				s.sayBytes(versionOf(query), announced, three) // what waits goes along
				c.expectBytes(c.climb(), tt.frame)
				s.Close(connectors.Reason{})
			})
			bubble(t, &sio.Connector{}, func(r *rig) {
				ws, s := r.websocket(query)
				s.sayBytes(versionOf(query), announced, three)
				r.expectBytes(ws, tt.frame)
				s.Close(connectors.Reason{})
			})
		})
	}
}

// polling shakes hands, has a session, and lets it in.
func (r *rig) polling(query string) (*client, *session) {
	r.Helper()
	c := r.open(query)
	if versionOf(query) == engineio.V4 {
		return c, c.connect()
	}
	s := <-r.sessions
	s.say("0")
	if _, got := c.get(); got != "2:40" {
		r.Errorf("polled %q, want that the client is in", got)
	}
	return c, s
}

func (r *rig) expectBytes(ws *socket, frame string) {
	r.Helper()
	if got := ws.frame(); got != "text: 4"+announced {
		r.Errorf("read %q, want the packet that announces bytes", got)
	}
	if got := ws.frame(); got != frame {
		r.Errorf("read %q, want %q", got, frame)
	}
}

// Bytes come in each way that clients have (P16.9).
func TestBytesThatCome(t *testing.T) {
	type message struct {
		typ  int
		data string
	}
	text := message{websocket.TextMessage, "4" + announced}
	for name, tt := range map[string]struct {
		query   string
		typ     string    // of a POST
		payload string    // its body
		then    []message // or what a WebSocket brings
	}{
		"4, polling":              {query: "EIO=4", typ: "text/plain;charset=UTF-8", payload: "4" + announced + "\x1ebAQID"},
		"3, polling":              {query: "EIO=3", typ: "text/plain;charset=UTF-8", payload: counted("4"+announced) + counted("b4AQID")},
		"3, polling, in bytes":    {query: "EIO=3", typ: "application/octet-stream", payload: headed(0, "4"+announced) + headed(1, "\x04"+three)},
		"3, with a parameter":     {query: "EIO=3", typ: "application/octet-stream; charset=x", payload: headed(0, "4"+announced) + headed(1, "\x04"+three)},
		"3, bytes with base64":    {query: "EIO=3", typ: "application/octet-stream", payload: headed(0, "4"+announced) + headed(0, "b4AQID")},
		"4, websocket":            {query: "EIO=4", then: []message{text, {websocket.BinaryMessage, three}}},
		"4, websocket, in base64": {query: "EIO=4&b64=1", then: []message{text, {websocket.TextMessage, "bAQID"}}},
		"3, websocket":            {query: "EIO=3", then: []message{text, {websocket.BinaryMessage, "\x04" + three}}},
		"3, websocket, in base64": {query: "EIO=3&b64=1", then: []message{text, {websocket.TextMessage, "b4AQID"}}},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, &sio.Connector{}, func(r *rig) {
				c, s := r.polling(tt.query)
				if tt.payload != "" {
					h := hit{method: "POST", target: root + tt.query + "&transport=polling&sid=SID", body: tt.payload}
					if got := r.hit(h.with("Content-Type", tt.typ), c.sid); got.status != 200 || got.body != "ok" {
						t.Errorf("POST: %d %q", got.status, got.body)
					}
				} else {
					ws := c.climb()
					for _, m := range tt.then {
						ws.ws.WriteMessage(m.typ, []byte(m.data))
					}
					synctest.Wait()
				}
				if got, want := s.heard(), announced+" "+three; got != want {
					t.Errorf("heard %q, want %q", got, want)
				}
				s.Close(connectors.Reason{})
			})
		})
	}
}

// Bytes where there are none, or that nobody has announced, are malformed (P16.9).
func TestBytesThatMakeNoSense(t *testing.T) {
	for name, tt := range map[string]struct {
		query, typ, body string
		first            string // what is said before
	}{
		"4, a body of bytes":            {query: "EIO=4", typ: "application/octet-stream", body: `42["x"]`, first: `42["first"]`},
		"4, bad base64":                 {query: "EIO=4", typ: "text/plain", body: "bAQI", first: `42["first"]`},
		"4, before anything else":       {query: "EIO=4", typ: "text/plain", body: "bAQID"},
		"3, bytes as text":              {query: "EIO=3", typ: "text/plain", body: headed(1, "\x04"+three), first: counted(`42["first"]`)},
		"3, text as bytes":              {query: "EIO=3", typ: "application/octet-stream", body: counted(`42["x"]`), first: counted(`42["first"]`)},
		"3, bytes that are not so many": {query: "EIO=3", typ: "application/octet-stream", body: "\x01\x09\xff\x04", first: counted(`42["first"]`)},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, &sio.Connector{}, func(r *rig) {
				c, s := r.polling(tt.query)
				if tt.first != "" {
					c.post(tt.first)
				}
				s.heard()
				held := c.later()
				h := hit{method: "POST", target: root + tt.query + "&transport=polling&sid=SID", body: tt.body}
				if got := r.hit(h.with("Content-Type", tt.typ), c.sid); got.status != 400 {
					t.Errorf("%d %q, want 400", got.status, got.body)
				}
				if got := <-held; got != "1" && got != "1:1" {
					t.Errorf("the GET that is held gets %q, want a close", got)
				}
				if err := s.end(); !errors.Is(err, connectors.ErrMalformed) || s.heard() != "" {
					t.Errorf("ended with %v, want %v and nothing heard", err, connectors.ErrMalformed)
				}
				s.Close(connectors.Reason{})
			})
		})
	}
}
