package custom_test

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/custom"
	"github.com/fairlead-go/fairlead/connectors/port"
	"github.com/fairlead-go/fairlead/messages"
)

// words is a wire of lines: "id route body".
func words() custom.Config {
	return custom.Config{
		Decode: func(line []byte) (*messages.Request, error) {
			var r messages.Request
			var body string
			switch n, err := fmt.Sscan(string(line), &r.Id, &r.Route, &body); {
			case strings.HasPrefix(string(line), "panic"):
				panic("decode")
			case string(line) == "\n":
				return nil, nil
			case n < 3:
				return nil, err
			}
			r.Body = []byte(body)
			return &r, nil
		},
		Encode: func(dst []byte, m custom.Message) ([]byte, error) {
			if m.Route == "bad" {
				return append(dst, "half"...), errBad
			}
			return fmt.Appendf(dst, "%d %s %s\n", m.ID, m.Route, m.Body), nil
		},
	}
}

var (
	errBad = errors.New("bad")
	now    = time.Unix(1, 0)
)

func later(d time.Duration) time.Time { return now.Add(d) }

// begin is a conversation, opened.
func begin(t *testing.T, cfg custom.Config) (connectors.Protocol, *connectors.Step) {
	t.Helper()
	_, c := pair(t, custom.StreamConfig{Cut: custom.Lines})
	p := custom.NewProtocol("words", c, &cfg)
	step := &connectors.Step{}
	p.Open(step, now)
	return p, step
}

// enter is a client that is in.
func enter(t *testing.T, cfg custom.Config) (connectors.Protocol, connectors.Codec) {
	t.Helper()
	p, _ := begin(t, cfg)
	var step connectors.Step
	p.Welcome(&step, nil, nil, now)
	if step.Codec == nil {
		t.Fatal("no codec: the client is not in")
	}
	return p, step.Codec
}

func feed(p connectors.Protocol, line string) *connectors.Step {
	step := &connectors.Step{}
	p.Feed(step, connectors.Frame{Data: []byte(line)}, now)
	return step
}

func TestWithoutAHandshakeTheApplicationIsAskedAtOnce(t *testing.T) {
	_, step := begin(t, words())
	h := step.Hello
	if h == nil || h.Connector != "words" || h.Transport != "memory" || h.RemoteAddr.String() != "custom#1" {
		t.Errorf("hello = %+v, want who and where it is", h)
	}
	if step.ReadLimit != 64<<10 || !step.Expire.Equal(later(5*time.Second)) {
		t.Errorf("limit %d until %v, want 64 KiB and 5 s", step.ReadLimit, step.Expire)
	}
}

func TestFramesBecomeRequests(t *testing.T) {
	p, _ := enter(t, words())
	for line, want := range map[string]struct{ notify bool }{
		"7 chat.say hi\n": {},
		"0 chat.say hi\n": {notify: true},
	} {
		step := feed(p, line)
		if len(step.Requests) != 1 || step.Close != nil {
			t.Fatalf("%q: requests %v, close %v", line, step.Requests, step.Close)
		}
		if r := step.Requests[0]; r.Notify != want.notify || r.Route != "chat.say" || string(r.Body) != "hi" {
			t.Errorf("%q became %v", line, r.Request)
		}
	}
	if step := feed(p, "\n"); len(step.Requests) > 0 || step.Close != nil {
		t.Errorf("a heartbeat: %v and %v, want nothing", step.Requests, step.Close)
	}
	if step := feed(p, "panic\n"); step.Lost != 1 || step.Close != nil || len(step.Requests) > 0 {
		t.Errorf("a panic: lost %d, close %v, want one message lost", step.Lost, step.Close)
	}
	if step := feed(p, "7\n"); step.Close == nil || step.Close.Cause != messages.CauseMalformed {
		t.Errorf("nonsense: close %v, want malformed", step.Close)
	}
	if step := feed(p, "7 chat.say hi\n"); len(step.Requests) > 0 {
		t.Error("a request behind the end")
	}
}

func TestTooLargeIsItsOwnCause(t *testing.T) {
	cfg := words()
	cfg.MaxFrame = 10
	p, _ := enter(t, cfg)
	if step := feed(p, "1 a 34567\n"); step.Close != nil {
		t.Errorf("ten bytes close with %v", step.Close)
	}
	if step := feed(p, "1 a 345678\n"); step.Close == nil || step.Close.Cause != messages.CauseTooLarge {
		t.Errorf("eleven bytes: close %v, want too large", step.Close)
	}
}

func TestTheCodecWritesWhatEncodeSays(t *testing.T) {
	cfg := words()
	_, codec := enter(t, cfg)
	to := connectors.Origin{ID: 7, Route: "r"}
	for name, tt := range map[string]struct {
		append func(dst []byte) ([]byte, error)
		want   string
		err    error
	}{
		"a response": {append: func(dst []byte) ([]byte, error) {
			return codec.AppendResponse(dst, to, &messages.Response{Body: []byte("hi")})
		}, want: "7 r hi\n"},
		"a failure": {append: func(dst []byte) ([]byte, error) {
			return codec.AppendResponse(dst, to, &messages.Response{Error: messages.NewError(404, "no \"x\"")})
		}, want: `7 r {"code":404,"msg":"no \"x\""}` + "\n"},
		"a failure with a body": {append: func(dst []byte) ([]byte, error) {
			return codec.AppendResponse(dst, to, &messages.Response{Error: messages.NewError(404, ""), Body: []byte("no")})
		}, want: "7 r no\n"},
		"a push": {append: func(dst []byte) ([]byte, error) {
			return codec.AppendPush(dst, &messages.Push{Route: "on", Body: []byte("x")})
		}, want: "0 on x\n"},
		"a kick, which this wire has not": {append: func(dst []byte) ([]byte, error) {
			return codec.AppendKick(dst, &messages.Kick{Reason: "x"})
		}},
		"an error": {append: func(dst []byte) ([]byte, error) {
			return codec.AppendPush(dst, &messages.Push{Route: "bad"})
		}, err: errBad},
		"an attachment": {append: func(dst []byte) ([]byte, error) {
			return codec.AppendPush(dst, &messages.Push{Attachments: [][]byte{{1}}})
		}, err: custom.ErrAttachments},
	} {
		t.Run(name, func(t *testing.T) {
			for _, room := range []int{0, 1 << 10} {
				dst := append(make([]byte, 0, room+4), "head"...)
				got, err := tt.append(dst)
				if string(got) != "head"+tt.want || !errors.Is(err, tt.err) {
					t.Errorf("wrote %q and %v, want %q and %v", got, err, "head"+tt.want, tt.err)
				}
			}
		})
	}
}

// An Encode that forgets dst does no harm.
func TestEncodeMayReturnWhatIsNew(t *testing.T) {
	cfg := words()
	cfg.Encode = func([]byte, custom.Message) ([]byte, error) { return []byte("new"), nil }
	cfg.EncodeKick = func(dst []byte, k *messages.Kick) ([]byte, error) { return append(dst, k.Reason...), nil }
	codec := custom.NewCodec(&cfg)
	got, _ := codec.AppendPush([]byte("head "), &messages.Push{})
	if got, err := codec.AppendKick(got, &messages.Kick{Reason: " bye"}); string(got) != "head new bye" || err != nil {
		t.Errorf("wrote %q and %v, want all three", got, err)
	}
	if codec != custom.NewCodec(&cfg) {
		t.Error("codecs of one configuration differ: nothing is encoded once for many")
	}
}

func TestAHandshake(t *testing.T) {
	cfg := words()
	cfg.Hello = func(line []byte) ([]byte, error) {
		if !bytes.HasPrefix(line, []byte("i am ")) {
			return nil, errBad
		}
		return line[5 : len(line)-1], nil
	}
	cfg.Welcome = func(dst []byte, user any, err error) ([]byte, error) {
		if err != nil {
			return fmt.Appendf(dst, "no: %v\n", err), nil
		}
		return fmt.Appendf(dst, "yes, %v\n", user), nil
	}
	p, step := begin(t, cfg)
	if step.Hello != nil {
		t.Fatal("the application is asked before the client has said who it is")
	}
	if step = feed(p, "i am ann\n"); step.Hello == nil || string(step.Hello.User) != "ann" || string(step.Hello.Raw) != "i am ann\n" {
		t.Fatalf("hello = %+v, want ann's", step.Hello)
	}
	var in connectors.Step
	p.Welcome(&in, "Ann", nil, now)
	if string(in.Send) != "yes, Ann\n" || in.Codec == nil {
		t.Errorf("sent %q with codec %v, want the welcome", in.Send, in.Codec)
	}
	if step = feed(p, "1 a b\n"); len(step.Requests) != 1 {
		t.Errorf("requests %v, want one", step.Requests)
	}
	var again connectors.Step
	if p.Welcome(&again, nil, nil, now); again.Codec != nil || again.Send != nil {
		t.Error("a second welcome counts")
	}

	p, _ = begin(t, cfg)
	if step = feed(p, "hello?\n"); step.Close == nil || step.Close.Cause != messages.CauseMalformed {
		t.Errorf("no introduction: close %v, want malformed", step.Close)
	}
	p, _ = begin(t, cfg)
	feed(p, "i am bob\n")
	for range 2 {
		if step = feed(p, "1 a b\n"); step.Close != nil || len(step.Requests) > 0 {
			t.Errorf("asked early: close %v, requests %v, want neither", step.Close, step.Requests)
		}
	}
	var late connectors.Step
	if p.Welcome(&late, nil, nil, now); len(late.Requests) != 2 {
		t.Errorf("%d requests have waited, want two", len(late.Requests))
	}

	small := cfg
	small.MaxFrame = 100
	p, _ = begin(t, small)
	feed(p, "i am kit\n")
	feed(p, "1 a b\n")
	if step = feed(p, "1 a b\n"); step.Close == nil || step.Close.Cause != messages.CauseTooLarge || !strings.Contains(step.Close.Text, "before") {
		t.Errorf("said too much too early: close %v, want ErrEarly", step.Close)
	}
	p, _ = begin(t, cfg)
	feed(p, "i am eve\n")
	var out connectors.Step
	p.Welcome(&out, nil, messages.NewError(403, "not you"), now)
	if string(out.Send) != "no: code 403: not you\n" || out.Close == nil || out.Close.Cause != messages.CauseRefused || out.Codec != nil {
		t.Errorf("refused with %q and %v", out.Send, out.Close)
	}
}

func TestTimesRunOut(t *testing.T) {
	hello := func([]byte) ([]byte, error) { return nil, nil }
	for name, tt := range map[string]struct {
		cfg   custom.Config
		enter bool
		at    time.Duration // zero: never
		cause messages.Cause
	}{
		"the handshake":                {cfg: custom.Config{Hello: hello}, at: 5 * time.Second, cause: messages.CauseHandshakeTimeout},
		"the application's answer":     {cfg: custom.Config{HandshakeTime: time.Second}, at: time.Second, cause: messages.CauseHandshakeTimeout},
		"no handshake, if that is set": {cfg: custom.Config{Hello: hello, HandshakeTime: -1}},
		"signs of life":                {cfg: custom.Config{Timeout: time.Minute}, enter: true, at: time.Minute, cause: messages.CauseHeartbeatTimeout},
		"no signs of life are asked":   {cfg: custom.Config{}, enter: true},
	} {
		t.Run(name, func(t *testing.T) {
			p, _ := begin(t, tt.cfg)
			if tt.enter {
				p.Welcome(&connectors.Step{}, nil, nil, now)
			}
			var early, due connectors.Step
			if p.Expire(&early, later(max(tt.at, 1)-1)); early.Close != nil {
				t.Errorf("ends early: %v", early.Close)
			}
			p.Expire(&due, later(max(tt.at, 1)))
			switch {
			case tt.at == 0 && due.Close != nil:
				t.Errorf("ends: %v", due.Close)
			case tt.at > 0 && (due.Close == nil || due.Close.Cause != tt.cause):
				t.Errorf("close %v, want %v", due.Close, tt.cause)
			}
		})
	}
}

func TestEveryFrameIsLife(t *testing.T) {
	cfg := words()
	cfg.Timeout = time.Minute
	p, _ := enter(t, cfg)
	p.Feed(&connectors.Step{}, connectors.Frame{Data: []byte("\n")}, later(50*time.Second))
	var step connectors.Step
	if p.Expire(&step, later(time.Minute)); step.Close != nil || !step.Expire.Equal(later(110*time.Second)) {
		t.Errorf("close %v, expire %v, want a minute after the last frame", step.Close, step.Expire)
	}
}

func TestMistakesNameTheField(t *testing.T) {
	whole := words()
	for name, c := range map[string]*custom.Connector{
		"Cut":          {Config: whole},
		"Decode":       {Cut: custom.Lines, Config: custom.Config{Encode: whole.Encode}},
		"Encode":       {Cut: custom.Lines, Config: custom.Config{Decode: whole.Decode}},
		"Addr":         {Cut: custom.Lines, Config: whole, Port: &port.Port{Addr: "nowhere:x"}},
		"words: Cut":   {ID: "words", Config: whole},
		"custom: Cut ": {Config: whole},
	} {
		if ls, err := c.Listen(t.Context()); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: listens with %v and %v", name, ls, err)
		}
	}
}

func TestAPortIsShared(t *testing.T) {
	p := &port.Port{Addr: "127.0.0.1:0"}
	letters := &custom.Connector{ID: "letters", Port: p, Bytes: []byte("ab"), Cut: custom.Lines, Config: words()}
	digits := &custom.Connector{ID: "digits", Port: p, Bytes: []byte("12"), Cut: custom.Lines, Config: words()}
	for _, c := range []*custom.Connector{letters, digits} {
		ls, err := c.Listen(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer ls[0].Close()
		line := string(c.Bytes[0]) + " line\n"
		client, err := net.Dial("tcp", ls[0].Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		if _, err := client.Write([]byte(line)); err != nil {
			t.Fatal(err)
		}
		conn, err := ls[0].Accept()
		if err != nil {
			t.Fatal(err)
		}
		if frames, err := conn.ReadFrames(); len(frames) != 1 || string(frames[0].Data) != line || err != nil {
			t.Errorf("%s: frames %v and %v, want %q", c.Name(), frames, err, line)
		}
		conn.Close(connectors.Reason{})
	}
	if _, err := (&custom.Connector{Port: p, Cut: custom.Lines, Config: words()}).Listen(t.Context()); err == nil {
		t.Error("a connector of all clients fits on a shared port")
	}
}
