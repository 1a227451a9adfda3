package pomelo_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/wire/pomelo"
	"github.com/fairlead-go/fairlead/messages"
)

func TestDecodeReplacesTheMessageLayer(t *testing.T) { // P15, custom-coder
	cfg := pomelo.Config{Decode: func(body []byte) (*messages.Request, error) {
		switch string(body) {
		case "fail":
			return nil, errors.New("failed")
		case "panic":
			panic("decode")
		case "none":
			return nil, nil
		case "tell":
			return &messages.Request{Route: "r", Body: body}, nil
		case "far":
			return &messages.Request{Id: pomelo.MaxID + 1, Route: "r"}, nil
		}
		return &messages.Request{Id: 7, Route: "r", Body: body, Encoding: messages.Raw}, nil
	}}
	for body, want := range map[string]string{
		"free form": "request 7 r free form",
		"":          "request 7 r ",
		"tell":      "notify 0 r tell",
		"none":      "",
		"fail":      "close malformed",
		"panic":     "lost 1", // and the connection stays
		"far":       "close malformed",
	} {
		c := opened(cfg, hello, ack)
		if got := c.says(data(body)); got != want {
			t.Errorf("%q: %s, want %s", body, got, want)
		}
		if c.step.Close != nil {
			continue
		}
		if got, want := c.says(data("x")), "request 7 r x"; got != want {
			t.Errorf("after %q: %s, want %s", body, got, want)
		}
	}
	if got, want := opened(cfg, hello, ack).says(data("panic")+data("tell")+data("panic")), "notify 0 r tell, lost 2"; got != want {
		t.Errorf("two panics in a frame: %s, want %s", got, want)
	}
	cfg.Encode = func(uint64, string, []byte) ([]byte, error) { return nil, nil }
	if got, want := opened(cfg, hello, ack).says(data("far")), "request 4294967296 r "; got != want {
		t.Errorf("an id of the application's own: %s, want %s", got, want)
	}
	if got, want := opened(pomelo.Config{Encode: cfg.Encode}, hello, ack).says(ask), "request 1 r {}"; got != want {
		t.Errorf("with Encode alone: %s, want %s", got, want)
	}
}

func TestWhatADecoderMakesIsItsOwn(t *testing.T) {
	var kept *messages.Request
	c := opened(pomelo.Config{Decode: func(body []byte) (*messages.Request, error) {
		kept = &messages.Request{Id: 7, Route: "r", Body: body}
		return kept, nil
	}}, hello, ack)
	c.says(data("x"))
	c.step.Requests[0].Free()
	if kept.Route != "r" || string(kept.Body) != "x" {
		t.Errorf("it has become one for %q with %q once it was handled", kept.Route, kept.Body)
	}
}

func TestEncodeReplacesTheMessageLayer(t *testing.T) { // P15, custom-coder
	cfg := pomelo.Config{Encode: func(id uint64, route string, body []byte) ([]byte, error) {
		switch route {
		case "fail":
			return nil, errFull
		case "panic":
			panic("encode")
		case "long":
			return make([]byte, pomelo.MaxBody+1), nil
		}
		return fmt.Appendf(nil, "<%d|%s|%s>", id, route, body), nil
	}}
	codec := pomelo.NewCodec(&cfg)
	for name, c := range map[string]struct {
		r    *messages.Response
		want string
	}{
		"a body":     {&messages.Response{Body: []byte(`{"a":"😀"}`)}, `<7|r|{"a":"\ud83d\ude00"}>`},
		"raw bytes":  {&messages.Response{Body: []byte("0"), Encoding: messages.Raw}, `<7|r|0>`},
		"nothing":    {&messages.Response{}, `<7|r|{}>`},
		"an error":   {&messages.Response{Error: messages.NewError(404, "no")}, `<7|r|{"code":404,"msg":"no"}>`},
		"a falsy 0":  {&messages.Response{Body: []byte(`0`)}, `<7|r|{}>`},
		"code and b": {&messages.Response{Error: messages.NewError(1, ""), Body: []byte(`1`)}, `<7|r|1>`},
	} {
		got, err := codec.AppendResponse([]byte("before"), connectors.Origin{ID: 7, Route: "r"}, c.r)
		if err != nil || string(got) != "before"+data(c.want) {
			t.Errorf("%s: %q, %v, want %q", name, got, err, data(c.want))
		}
	}
	long := strings.Repeat("r", pomelo.MaxRoute+1)
	for route, want := range map[string]string{"r": "<0|r|1>", long: "<0|" + long + "|1>"} {
		got, err := codec.AppendPush([]byte("before"), &messages.Push{Route: route, Body: []byte("1")})
		if err != nil || string(got) != "before"+data(want) {
			t.Errorf("push: %q, %v, want %q", got, err, data(want))
		}
	}
	for route, want := range map[string]string{"fail": errFull.Error(), "panic": "pomelo: encode panicked: encode", "long": pomelo.ErrTooLong.Error()} {
		got, err := codec.AppendPush([]byte("before"), &messages.Push{Route: route, Body: []byte("1")})
		if err == nil || err.Error() != want || string(got) != "before" {
			t.Errorf("push %s: %q, %v, want %s", route, got, err, want)
		}
		got, err = codec.AppendResponse([]byte("before"), connectors.Origin{ID: 7, Route: route}, &messages.Response{})
		if err == nil || err.Error() != want || string(got) != "before" {
			t.Errorf("response %s: %q, %v, want %s", route, got, err, want)
		}
	}
	if _, err := codec.AppendPush(nil, &messages.Push{Route: "r"}); !errors.Is(err, pomelo.ErrNull) {
		t.Errorf("push of nothing: %v, want %v", err, pomelo.ErrNull)
	}
	if got, _ := codec.AppendKick(nil, &messages.Kick{Reason: "x"}); string(got[pomelo.HeaderLen:]) != `{"reason":"x"}` {
		t.Errorf("kick = %q", got)
	}
}

var errFull = errors.New("full")

func TestUnknownRoutesAreAnsweredByEncode(t *testing.T) { // P7.1
	cfg := pomelo.Config{Encode: func(id uint64, route string, body []byte) ([]byte, error) {
		return json.Marshal([]any{id, route, string(body)})
	}}
	want := fmt.Sprintf("send %q", data(`[7,"","{\"code\":500}"]`))
	if got := opened(cfg, hello, ack).says(data("\x01\x07\x00\x01")); got != want {
		t.Errorf("an unknown code: %s, want %s", got, want)
	}
}
