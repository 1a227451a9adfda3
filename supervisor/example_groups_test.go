package supervisor_test

import (
	"context"
	"fmt"

	"github.com/fairlead-go/fairlead/actors"
	"github.com/fairlead-go/fairlead/messages"
	"github.com/fairlead-go/fairlead/supervisor"
)

type Enter struct{ Name string }

type Room struct{ Present int }

type Shout struct{ Text string }

func Example_groups() {
	lobby := actors.NewRoute("lobby")
	actors.Handle(lobby, "enter", func(c *actors.Context, in *Enter) (*Room, error) {
		room := c.Group("lobby")
		if err := room.Push("onEnter", in); err != nil { // to those who are there already
			return nil, err
		}
		room.Join(c.Socket())
		c.Set("name", []byte(in.Name))
		n, err := room.Size(context.Background())
		return &Room{Present: n}, err
	})
	actors.On(lobby, "shout", func(c *actors.Context, in *Shout) error {
		return c.Group("lobby").Except(c.Socket()).Push("onShout", in)
	})
	actors.On(lobby, "leave", func(c *actors.Context, _ *struct{}) error {
		c.Group("lobby").Leave(c.Socket()) // a client that disconnects leaves by itself
		return nil
	})

	w := play(supervisor.Config{Routes: []actors.Route{lobby}})
	defer w.Stop()
	ann, bob := w.join(), w.join()
	defer ann.Close()
	defer bob.Close()
	fmt.Println(ann.ask("lobby.enter", Enter{"ann"}))
	fmt.Println(bob.ask("lobby.enter", Enter{"bob"}), ann.hears())
	fmt.Println(bob.ask("lobby.shout", Shout{"hi"}), ann.hears())

	isBob := func(s *messages.Session) bool { return string(s.Settings["name"]) == "bob" }
	if err := w.Group("lobby").Where(isBob).Push("onSecret", Shout{"for bob"}); err != nil {
		fmt.Println(err)
	}
	fmt.Println(bob.hears())
	if err := w.All().Push("onNews", Shout{"for all"}); err != nil {
		fmt.Println(err)
	}
	fmt.Println(ann.hears(), bob.hears())
	ann.ask("lobby.leave", nil)
	bob.ask("lobby.leave", nil)
	fmt.Println(w.Groups(context.Background()))
	// Output:
	// {"Present":1}
	// {"Present":2} onEnter {"Name":"bob"}
	// {} onShout {"Text":"hi"}
	// onSecret {"Text":"for bob"}
	// onNews {"Text":"for all"} onNews {"Text":"for all"}
	// [] <nil>
}
