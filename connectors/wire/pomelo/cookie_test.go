package pomelo_test

import (
	"strings"
	"testing"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/wire/pomelo"
)

// TestCookie is P19.4.
func TestCookie(t *testing.T) {
	for name, tt := range map[string]struct {
		body, cookie string
		there        bool
	}{
		"none":               {`{"sys":{"type":"x"}}`, "", false},
		"asked for":          {`{"sys":{"cookie":""}}`, "", true},
		"given":              {`{"sys":{"type":"x","cookie":"abc"},"user":1}   `, "abc", true},
		"escaped":            {`{"sys":{"cookie":"a\u0062\n"}}`, "ab\n", true},
		"twice":              {`{"sys":{"cookie":"a"},"sys":{"cookie":"b","cookie":"c"}}`, "c", true},
		"no text":            {`{"sys":{"cookie":7}}`, "", true},
		"another case":       {`{"Sys":{"cookie":"abc"}}`, "", false},
		"beside sys":         {`{"sys":{},"cookie":"abc"}`, "", false},
		"sys is no object":   {`{"sys":"\"cookie\"","a":"cookie"}`, "", false},
		"no JSON":            {`{"sys":{"cookie":"abc"}`, "", false},
		"null":               {`{"sys":{"cookie":null}}`, "", true},
		"nested very deeply": {`{"cookie":` + strings.Repeat("[", 4000), "", false},
	} {
		t.Run(name, func(t *testing.T) {
			if cookie, there := pomelo.Cookie([]byte(tt.body)); cookie != tt.cookie || there != tt.there {
				t.Errorf("cookie = %q, %v, want %q, %v", cookie, there, tt.cookie, tt.there)
			}
		})
	}
}

// TestLookingForACookieCostsLittle: a stranger may write what is the most work, again and again.
func TestLookingForACookieCostsLittle(t *testing.T) {
	members := strings.Repeat(`"a":1,`, 600)
	body := []byte(`{` + members + `"sys":{` + members + `"cookie":"abc"}}`)
	if n := testing.AllocsPerRun(10, func() { pomelo.Cookie(body) }); n > 100 {
		t.Errorf("%v allocations for %d bytes, want 100 at most", n, len(body))
	}
}

func TestAChallengeHoldsItsCookie(t *testing.T) {
	b := pomelo.AppendChallenge([]byte("x"), "abc")
	if got, want := string(b), "x\x01\x00\x00\x23"+`{"code":428,"sys":{"cookie":"abc"}}`; got != want {
		t.Errorf("challenge = %q, want %q", got, want)
	}
}

// TestUnannouncedHeartbeatsAreAnswered is P19.7.
func TestUnannouncedHeartbeatsAreAnswered(t *testing.T) {
	cfg := pomelo.Config{Unannounced: true}.WithDefaults()
	p := pomelo.NewProtocol(&cfg, connectors.Hello{})
	var step connectors.Step
	p.Feed(&step, connectors.Frame{Data: []byte("\x01\x00\x00\x09" + `{"sys":1}`)}, time.Now())
	p.Welcome(&step, nil, nil, time.Now())
	p.Feed(&step, connectors.Frame{Data: []byte("\x02\x00\x00\x00\x03\x00\x00\x00")}, time.Now())
	if got, want := string(step.Send), "\x01\x00\x00\x15"+`{"code":200,"sys":{}}`+"\x03\x00\x00\x00\x03\x00\x00\x00"; got != want {
		t.Errorf("sent %q, want %q", got, want)
	}
}
