package interop_test

import (
	"bytes"
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

// TestTranscripts plays every recorded session of a profile in scope against a
// server of ours with the same options.
func TestTranscripts(t *testing.T) {
	t.Parallel()
	for _, transport := range transports {
		t.Run(transport, func(t *testing.T) {
			t.Parallel()
			servers := map[string]string{} // by profile
			for _, tr := range read(t, transport) {
				configure, ok := profiles[tr.Profile]
				if !ok {
					continue // pending
				}
				if servers[tr.Profile] == "" {
					servers[tr.Profile] = serve(t, configure)
				}
				addr := servers[tr.Profile]
				t.Run(tr.Name, func(t *testing.T) {
					if !tr.broadcasts() {
						t.Parallel()
					}
					replay(t, transport, addr, tr)
				})
			}
		})
	}
}

func replay(t *testing.T, transport, addr string, tr transcript) {
	play := func(steps []step) error {
		p := &player{addr: addr, ws: transport != "hybrid-tcp", timed: tr.Timed, swap: swaps(transport, tr.Name), odd: unrecorded[tr.Name]}
		defer p.close()
		return p.play(steps)
	}
	change, changed := instead[tr.Name]
	if !changed || change.either {
		err := play(tr.Steps)
		if err == nil {
			return
		}
		if !changed {
			t.Fatalf("%s [%s] %s %v", tr.Name, tr.Profile, tr.Comment, err)
		}
	}
	if err := play(change.of(tr.Steps)); err != nil {
		t.Errorf("%s [%s] %s Ours: %s: %v", tr.Name, tr.Profile, tr.Comment, tr.Hardened, err)
	}
	if err := join(t, addr, transport != "hybrid-tcp").echo(1); err != nil {
		t.Errorf("a neighbour of %s: %v", tr.Name, err)
	}
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

// pending are the profiles that are not served yet, and why.
var pending = map[string]string{
	"dict":          "the route dictionary comes with the next issue",
	"bufferDict":    "the route dictionary comes with the next issue",
	"proto":         "protobuf bodies come with the next issue",
	"protoOnly":     "protobuf bodies come with the next issue",
	"fatalProto":    "protobuf bodies come with the next issue",
	"crypto":        "signatures come with the next issue",
	"max":           "admission comes with the next issue",
	"black":         "admission comes with the next issue",
	"blackOther":    "admission comes with the next issue",
	"blackLoose":    "admission comes with the next issue",
	"blackErr":      "admission comes with the next issue",
	"asyncBuiltin":  "replacing the codec comes with the next issue",
	"asyncCustom":   "replacing the codec comes with the next issue",
	"customCoder":   "replacing the codec comes with the next issue",
	"singleSession": "binding users to sessions comes with the next issue",
}

func TestEveryTranscriptIsReplayedOrPending(t *testing.T) {
	recorded := map[string]bool{}
	for _, transport := range transports {
		for _, tr := range read(t, transport) {
			recorded[tr.Profile] = true
			_, replayed := profiles[tr.Profile]
			if _, waits := pending[tr.Profile]; replayed == waits {
				t.Errorf("%s of profile %s: replayed %v, pending %v", tr.Name, tr.Profile, replayed, waits)
			}
		}
	}
	for name := range pending {
		if !recorded[name] && name != "bufferDict" { // of a transport that is not replayed here
			t.Errorf("pending profile %s is in no transcript", name)
		}
	}
}

func TestOnlyWhatMayDifferDoes(t *testing.T) {
	used := map[string]bool{}
	for _, transport := range transports {
		for _, tr := range read(t, transport) {
			_, changed := instead[tr.Name]
			used[tr.Name] = true
			switch _, replayed := profiles[tr.Profile]; {
			case !replayed:
			case tr.Fault && !changed:
				t.Errorf("%s: the reference is at fault, and nothing says what we do instead", tr.Name)
			case changed && tr.Hardened == "":
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
