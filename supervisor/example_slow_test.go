package supervisor_test

import (
	"fmt"
	"time"

	"github.com/fairlead-go/fairlead/actors"
	"github.com/fairlead-go/fairlead/supervisor"
)

type Where struct{ X, Y int }

func Example_slow() {
	field := actors.NewRoute("field")
	actors.On(field, "enter", func(c *actors.Context, _ *struct{}) error {
		c.Group("field").Join(c.Socket())
		return nil
	})
	actors.On(field, "move", func(c *actors.Context, to *Where) error {
		g := c.Group("field")
		if err := g.PushKey(c.Session().Id, "onMove", to); err != nil { // only the newest counts
			return err
		}
		if err := g.PushLossy("onDust", to); err != nil { // nobody misses it
			return err
		}
		return g.Push("onStep", to) // everybody gets it, or is closed as slow
	})

	w := playIn(quietSystem(), supervisor.Config{
		Routes: []actors.Route{field},
		Limits: supervisor.Limits{
			OutboxSoft: 32 << 10,        // from here on lossy pushes go
			OutboxHard: 128 << 10,       // and here the client
			OutboxAge:  3 * time.Second, // or when something has waited for so long
			Rate:       actors.Rate{PerSecond: 50, Burst: 100},
		},
	})
	defer w.Stop()
	ann := w.join()
	ann.ask("field.enter", nil)
	fmt.Println(ann.ask("field.move", Where{1, 2}))
	for range 3 {
		fmt.Println(ann.hears())
	}
	// Output:
	// {}
	// onMove {"X":1,"Y":2}
	// onDust {"X":1,"Y":2}
	// onStep {"X":1,"Y":2}
}
