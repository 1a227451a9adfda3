package interop_test

import (
	"bytes"
	"slices"
	"testing"
)

// The transports with transcripts for the hybrid connector.
var transports = []string{"hybrid-tcp", "hybrid-ws", "jsclient-ws"}

// unrecorded says how data is framed where a transcript is about that, but does
// not record it.
var unrecorded = map[string]frame{
	"ws-unmasked": {bare: true},
	"ws-rsv":      {rsv: 4},
}

// swaps are the transcripts in which heartbeats may change places with other
// packages. Ours go ahead of data (P11.3), while the reference, which answers in
// the turn of the request, never had both waiting.
func swaps(transport, name string) bool {
	return transport == "jsclient-ws" || name == "tcp-sticky"
}

// TestTranscripts plays every recorded session against a server of ours with the
// same options.
func TestTranscripts(t *testing.T) {
	t.Parallel()
	for _, transport := range transports {
		t.Run(transport, func(t *testing.T) {
			t.Parallel()
			servers := map[string]string{} // by profile
			for _, tr := range read(t, transport) {
				configure, ok := profiles[tr.Profile]
				if !ok {
					continue // TestEveryTranscriptIsReplayed says so
				}
				if servers[tr.Profile] == "" {
					servers[tr.Profile] = serve(t, configure)
				}
				s := stage{transport, servers[tr.Profile]}
				t.Run(tr.Name, func(t *testing.T) {
					if !tr.broadcasts() {
						t.Parallel()
					}
					s.replay(t, tr)
				})
			}
		})
	}
}

// stage is where a transcript is played.
type stage struct{ transport, addr string }

func (s stage) replay(t *testing.T, tr transcript) {
	change, changed := instead[tr.Name]
	if !changed || change.either {
		err := s.play(tr, tr.Steps)
		if err == nil {
			return
		}
		if !changed {
			t.Fatalf("%s [%s] %s %v", tr.Name, tr.Profile, tr.Comment, err)
		}
	}
	if err := s.play(tr, change.of(tr.Steps)); err != nil {
		t.Errorf("%s [%s] %s Ours: %s%s: %v", tr.Name, tr.Profile, tr.Comment, tr.Hardened, change.clause, err)
	}
	if err := s.neighbour(t, tr.Profile); err != nil {
		t.Errorf("a neighbour of %s: %v", tr.Name, err)
	}
}

// play plays steps, which need not be those of tr.
func (s stage) play(tr transcript, steps []step) error {
	p := &player{addr: s.addr, ws: s.ws(), timed: tr.Timed, swap: swaps(s.transport, tr.Name), odd: unrecorded[tr.Name]}
	defer p.close()
	return p.play(steps)
}

func (s stage) ws() bool { return s.transport != "hybrid-tcp" }

// neighbour sees whether other clients are still served.
func (s stage) neighbour(t *testing.T, profile string) error {
	switch profile {
	case "black", "max": // they may not come in
		return nil
	case "crypto": // they must sign what they send
		all := read(t, s.transport)
		tr := all[slices.IndexFunc(all, func(tr transcript) bool { return tr.Name == "crypto-ok" })]
		return s.play(tr, tr.Steps)
	}
	return join(t, s.addr, s.ws()).echo(1)
}

// broadcasts tells whether other clients of the server would see it.
func (tr transcript) broadcasts() bool {
	for _, s := range tr.Steps {
		if bytes.Contains(s.Send, []byte("connector.entryHandler.broadcast")) {
			return true
		}
	}
	return false
}

// TestEveryTranscriptIsReplayed sees that no profile is missing, and none is left over.
func TestEveryTranscriptIsReplayed(t *testing.T) {
	recorded := map[string]bool{}
	for _, transport := range transports {
		for _, tr := range read(t, transport) {
			recorded[tr.Profile] = true
			if profiles[tr.Profile] == nil {
				t.Errorf("%s of profile %s is not replayed", tr.Name, tr.Profile)
			}
		}
	}
	for name := range profiles {
		if !recorded[name] {
			t.Errorf("profile %s is in no transcript", name)
		}
	}
}

func TestOnlyWhatMayDifferDoes(t *testing.T) {
	used := map[string]bool{}
	for _, transport := range transports {
		for _, tr := range read(t, transport) {
			change, changed := instead[tr.Name]
			used[tr.Name] = true
			switch {
			case tr.Fault && !changed:
				t.Errorf("%s: the reference is at fault, and nothing says what we do instead", tr.Name)
			case changed && tr.Hardened == "" && change.clause == "":
				t.Errorf("%s: must be as recorded", tr.Name)
			}
		}
	}
	for name := range instead {
		if !used[name] {
			t.Errorf("%s is in no transcript", name)
		}
	}
}
