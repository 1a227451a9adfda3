package supervisor_test

import (
	"fmt"
	"time"

	"github.com/fairlead-go/fairlead/actors"
	"github.com/fairlead-go/fairlead/messages"
	"github.com/fairlead-go/fairlead/supervisor"
)

type Login struct{ Name string }

type Hello struct{ User, Level string }

type Whisper struct{ To, Text string }

func Example_users() {
	account := actors.NewRoute("account")
	actors.Handle(account, "login", func(c *actors.Context, in *Login) (*Hello, error) {
		if err := c.Bind(in.Name); err != nil {
			return nil, err // 409: somebody else already, or logged in elsewhere and refused
		}
		c.Set("level", []byte("7"))
		s := c.Session() // as it is now; c.Request().Session is as it was
		return &Hello{User: s.Uid, Level: string(s.Settings["level"])}, nil
	})
	actors.On(account, "whisper", func(c *actors.Context, in *Whisper) error {
		sockets, err := c.PushTo("onWhisper", in, in.To)
		if err == nil && sockets == 0 {
			err = messages.NewError(404, in.To+" is not here")
		}
		return err
	})

	w := play(supervisor.Config{Routes: []actors.Route{account}, Logins: actors.KickOlder})
	defer w.Stop()
	phone, laptop, bob := w.join(), w.join(), w.join()
	defer bob.Close()
	fmt.Println(phone.ask("account.login", Login{"ann"}))
	fmt.Println(phone.ask("account.login", Login{"eve"}))
	fmt.Println(laptop.ask("account.login", Login{"ann"}))
	<-phone.Done() // there is one ann
	fmt.Println(phone.Err())

	fmt.Println(bob.ask("account.whisper", Whisper{"ann", "psst"}), laptop.hears())
	fmt.Println(bob.ask("account.whisper", Whisper{"eve", "psst"}))
	fmt.Println("kicked", w.KickUID("ann", "bedtime")) // from anywhere in the program
	<-laptop.Done()
	fmt.Println(laptop.Err())
	// Output:
	// {"User":"ann","Level":"7"}
	// {"code":409,"msg":"bound to another user"}
	// {"User":"ann","Level":"7"}
	// client: kicked: another login
	// {} onWhisper {"To":"ann","Text":"psst"}
	// {"code":404,"msg":"eve is not here"}
	// kicked 1
	// client: kicked: bedtime
}

func Example_socketMessages() {
	w := play(supervisor.Config{})
	defer w.Stop()
	ann := w.join()
	defer ann.Close()

	for s := range w.Sockets {
		w.system.Root.Send(s.Socket, &messages.Set{Settings: map[string][]byte{"team": []byte("red")}})
		bound, err := w.system.Root.RequestFuture(s.Socket, &messages.Bind{Uid: "ann"}, time.Second).Result()
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(bound.(*messages.Bound).Error == nil)
		w.system.Root.Send(s.Socket, &messages.Push{Route: "onTeam", Body: []byte(`"red"`)})
	}
	fmt.Println(ann.hears())
	for _, s := range w.Logins("ann") {
		fmt.Println(s.Uid, string(s.Settings["team"]), s.Transport)
	}
	// Output:
	// true
	// onTeam "red"
	// ann red memory
}
