package pomelo_test

import (
	"errors"
	"strings"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/wire/pomelo"
	"github.com/fairlead-go/fairlead/messages"
)

// deed is something that happens in a conversation: time passes, and then a frame
// comes, or the application answers, or Expire is called.
type deed struct {
	wait    time.Duration
	frame   *connectors.Frame
	welcome bool
	user    any
	err     error
}

// What bytes of a script mean: three bits a verb, five a number for it.
const (
	verbRaw     = iota // the number and a byte are a length: a frame of as many bytes
	verbCanned         // one of the canned frames
	verbData           // a byte is a length: a data package that holds as many bytes
	verbWait           // the number times half a second
	verbWelcome        // one of the answers
	verbGlue           // the next frame goes into one with what follows
	verbCut            // the last frame again, cut at a byte's place
	verbHello          // a byte is a length: a handshake that says as many bytes
)

// canned are frames worth saying.
var canned = []string{
	hello, ack, beat, ask, tell, goAway, "", "\x00", "\x04", "\x04\xff\xff\xff", "\x04\x00\x00\x0aab",
	handshake(`{"sys":0}`), handshake(`{"sys":{"type":"panic"}}`), nested(32), nested(33),
	data("\x01\x07\x00\x01"), data("\x01\x07\xff\xff"), data("\x00\x00\x01r"), data("\x04\x01"),
	data("\x00\x07\x01r\x08\x05"), data("\x02\x01r\x0a\x05"), data("\x02\x01r\xed\xa0\xbd\xed\xb8\x80"),
	data("\x00\xff\xff\xff\xff\x0f\x01r{}"), data("\x00\x80\x80\x80\x80\x10\x01r"), data("\x08\x01\x01r"),
	"\x04\x00\x01\x90" + strings.Repeat("x", 400), "\x04\x00\x01\x91" + strings.Repeat("x", 401),
	"\x01\x00\x00\xc9" + strings.Repeat("x", 201), data("panic"), data("error"), data("far"), data("none"),
}

// answers are what an application says to a client that would come in.
var answers = []deed{
	{},
	{user: "user"},
	{user: map[string]any{"a": "<😀>"}},
	{user: func() {}},
	{user: panicking{}},
	{err: messages.NewError(400, "")},
	{err: messages.NewError(200, "")},
	{err: errors.New("secret")},
}

// panicking is a value that has no JSON form, and says so loudly.
type panicking struct{}

func (panicking) MarshalJSON() ([]byte, error) { return nil, errors.New("no") }

// script reads what happens.
type script struct {
	b     []byte
	deeds []deed
	glue  []byte
	text  bool
	last  []byte
}

func deedsOf(b []byte) []deed {
	s := &script{b: b}
	for len(s.b) > 0 && len(s.deeds) < 200 {
		op := s.byte()
		s.do(op&7, int(op>>3))
	}
	return s.deeds
}

func (s *script) do(verb byte, n int) {
	switch verb {
	case verbRaw:
		s.say(s.bytes(n<<8 | int(s.byte())))
	case verbCanned:
		s.say([]byte(canned[n%len(canned)]))
	case verbData:
		s.say([]byte(data(string(s.bytes(int(s.byte()))))))
	case verbWait:
		s.deeds = append(s.deeds, deed{wait: time.Duration(n) * 500 * ms})
	case verbWelcome:
		answer := answers[n%len(answers)]
		answer.welcome = true
		s.deeds = append(s.deeds, answer)
	case verbGlue:
		s.glue, s.text = append(s.glue, s.last...), n%2 == 1
	case verbCut:
		s.say(s.last[:min(int(s.byte()), len(s.last))])
	case verbHello:
		s.say([]byte(handshake(string(s.bytes(int(s.byte()))))))
	}
}

func (s *script) say(b []byte) {
	s.last = append(s.glue[:len(s.glue):len(s.glue)], b...)
	s.deeds = append(s.deeds, deed{frame: &connectors.Frame{Data: s.last, Text: s.text}})
	s.glue, s.text = nil, false
}

func (s *script) byte() (c byte) {
	if len(s.b) > 0 {
		c, s.b = s.b[0], s.b[1:]
	}
	return c
}

func (s *script) bytes(n int) []byte {
	n = min(n, len(s.b))
	b := s.b[:n:n]
	s.b = s.b[n:]
	return b
}

// scripted is a script that says these frames, the application nodding to all.
func scripted(frames ...string) (b []byte) {
	for _, f := range frames {
		n := min(len(f), 31<<8|255)
		b = append(b, byte(n>>8)<<3+verbRaw, byte(n))
		b = append(b, f[:n]...)
		b = append(b, 1<<3|verbWelcome)
	}
	return b
}

// custom decodes as an application's own message layer may, and may not.
func custom(body []byte) (*messages.Request, error) {
	switch string(body) {
	case "panic":
		panic("decode")
	case "error":
		return nil, errors.New("decode")
	case "none":
		return nil, nil
	case "far":
		return &messages.Request{Id: pomelo.MaxID + 1, Route: "r"}, nil
	}
	return &messages.Request{Id: uint64(len(body) % 2), Route: "r", Body: body, Encoding: messages.Raw}, nil
}
