package actortest_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/fairlead-go/fairlead/actors"
	"github.com/fairlead-go/fairlead/actors/actortest"
	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/internal/leak"
	"github.com/fairlead-go/fairlead/messages"
)

func TestMain(m *testing.M) { leak.Main(m) }

// both runs f in a bubble and outside of one.
func both(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	t.Run("in a bubble", func(t *testing.T) { synctest.Test(t, f) })
	t.Run("in real time", f)
}

type None = struct{}

func route(name string, f actors.Handler) *actors.Handlers {
	h := actors.NewRoute("test")
	actors.HandleRaw(h, name, f)
	return h
}

func TestWhoComesInIsKnown(t *testing.T) {
	both(t, func(t *testing.T) {
		server := actortest.New(t, route("x", func(*actors.Context, []byte) ([]byte, error) { return nil, nil }))
		c := server.Client(actortest.Who{UID: "ann", Settings: map[string][]byte{"rank": []byte("7")}})
		s := c.Session()
		if s.Uid != "ann" || string(s.Settings["rank"]) != "7" || s.Connector != "actortest" || c.Socket() == nil {
			t.Errorf("session %v", s)
		}
		if got := server.Users("ann"); len(got) != 1 || got[0].Id != s.Id {
			t.Errorf("the server knows %v", got)
		}
	})
}

func TestTheHandshakeDecides(t *testing.T) {
	both(t, func(t *testing.T) {
		server := actortest.Start(t, actortest.Config{Tree: actors.Tree{
			Handshake: func(_ context.Context, h *connectors.Hello) (any, error) {
				if string(h.User) != `"friend"` {
					return nil, messages.NewError(77, "foe")
				}
				return "welcome", nil
			},
		}})
		if c := server.Client(actortest.Who{User: []byte(`"friend"`)}); string(c.Welcome()) != `"welcome"` {
			t.Errorf("welcomed with %q", c.Welcome())
		}
		_, err := server.Enter(actortest.Who{})
		var e *messages.Error
		if !errors.As(err, &e) || e.Code != 77 || e.Msg != "foe" {
			t.Errorf("refused with %v", err)
		}
	})
}

func TestASecondLoginIsRefused(t *testing.T) {
	both(t, func(t *testing.T) {
		server := actortest.Start(t, actortest.Config{Tree: actors.Tree{Logins: actors.RefuseNewer}})
		server.Client(actortest.Who{UID: "ann"})
		_, err := server.Enter(actortest.Who{UID: "ann"})
		var e *messages.Error
		if !errors.As(err, &e) || e.Code != messages.CodeConflict {
			t.Errorf("bound with %v, want code 409", err)
		}
	})
}

func TestBodiesInProtobuf(t *testing.T) {
	both(t, func(t *testing.T) {
		h := actors.NewRoute("test")
		actors.Handle(h, "double", func(_ *actors.Context, in *wrapperspb.Int64Value) (*wrapperspb.Int64Value, error) {
			return wrapperspb.Int64(2 * in.Value), nil
		})
		server := actortest.New(t, h)
		for _, e := range []messages.Encoding{messages.JSON, messages.Protobuf} {
			c := server.Client(actortest.Who{Encoding: e})
			got, err := actortest.Request[wrapperspb.Int64Value](c, "test.double", wrapperspb.Int64(21))
			if err != nil || got.Value != 42 {
				t.Errorf("in %v answered %v and %v", e, got, err)
			}
		}
	})
}

func TestAnErrorMayHaveAnAnswerBeside(t *testing.T) {
	both(t, func(t *testing.T) {
		server := actortest.New(t, route("x", func(*actors.Context, []byte) ([]byte, error) {
			return []byte(`"almost"`), messages.NewError(5, "no")
		}))
		got, err := actortest.Request[string, None](server.Client(actortest.Who{}), "test.x", nil)
		var e *messages.Error
		if !errors.As(err, &e) || e.Code != 5 || *got != "almost" {
			t.Errorf("answered %v and %v", got, err)
		}
	})
}

// All that a handler sends comes in its order, and nothing comes twice.
func TestPushesAndAnswersAreInOrder(t *testing.T) {
	both(t, func(t *testing.T) {
		server := actortest.New(t, route("x", func(c *actors.Context, b []byte) ([]byte, error) {
			return b, errors.Join(c.Push("one", 1), c.Push("two", 2))
		}))
		c := server.Client(actortest.Who{})
		for range 100 {
			if _, err := actortest.Request[None](c, "test.x", &None{}); err != nil {
				t.Fatal(err)
			}
		}
		pushes := c.Pushes()
		for i, p := range pushes {
			if want := []string{"one", "two"}[i%2]; p.Route != want {
				t.Fatalf("push %d is %q, want %q", i, p.Route, want)
			}
		}
		if len(pushes) != 200 {
			t.Errorf("%d pushes came before the answers, want 200", len(pushes))
		}
	})
}

func TestWhoLeavesIsMissed(t *testing.T) {
	both(t, func(t *testing.T) {
		handled := make(chan string, 10)
		server := actortest.New(t, route("x", func(_ *actors.Context, b []byte) ([]byte, error) {
			handled <- string(b)
			return nil, nil
		}))
		c := server.Client(actortest.Who{UID: "ann"})
		_ = actortest.Notify(c, "test.x", &[]int{1})
		c.Leave()
		<-c.Gone()
		if got := <-handled; got != "[1]" {
			t.Errorf("handled %q", got)
		}
		if got := server.Users("ann"); len(got) != 0 || c.Session() != nil || c.Kicked() != nil {
			t.Errorf("the server knows %v", got)
		}
		if _, err := actortest.Request[None, None](c, "test.x", nil); !errors.Is(err, actortest.ErrGone) {
			t.Errorf("who has left is answered with %v", err)
		}
		if err := actortest.Notify[None](c, "test.x", nil); !errors.Is(err, actortest.ErrGone) {
			t.Errorf("who has left notifies with %v", err)
		}
	})
}

func TestAWaitingRequestEndsWithItsClient(t *testing.T) {
	both(t, func(t *testing.T) {
		asked := make(chan struct{})
		server := actortest.New(t, route("x", func(c *actors.Context, _ []byte) ([]byte, error) {
			c.Defer()
			close(asked)
			return nil, nil
		}))
		c := server.Client(actortest.Who{})
		go func() {
			<-asked
			server.System.Root.Send(c.Socket(), &messages.Close{})
		}()
		if _, err := actortest.Request[None, None](c, "test.x", nil); !errors.Is(err, actortest.ErrGone) {
			t.Errorf("answered with %v", err)
		}
	})
}

func TestWhoDoesNotLookAtPushesIsSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := actortest.New(t)
		c := server.Client(actortest.Who{})
		begin := time.Now()
		for range 2000 {
			server.System.Root.Send(c.Socket(), &messages.Push{Route: "x", Urgent: true})
			synctest.Wait() // else more would wait than is allowed, for the writer to begin
		}
		<-c.Gone()
		if got := time.Since(begin).Round(time.Millisecond); got != 5*time.Second {
			t.Errorf("closed after %v, want 5s: Limits.OutboxAge", got)
		}
		if got := len(c.Pushes()); got != 1024 {
			t.Errorf("%d pushes wait, want 1,024", got)
		}
	})
}
