package pomelo_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/wire/pomelo"
	"github.com/fairlead-go/fairlead/messages"
)

// data is the package that holds a message written as text.
func data(message string) string {
	b, _ := pomelo.Package{Type: pomelo.TypeData, Body: []byte(message)}.Append(nil)
	return string(b)
}

func TestResponses(t *testing.T) { // P6.6, P7.2
	fails := func(code int32, msg, body string) *messages.Response {
		return &messages.Response{Error: messages.NewError(code, msg), Body: []byte(body)}
	}
	answers := func(body string) *messages.Response { return &messages.Response{Body: []byte(body)} }
	for name, c := range map[string]struct {
		r    *messages.Response
		want string
	}{
		"a body":                  {answers(`{"a":"<&>"}`), `{"a":"<&>"}`},
		"a list":                  {answers(`[]`), `[]`},
		"true":                    {answers(`true`), `true`},
		"a number":                {answers(`-1.5`), `-1.5`},
		"text":                    {answers(`"a"`), `"a"`},
		"nothing":                 {&messages.Response{}, `{}`},
		"no bytes":                {answers(``), `{}`},
		"null":                    {answers(`null`), `{}`},
		"false":                   {answers(`false`), `{}`},
		"zero":                    {answers(`0`), `{}`},
		"the empty text":          {answers(`""`), `{}`},
		"beyond the BMP":          {answers(`"😀"`), `"\ud83d\ude00"`}, // P9.2
		"bytes that are no text":  {answers("\"\xf0\xff\""), "\"\xf0\xff\""},
		"raw bytes":               {&messages.Response{Encoding: messages.Raw, Body: []byte("\xf0\x9f\x98\x80\x00")}, "\xf0\x9f\x98\x80\x00"},
		"an empty protobuf":       {&messages.Response{Encoding: messages.Protobuf}, ""},
		"raw and false":           {&messages.Response{Encoding: messages.Raw, Body: []byte("0")}, "0"},
		"an error":                {fails(500, "", ""), `{"code":500}`},
		"an error with a word":    {fails(404, "no \"room\"\n", ""), `{"code":404,"msg":"no \"room\"\n"}`},
		"a negative code":         {fails(-1, "", ""), `{"code":-1}`},
		"a code that says none":   {fails(0, "", ""), `{"code":500}`},
		"an error's own body":     {fails(500, "x", `{"code":7,"why":"b"}`), `{"code":7,"why":"b"}`},
		"an error's own null":     {fails(500, "x", `null`), `null`},
		"an error beyond the BMP": {fails(1, "😀<é\u2028\x00\x7f", ""), `{"code":1,"msg":"\ud83d\ude00<é` + "\u2028" + `\u0000` + "\x7f" + `"}`},
	} {
		got, err := pomelo.Codec{}.AppendResponse([]byte("before"), connectors.Origin{ID: 300, Route: "r"}, c.r)
		if want := "before" + data("\x04\xac\x02"+c.want); err != nil || string(got) != want {
			t.Errorf("%s: %q, %v, want %q", name, got, err, want)
		}
	}
}

func TestPushes(t *testing.T) { // P6.1, P11.5
	long := strings.Repeat("r", pomelo.MaxRoute)
	for name, c := range map[string]struct {
		p    *messages.Push
		want string
		err  error
	}{
		"an object":               {&messages.Push{Route: "onChat", Body: []byte(`{"a":1}`)}, "\x06\x06onChat" + `{"a":1}`, nil},
		"a falsy value":           {&messages.Push{Route: "r", Body: []byte(`0`)}, "\x06\x01r0", nil},
		"beyond the BMP":          {&messages.Push{Route: "😀", Body: []byte(`"😀"`)}, "\x06\x04😀" + `"\ud83d\ude00"`, nil},
		"raw bytes":               {&messages.Push{Route: "r", Body: []byte("😀"), Encoding: messages.Raw}, "\x06\x01r😀", nil},
		"no route":                {&messages.Push{Body: []byte(`1`)}, "\x06\x001", nil},
		"the longest route":       {&messages.Push{Route: long, Body: []byte(`1`)}, "\x06\xff" + long + "1", nil},
		"a longer one":            {&messages.Push{Route: long + "r", Body: []byte(`1`)}, "", pomelo.ErrRoute},
		"a route that is no text": {&messages.Push{Route: "\xff", Body: []byte(`1`)}, "", pomelo.ErrRoute},
		"nothing":                 {&messages.Push{Route: "r"}, "", pomelo.ErrNull}, // F 7
		"no bytes":                {&messages.Push{Route: "r", Body: []byte{}}, "", pomelo.ErrNull},
		"null":                    {&messages.Push{Route: "r", Body: []byte(`null`)}, "", pomelo.ErrNull},
	} {
		want := "before"
		if c.err == nil {
			want += data(c.want)
		}
		got, err := pomelo.Codec{}.AppendPush([]byte("before"), c.p)
		if !errors.Is(err, c.err) || string(got) != want {
			t.Errorf("%s: %q, %v, want %q, %v", name, got, err, want, c.err)
		}
	}
}

func TestAttachmentsAreRefused(t *testing.T) {
	beside := [][]byte{[]byte("bytes")}
	b, err := pomelo.Codec{}.AppendResponse([]byte("x"), connectors.Origin{ID: 1}, &messages.Response{Body: []byte(`{}`), Attachments: beside})
	if !errors.Is(err, pomelo.ErrAttachments) || string(b) != "x" {
		t.Errorf("a response with attachments = %q, %v, want %v", b, err, pomelo.ErrAttachments)
	}
	b, err = pomelo.Codec{}.AppendPush([]byte("x"), &messages.Push{Route: "r", Body: []byte(`{}`), Attachments: beside})
	if !errors.Is(err, pomelo.ErrAttachments) || string(b) != "x" {
		t.Errorf("a push with attachments = %q, %v, want %v", b, err, pomelo.ErrAttachments)
	}
}

func TestKicks(t *testing.T) { // P12.1
	for reason, want := range map[string]string{
		"kick":                 `{"reason":"kick"}`,
		"":                     `{"reason":""}`,
		"安é\"\\\b\f\n\r\t\x1f": `{"reason":"安é\"\\\b\f\n\r\t\u001f"}`,
		"<&>\u2028":            `{"reason":"<&>` + "\u2028" + `"}`,
		"😀\xff":                `{"reason":"\ud83d\ude00` + "\ufffd" + `"}`,
	} {
		want := "before\x05\x00\x00" + string(rune(len(want))) + want
		if got, err := (pomelo.Codec{}).AppendKick([]byte("before"), &messages.Kick{Reason: reason}); err != nil || string(got) != want {
			t.Errorf("%q: %q, %v, want %q", reason, got, err, want)
		}
	}
	back := &messages.Kick{Reason: "draining", RetryAfterMs: 1000, SpreadMs: 5000}
	want := `{"reason":"draining","retryAfterMs":1000,"spreadMs":5000}`
	if got, err := (pomelo.Codec{}).AppendKick(nil, back); err != nil || string(got[pomelo.HeaderLen:]) != want {
		t.Errorf("with advice: %q, %v, want %q", got, err, want)
	}
}

func TestWhatIsSentFitsItsLength(t *testing.T) { // P2.1, F 14
	const room = pomelo.MaxBody - len("\x04\x01") // of a response, and of a push without a route
	text := `"` + strings.Repeat("x", room-2) + `"`
	for name, c := range map[string]struct {
		body string
		err  error
	}{
		"the longest":            {text, nil},
		"one byte more":          {text + "x", pomelo.ErrTooLong},
		"longer for its escapes": {`"😀` + text[5:], pomelo.ErrTooLong},
		"longer than any":        {text + "xxx", pomelo.ErrTooLong},
	} {
		body, before := []byte(c.body), []byte("before")
		got, err := pomelo.Codec{}.AppendResponse(before, connectors.Origin{ID: 1}, &messages.Response{Body: body})
		if !errors.Is(err, c.err) || err != nil && string(got) != "before" {
			t.Errorf("response, %s: %d bytes, %v, want %v", name, len(got), err, c.err)
		}
		got, err = pomelo.Codec{}.AppendPush(before, &messages.Push{Body: body})
		if !errors.Is(err, c.err) || err != nil && string(got) != "before" {
			t.Errorf("push, %s: %d bytes, %v, want %v", name, len(got), err, c.err)
		}
	}
	reason := strings.Repeat("x", pomelo.MaxBody-len(`{"reason":""}`))
	if _, err := (pomelo.Codec{}).AppendKick(nil, &messages.Kick{Reason: reason}); err != nil {
		t.Errorf("the longest kick: %v", err)
	}
	if got, err := (pomelo.Codec{}).AppendKick([]byte("before"), &messages.Kick{Reason: reason + "x"}); !errors.Is(err, pomelo.ErrTooLong) || string(got) != "before" {
		t.Errorf("a longer kick: %d bytes, %v, want %v", len(got), err, pomelo.ErrTooLong)
	}
}

func TestResponseIdsEndAt32Bits(t *testing.T) { // P6.4
	for id, want := range map[uint64]error{pomelo.MaxID: nil, pomelo.MaxID + 1: pomelo.ErrID} {
		if _, err := (pomelo.Codec{}).AppendResponse(nil, connectors.Origin{ID: id}, &messages.Response{}); !errors.Is(err, want) {
			t.Errorf("id %d: err = %v, want %v", id, err, want)
		}
	}
}

func TestTextReachesBrowsersAndComesBack(t *testing.T) { // P9.2, F 12
	var v textVectors
	load(t, "pomelo-text.json", &v)
	for _, c := range v.Cases {
		got, err := pomelo.Codec{}.AppendPush(nil, &messages.Push{Body: c.UTF8})
		if want := data("\x06\x00" + c.SafeForm); err != nil || string(got) != want {
			t.Errorf("%s: push = %q, %v, want %q", c.Name, got, err, want)
		}
		talk := opened(pomelo.Config{}, hello, ack)
		talk.says(data("\x02\x00" + string(c.BrowserEncodes)))
		if got, want := string(talk.step.Requests[0].Body), string(c.UTF8); got != want {
			t.Errorf("%s: request = %q, want %q", c.Name, got, want)
		}
	}
}

func TestOnlyWholePairsAreJoined(t *testing.T) { // P9.2
	for name, body := range map[string]string{
		"a character near the surrogates": "\ud7ff\ue000",
		"a high one alone":                "\xed\xa0\xbd",
		"a low one alone":                 "\xed\xb8\x80",
		"a low one first":                 "\xed\xb8\x80\xed\xa0\xbd",
		"a pair cut short":                "\xed\xa0\xbd\xed\xb8",
		"a pair with a gap":               "\xed\xa0\xbd-\xed\xb8\x80",
		"no continuation":                 "\xed\xa0\xfd\xed\xb8\x80",
		"what is UTF-8":                   "é한中😀",
	} {
		talk := opened(pomelo.Config{}, hello, ack)
		talk.says(data("\x02\x00" + body))
		if got := string(talk.step.Requests[0].Body); got != body {
			t.Errorf("%s: %q became %q", name, body, got)
		}
	}
}

func TestLongTextIsEscapedWhereverItStands(t *testing.T) { // P9.2
	for i := range 20 {
		s := strings.Repeat("x", i) + "😀" + strings.Repeat("é", i) + "\U0010ffff"
		b, err := pomelo.Codec{}.AppendPush(nil, &messages.Push{Body: []byte(`"` + s + `"`)})
		if err != nil {
			t.Fatal(err)
		}
		var got string
		if err := json.Unmarshal(b[pomelo.HeaderLen+2:], &got); err != nil || got != s {
			t.Errorf("%q reads as %q, %v", s, got, err)
		}
		for _, c := range b[pomelo.HeaderLen:] {
			if c >= 0xf0 {
				t.Errorf("%q holds the byte %x", b, c)
			}
		}
	}
}
