package socketio_test

import (
	"errors"
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/wire/engineio"
	"github.com/fairlead-go/fairlead/connectors/wire/socketio"
	"github.com/fairlead-go/fairlead/connectors/wire/websocket"
	"github.com/fairlead-go/fairlead/messages"
)

func fails(code int32, msg, body string) *messages.Response {
	return &messages.Response{Error: messages.NewError(code, msg), Body: []byte(body)}
}

func TestResponses(t *testing.T) {
	answers := func(body string) *messages.Response { return &messages.Response{Body: []byte(body)} }
	for name, c := range map[string]struct {
		r             *messages.Response
		pomelo, event string // the body; event only where it differs
	}{
		"a body":                   {r: answers(`{"a":"<&>"}`), pomelo: `{"a":"<&>"}`},
		"a list":                   {r: answers(`[1, 2]`), pomelo: `[1, 2]`},
		"nothing":                  {r: &messages.Response{}, pomelo: `{}`},
		"null":                     {r: answers(`null`), pomelo: `{}`, event: `null`},
		"false":                    {r: answers(`false`), pomelo: `{}`, event: `false`},
		"zero":                     {r: answers(`0.0`), pomelo: `{}`, event: `0.0`},
		"no text":                  {r: answers(`""`), pomelo: `{}`, event: `""`},
		"a number":                 {r: answers(`7`), pomelo: `7`},
		"text":                     {r: answers(`"s"`), pomelo: `"s"`},
		"an error":                 {r: fails(500, "", ""), pomelo: `{"code":500}`},
		"an error with text":       {r: fails(401, `no "way"`+"\n", ""), pomelo: `{"code":401,"msg":"no \"way\"\n"}`},
		"an error without a code":  {r: fails(0, "", ""), pomelo: `{"code":500}`},
		"an error with a body":     {r: fails(500, "x", `{"code":7}`), pomelo: `{"code":7}`},
		"an error with null":       {r: fails(500, "x", `null`), pomelo: `null`},
		"text of every kind":       {r: answers(`{"s":"é中😀` + "\u2028" + `\u0001\n\\\""}`), pomelo: `{"s":"é中😀` + "\u2028" + `\u0001\n\\\""}`},
		"text that is no UTF-8":    {r: answers("\"a\xffb\xed\xa0\x80\""), pomelo: "\"a\ufffdb\ufffd\ufffd\ufffd\""},
		"a body in lines":          {r: answers("{\r\n\t\"a\": 1\n}"), pomelo: "{\r\n\t\"a\": 1\n}"},
		"a failure in raw":         {r: &messages.Response{Encoding: messages.Raw, Error: messages.NewError(7, "")}, pomelo: `{"code":7}`},
		"a failure without places": {r: &messages.Response{Attachments: [][]byte{nil}, Error: messages.NewError(7, "")}, pomelo: `{"code":7}`},
	} {
		t.Run(name, func(t *testing.T) {
			to := connectors.Origin{ID: 7}
			for _, codec := range []socketio.Codec{pomeloCodec, pomeloCodec3} {
				b, err := codec.AppendResponse(nil, to, c.r)
				if want := `{"id":7,"body":` + c.pomelo + `}`; err != nil || argument(t, b) != want {
					t.Errorf("version %d: %s, %v, want %s", codec.Version, argument(t, b), err, want)
				}
			}
			if c.event == "" {
				c.event = c.pomelo
			}
			b, err := eventCodec.AppendResponse(nil, to, c.r)
			if want := []string{`437[` + c.event + `]`}; err != nil || !slices.Equal(joined(b), want) {
				t.Errorf("event mode: %q, %v, want %q", joined(b), err, want)
			}
		})
	}
}

func TestMessages(t *testing.T) {
	admin := socketio.Codec{Version: engineio.V4, Mode: socketio.Events, Namespace: "/admin"}
	main := socketio.Codec{Version: engineio.V4, Mode: socketio.Events, Namespace: "/"}
	holder := `{"_placeholder":true,"num":0}`
	push := func(route, body string) *messages.Push { return &messages.Push{Route: route, Body: []byte(body)} }
	raw := func(b string) *messages.Push {
		return &messages.Push{Route: "r", Body: []byte(b), Encoding: messages.Protobuf}
	}
	beside := &messages.Push{Route: "r", Body: []byte(`[` + holder + `]`), Attachments: [][]byte{[]byte("one"), []byte("two")}}
	for name, c := range map[string]struct {
		codec socketio.Codec
		p     *messages.Push
		want  []string
	}{
		"a pomelo push":           {pomeloCodec, push("onChat", `{"a":"é"}`), []string{`42["message","{\"route\":\"onChat\",\"body\":{\"a\":\"é\"}}"]`}},
		"of nothing":              {pomeloCodec, push("onChat", ``), []string{`42["message","{\"route\":\"onChat\",\"body\":null}"]`}},
		"of null":                 {pomeloCodec, push("onChat", `null`), []string{`42["message","{\"route\":\"onChat\",\"body\":null}"]`}},
		"to an old client":        {pomeloCodec3, push("on中", `"é😀"`), []string{`42["message","{\"route\":\"on\u4e2d\",\"body\":\"\u00e9\ud83d\ude00\"}"]`}},
		"with a route of marks":   {pomeloCodec, push("a\"\\\n\x01", `1`), []string{`42["message","{\"route\":\"a\\\"\\\\\\n\\u0001\",\"body\":1}"]`}},
		"an event":                {eventCodec, push("onChat", `{"a":"é"}`), []string{`42["onChat",{"a":"é"}]`}},
		"an event of nothing":     {eventCodec, push("onChat", ``), []string{`42["onChat",null]`}},
		"an event, old client":    {eventCodec3, push("on中", `"é😀"`), []string{`42["on\u4e2d","\u00e9\ud83d\ude00"]`}},
		"an event elsewhere":      {admin, push("r", `1`), []string{`42/admin,["r",1]`}},
		"an event in the main":    {main, push("r", `1`), []string{`42["r",1]`}},
		"an event with marks":     {eventCodec, push("a\"\\\n\x01\xff", `1`), []string{`42["a\"\\\n\u0001` + "\ufffd" + `",1]`}},
		"bytes":                   {eventCodec, raw("b"), []string{`451-["r",` + holder + `]`, `<b>`}},
		"bytes to an old client":  {eventCodec3, raw("b"), []string{`451-["r",` + holder + `]`, "<\x04b>"}},
		"bytes elsewhere":         {admin, raw("b"), []string{`451-/admin,["r",` + holder + `]`, `<b>`}},
		"no bytes":                {eventCodec, raw(""), []string{`451-["r",` + holder + `]`, `<>`}},
		"attachments":             {eventCodec, beside, []string{`452-["r",[` + holder + `]]`, `<one>`, `<two>`}},
		"attachments, old client": {eventCodec3, beside, []string{`452-["r",[` + holder + `]]`, "<\x04one>", "<\x04two>"}},
	} {
		b, err := c.codec.AppendPush([]byte("\x81\x016"), c.p)
		if want := append([]string{"6"}, c.want...); err != nil || !slices.Equal(joined(b), want) {
			t.Errorf("%s: %q, %v, want %q", name, joined(b), err, want)
		}
	}
}

func TestKicks(t *testing.T) {
	back := &messages.Kick{Reason: "drain", RetryAfterMs: 2000, SpreadMs: 500}
	for name, c := range map[string]struct {
		codec socketio.Codec
		k     *messages.Kick
		want  string
	}{
		"pomelo":                {pomeloCodec, &messages.Kick{Reason: `"out"`}, `42["message","{\"route\":\"onKick\",\"reason\":\"\\\"out\\\"\"}"]`},
		"pomelo without reason": {pomeloCodec, &messages.Kick{}, `42["message","{\"route\":\"onKick\",\"reason\":\"\"}"]`},
		"pomelo with advice":    {pomeloCodec, back, `42["message","{\"route\":\"onKick\",\"reason\":\"drain\",\"retryAfterMs\":2000,\"spreadMs\":500}"]`},
		"event":                 {eventCodec3, &messages.Kick{Reason: "é"}, `42["onKick",{"reason":"\u00e9"}]`},
		"event with advice":     {eventCodec, back, `42["onKick",{"reason":"drain","retryAfterMs":2000,"spreadMs":500}]`},
	} {
		b, err := c.codec.AppendKick(nil, c.k)
		if got := joined(b); err != nil || !slices.Equal(got, []string{c.want}) {
			t.Errorf("%s: %q, %v, want %s", name, got, err, c.want)
		}
	}
}

func TestWhatCannotBeSent(t *testing.T) {
	two := [][]byte{[]byte("one"), []byte("two")}
	for name, c := range map[string]struct {
		codec socketio.Codec
		p     *messages.Push
		want  error
	}{
		"no JSON":                         {pomeloCodec, &messages.Push{Body: []byte(`{bad`)}, socketio.ErrBody},
		"no JSON in an event":             {eventCodec, &messages.Push{Body: []byte(`{}]`)}, socketio.ErrBody},
		"bytes to a pomelo client":        {pomeloCodec, &messages.Push{Body: []byte(`{}`), Encoding: messages.Raw}, socketio.ErrBinary},
		"protobuf to a pomelo client":     {pomeloCodec, &messages.Push{Encoding: messages.Protobuf}, socketio.ErrBinary},
		"attachments to a pomelo client":  {pomeloCodec, &messages.Push{Body: []byte(`{}`), Attachments: two}, socketio.ErrBinary},
		"attachments beside bytes":        {eventCodec, &messages.Push{Encoding: messages.Raw, Attachments: two}, socketio.ErrBeside},
		"a placeholder for none":          {eventCodec, &messages.Push{Body: []byte(`{"a":[1,{"num":2,"_placeholder":true}]}`), Attachments: two}, socketio.ErrPlaceholder},
		"a placeholder below zero":        {eventCodec, &messages.Push{Body: []byte(`{"_placeholder":true,"num":-1}`), Attachments: two}, socketio.ErrPlaceholder},
		"a placeholder without a number":  {eventCodec, &messages.Push{Body: []byte(`{"_placeholder":true}`), Attachments: two}, socketio.ErrPlaceholder},
		"a name that hangs up on clients": {eventCodec, &messages.Push{Route: "disconnect", Body: []byte(`{}`)}, socketio.ErrReserved},
	} {
		if b, err := c.codec.AppendPush([]byte("x"), c.p); !errors.Is(err, c.want) || string(b) != "x" {
			t.Errorf("%s: %q, %v, want %v", name, b, err, c.want)
		}
		if c.p.Route != "" {
			continue
		}
		r := &messages.Response{Body: c.p.Body, Encoding: c.p.Encoding, Attachments: c.p.Attachments}
		if b, err := c.codec.AppendResponse([]byte("x"), connectors.Origin{}, r); !errors.Is(err, c.want) || string(b) != "x" {
			t.Errorf("%s, in a response: %q, %v, want %v", name, b, err, c.want)
		}
	}
}

func TestRunsOfPartsBecomeOnePacket(t *testing.T) {
	push := func(codec socketio.Codec, route string) []byte {
		b, err := codec.AppendPush(nil, &messages.Push{Route: route, Body: []byte("1")})
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	a, b, c := push(pomeloCodec, "a"), push(pomeloCodec, "b"), push(pomeloCodec, "c")
	ping := engineio.AppendPacket(nil, engineio.Ping, "")
	part := func(route string) string { return `{\"route\":\"` + route + `\",\"body\":1}` }
	for name, k := range map[string]struct {
		packages  net.Buffers
		namespace string
		want      []string
	}{
		"nothing":                      {nil, "", nil},
		"nothing in packages":          {net.Buffers{nil, {}}, "", nil},
		"one":                          {net.Buffers{a}, "/", []string{`42["message","` + part("a") + `"]`}},
		"two":                          {net.Buffers{a, nil, b}, "", []string{`42["message","[` + part("a") + "," + part("b") + `]"]`}},
		"several in one package":       {net.Buffers{slices.Concat(a, b), c}, "", []string{`42["message","[` + part("a") + "," + part("b") + "," + part("c") + `]"]`}},
		"in a namespace":               {net.Buffers{a, b}, "/admin", []string{`42/admin,["message","[` + part("a") + "," + part("b") + `]"]`}},
		"others between them":          {net.Buffers{ping, a, b, ping, ping, c, ping}, "", []string{"2", `42["message","[` + part("a") + "," + part("b") + `]"]`, "2", "2", `42["message","` + part("c") + `"]`, "2"}},
		"events stay packets each":     {net.Buffers{push(eventCodec, "a"), push(eventCodec, "b")}, "", []string{`42["a",1]`, `42["b",1]`}},
		"what is no frame ends it all": {net.Buffers{a, []byte("\x81")}, "", []string{`42["message","` + part("a") + `"]`}},
	} {
		before := slices.Concat(k.packages...)
		got := socketio.Join([]byte("\x81\x016"), k.packages, k.namespace)
		if want := append([]string{"6"}, k.want...); !slices.Equal(texts(got), want) {
			t.Errorf("%s: %q, want %q", name, texts(got), want)
		}
		if string(slices.Concat(k.packages...)) != string(before) {
			t.Errorf("%s: the packages are changed", name)
		}
	}
}

func TestFramesOfEverySizeAreWhole(t *testing.T) {
	for _, size := range []int{0, 90, 100, 110, 125, 126, 65500, 65535, 65536, 70000} {
		body := `"` + strings.Repeat("x", size) + `"`
		for _, codec := range []socketio.Codec{pomeloCodec, eventCodec3} {
			b, err := codec.AppendPush(nil, &messages.Push{Route: "r", Body: []byte(body)})
			if got := joined(b); err != nil || len(got) != 1 || !strings.Contains(got[0], strings.Repeat("x", size)) {
				t.Errorf("%d bytes: %d frames, %v", size, len(got), err)
			}
		}
	}
}

func TestCodecsAllocateNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector empties the pool of encoding/json")
	}
	room := make([]byte, 0, 4096)
	push := &messages.Push{Route: "onChat", Body: []byte(`{"from":"é","text":"hello \"you\""}`)}
	raw := &messages.Push{Route: "onChat", Body: []byte(`bytes`), Encoding: messages.Raw}
	answer, kick := &messages.Response{Body: push.Body}, &messages.Kick{Reason: "out"}
	fault := fails(500, "no", "")
	for _, codec := range []socketio.Codec{pomeloCodec, pomeloCodec3, eventCodec, eventCodec3} {
		if n := testing.AllocsPerRun(100, func() {
			b, _ := codec.AppendPush(room, push)
			b, _ = codec.AppendPush(b, raw)
			b, _ = codec.AppendResponse(b, connectors.Origin{ID: 7}, answer)
			b, _ = codec.AppendResponse(b, connectors.Origin{ID: 7}, fault)
			_, _ = codec.AppendKick(b, kick)
		}); n != 0 {
			t.Errorf("%+v: %v allocations, want none", codec, n)
		}
	}
}

// What was gathered leaves as a list, with all that is beside it; what was not, alone (P18.3).
func TestWhatBecomesAList(t *testing.T) {
	c := socketio.Codec{Version: engineio.V4, Mode: socketio.Pomelo}
	pack := func(kind byte) []byte {
		var b []byte
		var err error
		switch kind {
		case 'p', 'u':
			b, err = c.AppendPush(nil, &messages.Push{Route: string(kind), Body: []byte("1"), Urgent: kind == 'u'})
		case 'r':
			b, err = c.AppendResponse(nil, connectors.Origin{ID: 1}, &messages.Response{Body: []byte("1")})
		case 'k':
			b, err = c.AppendKick(nil, &messages.Kick{})
		}
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	for kinds, want := range map[string]int{
		"p": 1, "u": 1, "r": 1, "k": 1, "pp": 1, "pr": 1, "rp": 1, "ppur": 1, "pk": 1,
		"rr": 2, "uu": 2, "ur": 2, "uurr": 4,
	} {
		var packages net.Buffers
		for _, kind := range []byte(kinds) {
			packages = append(packages, pack(kind))
		}
		wire, n := socketio.Join(nil, packages, ""), 0
		for rest, ok := wire, true; len(rest) > 0 && ok; n++ {
			_, _, rest, ok = websocket.Cut(rest)
		}
		if n != want {
			t.Errorf("%s becomes %d packets, want %d: %q", kinds, n, want, wire)
		}
	}
}
