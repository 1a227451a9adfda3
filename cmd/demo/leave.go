package main

import (
	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/actors"
	"github.com/fairlead-go/fairlead/messages"
)

// why is the metadata of a lobby.leave that the door sends. Clients cannot set it.
const why = "why"

// left is the body of onLeave.
type left struct {
	ID   int    `json:"id"`
	Name string `json:"name"`
	Why  string `json:"why,omitempty"`
}

// leave takes a player out of the game. Players may ask for it; for those whose
// connection has ended the door does.
func (l *lobby) leave(c *actors.Context, _ *struct{}) (*struct{}, error) {
	p := l.asking(c)
	if p == nil {
		return nil, nil // never joined, or left before
	}
	delete(l.players, c.Session().GetId())
	delete(l.named, p.Name)
	c.Group(groupLobby).Leave(p.socket)
	c.Group(groupField).Leave(p.socket)
	return nil, c.Group(groupField).Push("onLeave", left{p.ID, p.Name, c.Request().GetMetadata()[why]})
}

// door is the actor that hears who disconnects, and asks the lobby, as if the
// client had done so with its last breath, to let them go. It does nothing else, so it runs on the goroutine of
// who tells it: one of its own for each client that comes or goes would cost ten times as much.
type door struct{ to *actors.Handlers }

func (l *lobby) newDoor() *actor.Props {
	return actor.PropsFromProducer(func() actor.Actor { return door{l.routes} },
		actor.WithDispatcher(actor.NewSynchronizedDispatcher(300)))
}

func (d door) Receive(ctx actor.Context) {
	if m, ok := ctx.Message().(*messages.Closed); ok {
		ctx.Send(d.to.PID(), leaving(m))
	}
}

// leaving is the request of a client that has gone.
func leaving(m *messages.Closed) *messages.Request {
	return &messages.Request{
		Route:    "lobby.leave",
		Notify:   true,
		Session:  m.Session,
		Metadata: map[string]string{why: reason(m)},
	}
}

// reason says in words why a connection ended; that a client hung up needs none.
func reason(m *messages.Closed) string {
	switch {
	case m.Cause == messages.CauseClient:
		return ""
	case m.Cause == messages.CauseKicked && m.Reason != "":
		return "kicked, " + m.Reason
	}
	return m.Cause.Word()
}
