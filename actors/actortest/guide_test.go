package actortest_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fairlead-go/fairlead/actors"
	"github.com/fairlead-go/fairlead/actors/actortest"
	"github.com/fairlead-go/fairlead/messages"
)

type (
	Say  struct{ Text string }
	Said struct{ By, Text string }
)

// chat is a room: who speaks is heard by all in it, who shouts is kicked.
func chat() *actors.Handlers {
	h := actors.NewRoute("chat")
	actors.On(h, "enter", func(c *actors.Context, _ *struct{}) error {
		c.Group("room").Join(c.Socket())
		return nil
	})
	actors.Handle(h, "say", func(c *actors.Context, in *Say) (*Said, error) {
		who := c.Session().Uid
		if who == "" {
			return nil, messages.NewError(messages.CodeConflict, "who are you?")
		}
		if in.Text == "AHOY" {
			c.Send(c.Socket(), &messages.Kick{Reason: "do not shout"})
		}
		said := Said{By: who, Text: in.Text}
		return &said, c.Group("room").Push("onSaid", said)
	})
	return h
}

func TestWhoSpeaksIsHeard(t *testing.T) {
	server := actortest.New(t, chat())
	ann, bob := server.Client(actortest.Who{UID: "ann"}), server.Client(actortest.Who{UID: "bob"})
	for _, c := range []*actortest.Client{ann, bob} {
		if _, err := actortest.Request[struct{}](c, "chat.enter", &struct{}{}); err != nil {
			t.Fatal(err)
		}
	}

	said, err := actortest.Request[Said](ann, "chat.say", &Say{Text: "hello"})
	if err != nil || said.By != "ann" {
		t.Errorf("answered %v and %v", said, err)
	}
	heard, err := actortest.Read[Said](bob.Push())
	if err != nil || *heard != (Said{"ann", "hello"}) {
		t.Errorf("bob hears %v and %v", heard, err)
	}

	_ = actortest.Notify(bob, "chat.say", &Say{Text: "AHOY"})
	if k := bob.Kick(); k.Reason != "do not shout" {
		t.Errorf("bob is kicked because of %q", k.Reason)
	}
}

func TestStrangersAreNotHeard(t *testing.T) {
	stranger := actortest.New(t, chat()).Client(actortest.Who{})
	_, err := actortest.Request[Said](stranger, "chat.say", &Say{Text: "psst"})
	var e *messages.Error
	if !errors.As(err, &e) || e.Code != messages.CodeConflict {
		t.Errorf("answered with %v, want code 409", err)
	}
}

// eggs are cooked for as long as one wants.
func eggs() *actors.Handlers {
	h := actors.NewRoute("egg")
	actors.On(h, "cook", func(c *actors.Context, in *struct{ Minutes time.Duration }) error {
		socket := c.Group("table")
		socket.Join(c.Socket())
		time.AfterFunc(in.Minutes*time.Minute, func() { _ = socket.Push("onDone", "an egg") })
		return nil
	})
	return h
}

func TestAnEggTakesItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // which is none
		server := actortest.Start(t, actortest.Config{
			Tree:     actors.Tree{Routes: []actors.Route{eggs()}},
			Patience: time.Hour,
		})
		cook, begin := server.Client(actortest.Who{}), time.Now()
		_ = actortest.Notify(cook, "egg.cook", &struct{ Minutes time.Duration }{5})
		if p := cook.Push(); p.Route != "onDone" {
			t.Errorf("pushed %v", p)
		}
		if got, want := time.Since(begin), 5*time.Minute+20*time.Millisecond; got != want {
			t.Errorf("it took %v, want %v: to cook, and the tick", got, want)
		}
	})
}
