package supervisor_test

import (
	"fmt"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/actors"
	"github.com/fairlead-go/fairlead/messages"
	"github.com/fairlead-go/fairlead/supervisor"
)

func Example_kick() {
	system := quietSystem()
	left := make(chan *messages.Closed, 10)
	watcher := system.Root.Spawn(actor.PropsFromFunc(func(ctx actor.Context) {
		if m, ok := ctx.Message().(*messages.Closed); ok { // once for each client
			left <- m
		}
	}))
	door := actors.NewRoute("door")
	actors.HandleRaw(door, "leave", func(c *actors.Context, body []byte) ([]byte, error) {
		c.Send(c.Socket(), &messages.Close{Reason: "asked to"}) // the client sees it close
		return nil, nil
	})

	w := playIn(system, supervisor.Config{Routes: []actors.Route{door}, Events: watcher})
	defer w.Stop()
	ann := w.join()
	for s := range w.Sockets {
		w.system.Root.Send(s.Socket, &messages.Push{Route: "onEnd", Body: []byte(`"bye"`)})
		kicked, err := w.system.Root.RequestFuture(s.Socket, &messages.Kick{Reason: "cheating"}, 5*time.Second).Result()
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println("flushed:", kicked.(*messages.Kicked).Flushed)
	}
	<-ann.Done()
	fmt.Println(ann.hears(), "|", ann.Err())
	m := <-left
	fmt.Println(m.Cause.Word(), m.Cause.Number(), m.Reason)

	bob := w.join()
	if err := bob.Notify("door.leave", nil); err != nil {
		fmt.Println(err)
	}
	<-bob.Done()
	_, kicked := bob.Kicked()
	m = <-left
	fmt.Println(kicked, m.Cause.Word(), m.Cause.Number(), m.Reason)
	// Output:
	// flushed: true
	// onEnd "bye" | client: kicked: cheating
	// kicked 2 cheating
	// false closed 3 asked to
}
