package supervisor_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/fairlead-go/fairlead/actors"
	"github.com/fairlead-go/fairlead/supervisor"
)

type Plant struct{ Seed string }

// garden grows slowly: what is planted is pushed a quarter of an hour later, or so.
func garden() *actors.Handlers {
	h := actors.NewRoute("garden")
	actors.On(h, "plant", func(c *actors.Context, in *Plant) error {
		bed := c.Group("garden")
		bed.Join(c.Socket())
		time.AfterFunc(1000*time.Second, func() { _ = bed.Push("onGrown", in) })
		return nil
	})
	actors.HandleRaw(h, "dig", func(c *actors.Context, _ []byte) ([]byte, error) {
		c.Defer() // and never answers
		return nil, nil
	})
	return h
}

func TestTheGardenGrows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // a quarter of an hour passes in no time
		w := play(supervisor.Config{Routes: []actors.Route{garden()}})
		defer settled(w)
		ann := w.join()
		begin := time.Now()

		if got := ann.ask("garden.plant", Plant{"oak"}); got != "{}" {
			t.Errorf("planting was answered %s", got)
		}
		if got, want := ann.hears(), `onGrown {"Seed":"oak"}`; got != want {
			t.Errorf("heard %s, want %s", got, want)
		}
		if got, want := time.Since(begin), 1000*time.Second+20*time.Millisecond; got != want {
			t.Errorf("it took %v, want %v: to grow, and the tick", got, want)
		}

		begin = time.Now()
		if got := ann.ask("garden.dig", nil); got != `{"code":504,"msg":"timeout"}` {
			t.Errorf("digging was answered %s", got)
		}
		if got := time.Since(begin); got != 10*time.Second {
			t.Errorf("it expired after %v, want 10s", got)
		}
	})
}
