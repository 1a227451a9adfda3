package pomelo_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/wire/pomelo"
	"github.com/fairlead-go/fairlead/messages"
)

// bodies are the kinds of typed body that the benchmarks hold fixed.
var bodies = map[string]string{
	"position": `{"id":1234567,"x":-120,"y":455,"dir":1.5}`,
	"chat":     `{"from":"alice","text":"` + strings.Repeat("hello ", 10) + `"}`,
	"list":     `{"ids":[` + strings.Repeat("1000,", 63) + `1000]}`,
	"nested":   `{"players":[` + strings.Repeat(`{"id":7,"name":"bob"},`, 15) + `{"id":7,"name":"bob"}]}`,
}

func game(t testing.TB) pomelo.Config {
	const file = `{"message Player":{"required uInt32 id":1,"optional string name":2},"r":{
		"optional uInt32 id":1,"optional sInt32 x":2,"optional sInt32 y":3,"optional float dir":4,
		"optional string from":5,"optional string text":6,"repeated uInt32 ids":7,"repeated Player players":8}}`
	return pomelo.Config{
		Dict:   dictionary(t, nil, []string{"r", "onChat"}),
		Protos: protos(t, file, file),
	}
}

func TestDictionaryAndSchemasAllocateNothing(t *testing.T) {
	cfg := game(t)
	var codec connectors.Codec = pomelo.NewCodec(&cfg)
	dst := make([]byte, 0, 4096)
	to := connectors.Origin{ID: 300, Route: "r"}
	for name, text := range bodies {
		r, p := &messages.Response{Body: []byte(text)}, &messages.Push{Route: "r", Body: []byte(text)}
		var err error
		if n := testing.AllocsPerRun(100, func() { _, err = codec.AppendResponse(dst, to, r) }); n != 0 || err != nil {
			t.Errorf("response, %s: %v allocations, %v, want none", name, n, err)
		}
		if n := testing.AllocsPerRun(100, func() { _, err = codec.AppendPush(dst, p) }); n != 0 || err != nil {
			t.Errorf("push, %s: %v allocations, %v, want none", name, n, err)
		}
		body, err := cfg.Protos.Server().AppendBody(nil, "r", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if n := testing.AllocsPerRun(100, func() { _, err = cfg.Protos.Client().AppendJSON(dst, "r", body) }); n != 0 || err != nil {
			t.Errorf("decoding, %s: %v allocations, %v, want none", name, n, err)
		}
	}
	push := &messages.Push{Route: "onChat", Body: []byte(`{}`)}
	if n := testing.AllocsPerRun(100, func() { _, _ = codec.AppendPush(dst, push) }); n != 0 {
		t.Errorf("push with a code: %v allocations, want none", n)
	}
}

func BenchmarkTypedResponse(b *testing.B) {
	cfg := game(b)
	codec := pomelo.NewCodec(&cfg)
	for name, text := range bodies {
		b.Run("body="+name, func(b *testing.B) {
			dst, r := make([]byte, 0, 4096), &messages.Response{Body: []byte(text)}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := codec.AppendResponse(dst, connectors.Origin{ID: 300, Route: "r"}, r); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkTypedDecode(b *testing.B) {
	s := game(b).Protos.Client()
	for name, text := range bodies {
		b.Run("body="+name, func(b *testing.B) {
			body, err := s.AppendBody(nil, "r", []byte(text))
			if err != nil {
				b.Fatal(err)
			}
			dst := make([]byte, 0, 4096)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := s.AppendJSON(dst, "r", body); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkTypedFeed makes a Request of each body, compressed route and all.
func BenchmarkTypedFeed(b *testing.B) {
	cfg := game(b)
	for name, text := range bodies {
		b.Run("body="+name, func(b *testing.B) {
			body, err := cfg.Protos.Client().AppendBody([]byte("\x01\xac\x02\x00\x01"), "r", []byte(text))
			if err != nil {
				b.Fatal(err)
			}
			talk, f := opened(cfg, hello, ack), connectors.Frame{Data: []byte(data(string(body)))}
			b.ReportAllocs()
			for b.Loop() {
				talk.step.Reset()
				talk.Feed(&talk.step, f, begin)
			}
		})
	}
}

func BenchmarkDictionaryPush(b *testing.B) {
	cfg := game(b)
	codec := pomelo.NewCodec(&cfg)
	for _, n := range sizes {
		b.Run(fmt.Sprintf("body=%d", n), func(b *testing.B) {
			dst, p := make([]byte, 0, n+64), &messages.Push{Route: "onChat", Body: body(n)}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := codec.AppendPush(dst, p); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkSignedFeed(b *testing.B) {
	s := newSigner(b)
	text := `{"a":1}`
	signed := `{"a":1,"__crypto__":"` + s.sign(text) + `"}`
	talk := opened(pomelo.Config{Crypto: true}, helloOf(s.rsa()), ack)
	f := connectors.Frame{Data: []byte(data("\x02\x01r" + signed))}
	b.ReportAllocs()
	for b.Loop() {
		talk.step.Reset()
		if talk.Feed(&talk.step, f, begin); len(talk.step.Requests) != 1 {
			b.Fatal("not let through")
		}
	}
}

func BenchmarkHandshake(b *testing.B) {
	for name, cfg := range map[string]pomelo.Config{"tables=none": {}, "tables=all": {Dict: labDictionary(b), Protos: labProtos(b)}} {
		b.Run(name, func(b *testing.B) {
			cfg = cfg.WithDefaults()
			var step connectors.Step
			f := connectors.Frame{Data: []byte(hello)}
			b.ReportAllocs()
			for b.Loop() {
				step.Reset()
				p := pomelo.NewProtocol(&cfg, connectors.Hello{})
				p.Feed(&step, f, begin)
				p.Welcome(&step, nil, nil, begin)
			}
		})
	}
}
