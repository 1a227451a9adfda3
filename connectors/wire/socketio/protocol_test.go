package socketio_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/wire/engineio"
	"github.com/fairlead-go/fairlead/connectors/wire/socketio"
	"github.com/fairlead-go/fairlead/messages"
)

// Seats in the main namespace.
var (
	seat3 = socketio.Seat{Version: engineio.V3, SID: "SID"}
	seat4 = socketio.Seat{Version: engineio.V4, SID: "SID"}
)

// in is a seat of a client that asks for a mode.
func in(m socketio.Mode) socketio.Seat { return socketio.Seat{Version: engineio.V4, Mode: m} }

func TestTheApplicationIsAskedAtOnce(t *testing.T) {
	seat := seat4
	seat.Hello = connectors.Hello{Connector: "sio", Raw: []byte(`{"auth":1}`)}
	l := sit(socketio.Config{}, seat)
	if h := l.step.Hello; h == nil || h.Connector != "sio" || string(h.Raw) != `{"auth":1}` {
		t.Errorf("hello = %v", l.step.Hello)
	}
	if len(l.step.Send) > 0 || l.step.Codec != nil {
		t.Error("the client is let in unasked")
	}
}

func TestClientsAreLetInOrNot(t *testing.T) {
	no := errors.New("a secret")
	elsewhere := socketio.Seat{Version: engineio.V4, Namespace: "/admin", SID: "S"}
	for name, c := range map[string]struct {
		seat socketio.Seat
		err  error
		want string
	}{
		"EIO4":                         {seat4, nil, `40{"sid":"SID"}`},
		"EIO3":                         {seat3, nil, `40`},
		"elsewhere":                    {elsewhere, nil, `40/admin,{"sid":"S"}`},
		"elsewhere, EIO3":              {socketio.Seat{Version: engineio.V3, Namespace: "/admin"}, nil, `40/admin,`},
		"in the main by name":          {socketio.Seat{Version: engineio.V4, Namespace: "/", SID: "S"}, nil, `40{"sid":"S"}`},
		"refused":                      {seat4, messages.NewError(401, `no "token"`), `44{"message":"no \"token\"","data":{"code":401}}`},
		"refused without a word":       {seat4, messages.NewError(401, ""), `44{"message":"code 401","data":{"code":401}}`},
		"refused for what is not told": {seat4, no, `44{"message":"code 500","data":{"code":500}}`},
		"refused elsewhere":            {elsewhere, messages.NewError(1, "é"), `44/admin,{"message":"é","data":{"code":1}}`},
		"refused, EIO3":                {seat3, messages.NewError(401, "é"), `44"\u00e9"`},
	} {
		l := sit(socketio.Config{}, c.seat)
		l.welcome(c.err)
		if got := texts(l.step.Send); !slices.Equal(got, []string{c.want}) {
			t.Errorf("%s: %q, want %s", name, got, c.want)
		}
		if refused := l.ended != nil && l.ended.Cause == messages.CauseRefused; refused != (c.err != nil) || (l.codec == nil) != refused {
			t.Errorf("%s: ended %v, codec %v", name, l.ended, l.codec)
		}
		if l.welcome(nil); len(l.step.Send) > 0 {
			t.Errorf("%s: welcomed twice", name)
		}
	}
	for version, want := range map[engineio.Version]string{
		engineio.V4: `44/nope,{"message":"Invalid namespace"}`, engineio.V3: `44/nope,"Invalid namespace"`,
	} {
		if got := texts(socketio.AppendRefusal(nil, version, "/nope", "Invalid namespace")); !slices.Equal(got, []string{want}) {
			t.Errorf("version %d refuses a namespace with %q, want %s", version, got, want)
		}
	}
}

// told is what a client says, packet by packet; <bytes> are attachments.
func (t *talk) told(packets []string) (requests []string) {
	for _, p := range packets {
		if strings.HasPrefix(p, "<") {
			t.attaches(strings.Trim(p, "<>"))
		} else {
			t.says(p)
		}
		requests = append(requests, t.requests()...)
	}
	return requests
}

func TestWhatClientsSay(t *testing.T) {
	type says []string
	holder := `{"_placeholder":true,"num":0}`
	for name, c := range map[string]struct {
		seat socketio.Seat
		says says
		want []string
	}{
		"a request":                     {in(socketio.Events), says{`27["a.b",{"x":"é"}]`}, says{`request 7 a.b {"x":"é"}`}},
		"with the id zero":              {in(socketio.Events), says{`20["a.b",1]`}, says{`request 0 a.b 1`}},
		"a notify":                      {in(socketio.Events), says{`2["a.b",null]`}, says{`notify 0 a.b null`}},
		"without a body":                {in(socketio.Events), says{`2["a.b"]`}, says{`notify 0 a.b `}},
		"with more arguments":           {in(socketio.Events), says{`2["a.b",1,2,"x"]`}, says{`notify 0 a.b 1`}},
		"with blanks":                   {in(socketio.Events), says{"2 [ \"a.b\" ,\t{ \"a\" : [ ] } ]\n"}, says{`notify 0 a.b { "a" : [ ] }`}},
		"with an escaped name":          {in(socketio.Events), says{`2["\u0061.\"\\\/\b\f\n\r\t\ud83d\ude00\ud83d",1]`}, says{"notify 0 a.\"\\/\b\f\n\r\t😀\ufffd 1"}},
		"with a number for a name":      {in(socketio.Events), says{`2[-1.5,1]`}, says{`notify 0 -1.5 1`}},
		"called message":                {in(socketio.Events), says{`2["message","\u0000"]`}, says{`notify 0 message "\u0000"`}},
		"with a body of marks":          {in(socketio.Events), says{`2["a","],\"}[{",2]`}, says{`notify 0 a "],\"}[{"`}},
		"with a body of bytes":          {in(socketio.Events), says{`51-7["a",` + holder + `]`, `<b>`}, says{`request 7 a b ENCODING_RAW`}},
		"with bytes in its body":        {in(socketio.Events), says{`51-["a",[` + holder + `]]`, `<b>`}, says{`notify 0 a [` + holder + `] <b>`}},
		"with bytes behind its body":    {in(socketio.Events), says{`51-["a",{},` + holder + `]`, `<b>`}, says{`notify 0 a {} <b>`}},
		"with bytes used twice":         {in(socketio.Events), says{`51-["a",[` + holder + `,` + holder + `]]`, `<b>`}, says{`notify 0 a [` + holder + `,` + holder + `] <b>`}},
		"with bytes not used":           {in(socketio.Events), says{`51-["a",{}]`, `<b>`}, says{`notify 0 a {} <b>`}},
		"announced without bytes":       {in(socketio.Events), says{`50-["a",{}]`}, says{`notify 0 a {}`}},
		"a placeholder that is data":    {in(socketio.Events), says{`2["a",` + holder + `]`}, says{`notify 0 a ` + holder}},
		"acknowledgements":              {in(socketio.Events), says{`31[1]`, `61-1[` + holder + `]`, `<b>`, `2["a"]`}, says{`notify 0 a `}},
		"a pomelo request":              {in(socketio.Pomelo), says{`2["message","\u0000\u0000\u0000\u0007\u0003a.b{\"x\":\"é\\n\"}"]`}, says{`request 7 a.b {"x":"é\n"}`}},
		"with an acknowledgement":       {in(socketio.Pomelo), says{`25["message","\u0000\u0000\u0000\u0007\u0001a1"]`}, says{`request 7 a 1`}},
		"with an escaped name of event": {in(socketio.Pomelo), says{`2["\u006dessage","\u0000\u0000\u0000\u0007\u0001a1"]`}, says{`request 7 a 1`}},
		"with the largest id":           {in(socketio.Pomelo), says{`2["message","ÿÿÿÿ` + `\u0001a1"]`}, says{`request 4294967295 a 1`}},
		"with units above U+00FF":       {in(socketio.Pomelo), says{`2["message","\u0000\u0000\u0000āāa1"]`}, says{`request 1 a 1`}},
		"with marks in its header":      {in(socketio.Pomelo), says{`2["message","\"\\\/\b\u0001a1"]`}, says{`request 576466696 a 1`}},
		"with pairs in its header":      {in(socketio.Pomelo), says{`2["message","😀😀\u0001a1"]`}, says{`request 1023425792 a 1`}},
		"with pairs in its route":       {in(socketio.Pomelo), says{`2["message","\u0000\u0000\u0000\u0007\u0006😀\ud83d\ude00\ud83da1"]`}, says{"request 7 😀😀\ufffda 1"}},
		"without a route":               {in(socketio.Pomelo), says{`2["message","\u0000\u0000\u0000\u0007\u00001"]`}, says{`request 7  1`}},
		"with a body in blanks":         {in(socketio.Pomelo), says{`2["message","\u0000\u0000\u0000\u0007\u0001a null\n"]`}, says{`request 7 a {}`}},
		"with other events":             {in(socketio.Pomelo), says{`21["other","x"]`, `51-["other",` + holder + `]`, `<b>`}, nil},
		"an id that comes again":        {in(socketio.Pomelo), says{`2["message","\u0000\u0000\u0000\u0002\u0001a1"]`, `2["message","\u0000\u0000\u0000\u0002\u0001b2"]`}, says{`request 2 a 1`, `request 2 b 2`}},
		"elsewhere":                     {socketio.Seat{Version: engineio.V4, Namespace: "/x", Mode: socketio.Events}, says{`2/x,7["a",1]`, `51-/x,8["b",` + holder + `]`, `<b>`}, says{`request 7 a 1`, `request 8 b b ENCODING_RAW`}},
		"an old client that connects":   {seat3, says{`0`, `0/x?a=b`, `2["a",1]`}, says{`notify 0 a 1`}},
	} {
		t.Run(name, func(t *testing.T) {
			l := enter(socketio.Config{}, c.seat)
			if got := l.told(c.says); !slices.Equal(got, c.want) || l.ended != nil {
				t.Errorf("requests = %q, ended %v, want %q", got, l.ended, c.want)
			}
		})
	}
}

func TestWhatEndsAConversation(t *testing.T) {
	type says []string
	events := in(socketio.Events)
	for name, c := range map[string]struct {
		seat socketio.Seat
		says says
		want error
	}{
		"no packet":                       {seat4, says{`x`}, socketio.ErrType},
		"a second connect":                {seat4, says{`0`}, socketio.ErrState},
		"a server's error":                {seat4, says{`4"x"`}, socketio.ErrType},
		"a server's error, EIO3":          {seat3, says{`4"x"`}, socketio.ErrType},
		"a disconnect with more":          {seat4, says{`1{}`}, socketio.ErrPayload},
		"an event of nothing":             {seat4, says{`2`}, socketio.ErrPayload},
		"an event of no arguments":        {seat4, says{`2[]`}, socketio.ErrPayload},
		"an event that is an object":      {seat4, says{`2{"a":1}`}, socketio.ErrPayload},
		"an event that is a text":         {seat4, says{`2"a"`}, socketio.ErrPayload},
		"an event that is no JSON":        {seat4, says{`2["a",]`}, socketio.ErrPayload},
		"an event with more behind":       {seat4, says{`2["a"]x`}, socketio.ErrPayload},
		"a name that is a list":           {seat4, says{`2[["a"]]`}, socketio.ErrPayload},
		"a name that is null":             {seat4, says{`2[null]`}, socketio.ErrPayload},
		"a reserved name":                 {seat4, says{`2["connect_error"]`}, socketio.ErrPayload},
		"a reserved name, escaped":        {seat4, says{`2["\u0063onnect"]`}, socketio.ErrPayload},
		"an acknowledgement that is none": {seat4, says{`31{}`}, socketio.ErrPayload},
		"eleven attachments":              {events, says{`511-["a"]`}, socketio.ErrAttachments},
		"text amid attachments":           {events, says{`52-["a"]`, `<b>`, `2["a"]`}, socketio.ErrAwaited},
		"a disconnect amid attachments":   {events, says{`52-["a"]`, `<b>`, `1`}, socketio.ErrAwaited},
		"bytes unannounced":               {events, says{`<b>`}, socketio.ErrUnbidden},
		"an attachment too many":          {events, says{`51-["a"]`, `<b>`, `<b>`}, socketio.ErrUnbidden},
		"a placeholder out of range":      {events, says{`51-["a",{"_placeholder":true,"num":1}]`}, socketio.ErrPlaceholder},
		"one deep inside":                 {events, says{`51-["a",{"x":[0,{"num":"0","_placeholder":true}]}]`}, socketio.ErrPlaceholder},
		"one in an acknowledgement":       {events, says{`61-1[{"_placeholder":true,"num":-1}]`}, socketio.ErrPlaceholder},
		"no text in pomelo mode":          {in(socketio.Pomelo), says{`2["message",{"a":1}]`}, socketio.ErrText},
		"no argument in pomelo mode":      {in(socketio.Pomelo), says{`2["message"]`}, socketio.ErrText},
		"half a header":                   {in(socketio.Pomelo), says{`2["message","\u0000\u0000\u0000\u0007"]`}, socketio.ErrHeader},
		"half a route":                    {in(socketio.Pomelo), says{`2["message","\u0000\u0000\u0000\u0007\u0003ab"]`}, socketio.ErrHeader},
		"half a character in a route":     {in(socketio.Pomelo), says{`2["message","\u0000\u0000\u0000\u0007\u0002a😀1"]`}, socketio.ErrHeader},
		"a body that is no JSON":          {in(socketio.Pomelo), says{`2["message","\u0000\u0000\u0000\u0007\u0001a{bad"]`}, socketio.ErrPayload},
		"a body of blanks":                {in(socketio.Pomelo), says{`2["message","\u0000\u0000\u0000\u0007\u0001a "]`}, socketio.ErrPayload},
	} {
		t.Run(name, func(t *testing.T) {
			l := enter(socketio.Config{}, c.seat)
			l.told(c.says)
			if l.ended == nil || l.ended.Cause != messages.CauseMalformed || l.ended.Text != c.want.Error() {
				t.Errorf("ended %v, want %v", l.ended, c.want)
			}
			if got := l.told(says{`2["a"]`, `0`, `<b>`}); len(got) > 0 || l.step.Close != nil {
				t.Errorf("a closed conversation goes on: %q", got)
			}
		})
	}
}

func TestClientsLeave(t *testing.T) {
	for name, l := range map[string]*talk{
		"EIO4": enter(socketio.Config{}, seat4), "EIO3": enter(socketio.Config{}, seat3),
		"before they are let in": sit(socketio.Config{}, seat4),
	} {
		l.says("1")
		if l.ended == nil || l.ended.Cause != messages.CauseClient || len(l.step.Send) > 0 {
			t.Errorf("%s: ended %v, sent %q", name, l.ended, l.step.Send)
		}
		if l.welcome(nil); len(l.step.Send) > 0 || l.codec != nil && name == "before they are let in" {
			t.Errorf("%s: who has left is let in", name)
		}
	}
}

func TestWhatComesTooEarly(t *testing.T) {
	for _, early := range []string{`2["a"]`, `51-["a"]`, `0`, `31[]`} {
		l := sit(socketio.Config{}, seat4)
		if l.says(early); l.ended == nil || l.ended.Text != socketio.ErrState.Error() {
			t.Errorf("EIO4, %s: ended %v", early, l.ended)
		}
	}
	l := sit(socketio.Config{}, seat3)
	got := l.told([]string{`2["a"]`, `0`, `51-["a"]`, `<b>`})
	if l.ended != nil || len(got) > 0 || l.step.Codec != nil {
		t.Errorf("EIO3: ended %v, requests %q", l.ended, got)
	}
	l.welcome(nil)
	if got := l.told([]string{`2["b"]`}); !slices.Equal(got, []string{"notify 0 b "}) {
		t.Errorf("requests = %q: what came too early has settled something", got)
	}
}

func TestWhatIsSaidIsTheRequestsOwn(t *testing.T) {
	for _, c := range [][]string{
		{`2["message","\u0000\u0000\u0000\u0001\u0001a{\"x\":1}"]`},
		{`21["a",{"x":1}]`},
		{`52-1["a",{"x":1}]`, `bytes`, `bytes`},
	} {
		l := enter(socketio.Config{}, seat4)
		for i, said := range c {
			b := []byte(said)
			l.step.Reset()
			l.Feed(&l.step, connectors.Frame{Data: b, Text: i == 0}, time.Time{})
			clear(b)
		}
		r := l.step.Requests[0]
		if r.Route != "a" || string(r.Body) != `{"x":1}` || len(c) > 1 && string(slices.Concat(r.Attachments...)) != "bytesbytes" {
			t.Errorf("%s: %q", c[0], l.requests())
		}
	}
}

func TestNothingIsSharedBetweenBodies(t *testing.T) {
	l := enter(socketio.Config{}, in(socketio.Pomelo))
	for range 2 {
		l.says(`2["message","\u0000\u0000\u0000\u0001\u0001a"]`)
		r := l.step.Requests[0]
		if string(r.Body) != "{}" {
			t.Fatalf("body = %s", r.Body)
		}
		clear(r.Body)
	}
}

func TestTimeEndsNothing(t *testing.T) {
	l := enter(socketio.Config{}, seat4)
	l.step.Reset()
	if l.Expire(&l.step, time.Now().Add(time.Hour)); l.step.Close != nil || !l.step.Expire.IsZero() {
		t.Error("a conversation has a deadline")
	}
}
