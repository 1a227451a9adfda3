package udp_test

import (
	"strings"
	"testing"
	"testing/synctest"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/udp"
)

// TestWhatWaitsForAllIsBounded: clients that are held up, or have ended, do not take the room of others for good,
// and each has some of its own.
func TestWhatWaitsForAllIsBounded(t *testing.T) {
	bubble(t, &udp.Connector{Waiting: 40_000}, func(r *rig) {
		held := make(chan struct{})
		body := `"` + strings.Repeat("x", 9990) + `"` // 10,000 bytes in all
		var peers []*peer
		var stuck []*session
		for i := range 3 {
			p := r.net.join(host(i))
			r.shake(p)
			s := <-r.sessions
			s.mu.Lock()
			s.hold = held
			s.mu.Unlock()
			peers, stuck = append(peers, p), append(stuck, s)
		}
		dropped := func(want uint64) {
			t.Helper()
			synctest.Wait()
			if got := r.connector.Stats().Dropped; got != want {
				t.Errorf("Dropped = %d, want %d", got, want)
			}
		}
		peers[0].say(ask(1, body)) // is being brought
		synctest.Wait()
		for range 4 {
			peers[0].say(ask(1, body))
		}
		dropped(1)
		peers[1].say(ask(1, body))
		dropped(2)
		peers[1].say(ask(1, `{}`))
		dropped(2)
		stuck[0].end(connectors.Reason{}) // three have waited, one is still being brought
		for range 3 {
			peers[2].say(ask(1, body))
		}
		dropped(3)
		close(held)
		synctest.Wait()
		for range 4 {
			peers[2].say(ask(1, body))
			synctest.Wait()
		}
		dropped(3)
		for _, s := range stuck[1:] {
			s.end(connectors.Reason{})
		}
	})
}
