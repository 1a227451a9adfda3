package socketio_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"net"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/wire/engineio"
	"github.com/fairlead-go/fairlead/connectors/wire/socketio"
	"github.com/fairlead-go/fairlead/connectors/wire/websocket"
	"github.com/fairlead-go/fairlead/internal/jsondepth"
	"github.com/fairlead-go/fairlead/messages"
)

// forms are packets of every form.
var forms = []string{
	`0{"mode":"event"}`, `0/a?b=c,`, `1/x,`, `217["a.b",{"x":"\u00e9\ud83d\ude00"}]`,
	`2["message","\u0000\u0000\u0000\u0001\u0001a{\"x\":1}"]`,
	`52-/x,12["a",{"_placeholder":true,"num":0},[{"num":1,"_placeholder":true}]]`, `61-3[{"_placeholder":true,"num":0}]`,
}

// recorded are the packets that clients sent in the recorded sessions.
func recorded(f *testing.F) (all []string) {
	var v transcripts
	load(f, "transcripts.json", &v)
	for _, s := range v.Transcripts {
		for _, step := range s.Steps {
			all = append(all, strings.TrimPrefix(step.Send, "4"))
		}
	}
	return all
}

// FuzzPacket decodes packets: what comes out, written, is the same packet, and no longer but for
// the comma that may be left out.
func FuzzPacket(f *testing.F) {
	for _, s := range recorded(f) {
		f.Add([]byte(s))
	}
	for _, s := range forms {
		for n := range len(s) + 1 {
			f.Add([]byte(s[:n]))
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := socketio.Decode(b)
		if err != nil {
			if !errors.Is(err, connectors.ErrMalformed) {
				t.Errorf("%v is no error of the contract", err)
			}
			return
		}
		if p.Query != nil && p.Namespace == nil {
			return // a query of the main namespace is in the URL
		}
		sent := p.Append(nil)
		again, err := socketio.Decode(sent)
		if err != nil || !bytes.Equal(again.Append(nil), sent) || len(sent) > len(b)+1 {
			t.Errorf("%q is %+v, written %q it is %+v, %v", b, p, sent, again, err)
		}
		if _, _, err := p.Auth(32); err == nil && len(p.Data) > 0 && !json.Valid(p.Data) {
			t.Errorf("%q passes as JSON", p.Data)
		}
	})
}

// escape is a UTF-16 unit by its number. The first backslash of a pair is a match of its own.
var escape = regexp.MustCompile(`\\\\|\\u[0-9a-fA-F]{4}`)

// units are what JavaScript makes of a JSON string that encoding/json takes: half a surrogate pair,
// too, which no Go string can hold. So each escaped unit is decoded by itself.
func units(t *testing.T, literal string) (u []uint16) {
	t.Helper()
	literal = strings.Trim(literal, " \t\r\n")
	literal = literal[1 : len(literal)-1]
	plain := func(piece string) {
		var text string
		if err := json.Unmarshal([]byte(`"`+piece+`"`), &text); err != nil {
			t.Fatalf("%q of %q: %v", piece, literal, err)
		}
		u = append(u, utf16.Encode([]rune(text))...)
	}
	from := 0
	for _, at := range escape.FindAllStringIndex(literal, -1) {
		if at[1]-at[0] < len(`\u0000`) {
			continue
		}
		plain(literal[from:at[0]])
		unit, err := strconv.ParseUint(literal[at[0]+2:at[1]], 16, 16)
		if err != nil {
			t.Fatal(err)
		}
		u, from = append(u, uint16(unit)), at[1]
	}
	plain(literal[from:])
	return u
}

// expected is what JavaScript reads in a pomelo client's text; ok is false where it finds no whole
// header, or no JSON.
func expected(u []uint16) (id uint32, route, body string, ok bool) {
	if len(u) < 5 || len(u) < 5+int(u[4]&0xff) {
		return 0, "", "", false
	}
	for _, unit := range u[:4] {
		id = id<<8 | uint32(unit&0xff)
	}
	end := 5 + int(u[4]&0xff)
	body = string(utf16.Decode(u[end:]))
	if trimmed := strings.Trim(body, " \t\r\n"); body == "" || trimmed == "null" {
		body = "{}"
	}
	return id, string(utf16.Decode(u[5:end])), body, json.Valid([]byte(body)) && jsondepth.Check([]byte(body), 32) == nil
}

// FuzzPomelo compares what a pomelo client's text is read as with encoding/json and utf16.
func FuzzPomelo(f *testing.F) {
	var v vectors
	load(f, "pomelo-sio.json", &v)
	for _, c := range v.Request {
		f.Add(quoted(f, c.Framed))
	}
	for first := v.Request[1].Framed; first != ""; first = first[:len(first)-1] {
		f.Add(quoted(f, first))
	}
	for _, s := range []string{
		`"\u0000\u0000\u0000\u0007\u0006😀\ud83d\ude00\ud83da{\"a\":\"\\ud83d\"}"`, `"😀😀\u0001a1"`, `"000\ud800\u0000"`, `"000\\\ud800\u0000"`, `"\"\\\/\b\u0001\n1"`, `"\u0000\u0000\u0000\ud83d\ude00a1"`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, literal string) {
		var text string
		if literal == "" || literal[0] != '"' || !utf8.ValidString(literal) || json.Unmarshal([]byte(literal), &text) != nil {
			return
		}
		id, route, body, ok := expected(units(t, literal))
		l := enter(socketio.Config{}, in(socketio.Pomelo))
		l.says(`2["message",` + literal + `]`)
		if closed := l.ended != nil; closed == ok {
			t.Fatalf("%s: ended %v, and JavaScript reads %d %q %q %v", literal, l.ended, id, route, body, ok)
		}
		if !ok {
			return
		}
		r := l.step.Requests[0]
		if r.Id != uint64(id) || r.Notify != (id == 0) || r.Route != route || string(r.Body) != body {
			t.Errorf("%s: %q, and JavaScript reads %d %q %q", literal, l.requests(), id, route, body)
		}
		// A client writes the same, unless the route is made of what is no text.
		sent, err := pomeloCodec.AppendRequest(nil, r.Request)
		if again := argument(t, sent); err != nil || len(utf16.Encode([]rune(route))) < 256 && !strings.HasSuffix(again, route+body) {
			t.Errorf("%s: written again %q, %v", literal, again, err)
		}
	})
}

// FuzzProtocol tells a conversation anything, packets parted by zero bytes, of which those that
// begin with a one are attachments: what comes of it are whole requests, no larger than what was said.
func FuzzProtocol(f *testing.F) {
	seeds := append(recorded(f), forms...)
	for kind := range byte(16) {
		f.Add([]byte(strings.Join(seeds, "\x00")), kind)
	}
	for _, s := range []string{"51-[\"a\",{\"_placeholder\":true,\"num\":0}]\x00\x01bytes\x002[\"b\"]", "0\x001", "2[\"a\"]\x00\x01b"} {
		for n := range len(s) + 1 {
			f.Add([]byte(s[:n]), byte(n))
		}
	}
	f.Fuzz(func(t *testing.T, said []byte, kind byte) {
		seat := socketio.Seat{Version: engineio.V3 + engineio.Version(kind&1), Mode: socketio.Mode(kind >> 1 & 3)}
		l := sit(socketio.Config{MaxDepth: 8, MaxMessage: 1 << 10}, seat)
		if kind&8 == 0 {
			l.welcome(nil)
		}
		for _, b := range bytes.Split(said, []byte{0}) {
			f := connectors.Frame{Data: b, Text: true}
			if len(b) > 0 && b[0] == 1 {
				f = connectors.Frame{Data: b[1:]}
			}
			if f.Text && !utf8.Valid(b) { // which the engine sees to
				continue
			}
			l.step.Reset()
			l.Feed(&l.step, f, time.Time{})
			l.note()
			l.check(t, f)
		}
	})
}

// check tells what is wrong with a step that a frame made.
func (t *talk) check(tb testing.TB, f connectors.Frame) {
	if len(t.step.Requests) > 1 || len(t.step.Send) > 0 || len(t.step.Requests) > 0 && t.codec == nil {
		tb.Errorf("%q: requests %q, sent %q", f.Data, t.requests(), t.step.Send)
	}
	if t.step.Close != nil && (len(t.step.Requests) > 0 || t.step.Close.Text == "" && t.step.Close.Cause != messages.CauseClient) {
		tb.Errorf("%q: closed with %v, requests %q", f.Data, t.step.Close, t.requests())
	}
	for _, r := range t.step.Requests {
		ok := r.Encoding != messages.JSON || json.Valid(r.Body) || len(r.Body) == 0
		if !ok || !utf8.ValidString(r.Route) || r.Encoding == messages.JSON && jsondepth.Check(r.Body, 8) != nil {
			tb.Errorf("%q: request %q", f.Data, t.requests())
		}
	}
}

// FuzzCodec writes messages of all kinds: what a client reads is what was said, in frames of text
// that every client can read.
func FuzzCodec(f *testing.F) {
	for _, s := range []string{`{"a":"é😀\u2028\n"}`, `null`, `"\ud83d"`, "[1,\n2]", `{bad`, "\"\xff\"", `{"_placeholder":true,"num":0}`} {
		f.Add([]byte(s), "on\"中\x01\xff", uint64(7))
		f.Add([]byte(s), "connect", uint64(0))
	}
	codecs := []socketio.Codec{
		pomeloCodec, pomeloCodec3, eventCodec, eventCodec3,
		{Version: engineio.V4, Mode: socketio.Events, Namespace: "/x"},
		{Version: engineio.V3, Mode: socketio.Pomelo, Namespace: "/x"},
	}
	f.Fuzz(func(t *testing.T, body []byte, route string, id uint64) {
		valid := json.Valid(body) && jsondepth.Check(body, 1000) == nil
		for _, codec := range codecs {
			b, err := codec.AppendPush(nil, &messages.Push{Route: route, Body: body})
			if refused := !errors.Is(err, socketio.ErrReserved) && len(body) > 0; err != nil && (valid && refused || len(b) > 0) {
				t.Errorf("%+v: push of %q: %q, %v", codec, body, b, err)
			}
			if err == nil && len(body) > 0 {
				readBack(t, codec, b, socketio.Said{Route: string([]rune(route)), Body: body})
			}
			b, err = codec.AppendResponse(nil, connectors.Origin{ID: id}, &messages.Response{Body: body, Error: &messages.Error{}})
			if err == nil && len(body) > 0 {
				readBack(t, codec, b, socketio.Said{Answers: true, ID: id, Body: body})
			}
		}
	})
}

// readBack tells whether a client reads a message as it was meant.
func readBack(t *testing.T, codec socketio.Codec, frames []byte, want socketio.Said) {
	t.Helper()
	opcode, payload, rest, ok := websocket.Cut(socketio.Join(nil, net.Buffers{frames}, codec.Namespace))
	if !ok || opcode != websocket.Text || len(rest) > 0 || !utf8.Valid(payload) || payload[0] != engineio.Message {
		t.Fatalf("%q is not one packet of text", frames)
	}
	if codec.Version == engineio.V3 && bytes.ContainsFunc(payload, func(r rune) bool { return r >= utf8.RuneSelf }) {
		t.Fatalf("%q is not ASCII", payload)
	}
	p, err := socketio.Decode(payload[1:])
	if err != nil {
		t.Fatal(err)
	}
	said, err := codec.DecodeSaid(p)
	if err != nil || len(said) != 1 || string(p.Namespace) != codec.Namespace {
		t.Fatalf("%q: %+v, %v", payload, said, err)
	}
	got := said[0]
	if got.Answers != want.Answers || got.ID != want.ID || !same(t, got.Body, want.Body) || got.Route != want.Route {
		t.Errorf("%q: %+v, want %+v", payload, got, want)
	}
}
