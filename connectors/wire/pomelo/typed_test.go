package pomelo_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/wire/pomelo"
	"github.com/fairlead-go/fairlead/messages"
)

// typed types r both ways, and has an error's code in "coded".
func typed(t testing.TB) pomelo.Config {
	return pomelo.Config{Protos: protos(t,
		`{"r":{"required uInt32 u":1,"optional string s":2}}`,
		`{"r":{"required uInt32 u":1,"optional string s":2},"open":{"optional uInt32 u":1},
		"coded":{"optional sInt32 code":1,"optional string msg":2,"optional string why":3}}`)}
}

func TestTypedRequests(t *testing.T) { // P10.1, P10.5, P10.9
	for name, c := range map[string]struct{ message, want string }{
		"a typed body":              {"\x00\x07\x01r\x08\x05\x12\x01x", `request 7 r {"u":5,"s":"x"}`},
		"as browsers write it":      {"\x00\x07\x01r\x0a\x05\x12\x06\xed\xa0\xbd\xed\xb8\x80", `request 7 r {"u":5,"s":"😀"}`}, // P9.2, P10.10, F 12
		"half of a pair":            {"\x02\x01r\x12\x03\xed\xa0\xbd", `notify 0 r {"s":"` + "\ufffd\ufffd\ufffd" + `"}`},
		"no body":                   {"\x00\x07\x01r", `request 7 r {}`}, // P10.9: required is not checked
		"a route without a schema":  {"\x00\x07\x04open{}", `request 7 open {}`},
		"JSON on a typed route":     {"\x00\x07\x01r{}", "close malformed"},
		"an unknown tag":            {"\x00\x07\x01r\x48\x01", "close malformed"},
		"a string past the end":     {"\x00\x07\x01r\x12\x02a", "close malformed"},
		"in a notify, past the end": {"\x02\x01r\x12\x02a", "close malformed"},
	} {
		if got := opened(typed(t), hello, ack).says(data(c.message)); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

func TestTypedResponses(t *testing.T) { // P7.2, P10.1, P10.8
	cfg := typed(t)
	codec := pomelo.NewCodec(&cfg)
	answers := func(body string) *messages.Response { return &messages.Response{Body: []byte(body)} }
	fails := func(code int32, msg, body string) *messages.Response {
		return &messages.Response{Error: messages.NewError(code, msg), Body: []byte(body)}
	}
	for name, c := range map[string]struct {
		route string
		r     *messages.Response
		want  string
		err   error
	}{
		"what fits":                       {"r", answers(`{"u":5,"s":"😀"}`), "\x08\x05\x12\x04😀", nil},
		"raw bytes":                       {"r", &messages.Response{Encoding: messages.Raw, Body: []byte("\x08\x01")}, "\x08\x01", nil},
		"protobuf of another kind":        {"r", &messages.Response{Encoding: messages.Protobuf, Body: []byte("\x08\x02")}, "\x08\x02", nil},
		"another route":                   {"x", answers(`{"s":"😀"}`), `{"s":"\ud83d\ude00"}`, nil},
		"required and missing":            {"r", answers(`{}`), "", pomelo.ErrRequired},
		"nothing where one is required":   {"r", answers(``), "", pomelo.ErrRequired},
		"nothing":                         {"open", answers(``), "", nil},
		"null":                            {"open", answers(`null`), "", nil},
		"no member":                       {"open", answers(`{}`), "", nil},
		"no known one":                    {"open", answers(`{"x":1}`), "", nil},
		"no object":                       {"open", answers(`[]`), "", pomelo.ErrValue},
		"what does not fit":               {"open", answers(`{"u":-1}`), "", pomelo.ErrValue},
		"an error":                        {"r", fails(500, "", ""), "", nil},
		"an error's own body":             {"r", fails(500, "", `{"u":1}`), "\x08\x01", nil},
		"an error's body of another form": {"r", fails(500, "", `null`), "", nil},
		"an error's code":                 {"coded", fails(500, "", ""), "\x08\xe8\x07", nil},
		"its code and its word":           {"coded", fails(404, "no", ""), "\x08\xa8\x06\x12\x02no", nil},
		"a code that says none":           {"coded", fails(0, "", ""), "\x08\xe8\x07", nil},
		"a body with a code":              {"coded", fails(1, "", `{"code":7,"why":"b"}`), "\x08\x0e\x1a\x01b", nil},
	} {
		want := "before" + data("\x04\xac\x02"+c.want)
		if c.err != nil {
			want = "before"
		}
		got, err := codec.AppendResponse([]byte("before"), connectors.Origin{ID: 300, Route: c.route}, c.r)
		if !errors.Is(err, c.err) || string(got) != want {
			t.Errorf("%s: %q, %v, want %q, %v", name, got, err, want, c.err)
		}
	}
}

func TestTypedPushes(t *testing.T) { // P10.1, P10.8
	cfg := typed(t)
	cfg.Dict = dictionary(t, nil, []string{"open"})
	codec := pomelo.NewCodec(&cfg)
	for name, c := range map[string]struct {
		p    *messages.Push
		want string
		err  error
	}{
		"what fits":              {&messages.Push{Route: "r", Body: []byte(`{"u":1}`)}, "\x06\x01r\x08\x01", nil},
		"with a code":            {&messages.Push{Route: "open", Body: []byte(`{"u":1}`)}, "\x07\x00\x01\x08\x01", nil},
		"raw bytes":              {&messages.Push{Route: "r", Body: []byte("😀"), Encoding: messages.Raw}, "\x06\x01r😀", nil},
		"no member":              {&messages.Push{Route: "open", Body: []byte(`{}`)}, "\x07\x00\x01", nil},
		"required and missing":   {&messages.Push{Route: "r", Body: []byte(`{}`)}, "", pomelo.ErrRequired},
		"null":                   {&messages.Push{Route: "r", Body: []byte(`null`)}, "", pomelo.ErrNull},
		"a falsy value":          {&messages.Push{Route: "r", Body: []byte(`0`)}, "", pomelo.ErrValue},
		"a falsy value, no type": {&messages.Push{Route: "x", Body: []byte(`0`)}, "\x06\x01x0", nil},
	} {
		want := "before"
		if c.err == nil {
			want += data(c.want)
		}
		got, err := codec.AppendPush([]byte("before"), c.p)
		if !errors.Is(err, c.err) || string(got) != want {
			t.Errorf("%s: %q, %v, want %q, %v", name, got, err, want, c.err)
		}
	}
}

func TestTypedBodiesOverTheLengthAreRefused(t *testing.T) { // P2.1, F 14
	cfg := pomelo.Config{Protos: protos(t, ``, `{"r":{"repeated double d":1}}`)}
	list := make([]byte, 0, 5<<20)
	for range 2 << 20 {
		list = append(list, "1,"...)
	}
	text := fmt.Appendf(nil, `{"d":[%s1]}`, list)
	got, err := pomelo.NewCodec(&cfg).AppendResponse([]byte("before"), connectors.Origin{ID: 1, Route: "r"}, &messages.Response{Body: text})
	if !errors.Is(err, pomelo.ErrTooLong) || string(got) != "before" {
		t.Errorf("%d bytes, %v, want %v", len(got), err, pomelo.ErrTooLong)
	}
}
