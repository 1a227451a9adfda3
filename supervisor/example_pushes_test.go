package supervisor_test

import (
	"fmt"
	"time"

	"github.com/fairlead-go/fairlead/actors"
	"github.com/fairlead-go/fairlead/messages"
	"github.com/fairlead-go/fairlead/supervisor"
)

type Score struct{ Home, Away int }

func Example_pushes() {
	match := actors.NewRoute("match")
	actors.On(match, "play", func(c *actors.Context, _ *struct{}) error {
		table := c.Group("table")
		table.Join(c.Socket())
		for home := range 3 { // of these the newest is enough: same key
			if err := table.PushKey("score", "onScore", Score{Home: home + 1}); err != nil {
				return err
			}
		}
		if err := c.Push("onCheer", "hooray"); err != nil { // waits for the tick as well
			return err
		}
		// Does not wait, and takes along what does, in the order it came.
		c.Send(c.Socket(), &messages.Push{Route: "onWhistle", Body: []byte(`"over"`), Urgent: true})
		return nil
	})

	w := play(supervisor.Config{Routes: []actors.Route{match}, Tick: time.Hour}) // an hour, to show it
	defer w.Stop()
	ann := w.join()
	defer ann.Close()
	if err := ann.Notify("match.play", nil); err != nil {
		fmt.Println(err)
	}
	fmt.Println(ann.hears())
	fmt.Println(ann.hears())
	fmt.Println(ann.hears())
	// Output:
	// onScore {"Home":3,"Away":0}
	// onCheer "hooray"
	// onWhistle "over"
}
