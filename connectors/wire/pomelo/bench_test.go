package pomelo_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/wire/pomelo"
	"github.com/fairlead-go/fairlead/messages"
)

func TestMessagesAreWrittenWithoutAllocations(t *testing.T) {
	dst := make([]byte, 0, 1024)
	r := &messages.Response{Body: []byte(`{"s":"😀"}`)}
	fault := &messages.Response{Error: messages.NewError(404, "no room 😀")}
	push := &messages.Push{Route: "onChat", Body: []byte(`{"s":"é"}`)}
	to := connectors.Origin{ID: 300, Route: "lobby.echo"}
	var codec connectors.Codec = pomelo.Codec{}
	for name, write := range map[string]func() ([]byte, error){
		"response": func() ([]byte, error) { return codec.AppendResponse(dst, to, r) },
		"error":    func() ([]byte, error) { return codec.AppendResponse(dst, to, fault) },
		"push":     func() ([]byte, error) { return codec.AppendPush(dst, push) },
		"kick":     func() ([]byte, error) { return codec.AppendKick(dst, &messages.Kick{Reason: "duplicate login"}) },
	} {
		if n := testing.AllocsPerRun(100, func() { _, _ = write() }); n != 0 {
			t.Errorf("%s: %v allocations, want none", name, n)
		}
	}
}

// sizes are the lengths of body that the benchmarks hold fixed.
var sizes = []int{64, 4096}

// body is a JSON text of n bytes.
func body(n int) []byte { return []byte(`"` + strings.Repeat("x", n-2) + `"`) }

func BenchmarkDecode(b *testing.B) {
	for _, n := range sizes {
		b.Run(fmt.Sprintf("body=%d", n), func(b *testing.B) {
			wire := []byte(data("\x00\xac\x02\x0alobby.echo" + string(body(n))))
			b.ReportAllocs()
			for b.Loop() {
				p, _, err := pomelo.DecodePackage(wire)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := pomelo.DecodeMessage(p.Body); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkFeed(b *testing.B) {
	for _, n := range sizes {
		b.Run(fmt.Sprintf("body=%d", n), func(b *testing.B) {
			talk := opened(pomelo.Config{}, hello, ack)
			f := connectors.Frame{Data: []byte(data("\x00\xac\x02\x0alobby.echo" + string(body(n))))}
			b.ReportAllocs()
			for b.Loop() {
				talk.step.Reset()
				talk.Feed(&talk.step, f, begin)
			}
		})
	}
}

func BenchmarkResponse(b *testing.B) {
	for _, n := range sizes {
		b.Run(fmt.Sprintf("body=%d", n), func(b *testing.B) {
			dst, r := make([]byte, 0, n+64), &messages.Response{Body: body(n)}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := (pomelo.Codec{}).AppendResponse(dst, connectors.Origin{ID: 300}, r); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkPush(b *testing.B) {
	for _, n := range sizes {
		b.Run(fmt.Sprintf("body=%d", n), func(b *testing.B) {
			dst, p := make([]byte, 0, n+64), &messages.Push{Route: "onChat", Body: body(n)}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := (pomelo.Codec{}).AppendPush(dst, p); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkStream(b *testing.B) {
	one := data("\x00\xac\x02\x0alobby.echo" + string(body(64)))
	for name, segment := range map[string]string{
		"packages=1":      one,
		"packages=16":     strings.Repeat(one, 16),
		"packages=1/half": one[len(one)/2:] + one[:len(one)/2],
	} {
		b.Run(name, func(b *testing.B) {
			var s pomelo.Stream
			frames, wire := make([]connectors.Frame, 0, 16), []byte(segment)
			if strings.HasSuffix(name, "half") {
				_, _ = s.Feed([]byte(one[:len(one)/2]), nil)
			}
			b.ReportAllocs()
			for b.Loop() {
				var err error
				if frames, err = s.Feed(wire, frames[:0]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkComingIn is a conversation up to the ack, with a client that says of itself what
// Pomelo's own do.
func BenchmarkComingIn(b *testing.B) {
	cfg := pomelo.Config{Heartbeat: 30 * time.Second}.WithDefaults()
	say := connectors.Frame{Data: pack(pomelo.TypeHandshake, `{"sys":{"type":"js-websocket","version":"0.0.1","rsa":{}},"user":{"token":"3fb12c"}}`)}
	ready := connectors.Frame{Data: pack(pomelo.TypeAck, "")}
	step, now := new(connectors.Step), time.Now()
	b.ReportAllocs()
	for b.Loop() {
		step.Reset()
		p := pomelo.NewProtocol(&cfg, connectors.Hello{Connector: "hybrid", Transport: "tcp"})
		p.Open(step, now)
		p.Feed(step, say, now)
		p.Welcome(step, nil, nil, now)
		if p.Feed(step, ready, now); step.Codec == nil {
			b.Fatal(step.Close)
		}
	}
}

func pack(typ byte, body string) []byte {
	b, _ := pomelo.Package{Type: typ, Body: []byte(body)}.Append(nil)
	return b
}
