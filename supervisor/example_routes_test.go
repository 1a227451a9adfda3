package supervisor_test

import (
	"fmt"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/actors"
	"github.com/fairlead-go/fairlead/messages"
	"github.com/fairlead-go/fairlead/supervisor"
)

type Step struct{ DX, DY int }

type Spot struct{ X, Y int }

type Wave struct{ Hands int }

func Example_routes() {
	var at Spot // belongs to the route: its handlers run one at a time

	room := actors.NewRoute("room")
	actors.Handle(room, "step", func(c *actors.Context, in *Step) (*Spot, error) {
		at.X, at.Y = at.X+in.DX, at.Y+in.DY
		return &at, nil
	})
	actors.On(room, "wave", func(c *actors.Context, in *Wave) error {
		return c.Push("onWave", in)
	})
	actors.HandleRaw(room, "echo", func(c *actors.Context, body []byte) ([]byte, error) {
		return body, nil
	})

	w := play(supervisor.Config{Routes: []actors.Route{room}})
	defer w.Stop()
	ann := w.join()
	defer ann.Close()
	fmt.Println(ann.ask("room.step", Step{1, 2}))
	fmt.Println(ann.ask("room.step", Step{DX: 4}))
	fmt.Println(ann.ask("room.wave", Wave{Hands: 2}), ann.hears())
	fmt.Println(ann.ask("room.echo", []byte(`"any JSON"`)))
	fmt.Println(ann.ask("room.dance", nil))
	// Output:
	// {"X":1,"Y":2}
	// {"X":5,"Y":2}
	// {} onWave {"Hands":2}
	// "any JSON"
	// {"code":500}
}

type arena struct{ fights int }

func (a *arena) Receive(ctx actor.Context) {
	switch req := ctx.Message().(type) {
	case *messages.Request:
		a.fights++
		ctx.Respond(req.Reply(fmt.Appendf(nil, `{"fights":%d}`, a.fights)))
	}
}

func Example_plainActors() {
	system := quietSystem()
	spawn := func() *actor.PID {
		return system.Root.Spawn(actor.PropsFromProducer(func() actor.Actor { return &arena{} }))
	}
	main, north, south := spawn(), spawn(), spawn()

	w := playIn(system, supervisor.Config{Routes: []actors.Route{
		actors.RoutePID("arena", main),
		actors.RouteFunc("duel", func(s *messages.Session, route string) *actor.PID {
			if route == "duel.north" {
				return north
			}
			return south
		}),
	}})
	defer w.Stop()
	ann := w.join()
	defer ann.Close()
	fmt.Println(ann.ask("arena.fight", nil), ann.ask("arena.fight", nil))
	fmt.Println(ann.ask("duel.north", nil), ann.ask("duel.south", nil))
	// Output:
	// {"fights":1} {"fights":2}
	// {"fights":1} {"fights":1}
}

type Item struct{ Name string }

type Bag struct{ Items []string }

func Example_perSession() {
	bag := actors.PerSession("bag", func(s *messages.Session) *actors.Handlers {
		var mine Bag // of this client alone
		h := actors.NewRoute("bag")
		actors.Handle(h, "put", func(c *actors.Context, in *Item) (*Bag, error) {
			mine.Items = append(mine.Items, in.Name)
			return &mine, nil
		})
		return h
	})

	shop := actors.NewRoute("shop")
	shop.Actors = 8 // side by side, and each client always with the same one
	actors.Handle(shop, "price", func(c *actors.Context, in *Item) (*int, error) {
		price := 10 * len(in.Name) // a slow look-up, perhaps
		return &price, nil
	})

	w := play(supervisor.Config{Routes: []actors.Route{bag, shop}})
	defer w.Stop()
	ann, bob := w.join(), w.join()
	defer ann.Close()
	defer bob.Close()
	ann.ask("bag.put", Item{"rope"})
	fmt.Println(ann.ask("bag.put", Item{"lamp"}), bob.ask("bag.put", Item{"sword"}))
	fmt.Println(ann.ask("shop.price", Item{"lamp"}))
	// Output:
	// {"Items":["rope","lamp"]} {"Items":["sword"]}
	// 40
}
