package socketio_test

import (
	"bytes"
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/wire/engineio"
	"github.com/fairlead-go/fairlead/connectors/wire/socketio"
	"github.com/fairlead-go/fairlead/messages"
)

// The files in testdata were made by running the reference; README.md there says
// how to read them.

// load reads a file of vectors into v.
func load(t testing.TB, file string, v any) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, v); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

type vectors struct {
	Request []struct {
		Name, Route, Framed string
		ID                  uint64
		Body                json.RawMessage
	}
	Reply []struct {
		Name, Route, Text string
		ID                uint64
		Body              json.RawMessage
	}
	Batch []struct {
		Name, Text string
		Messages   []struct {
			ID    uint64
			Route string
			Body  json.RawMessage
		}
	}
	Reject []struct{ Name, Framed string }
}

type transcripts struct {
	Transcripts []struct {
		Name, Profile string
		Fault         bool `json:"reference_fault"`
		Steps         []struct {
			Send    string `json:"send_text"`
			Recv    string `json:"recv_text"`
			Silence int    `json:"silence_ms"`
		}
	}
}

// same tells whether two JSON values are equal.
func same(t *testing.T, a, b []byte) bool {
	t.Helper()
	var x, y any
	if err := json.Unmarshal(a, &x); err != nil {
		t.Fatalf("%q: %v", a, err)
	}
	if err := json.Unmarshal(b, &y); err != nil {
		t.Fatalf("%q: %v", b, err)
	}
	return reflect.DeepEqual(x, y)
}

// quoted is text as JavaScript writes it.
func quoted(t testing.TB, text string) string {
	t.Helper()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(text); err != nil {
		t.Fatal(err)
	}
	return string(bytes.TrimSpace(b.Bytes()))
}

// argument is the text in the only packet that frames are joined to.
func argument(t *testing.T, frames ...[]byte) string {
	t.Helper()
	all := texts(socketio.Join(nil, net.Buffers(frames), ""))
	var args []string
	if len(all) != 1 || json.Unmarshal([]byte(all[0][2:]), &args) != nil || len(args) != 2 || args[0] != "message" {
		t.Fatalf("%q is not one message", all)
	}
	return args[1]
}

func TestRequestsOfTheReference(t *testing.T) {
	var v vectors
	load(t, "pomelo-sio.json", &v)
	for _, c := range v.Request {
		t.Run(c.Name, func(t *testing.T) {
			l := enter(socketio.Config{}, socketio.Seat{Version: engineio.V4})
			l.says(`2["message",` + quoted(t, c.Framed) + `]`)
			if len(l.step.Requests) != 1 {
				t.Fatalf("%d requests, ended: %v", len(l.step.Requests), l.ended)
			}
			want := c.Body
			if string(want) == "null" { // as the handlers of the recorded server see it
				want = []byte("{}")
			}
			r := l.step.Requests[0]
			if r.Id != c.ID || r.Notify != (c.ID == 0) || r.Route != c.Route || !same(t, r.Body, want) {
				t.Errorf("request = %q", l.requests())
			}
			var body bytes.Buffer
			if err := json.Compact(&body, c.Body); err != nil {
				t.Fatal(err)
			}
			sent, err := pomeloCodec.AppendRequest(nil, &messages.Request{Id: c.ID, Notify: r.Notify, Route: c.Route, Body: body.Bytes()})
			if got := argument(t, sent); err != nil || got != c.Framed {
				t.Errorf("a client writes %q, %v, want %q", got, err, c.Framed)
			}
		})
	}
}

func TestRepliesOfTheReference(t *testing.T) {
	var v vectors
	load(t, "pomelo-sio.json", &v)
	for _, c := range v.Reply {
		for _, version := range []engineio.Version{engineio.V3, engineio.V4} {
			codec := socketio.Codec{Version: version, Mode: socketio.Pomelo}
			if got := argument(t, reply(t, codec, c.ID, c.Route, c.Body)); got != c.Text && !same(t, []byte(got), []byte(c.Text)) {
				t.Errorf("%s, version %d: %s, want %s", c.Name, version, got, c.Text)
			}
		}
	}
}

func TestBatchesOfTheReference(t *testing.T) {
	var v vectors
	load(t, "pomelo-sio.json", &v)
	for _, c := range v.Batch {
		var all [][]byte
		for _, m := range c.Messages {
			all = append(all, reply(t, pomeloCodec, m.ID, m.Route, m.Body))
		}
		got := argument(t, all...)
		if len(all) == 1 { // which clients take as well, and the reference sends without its scheduler
			got = "[" + got + "]"
		}
		if !same(t, []byte(got), []byte(c.Text)) {
			t.Errorf("%s: %s, want %s", c.Name, got, c.Text)
		}
	}
}

// reply is a response, or a push if the id is zero.
func reply(t *testing.T, codec socketio.Codec, id uint64, route string, body []byte) []byte {
	t.Helper()
	b, err := codec.AppendPush(nil, &messages.Push{Route: route, Body: body})
	if id != 0 {
		b, err = codec.AppendResponse(nil, connectors.Origin{ID: id}, &messages.Response{Body: body})
	}
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestWhatTheReferenceThrowsAtIsRefused(t *testing.T) {
	var v vectors
	load(t, "pomelo-sio.json", &v)
	for _, c := range v.Reject {
		l := enter(socketio.Config{}, socketio.Seat{Version: engineio.V4})
		l.says(`2["message",` + quoted(t, c.Framed) + `]`)
		if c.Name == "no-body" { // a recorded session says that it is {}
			if got := l.requests(); len(got) != 1 || got[0] != "request 1 x {}" {
				t.Errorf("%s: %q", c.Name, got)
			}
			continue
		}
		if l.ended == nil || l.ended.Cause != messages.CauseMalformed || len(l.step.Requests) != 0 {
			t.Errorf("%s: %v, %q", c.Name, l.ended, l.requests())
		}
	}
}
