package pomelo_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/wire/pomelo"
	"github.com/fairlead-go/fairlead/messages"
)

// What clients say.
const (
	hello  = "\x01\x00\x00\x0a" + `{"sys":{}}`
	ack    = "\x02\x00\x00\x00"
	beat   = "\x03\x00\x00\x00"
	ask    = "\x04\x00\x00\x06" + "\x00\x01\x01r{}"
	tell   = "\x04\x00\x00\x05" + "\x02\x01r{}"
	goAway = "\x05\x00\x00\x00"
)

// begin is when every conversation of these tests opens.
var begin = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// talk is a conversation, with the step of the last thing that happened.
type talk struct {
	*pomelo.Protocol
	now  time.Time
	step connectors.Step
}

// open opens a conversation with the defaults of cfg.
func open(cfg pomelo.Config) *talk {
	cfg = cfg.WithDefaults()
	c := &talk{Protocol: pomelo.NewProtocol(&cfg, connectors.Hello{Connector: "c", Transport: "tcp"}), now: begin}
	c.Open(&c.step, c.now)
	return c
}

// opened is a conversation in which all this was said and welcomed already.
func opened(cfg pomelo.Config, said ...string) *talk {
	c := open(cfg)
	for _, s := range said {
		if c.says(s); c.step.Hello != nil {
			c.welcome(nil, nil)
		}
	}
	return c
}

// says feeds one binary frame and tells what is to be done.
func (c *talk) says(frame string) string {
	return c.frame(connectors.Frame{Data: []byte(frame)})
}

func (c *talk) frame(f connectors.Frame) string {
	c.step = connectors.Step{}
	c.Feed(&c.step, f, c.now)
	clear(f.Data) // nothing may keep it
	return todo(c.step)
}

func (c *talk) welcome(user any, err error) string {
	c.step = connectors.Step{}
	c.Welcome(&c.step, user, err, c.now)
	return todo(c.step)
}

// at lets the clock stand at begin + d and expires.
func (c *talk) at(d time.Duration) string {
	c.now = begin.Add(d)
	c.step = connectors.Step{}
	c.Expire(&c.step, c.now)
	return todo(c.step)
}

// todo writes a step down: what is sent, routed, asked, and why it closes.
func todo(s connectors.Step) string {
	var do []string
	if len(s.Send) > 0 {
		do = append(do, fmt.Sprintf("send %q", s.Send))
	}
	for _, r := range s.Requests {
		what := "request"
		if r.Notify {
			what = "notify"
		}
		do = append(do, fmt.Sprintf("%s %d %s %s", what, r.Id, r.Route, r.Body))
	}
	if s.Lost > 0 {
		do = append(do, fmt.Sprintf("lost %d", s.Lost))
	}
	if s.Hello != nil {
		do = append(do, "welcome?")
	}
	if s.Codec != nil {
		do = append(do, "works")
	}
	if s.Close != nil {
		do = append(do, "close "+s.Close.Cause.Word())
	}
	return strings.Join(do, ", ")
}

func TestStates(t *testing.T) { // P3, P3.1: what is not named is ignored
	said := map[string][]string{
		"inited":   nil,
		"wait-ack": {hello},
		"working":  {hello, ack},
		"closed":   {goAway},
	}
	for state, row := range map[string]map[string]string{
		"inited":   {hello: "welcome?", ack: "", beat: "", ask: "", goAway: "close malformed"},
		"wait-ack": {hello: "", ack: `send "\x03\x00\x00\x00", works`, beat: "", ask: "", goAway: "close malformed"},
		"working":  {hello: "", ack: "", beat: `send "\x03\x00\x00\x00"`, ask: "request 1 r {}", goAway: "close malformed"},
		"closed":   {hello: "", ack: "", beat: "", ask: "", goAway: "", "\xff": "", "": ""},
	} {
		for frame, want := range row {
			c := opened(pomelo.Config{Heartbeat: time.Second}, said[state]...)
			if got := c.says(frame); got != want {
				t.Errorf("%s, %q: %s, want %s", state, frame, got, want)
			}
		}
	}
}

func TestWorking(t *testing.T) {
	big := "\x04\x01\x00\x00" + "\x02\x01r" + strings.Repeat("x", 1<<16-3)
	for name, c := range map[string]struct{ frame, want string }{
		"a request":                      {ask, "request 1 r {}"},                                                             // P6.1
		"a notify":                       {tell, "notify 0 r {}"},                                                             // P6.1
		"a push is a notify":             {"\x04\x00\x00\x03\x06\x01r", "notify 0 r "},                                        // P6.8
		"a response is a server's":       {"\x04\x00\x00\x02\x04\x01", "close malformed"},                                     // P6.8
		"id 0 is a notify":               {"\x04\x00\x00\x04\x00\x00\x01r", "notify 0 r "},                                    // P6.4
		"id 2^32-1":                      {"\x04\x00\x00\x08\x00\xff\xff\xff\xff\x0f\x01r", "request 4294967295 r "},          // P6.4
		"id 2^32":                        {"\x04\x00\x00\x08\x00\x80\x80\x80\x80\x10\x01r", "close malformed"},                // P6.4, F 1
		"the gzip flag means nothing":    {"\x04\x00\x00\x04\x10\x01\x01r", "request 1 r "},                                   // P6.2
		"nor do the bits above":          {"\x04\x00\x00\x04\xe0\x01\x01r", "request 1 r "},                                   // P6.2
		"an unknown kind":                {"\x04\x00\x00\x04\x08\x01\x01r", "close malformed"},                                // P6.8
		"no message in the package":      {"\x04\x00\x00\x00", "close malformed"},                                             // P6.9, F 2
		"a route cut short":              {"\x04\x00\x00\x03\x00\x01\x01", "close malformed"},                                 // P6.9
		"a route that is no text":        {"\x04\x00\x00\x04\x00\x01\x01\xff", "close malformed"},                             // P6.5
		"a code instead of a route":      {"\x04\x00\x00\x04\x01\x07\x00\x01", `send "\x04\x00\x00\x0e\x04\a{\"code\":500}"`}, // P7.1
		"a code in a notify":             {"\x04\x00\x00\x03\x03\x00\x01", ""},                                                // P7.1
		"a code in a request of id 0":    {"\x04\x00\x00\x04\x01\x00\x00\x01", ""},                                            // P7.1
		"an empty binary frame":          {"", "close malformed"},                                                             // P2.3
		"two packages in a frame":        {tell + ask, "notify 0 r {}, request 1 r {}"},                                       // P2.3
		"a heartbeat between two":        {tell + beat + ask, "notify 0 r {}, request 1 r {}"},                                // P5.2: none configured
		"half a package behind":          {tell + "\x04", "close malformed"},                                                  // P2.3
		"a header of less than 4 bytes":  {"\x04", "close malformed"},                                                         // P2.6, F 4
		"a body shorter than it says":    {"\x04\x00\x00\x0a" + "ab", "close malformed"},                                      // P2.6, F 4
		"nothing counts after an error":  {goAway + ask, "close malformed"},                                                   // P2.5
		"a heartbeat or ack with a body": {"\x03\x00\x00\x01x" + "\x02\x00\x00\x01x", ""},                                     // P2
		"a byte behind a long package":   {big + "x", "close malformed"},                                                      // P2.3
		"a bad message between two":      {tell + "\x04\x00\x00\x00" + ask, "notify 0 r {}, close malformed"},                 // P6.9
		"one byte more than the limit":   {"\x04\x01\x00\x01" + strings.Repeat("x", 1<<16+1), "close too large"},              // F 20
		"a browser's pair of surrogates": {"\x04\x00\x00\x09\x02\x01r\xed\xa0\xbd\xed\xb8\x80", "notify 0 r 😀"},               // P9.2
	} {
		if got := opened(pomelo.Config{}, hello, ack).says(c.frame); got != c.want {
			t.Errorf("%s: %.60s, want %.60s", name, got, c.want)
		}
	}
}

func TestWhatTheVectorsRejectCloses(t *testing.T) { // P2.3, P2.5, P2.6, P6.8, P6.9
	var packages packageVectors
	load(t, "pomelo-package.json", &packages)
	for _, c := range packages.Reject {
		want := "close malformed"
		if c.Name == "two-packages" {
			want = "" // P2.3: we may accept them, and do
		}
		if got := opened(pomelo.Config{}, hello, ack).says(string(c.In)); got != want {
			t.Errorf("package %s: %q, want %q", c.Name, got, want)
		}
	}
	var v messageVectors
	load(t, "pomelo-message.json", &v)
	for _, c := range v.Reject {
		if got := opened(pomelo.Config{}, hello, ack).says(data(string(c.In))); got != "close malformed" {
			t.Errorf("message %s: %q, want it closed", c.Name, got)
		}
	}
}

func TestTextFrames(t *testing.T) { // P2.3
	c := opened(pomelo.Config{}, hello, ack)
	if got := c.frame(connectors.Frame{Text: true}); got != "" {
		t.Errorf("empty: %s, want it ignored", got)
	}
	if got, want := c.frame(connectors.Frame{Text: true, Data: []byte(ask)}), "request 1 r {}"; got != want {
		t.Errorf("with a package: %s, want %s", got, want)
	}
}

func TestHandshakeAckAndDataInOneFrame(t *testing.T) { // P3.2: the ack comes too early
	c := open(pomelo.Config{})
	if got := c.says(hello + ack + ask); got != "welcome?" {
		t.Errorf("all in one: %s, want welcome?", got)
	}
	c.welcome(nil, nil)
	if got, want := c.says(ack+ask), "request 1 r {}, works"; got != want { // P3.5
		t.Errorf("ack with data behind it: %s, want %s", got, want)
	}
}

func TestLimitsFollowTheState(t *testing.T) { // F 20
	cfg := pomelo.Config{MaxHello: 20, MaxPackage: 30}
	c := open(cfg)
	if got, want := c.step.ReadLimit, pomelo.HeaderLen+20; got != want {
		t.Errorf("read limit at first = %d, want %d", got, want)
	}
	c = opened(cfg, hello, ack)
	if got, want := c.step.ReadLimit, pomelo.HeaderLen+30; got != want {
		t.Errorf("read limit after the ack = %d, want %d", got, want)
	}
	pack := func(n int) string { return "\x03\x00\x00" + string(rune(n)) + strings.Repeat("x", n) }
	for name, c := range map[string]struct {
		talk  *talk
		frame string
		want  string
	}{
		"before the ack":            {opened(cfg, hello), pack(20), ""},
		"before the ack, one more":  {opened(cfg, hello), pack(21), "close too large"},
		"at first":                  {opened(cfg), pack(20), ""},
		"at first, one more":        {opened(cfg), pack(21), "close too large"},
		"while working":             {opened(cfg, hello, ack), pack(30), ""},
		"while working, one more":   {opened(cfg, hello, ack), pack(31), "close too large"},
		"behind the ack in a frame": {opened(cfg, hello), ack + pack(30), "works"},
	} {
		if got := c.talk.says(c.frame); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestDefaults(t *testing.T) {
	got := pomelo.Config{Heartbeat: 3 * time.Second, MaxPackage: 1 << 30}.WithDefaults()
	if got.Timeout != 6*time.Second || got.HandshakeTime != 5*time.Second || got.MaxHello != 4<<10 || got.MaxPackage != pomelo.MaxBody {
		t.Errorf("WithDefaults = %+v", got)
	}
	if got := (pomelo.Config{}).WithDefaults(); got.Timeout != 0 || got.MaxPackage != 64<<10 {
		t.Errorf("WithDefaults of nothing = %+v", got)
	}
}

func TestARequestOwnsItsBytes(t *testing.T) {
	c := opened(pomelo.Config{}, hello, ack)
	c.says(ask) // says clears the frame
	r := c.step.Requests[0]
	if string(r.Body) != "{}" || r.Route != "r" || r.Encoding != messages.JSON {
		t.Errorf("request = %v", r.Request)
	}
	first := unsafe.StringData(r.Route)
	c.says(ask)
	if unsafe.StringData(c.step.Requests[0].Route) != first {
		t.Error("the route of the last request was not used again")
	}
}

func TestAnIdleClientHoldsLittle(t *testing.T) {
	if got := unsafe.Sizeof(pomelo.Protocol{}); got > 96 {
		t.Errorf("a Protocol is %d bytes, want at most 96", got)
	}
}

func TestAFrameHoldsAThousandPackagesAtMost(t *testing.T) { // P2.3
	for n, want := range map[int]string{1024: "", 1025: "close too large"} {
		c := opened(pomelo.Config{Heartbeat: -1}, hello, ack)
		c.frame(connectors.Frame{Data: []byte(strings.Repeat(beat, n))})
		if got := todo(c.step); got != want {
			t.Errorf("%d packages: %q, want %q", n, got, want)
		}
	}
}
