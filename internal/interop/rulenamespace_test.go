package interop_test

import (
	"strings"
	"testing"
	"time"

	"github.com/fairlead-go/fairlead/connectors/memory"
	"github.com/fairlead-go/fairlead/connectors/sio"
	"github.com/fairlead-go/fairlead/supervisor"
)

const kitStats = "connector.interopHandler.stats"

// TestConnects: clients of version 4 say which namespaces they want, and who they are.
func TestConnects(t *testing.T) {
	for name, tt := range map[string]struct{ sends, sees, auth string }{
		"the main namespace":          {"40", "40", "null"},
		"with a payload":              {`40{"token":"123"}`, "40", `{"token":"123"}`},
		"another one":                 {"40/custom,", "40/custom,", "null"},
		"another one without a comma": {"40/custom", "40/custom,", "null"},
		"another with a payload":      {`40/custom,{"token":"abc"}`, "40/custom,", `{"token":"abc"}`},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, events, func(t *testing.T, place *memory.Listener) {
				s := onWebSocket(t, place, 4)
				s.sends(tt.sends)
				s.hearsConnect(tt.sees)
				namespace := tt.sees[2:]
				s.sends("42" + namespace + `7["` + kitStats + `",{}]`)
				if got, want := s.next(), "43"+namespace+`7[{"auth":`+tt.auth+`,`; !strings.HasPrefix(got, want) {
					t.Errorf("got %q, want %s", got, want)
				}
			})
		})
	}
}

func TestANamespaceThatThereIsNot(t *testing.T) {
	bothVersions(t, func(t *testing.T, place *memory.Listener, version int) {
		s := inSession(t, place, version)
		s.sends("40/random")
		if version == 4 {
			s.hears(`44/random,{"message":"Invalid namespace"}`)
		} else {
			s.hears(`44/random,"Invalid namespace"`)
		}
		s.sends(asks(1, `{}`)) // the connection stays
		s.hears(answers(1, `{}`))
	})
}

// TestPacketsOutOfTurn end the session of a modern client, and mean nothing from an old one.
func TestPacketsOutOfTurn(t *testing.T) {
	for name, packet := range map[string]string{
		"a second CONNECT":                       "40",
		"an event for a namespace not connected": `42/custom,["` + kitEcho + `",{}]`,
		"leaving a namespace not connected":      "41/custom,",
		"an event for a namespace there is not":  `42/random,["` + kitEcho + `",{}]`,
		"an answer to a namespace not connected": `43/custom,1[]`,
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, events, func(t *testing.T, place *memory.Listener) {
				modern := inSession(t, place, 4)
				modern.sends(packet)
				modern.ends()
				old := inSession(t, place, 3)
				old.sends(packet, asks(1, `{}`))
				old.hears(answers(1, `{}`))
			})
		})
	}
	for name, packet := range map[string]string{
		"an event before CONNECT": asks(1, `{}`), "no CONNECT": "4abc", "auth that is no object": "40[]", "auth that is no JSON": "40{",
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, events, func(t *testing.T, place *memory.Listener) {
				s := onWebSocket(t, place, 4)
				s.sends(packet)
				s.ends()
			})
		})
	}
}

// TestNobodyMayStayOutside for longer than ConnectTime.
func TestNobodyMayStayOutside(t *testing.T) {
	patient := func(c *sio.Connector, _ *supervisor.Config) { c.ConnectTime = 10 * time.Second }
	inBubble(t, patient, func(t *testing.T, place *memory.Listener) {
		begin := time.Now()
		s := onWebSocket(t, place, 4)
		s.ends()
		if d := time.Since(begin); d != 10*time.Second {
			t.Errorf("the end came after %v, want 10s", d)
		}
	})
}

// TestLeaving a namespace leaves the others, and the connection, alone.
func TestLeaving(t *testing.T) {
	inBubble(t, events, func(t *testing.T, place *memory.Listener) {
		s := inSession(t, place, 4)
		s.sends("41")
		s.hears("2") // it lives on
		s.sends("3", "40")
		s.hearsConnect("40")
		s.sends("40/custom")
		s.hearsConnect("40/custom,")
		s.sends("41/custom", asks(1, `{}`))
		s.hears(answers(1, `{}`))
	})
}

// TestAPushToANewcomer comes behind what lets it in, however early it is.
func TestAPushToANewcomer(t *testing.T) {
	inBubble(t, events, func(t *testing.T, place *memory.Listener) {
		for range 300 {
			s := onWebSocket(t, place, 4)
			s.sends(`40{"token":"greet me"}`)
			s.hearsConnect("40")
			s.hears(`42["onGreeting",{}]`)
			s.conn.Close()
		}
	})
}
