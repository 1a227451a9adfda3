package supervisor_test

import (
	"fmt"
	"time"

	"github.com/fairlead-go/fairlead/actors"
	"github.com/fairlead-go/fairlead/messages"
	"github.com/fairlead-go/fairlead/supervisor"
)

func Example_faults() {
	score := actors.Restarting("score", func() *actors.Handlers {
		total := 0 // what a panic may leave half changed is made anew
		h := actors.NewRoute("")
		actors.HandleRaw(h, "add", func(*actors.Context, []byte) ([]byte, error) { total++; return fmt.Append(nil, total), nil })
		actors.HandleRaw(h, "break", func(*actors.Context, []byte) ([]byte, error) { total = -1; panic("half way") })
		return h
	})
	system := quietSystem()
	sub := system.EventStream.Subscribe(func(event any) { // on our goroutines: return at once
		switch m := event.(type) {
		case *messages.Fault:
			fmt.Println("fault:", m.Kind.Word(), m.Route, m.Total) // and m.Text
		case *messages.Pressure, *messages.Load, *messages.Draining: // the other facts there are
		}
	})
	defer system.EventStream.Unsubscribe(sub)
	w := playIn(system, supervisor.Config{
		Routes: []actors.Route{score},
		Faults: supervisor.Faults{
			Panics: actors.Intensity{Most: 3, Within: time.Minute}, // the third closes the client
			Socket: actors.Intensity{Most: 1},                      // no second chance for a socket that fails
		},
	})
	defer w.Stop()
	ann := w.join()
	fmt.Println(ann.ask("score.add", nil), ann.ask("score.add", nil))
	fmt.Println(ann.ask("score.break", nil))
	fmt.Println(ann.ask("score.add", nil))
	fmt.Println(w.Stats().Faults[messages.FaultHandlerPanic])
	// Output:
	// 1 2
	// fault: handler panic score.break 1
	// fault: route restarted score 1
	// {"code":500}
	// 1
	// 1
}
