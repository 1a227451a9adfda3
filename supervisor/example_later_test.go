package supervisor_test

import (
	"fmt"

	"github.com/fairlead-go/fairlead/actors"
	"github.com/fairlead-go/fairlead/messages"
	"github.com/fairlead-go/fairlead/supervisor"
)

type Seek struct{ Level int }

type Match struct{ Against int }

func Example_answeringLater() {
	var waiting *actors.Reply // who asked first, and for which level
	var level int

	match := actors.NewRoute("match")
	actors.Handle(match, "seek", func(c *actors.Context, in *Seek) (*Match, error) {
		if waiting == nil {
			waiting, level = c.Defer(), in.Level
			return nil, nil // is ignored: the Reply will answer
		}
		first, other := waiting, level
		waiting = nil
		if err := first.Send(Match{Against: in.Level}); err != nil {
			return nil, err
		}
		return &Match{Against: other}, nil
	})
	actors.Handle(match, "score", func(c *actors.Context, in *Seek) (*Match, error) {
		reply := c.Defer()
		go func() { // asks a slow database, say
			if in.Level > 99 {
				_ = reply.Fail(messages.NewError(404, "no such level"))
				return
			}
			_ = reply.Send(Match{Against: 50})
		}()
		return nil, nil
	})

	w := play(supervisor.Config{Routes: []actors.Route{match}})
	defer w.Stop()
	ann, bob := w.join(), w.join()
	defer ann.Close()
	defer bob.Close()
	answers := make(chan string, 2)
	go func() { answers <- ann.ask("match.seek", Seek{Level: 7}) }()
	go func() { answers <- bob.ask("match.seek", Seek{Level: 7}) }()
	fmt.Println(<-answers, <-answers)
	fmt.Println(ann.ask("match.score", Seek{Level: 3}))
	fmt.Println(ann.ask("match.score", Seek{Level: 100}))
	// Output:
	// {"Against":7} {"Against":7}
	// {"Against":50}
	// {"code":404,"msg":"no such level"}
}
