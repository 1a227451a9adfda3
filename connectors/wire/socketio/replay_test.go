package socketio_test

import (
	"encoding/json"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/wire/engineio"
	"github.com/fairlead-go/fairlead/connectors/wire/socketio"
	"github.com/fairlead-go/fairlead/messages"
)

// lab is the recorded server: a conversation with its handlers behind it.
type lab struct {
	*talk
	sent     []string // that the client has not looked at
	buffered bool     // all that one step brings leaves at once
	waits    net.Buffers
}

func newLab(profile string) *lab {
	cfg := socketio.Config{Modes: []socketio.Mode{socketio.Pomelo}}
	l := &lab{talk: enter(cfg, socketio.Seat{Version: engineio.V4, SID: "SID"}), buffered: profile == "sioBuffer"}
	return l
}

// hears takes what a client sends and gathers what it is sent for it.
func (l *lab) hears(text string) {
	l.says(strings.TrimPrefix(text, "4"))
	for _, r := range l.step.Requests {
		l.handle(r)
	}
	l.flush()
}

func (l *lab) flush() {
	l.sent = append(l.sent, texts(socketio.Join(nil, l.waits, "/"))...)
	l.waits = nil
}

func (l *lab) send(b []byte, err error) {
	if err != nil {
		panic(err)
	}
	if l.waits = append(l.waits, b); !l.buffered {
		l.flush()
	}
}

func (l *lab) push(route, body string) {
	l.send(l.codec.AppendPush(nil, &messages.Push{Route: route, Body: []byte(body)}))
}

// handle answers as the handlers of the recorded server do.
func (l *lab) handle(r connectors.Inbound) {
	answer, last := l.answer(r)
	if !r.Notify {
		l.send(l.codec.AppendResponse(nil, origin(r), answer))
	}
	if last != nil {
		l.send(l.codec.AppendKick(nil, last))
	}
}

func (l *lab) answer(r connectors.Inbound) (answer *messages.Response, last *messages.Kick) {
	var in struct {
		N             int
		Route, Reason string
		Body          json.RawMessage
		A             any
	}
	_ = json.Unmarshal(r.Body, &in)
	body := "{}"
	name, found := strings.CutPrefix(r.Route, "connector.entryHandler.")
	switch name {
	case "echo", "typed":
		body = string(r.Body)
	case "bind":
		body = `{"ok":true}`
	case "note":
		l.push("onNote", string(r.Body))
	case "push":
		for i := range in.N {
			l.push("onPush", fmt.Sprintf(`{"i":%d}`, i))
		}
		body = fmt.Sprintf(`{"pushed":%d}`, in.N)
	case "broadcast":
		l.push(in.Route, string(in.Body))
		body = `{"ok":true}`
	case "kick":
		body, last = `{"ok":true}`, &messages.Kick{Reason: in.Reason}
	case "inspect":
		body = inspect(r)
	case "args":
		var args []int
		_ = json.Unmarshal(r.Body, &args)
		body = fmt.Sprintf(`{"a":%d,"b":%d}`, args[0], args[1])
	default:
		found = false
	}
	if !found {
		return &messages.Response{Error: messages.NewError(messages.CodeInternal, "")}, nil
	}
	return &messages.Response{Body: []byte(body)}, last
}

// inspect tells how a handler of the recorded server sees a body: its route is put into objects.
func inspect(r connectors.Inbound) string {
	var v any
	_ = json.Unmarshal(r.Body, &v)
	switch v.(type) {
	case string:
		return fmt.Sprintf(`{"kind":"string","route":null,"body":%s}`, r.Body)
	case float64:
		return fmt.Sprintf(`{"kind":"number","route":null,"body":%s}`, r.Body)
	}
	return fmt.Sprintf(`{"kind":"object","route":%q,"body":%s}`, r.Route, r.Body)
}

// instead says how sessions end that we do not serve like the reference: what closes them, or the
// last thing sent.
var instead = map[string]string{
	"request-id-2147483648": `42["message","{\"id\":2147483648,\"body\":{}}"]`,
	"not-json":              "CAUSE_MALFORMED",
	"empty-body":            `42["message","{\"id\":2,\"body\":{\"alive\":1}}"]`,
	"not-json-fatal":        "CAUSE_MALFORMED",
	"not-a-string":          "CAUSE_MALFORMED",
	"client-disconnect":     "CAUSE_CLIENT",
}

func TestRecordedSessionsReplay(t *testing.T) {
	var v transcripts
	load(t, "transcripts.json", &v)
	for _, s := range v.Transcripts {
		t.Run(s.Name, func(t *testing.T) {
			l := newLab(s.Profile)
			var want []string
			for _, step := range s.Steps {
				if step.Send != "" {
					l.hears(step.Send)
				}
				if r := step.Recv; r != "" && r != "40" && r != "41" { // those are the Conn's, or differ by version
					want = append(want, r)
				}
			}
			if end, ok := instead[s.Name]; ok {
				if got := l.end(); got != end {
					t.Errorf("the session ends with %s, want %s", got, end)
				}
				return
			}
			if s.Fault {
				t.Fatal("no word of what is done instead")
			}
			l.adapt(s.Name, want)
			if !slices.Equal(l.sent, want) {
				t.Errorf("sent\n%q, want\n%q", l.sent, want)
			}
		})
	}
}

// adapt changes what is free to differ: a batch of one, numbers as reasons and the default of one,
// and the answer to a route without a dot, which the reference leaves out.
func (l *lab) adapt(name string, want []string) {
	switch name {
	case "push-buffered":
		want[0] = `42["message","{\"id\":1,\"body\":{\"ok\":true}}"]`
	case "kick-number":
		want[1] = strings.Replace(want[1], "5", `\"\"`, 1)
	case "kick-no-reason":
		want[1] = strings.Replace(want[1], "kick\\\"}", `\"}`, 1)
	case "unknown-route":
		l.sent = l.sent[:1]
	}
}

func (l *lab) end() string {
	if l.ended != nil {
		return l.ended.Cause.String()
	}
	return l.sent[len(l.sent)-1]
}
