package interop_test

import (
	"fmt"
	"testing"
)

// sioChange is a change for transcripts with the socket.io connector.
type sioChange struct {
	sends  int // of those that were recorded
	then   []sioStep
	clause string
}

// of makes the steps to be played.
func (c sioChange) of(recorded []sioStep) []sioStep {
	if c.sends == 0 {
		return c.then
	}
	n := 0
	for i, s := range recorded {
		if s.SendText != nil {
			n++
		}
		if n == c.sends {
			return append(append([]sioStep{}, recorded[:i+1]...), c.then...)
		}
	}
	panic("a change keeps more sends than were recorded")
}

// The words that then is written with.
var (
	sioEnters = []sioStep{sioOpens(25_000, 60_000), {RecvText: "40"}}
	sioEnds   = []sioStep{{ClosedBy: "server"}}
)

func sioOpens(interval, timeout int) sioStep {
	return sioStep{RecvText: fmt.Sprintf(`0{"sid":"SID","upgrades":[],"pingInterval":%d,"pingTimeout":%d}`, interval, timeout)}
}

func sioSees(message string) sioStep {
	return sioStep{RecvText: fmt.Sprintf(`42["message",%q]`, message)}
}

// sioAlive asks for an echo and sees it.
func sioAlive(id byte) []sioStep {
	ask := fmt.Sprintf(`42["message","\u0000\u0000\u0000\u00%02x\u001b%s{\"alive\":1}"]`, id, echoRoute)
	return []sioStep{{SendText: &ask}, sioSees(fmt.Sprintf(`{"id":%d,"body":{"alive":1}}`, id))}
}

// sioInstead is what we do where the reference is at fault, and where a clause says so.
var sioInstead = map[string]sioChange{
	"stock-ping-numbers":    {then: append([]sioStep{sioOpens(25_000, 20_000), {RecvText: "40"}}, sioAlive(1)...)},
	"no-transports-option":  {then: append(sioEnters, sioAlive(1)...)},
	"request-id-2147483648": {sends: 1, then: append([]sioStep{sioSees(`{"id":2147483648,"body":{}}`)}, sioAlive(1)...)},
	"unknown-route":         {sends: 2, then: append([]sioStep{sioSees(`{"id":2,"body":{"code":500}}`)}, sioAlive(3)...), clause: "P7.1"},
	"not-json":              {sends: 1, then: sioEnds},
	"not-json-fatal":        {sends: 1, then: sioEnds},
	"not-a-string":          {sends: 1, then: sioEnds},
	"empty-body":            {sends: 1, then: append([]sioStep{sioSees(`{"id":1,"body":{}}`)}, sioAlive(2)...)},
	"kick-number":           {sends: 1, then: []sioStep{sioSees(`{"id":1,"body":{"ok":true}}`), {RecvText: "41"}}, clause: "P12.1: a reason is text"},
	"client-disconnect":     {sends: 1, then: []sioStep{{SilenceMS: 250}}},
	"address":               {sends: 1, then: append([]sioStep{sioSees(`{"id":1,"body":{"ip":"127.0.0.1","hasPort":true}}`)}, sioAlive(2)...)},
	"blacklist-undefined":   {then: []sioStep{{away: true}}},
}

func TestOnlyWhatMayDifferDoesInSocketIO(t *testing.T) {
	recorded := map[string]bool{}
	for _, tr := range readSIO(t) {
		recorded[tr.Name], recorded[tr.Profile] = true, true
		change, changed := sioInstead[tr.Name]
		switch {
		case sioProfiles[tr.Profile] == nil:
			t.Errorf("%s of profile %s is not replayed", tr.Name, tr.Profile)
		case tr.Fault && !changed:
			t.Errorf("%s: the reference is at fault, and nothing says what we do instead", tr.Name)
		case changed && !tr.Fault && change.clause == "":
			t.Errorf("%s: must be as recorded", tr.Name)
		}
	}
	for name := range sioInstead {
		if !recorded[name] {
			t.Errorf("%s is in no transcript", name)
		}
	}
	for name := range sioProfiles {
		if !recorded[name] {
			t.Errorf("profile %s is in no transcript", name)
		}
	}
}
