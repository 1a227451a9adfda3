package main

import (
	"cmp"

	"github.com/fairlead-go/fairlead/actors"
	"github.com/fairlead-go/fairlead/messages"
)

// kicking is the body of lobby.kick: whom, by id or else by name, and why.
type kicking struct {
	ID     int    `json:"id"`
	Name   string `json:"name"`
	Reason string `json:"reason"`
}

// kick sends another player's socket a Kick: that is all it takes. That the player
// has left comes back to us as it does for everybody who goes.
func (l *lobby) kick(c *actors.Context, in *kicking) (*struct{}, error) {
	by := l.asking(c)
	if by == nil {
		return nil, errOutside
	}
	p := l.find(in)
	switch {
	case p == nil:
		return nil, messages.NewError(404, "nobody of that name or id is aboard")
	case p == by:
		return nil, messages.NewError(messages.CodeBadRequest, "that is you: close the window instead")
	}
	reason := cmp.Or(line(in.Reason, longestReason), "kicked by "+by.Name)
	c.Send(p.socket, &messages.Kick{Reason: reason})
	return nil, nil
}

func (l *lobby) find(who *kicking) *player {
	if who.ID == 0 {
		return l.named[who.Name]
	}
	for _, p := range l.players {
		if p.ID == who.ID {
			return p
		}
	}
	return nil
}
