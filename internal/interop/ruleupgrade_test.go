package interop_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/fairlead-go/fairlead/connectors/memory"
)

func TestAnUpgrade(t *testing.T) {
	bothVersions(t, func(t *testing.T, place *memory.Listener, version int) {
		c := entered(t, place, version, "")
		held := c.hold()
		s := c.dial()
		s.sends("2probe")
		s.hears("3probe")
		if got := <-held; got.status != 200 || got.body != c.payload("6") {
			t.Errorf("the GET that was held = %v, want %q", got, c.payload("6"))
		}
		c.posts(asks(1, `"before"`))
		s.sends("5", asks(2, `"behind"`))
		s.hears(answers(1, `"before"`), answers(2, `"behind"`))
		if got := c.get(); got.status != 400 {
			t.Errorf("GET = %v, want 400", got)
		}
		if got := c.post(c.payload(asks(3, `{}`))); got.status != 400 {
			t.Errorf("POST = %v, want 400", got)
		}
		s.sends(asks(4, `"still"`))
		s.hears(answers(4, `"still"`))
	})
}

// TestAGETBetweenProbeAndUpgrade waits a little: the client may have moved before it came.
func TestAGETBetweenProbeAndUpgrade(t *testing.T) {
	bothVersions(t, func(t *testing.T, place *memory.Listener, version int) {
		stays := entered(t, place, version, "")
		s := stays.dial()
		s.sends("2probe")
		s.hears("3probe")
		begin := time.Now()
		stays.gets("6")
		if d := time.Since(begin); d != 100*time.Millisecond {
			t.Errorf("the GET took %v, want 100ms", d)
		}
		s.sends("5", asks(1, `{}`))
		s.hears(answers(1, `{}`))

		moves := entered(t, place, version, "")
		s = moves.dial()
		s.sends("2probe")
		s.hears("3probe")
		held := moves.hold()
		s.sends("5")
		if got := <-held; got.status != 400 {
			t.Errorf("the GET of a client that has moved = %v, want 400", got)
		}
	})
}

// TestAWebSocketTooMuchIsClosed, and the session has what it had.
func TestAWebSocketTooMuchIsClosed(t *testing.T) {
	bothVersions(t, func(t *testing.T, place *memory.Listener, version int) {
		c := entered(t, place, version, "")
		s := c.dial()
		c.dial().ends() // while the first upgrades
		s.sends("2probe")
		s.hears("3probe")
		s.sends("5")
		s.sends(asks(1, `{}`))
		s.hears(answers(1, `{}`))
		c.dial().ends() // when it has
		s.sends(asks(2, `{}`))
		s.hears(answers(2, `{}`))
	})
}

// TestAnUpgradeThatIsNoneLeavesThePolling as it was.
func TestAnUpgradeThatIsNoneLeavesThePolling(t *testing.T) {
	bothVersions(t, func(t *testing.T, place *memory.Listener, version int) {
		c := entered(t, place, version, "")
		for _, first := range []string{"5", "2", "2other", asks(9, `{}`), "", "x"} {
			s := c.dial()
			s.sends(first)
			s.ends()
		}
		s := c.dial()
		s.sends("2probe")
		s.hears("3probe")
		s.sends("2probe")
		s.ends()
		c.posts(asks(1, `{}`))
		c.gets(answers(1, `{}`))
	})
}

// TestAKickInTheMiddleOfAnUpgrade: a client that has been told that it may move does
// not poll any more. What it is told last waits for it where it moves to.
func TestAKickInTheMiddleOfAnUpgrade(t *testing.T) {
	bothVersions(t, func(t *testing.T, place *memory.Listener, version int) {
		c := entered(t, place, version, "")
		s := c.dial()
		s.sends("2probe")
		s.hears("3probe")
		c.posts(`42["` + kitKick + `",{"reason":"out"}]`)
		synctest.Wait() // it has been kicked
		s.sends("5")
		s.hears(`42["onKick",{"reason":"out"}]`, "41")
		s.ends()
		c.gone()
	})
}

// TestAKickedClientThatDoesNotMove may fetch what is left by polling, or does not come back at all.
func TestAKickedClientThatDoesNotMove(t *testing.T) {
	bothVersions(t, func(t *testing.T, place *memory.Listener, version int) {
		kicked := func() (*engineClient, *engineSocket) {
			c := entered(t, place, version, "")
			s := c.dial()
			s.sends("2probe")
			s.hears("3probe")
			c.posts(`42["` + kitKick + `",{"reason":"out"}]`)
			synctest.Wait()
			return c, s
		}
		polls, s := kicked()
		polls.gets(`42["onKick",{"reason":"out"}]`, "41")
		polls.gets("1")
		polls.gone()
		s.ends()

		begin := time.Now()
		stays, s := kicked()
		s.ends()
		if d := time.Since(begin); d != 2*time.Second {
			t.Errorf("it was waited for %v, want 2s", d)
		}
		stays.gone()
	})
}
