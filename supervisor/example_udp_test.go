package supervisor_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/fairlead-go/fairlead/actors"
	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/client"
	"github.com/fairlead-go/fairlead/connectors/hybrid"
	"github.com/fairlead-go/fairlead/connectors/udp"
	"github.com/fairlead-go/fairlead/supervisor"
)

// Fix is where a player is. They are numbered: what comes late is old.
type Fix struct {
	No   int
	X, Y int
}

func Example_udp() {
	field := actors.NewRoute("field")
	actors.Handle(field, "enter", func(c *actors.Context, _ *struct{}) (*Said, error) {
		c.Group("field").Join(c.Socket())
		return &Said{OK: true}, nil
	})
	actors.On(field, "move", func(c *actors.Context, at *Fix) error { // a notify: some are lost, the next one comes soon
		return c.Group("field").PushKey(c.Session().Id, "onMove", at)
	})

	fl, err := supervisor.Start(quietSystem(), supervisor.Config{
		Connectors: []connectors.Source{
			&hybrid.Connector{Addr: "127.0.0.1:0"},                    // who must not miss anything
			&udp.Connector{Addr: "127.0.0.1:0", RequireCookies: true}, // who would rather miss it than have it late
		},
		Routes: []actors.Route{field},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer fl.Stop()

	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	ann, err := client.Dial(ctx, client.Config{Addr: "udp://" + fl.Addrs("udp")[0].String()})
	if err != nil {
		log.Fatal(err)
	}
	defer ann.Close()
	seen := make(chan string, 1)
	ann.On("onMove", func(body []byte) {
		select {
		case seen <- string(body):
		default: // the first is enough here
		}
	})
	if _, err := askAgain(ctx, ann, "field.enter"); err != nil {
		log.Fatal(err)
	}
	for len(seen) == 0 && ctx.Err() == nil {
		_ = ann.Notify("field.move", Fix{No: 1, X: 3, Y: 4})
		<-time.After(50 * time.Millisecond)
	}
	fmt.Println(<-seen)
	// Output: {"No":1,"X":3,"Y":4}
}

// askAgain asks until there is an answer: what is asked twice must do no harm.
func askAgain(ctx context.Context, c *client.Client, route string) (answer []byte, err error) {
	for ctx.Err() == nil {
		once, cancel := context.WithTimeout(ctx, 500*time.Millisecond)
		answer, err = c.Request(once, route, nil)
		cancel()
		if err == nil {
			break
		}
	}
	return answer, err
}
