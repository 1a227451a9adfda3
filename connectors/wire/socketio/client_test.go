package socketio_test

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/wire/socketio"
	"github.com/fairlead-go/fairlead/messages"
)

func TestClientsConnect(t *testing.T) {
	for want, c := range map[string]struct {
		codec socketio.Codec
		auth  string
	}{
		`40`:                     {pomeloCodec, ``},
		`40{"mode":"event"}`:     {eventCodec, `{"mode":"event"}`},
		`40/admin,{"token":"x"}`: {socketio.Codec{Namespace: "/admin"}, `{"token":"x"}`},
	} {
		if got := texts(c.codec.AppendConnect(nil, []byte(c.auth))); !slices.Equal(got, []string{want}) {
			t.Errorf("%q, want %s", got, want)
		}
	}
}

func TestRequestsOfAClientArrive(t *testing.T) {
	holder := `{"_placeholder":true,"num":0}`
	for want, c := range map[string]struct {
		codec socketio.Codec
		r     *messages.Request
	}{
		`request 7 a.é {"x":"😀"}`:          {eventCodec, &messages.Request{Id: 7, Route: "a.é", Body: []byte(`{"x":"😀"}`)}},
		`notify 0 a {}`:                    {eventCodec3, &messages.Request{Id: 7, Notify: true, Route: "a"}},
		`request 7 a b ENCODING_RAW`:       {eventCodec3, &messages.Request{Id: 7, Route: "a", Body: []byte(`b`), Encoding: messages.Protobuf}},
		`request 7 a [` + holder + `] <b>`: {eventCodec, &messages.Request{Id: 7, Route: "a", Body: []byte(`[` + holder + `]`), Attachments: [][]byte{[]byte("b")}}},
		`request 4294967295 a.😀 {"x":"😀"}`: {pomeloCodec3, &messages.Request{Id: 1<<32 - 1, Route: "a.😀", Body: []byte(`{"x":"😀"}`)}},
		`notify 0 a\"x {}`:                 {pomeloCodec, &messages.Request{Id: 7, Notify: true, Route: `a\"x`}},
	} {
		frames, err := c.codec.AppendRequest(nil, c.r)
		if err != nil {
			t.Fatal(err)
		}
		var said []string
		for _, s := range texts(frames) {
			if s[0] == '<' {
				s = fmt.Sprintf("<%s>", bytes.TrimPrefix([]byte(s[1:len(s)-1]), []byte{4}))
			} else {
				s = s[1:]
			}
			said = append(said, s)
		}
		l := enter(socketio.Config{}, socketio.Seat{Version: c.codec.Version, Mode: c.codec.Mode})
		if got := l.told(said); !slices.Equal(got, []string{want}) {
			t.Errorf("%q arrives as %q, want %s", said, got, want)
		}
	}
}

func TestClientsDoNotWriteWhatServersRefuse(t *testing.T) {
	for name, c := range map[string]struct {
		r    *messages.Request
		want error
	}{
		"bytes":             {&messages.Request{Route: "a", Body: []byte("b"), Encoding: messages.Raw}, socketio.ErrBinary},
		"the largest id":    {&messages.Request{Id: 1<<32 - 1}, nil},
		"one more":          {&messages.Request{Id: 1 << 32}, socketio.ErrLarge},
		"the longest route": {&messages.Request{Route: strings.Repeat("é", 253) + "😀"}, nil},
		"a unit more":       {&messages.Request{Route: strings.Repeat("é", 254) + "😀"}, socketio.ErrLarge},
	} {
		b, err := pomeloCodec.AppendRequest([]byte("x"), c.r)
		if !errors.Is(err, c.want) || err != nil && string(b) != "x" {
			t.Errorf("%s: %q, %v, want %v", name, b, err, c.want)
		}
	}
}

func TestWhatServersSay(t *testing.T) {
	answer, _ := pomeloCodec.AppendResponse(nil, connectors.Origin{ID: 7}, &messages.Response{Body: []byte(`[1]`)})
	push, _ := pomeloCodec.AppendPush(nil, &messages.Push{Route: "onChat"})
	kick, _ := pomeloCodec.AppendKick(nil, &messages.Kick{Reason: "out"})
	list := joined(slices.Concat(answer, push, kick))
	alone := texts(socketio.Join(nil, net.Buffers{push}, ""))
	for name, c := range map[string]struct {
		codec socketio.Codec
		text  string
		want  string
		err   error
	}{
		"a list":            {pomeloCodec, list[0], `[{true 7  [1]} {false 0 onChat null} {false 0 onKick {"route":"onKick","reason":"out"}}]`, nil},
		"a message":         {pomeloCodec, alone[0], `[{false 0 onChat null}]`, nil},
		"an event":          {eventCodec, `42["onChat",{"a":1}]`, `[{false 0 onChat {"a":1}}]`, nil},
		"an answer":         {eventCodec, `437[1]`, `[{true 7  1}]`, nil},
		"an answer in both": {pomeloCodec, `437[1]`, `[{true 7  1}]`, nil},
		"an empty list":     {pomeloCodec, `42["message","[]"]`, `[]`, nil},
		"no list":           {pomeloCodec, `42{}`, `[]`, socketio.ErrPayload},
		"a connect":         {pomeloCodec, `40[]`, `[]`, socketio.ErrPayload},
		"an event alone":    {eventCodec, `42["a"]`, `[]`, socketio.ErrPayload},
		"a nameless event":  {eventCodec, `42[1,2]`, `[]`, socketio.ErrPayload},
		"another event":     {pomeloCodec, `42["other","{}"]`, `[]`, socketio.ErrText},
		"no text":           {pomeloCodec, `42["message",{}]`, `[]`, socketio.ErrText},
		"text of no JSON":   {pomeloCodec, `42["message","{"]`, `[]`, socketio.ErrText},
		"a list of numbers": {pomeloCodec, `42["message","[1]"]`, `[]`, socketio.ErrText},
		"half a list":       {pomeloCodec, `42["message","[{}"]`, `[]`, socketio.ErrText},
	} {
		p, err := socketio.Decode([]byte(c.text[1:]))
		if err != nil {
			t.Fatal(err)
		}
		said, err := c.codec.DecodeSaid(p)
		if got := fmt.Sprint(shown(said)); got != c.want || !errors.Is(err, c.err) {
			t.Errorf("%s: %s, %v, want %s, %v", name, got, err, c.want, c.err)
		}
	}
}

func shown(said []socketio.Said) (all []string) {
	for _, s := range said {
		all = append(all, fmt.Sprintf("{%v %d %s %s}", s.Answers, s.ID, s.Route, s.Body))
	}
	return all
}
