package pomelo_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/wire/pomelo"
	"github.com/fairlead-go/fairlead/messages"
)

func TestHandshakesAreAnsweredLikeTheReferenceAnswersThem(t *testing.T) { // P4.2, P4.3
	var v handshakeVectors
	load(t, "pomelo-handshake.json", &v)
	for _, c := range v.Cases {
		talk := open(optionsOf(t, c.Options))
		talk.says(string(c.RequestHex))
		if h := talk.step.Hello; h != nil {
			talk.welcome(userOf(c.Options, h))
		}
		want := string(c.ResponseHex)
		if strings.Contains(want, "uInt64") {
			want = handshake(withoutBig.Replace(want[pomelo.HeaderLen:]))
		}
		if got := string(talk.step.Send); got != want {
			t.Errorf("%s: answer = %q, want %q", c.Name, got, want)
		}
		if got := talk.step.Close != nil; got != c.Closed {
			t.Errorf("%s: closed = %v, want %v", c.Name, got, c.Closed)
		}
	}
}

// withoutBig takes the field of an unknown type out of an answer (F 24).
var withoutBig = strings.NewReplacer(`,"big":{"option":"repeated","type":"uInt64","tag":5}`, ``, `,"5":"big"`, ``)

func has(options map[string]any, name string) bool {
	_, ok := options[name]
	return ok
}

func optionsOf(t testing.TB, options map[string]any) (cfg pomelo.Config) {
	if seconds, ok := options["heartbeat"].(float64); ok {
		cfg.Heartbeat = time.Duration(seconds) * time.Second
	}
	if has(options, "checkClient") {
		cfg.CheckClient = func(typ, version string) bool { return typ == "js-websocket" && version == "0.0.1" }
	}
	if has(options, "useDict") {
		cfg.Dict = labDictionary(t)
	}
	if has(options, "useProtobuf") {
		cfg.Protos = labProtos(t)
	}
	cfg.Crypto = has(options, "useCrypto")
	return cfg
}

// userOf is the user callback of the recorded server.
func userOf(options map[string]any, h *connectors.Hello) (any, error) {
	if !has(options, "handshake") {
		return nil, nil
	}
	user := struct{ Name, Token *string }{}
	_ = json.Unmarshal(h.User, &user)
	if user.Token != nil {
		switch *user.Token {
		case "bad":
			return nil, errors.New("bad token")
		case "none":
			return nil, nil
		case "string":
			return "plain text", nil
		}
	}
	seen := []string{"sys"}
	if h.User != nil {
		seen = append(seen, "user")
	}
	return struct {
		Welcome *string  `json:"welcome"`
		Seen    []string `json:"seen"`
	}{user.Name, seen}, nil
}

// handshake is the package that holds body.
func handshake(body string) string {
	b, _ := pomelo.Package{Type: pomelo.TypeHandshake, Body: []byte(body)}.Append(nil)
	return string(b)
}

// sends is what todo writes for a handshake answered with body.
func sends(body string) string { return fmt.Sprintf("send %q", handshake(body)) }

func TestRefusals(t *testing.T) { // P4.3, in the order of its table
	check := func(typ, version string) bool {
		if typ == "panic" {
			panic("check")
		}
		return typ == "js" && version == "2"
	}
	no500, no501 := sends(`{"code":500}`)+", close refused", sends(`{"code":501}`)+", close refused"
	for body, want := range map[string]string{
		``:                            no500,
		`hello`:                       no500,
		`null`:                        no500,
		`[]`:                          no500,
		`"sys"`:                       no500,
		`{}`:                          no500,
		`{"sys":null}`:                no500,
		`{"sys":0}`:                   no500,
		`{"sys":-0.0e7}`:              no500,
		`{"sys":1e-999}`:              no500,
		`{"sys":""}`:                  no500,
		`{"sys":false}`:               no500,
		`{"SYS":{}}`:                  no500,
		`{"sys":{}}garbage`:           no500,
		nested(33):                    no500, // of 32 at most
		nested(1000):                  no500,
		nested(32):                    no501,
		`{"sys":{"type":"panic"}}`:    no500,
		`{"sys":{}}`:                  no501,
		`{"sys":1}`:                   no501,
		`{"sys":1e999}`:               no501,
		`{"sys":"x"}`:                 no501,
		`{"sys":[]}`:                  no501,
		`{"sys":true}`:                no501,
		`{"sys":{"Type":"js"}}`:       no501,
		`{"sys":{"type":"js"}}`:       no501,
		`{"sys":{"version":"2"}}`:     no501,
		`{"sys":{"type":{"a":"js"}}}`: no501,
		`{"sys":{"type":"js","version":"2"},"user":null}`: "welcome?",
		`{"sys":{"type":"js","version":2},"rsa":{}}`:      "welcome?",
	} {
		if got := open(pomelo.Config{CheckClient: check}).says(handshake(body)); got != want {
			t.Errorf("%s: %s, want %s", body, got, want)
		}
	}
	if got := open(pomelo.Config{}).says(handshake(`{"sys":1}`)); got != "welcome?" { // P4.1: any truthy value
		t.Errorf("sys of 1 without a check: %s, want welcome?", got)
	}
}

// nested is a handshake of n levels.
func nested(n int) string {
	return `{"sys":{},"user":` + strings.Repeat("[", n-1) + strings.Repeat("]", n-1) + `}`
}

func TestHelloTellsWhatTheWireAndTheClientKnow(t *testing.T) { // P4.1
	cfg := pomelo.Config{}.WithDefaults()
	addr := &net.TCPAddr{Port: 1}
	p := pomelo.NewProtocol(&cfg, connectors.Hello{Connector: "c", Transport: "tcp", RemoteAddr: addr})
	body := `{"sys":{"type":"js","version":"0.1"},"user":{"a": "` + "\xed\xa0\xbd\xed\xb8\x80" + `"}}`
	var step connectors.Step
	frame := []byte(handshake(body))
	p.Open(&step, begin)
	p.Feed(&step, connectors.Frame{Data: frame}, begin)
	clear(frame)
	h := step.Hello
	if h.Connector != "c" || h.Transport != "tcp" || h.RemoteAddr != addr || h.Type != "js" || h.Version != "0.1" {
		t.Errorf("hello = %+v", h)
	}
	if got, want := string(h.User), `{"a": "😀"}`; got != want { // P9.2
		t.Errorf("user = %s, want %s", got, want)
	}
	if got, want := string(h.Raw), strings.ReplaceAll(body, "\xed\xa0\xbd\xed\xb8\x80", "😀"); got != want {
		t.Errorf("raw = %s, want %s", got, want)
	}
}

func TestWelcome(t *testing.T) { // P4.2, P4.3
	ok := func(s string) string { return sends(`{"code":200,"sys":{` + s + `}`) }
	refused := func(code int) string { return sends(fmt.Sprintf(`{"code":%d}`, code)) + ", close refused" }
	beats := pomelo.Config{Heartbeat: 3 * time.Second}
	for name, c := range map[string]struct {
		cfg  pomelo.Config
		user any
		err  error
		want string
	}{
		"nothing":               {pomelo.Config{}, nil, nil, ok(`}`)},
		"heartbeat":             {beats, nil, nil, ok(`"heartbeat":3}`)},
		"a fraction of seconds": {pomelo.Config{Heartbeat: 250 * ms}, nil, nil, ok(`"heartbeat":0.25}`)},
		"an object":             {beats, map[string]any{"b": 1, "a": "<&>"}, nil, ok(`"heartbeat":3},"user":{"a":"<&>","b":1}`)},
		"an empty list":         {pomelo.Config{}, []int{}, nil, ok(`},"user":[]`)},
		"text":                  {pomelo.Config{}, "hi", nil, ok(`},"user":"hi"`)},
		"text beyond the BMP":   {pomelo.Config{}, "😀", nil, ok(`},"user":"\ud83d\ude00"`)},
		"JSON":                  {pomelo.Config{}, json.RawMessage(`{ "a" : 1 }`), nil, ok(`},"user":{"a":1}`)},
		"a falsy number":        {pomelo.Config{}, 0, nil, ok(`}`)},
		"a falsy text":          {pomelo.Config{}, "", nil, ok(`}`)},
		"false":                 {pomelo.Config{}, false, nil, ok(`}`)},
		"true":                  {pomelo.Config{}, true, nil, ok(`},"user":true`)},
		"no JSON":               {pomelo.Config{}, func() {}, nil, refused(500)},
		"over 16 MiB":           {pomelo.Config{}, strings.Repeat("x", pomelo.MaxBody), nil, refused(500)},
		"an error":              {beats, "user", errors.New("secret"), refused(500)},
		"a code":                {beats, nil, fmt.Errorf("x: %w", messages.NewError(403, "banned")), refused(403)},
		"the code of a yes":     {beats, nil, messages.NewError(200, ""), refused(500)},
		"no code":               {beats, nil, &messages.Error{}, refused(500)},
	} {
		talk := open(c.cfg)
		talk.says(hello)
		if got := talk.welcome(c.user, c.err); got != c.want {
			t.Errorf("%s: %.80s, want %.80s", name, got, c.want)
		}
	}
}

func TestRefusalKeepsTheApplicationsSecrets(t *testing.T) {
	talk := open(pomelo.Config{})
	talk.says(hello)
	talk.welcome(nil, errors.New("secret"))
	if got := talk.step.Close.Text; strings.Contains(got, "secret") {
		t.Errorf("reason = %q", got)
	}
}

func TestFirstWelcomeDecides(t *testing.T) { // P4.4
	talk := open(pomelo.Config{})
	for range 2 {
		if got := talk.says(hello); got != "welcome?" {
			t.Fatalf("handshake: %s, want welcome?", got)
		}
	}
	if got, want := talk.welcome("first", nil), sends(`{"code":200,"sys":{},"user":"first"}`); got != want {
		t.Errorf("first: %s, want %s", got, want)
	}
	if got := talk.welcome(nil, errors.New("second")); got != "" {
		t.Errorf("second: %s, want nothing", got)
	}
	if got := talk.says(hello); got != "" {
		t.Errorf("handshake once answered: %s, want nothing", got)
	}
}

func TestWelcomeComesTooLate(t *testing.T) {
	talk := open(pomelo.Config{})
	talk.says(hello)
	talk.at(5 * time.Second)
	if got := talk.welcome(nil, nil); got != "" {
		t.Errorf("welcome after the deadline: %s, want nothing", got)
	}
}
