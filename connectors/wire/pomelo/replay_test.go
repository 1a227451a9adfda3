package pomelo_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/wire/pomelo"
	"github.com/fairlead-go/fairlead/messages"
)

// lab is the recorded server: a conversation with its handlers behind it.
type lab struct {
	*talk
	codec connectors.Codec
	sent  [][]byte // packages that the client has not looked at
}

func newLab(t testing.TB, profile string) *lab {
	options := map[string]any{}
	cfg := pomelo.Config{}
	switch profile {
	case "dict":
		options["useDict"], options["heartbeat"] = true, 3.0
	case "proto":
		options["useDict"], options["useProtobuf"], options["heartbeat"] = true, true, 3.0
	case "protoOnly", "fatalProto":
		options["useProtobuf"] = true
	case "crypto":
		options["useCrypto"] = true
	}
	cfg = optionsOf(t, options)
	if profile == "customCoder" {
		cfg.Decode = func(body []byte) (*messages.Request, error) {
			return &messages.Request{Id: 7, Route: "connector.entryHandler.echo", Body: fmt.Appendf(nil, `{"hex":"%x"}`, body)}, nil
		}
		cfg.Encode = func(id uint64, route string, body []byte) ([]byte, error) {
			return fmt.Appendf(nil, "<%d|%s|%s>", id, route, body), nil
		}
	}
	return &lab{talk: open(cfg)}
}

// hears takes what a client sends and gathers what it is sent for it.
func (l *lab) hears(b []byte) {
	if len(b) == 0 {
		return
	}
	l.says(string(b))
	if l.step.Hello != nil {
		l.welcome(nil, nil)
	}
	if l.step.Codec != nil {
		l.codec = l.step.Codec
	}
	l.send(l.step.Send)
	for _, r := range l.step.Requests {
		l.handle(r)
	}
}

func (l *lab) send(b []byte) {
	for len(b) > 0 {
		_, rest, err := pomelo.DecodePackage(b)
		if err != nil {
			panic(err)
		}
		l.sent, b = append(l.sent, b[:len(b)-len(rest)]), rest
	}
}

func (l *lab) push(route, body string) {
	b, err := l.codec.AppendPush(nil, &messages.Push{Route: route, Body: []byte(body)})
	if err != nil {
		panic(err)
	}
	l.send(b)
}

// handle answers as the handlers of the recorded server do.
func (l *lab) handle(r connectors.Inbound) {
	answer := &messages.Response{Body: r.Body}
	name, _ := strings.CutPrefix(r.Route, "connector.entryHandler.")
	switch name {
	case "echo", "typed":
	case "bind":
		answer.Body = []byte(`{"ok":true}`)
	case "note":
		l.push("onNote", string(r.Body))
	case "push":
		var in struct {
			N     int
			Route string
		}
		_ = json.Unmarshal(r.Body, &in)
		for i := range in.N {
			l.push(in.Route, fmt.Sprintf(`{"i":%d}`, i))
		}
		answer.Body = fmt.Appendf(nil, `{"pushed":%d}`, in.N)
	case "typedInspect":
		text, _ := json.Marshal(string(r.Body))
		answer.Body = fmt.Appendf(nil, `{"json":%s}`, text)
	case "typedDoubles":
		answer.Body = []byte(`{"d":[1,2,3,4,5,6,7,8,9,10,11,12]}`)
	case "typedBad":
		answer.Body = []byte(`{"nope":1}`)
	case "inspect":
		answer.Body = fmt.Appendf(nil, `{"kind":"object","route":%q,"body":%s}`, r.Route, r.Body)
	default:
		answer = &messages.Response{Error: messages.NewError(messages.CodeInternal, "")}
	}
	if r.Notify {
		return
	}
	to := connectors.Origin{ID: r.Id, Route: r.Route}
	b, err := l.codec.AppendResponse(nil, to, answer)
	if err != nil {
		fault := &messages.Response{Error: messages.NewError(messages.CodeInternal, "")}
		b, _ = l.codec.AppendResponse(nil, to, fault)
	}
	l.send(b)
}

// instead says how sessions end that we do not serve like the reference: what
// closes them, or the last thing sent.
var instead = map[string]string{
	"dict-unknown-code-0":                  echo(2, `{"alive":1}`), // and the request before it is answered (P7.1)
	"dict-unknown-code-9999":               echo(2, `{"alive":1}`),
	"dict-unknown-code-65535":              echo(2, `{"alive":1}`),
	"dict-user-route-request":              echo(1, `{"code":500}`),
	"proto-malformed-unknown-tag":          "close malformed", // F 2, F 3
	"proto-malformed-truncated-varint":     "close malformed",
	"proto-malformed-truncated-float":      "close malformed",
	"proto-malformed-array-count-overruns": "close malformed",
	"proto-malformed-fatal":                "close malformed",
	"proto-string-overrun":                 "close malformed",
	"proto-encode-overflow":                echo(1, "\x09\x0c"+doubles), // F 5
	"crypto-body-null":                     echo(2, `{"a":1}`),          // F 2
	"crypto-signature-number":              echo(2, `{"a":1}`),
	"crypto-chinese":                       echo(1, `{"s":"中"}`), // F 15
}

// doubles are 1 to 12.
const doubles = "\x00\x00\x00\x00\x00\x00\xf0\x3f\x00\x00\x00\x00\x00\x00\x00\x40\x00\x00\x00\x00\x00\x00\x08\x40\x00\x00\x00\x00\x00\x00\x10\x40" +
	"\x00\x00\x00\x00\x00\x00\x14\x40\x00\x00\x00\x00\x00\x00\x18\x40\x00\x00\x00\x00\x00\x00\x1c\x40\x00\x00\x00\x00\x00\x00\x20\x40" +
	"\x00\x00\x00\x00\x00\x00\x22\x40\x00\x00\x00\x00\x00\x00\x24\x40\x00\x00\x00\x00\x00\x00\x26\x40\x00\x00\x00\x00\x00\x00\x28\x40"

// echo is the package that answers id with body.
func echo(id byte, body string) string { return data("\x04" + string(rune(id)) + body) }

// step is one of a recorded session.
type step struct {
	Send, Recv octets
	Silence    int    `json:"silence_ms"`
	ClosedBy   string `json:"closed_by"`
}

func TestRecordedSessionsReplay(t *testing.T) { // P8, P10, P14, P15
	var v struct {
		Transcripts []struct {
			Name, Profile string
			Steps         []step
		}
	}
	load(t, "transcripts.json", &v)
	for _, c := range v.Transcripts {
		l := newLab(t, c.Profile)
		if end, differs := instead[c.Name]; differs {
			if got := l.ends(c.Steps); got != end {
				t.Errorf("%s: ends with %q, want %q", c.Name, got, end)
			}
			continue
		}
		for i, s := range c.Steps {
			switch {
			case len(s.Send) > 0:
				l.hears(s.Send)
			case len(s.Recv) > 0:
				l.looks(t, c.Name, s.Recv)
			case s.Silence > 0 && len(l.sent) > 0:
				t.Errorf("%s, step %d: sends %q", c.Name, i, l.sent)
			case s.ClosedBy == "server" && l.step.Close == nil:
				t.Errorf("%s: is not closed", c.Name)
			}
		}
	}
}

// ends plays what the client sends and tells what is seen last.
func (l *lab) ends(steps []step) string {
	for _, s := range steps {
		if l.hears(s.Send); l.step.Close != nil {
			return "close " + l.step.Close.Cause.Word()
		}
	}
	return string(l.sent[len(l.sent)-1])
}

// looks compares the next package with the recorded one: JSON as a value.
func (l *lab) looks(t *testing.T, name string, want []byte) {
	t.Helper()
	if len(l.sent) == 0 {
		t.Errorf("%s: nothing comes, want %q", name, want)
		return
	}
	got := l.sent[0]
	l.sent = l.sent[1:]
	a, b := bytes.IndexByte(got, '{'), bytes.IndexByte(want, '{')
	if a < 0 || a != b || !json.Valid(got[a:]) {
		if !bytes.Equal(got, want) {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
		return
	}
	text := []byte(withoutBig.Replace(string(want[b:])))
	if !bytes.Equal(got[pomelo.HeaderLen:a], want[pomelo.HeaderLen:b]) || !same(t, got[a:], text) {
		t.Errorf("%s: %q, want %q", name, got, want)
	}
}
