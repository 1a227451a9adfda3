package supervisor_test

import (
	"context"
	"fmt"
	"time"

	"github.com/fairlead-go/fairlead/actors"
	"github.com/fairlead-go/fairlead/supervisor"
)

func Example_ending() {
	asked := make(chan struct{}, 1)
	bank := actors.NewRoute("bank")
	actors.HandleRaw(bank, "pay", func(c *actors.Context, _ []byte) ([]byte, error) {
		later := c.Defer() // somebody else's answer takes a while
		time.AfterFunc(50*time.Millisecond, func() { _ = later.Send("paid") })
		asked <- struct{}{}
		return nil, nil
	})
	w := playIn(quietSystem(), supervisor.Config{
		Routes: []actors.Route{bank},
		Drain:  supervisor.DrainPolicy{RetryAfter: 2 * time.Second},
	})
	ann := w.join()
	answer := make(chan string, 1)
	go func() { answer <- ann.ask("bank.pay", nil) }()
	<-asked

	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	drained, err := w.Drain(ctx)
	if err != nil { // time was up: who was left got code 503
		fmt.Println(err)
	}
	fmt.Println(drained.Clients, drained.Told, drained.Unanswered, drained.Unsent)
	fmt.Println(<-answer)
	fmt.Println(ann.Err())
	<-w.Done()
	fmt.Println(w.Err(), w.Ready()) // nobody gave up; it is over
	// Output:
	// 1 1 0 0
	// "paid"
	// client: kicked: draining
	// <nil> actors: stopping
}
