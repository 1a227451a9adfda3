package main

import (
	"strconv"

	"github.com/fairlead-go/fairlead/actors"
)

// moved is the body of onMove.
type moved struct {
	ID int `json:"id"`
	spot
}

// move puts a player elsewhere and tells those on the field. The push is keyed by
// player: of several within a tick, only the last place is sent.
func (l *lobby) move(c *actors.Context, to *spot) (*struct{}, error) {
	p := l.asking(c)
	if p == nil || p.spot == nil {
		return nil, errOutside
	}
	*p.spot = spot{onField(to.X), onField(to.Y)}
	return nil, c.Group(groupField).PushKey(strconv.Itoa(p.ID), "onMove", moved{p.ID, *p.spot})
}
