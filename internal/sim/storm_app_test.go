package sim_test

import (
	"bytes"
	"context"
	"encoding/json"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/actors"
	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/messages"
)

// bomb is a body that panics when it is read.
type bomb struct{ Boom bool }

// UnmarshalJSON is the callback that every typed body may have.
func (b *bomb) UnmarshalJSON(text []byte) error {
	if bytes.Contains(text, []byte("typed body")) {
		panic("sim: body")
	}
	return nil
}

// routes answer any.do: its body names the callback that is to panic.
func (s *storm) routes() []actors.Route {
	raw, typed := actors.NewRoute("any"), actors.NewRoute("typed")
	actors.HandleRaw(raw, "do", s.handle)
	actors.Handle(typed, "do", func(*actors.Context, *bomb) (*struct{}, error) { return nil, nil })
	return []actors.Route{
		raw, typed,
		actors.PerSession("own", func(*messages.Session) *actors.Handlers {
			s.hit("PerSession maker")
			panic("sim: maker")
		}),
		actors.RouteFunc("pick", func(*messages.Session, string) *actor.PID {
			s.hit("RouteFunc")
			panic("sim: route function")
		}),
	}
}

func (s *storm) handle(c *actors.Context, b []byte) ([]byte, error) {
	var place string
	_ = json.Unmarshal(b, &place)
	switch place {
	case "handler":
		s.hit(place)
		panic("sim: handler")
	case "Codec.AppendResponse", "Connector.Encode":
		return b, nil
	case "Codec.AppendPush":
		c.Send(c.Socket(), &messages.Push{Route: boomRoute, Body: []byte("1")})
	case "Group.Where":
		self := c.Session().Id
		c.All().Where(func(m *messages.Session) bool {
			if m.Id != self {
				return false
			}
			s.hit(place)
			panic("sim: where")
		}).Send(&messages.Push{Route: "onPush", Body: []byte("1")})
	case "Codec.AppendKick":
		c.Send(c.Socket(), &messages.Kick{Reason: boomReason})
	}
	return nil, nil
}

func (s *storm) filter(next actors.Handler) actors.Handler {
	return func(c *actors.Context, b []byte) ([]byte, error) {
		switch string(b) {
		case `"filter, before"`:
			s.hit("filter, before")
			panic("sim: filter")
		case `"typed body"`:
			s.hit("typed body")
		}
		out, err := next(c, b)
		if string(b) == `"filter, after"` {
			s.hit("filter, after")
			panic("sim: filter")
		}
		return out, err
	}
}

func (s *storm) event(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *messages.Connected:
		s.blow(s.fuseOf(m.Session), "Events actor, Connected")
	case *messages.Closed:
		s.blow(s.fuseOf(m.Session), "Events actor, Closed")
	}
}

func (s *storm) check(typ, _ string) bool {
	if typ == "CheckClient" {
		s.hit(typ)
		panic("sim: check")
	}
	return true
}

func (s *storm) handshake(_ context.Context, h *connectors.Hello) (any, error) {
	if h.Type == "Handshake" {
		s.hit(h.Type)
		panic("sim: hook")
	}
	return nil, nil
}

func (s *storm) decode(body []byte) (*messages.Request, error) {
	if bytes.Contains(body, []byte("Connector.Decode")) {
		s.hit("Connector.Decode")
		panic("sim: decode")
	}
	return decode(body)
}

func (s *storm) encode(id uint64, route string, body []byte) ([]byte, error) {
	if string(body) == `"Connector.Encode"` {
		s.hit("Connector.Encode")
		panic("sim: encode")
	}
	return encode(id, route, body)
}
