package main

import (
	"cmp"
	"slices"

	"github.com/fairlead-go/fairlead/actors"
	"github.com/fairlead-go/fairlead/messages"
)

// hues are the colours of players, in degrees, so that neighbours differ.
var hues = [...]int{215, 30, 150, 310, 80, 255, 0, 180}

// joining is the body of lobby.join. With x and y it is a player on the field, without
// one who only chats.
type joining struct {
	Name string `json:"name"`
	X    *int   `json:"x"`
	Y    *int   `json:"y"`
}

// joined is the answer: who you are, and for those on the field who else is aboard.
type joined struct {
	*player
	Players []*player `json:"players,omitempty"`
}

// join takes a client in. onJoin tells those on the field, all but the one who joins.
func (l *lobby) join(c *actors.Context, in *joining) (*joined, error) {
	name := line(in.Name, longestName)
	switch {
	case name == "":
		return nil, messages.NewError(messages.CodeBadRequest, "name: one to 24 characters")
	case l.asking(c) != nil:
		return nil, messages.NewError(messages.CodeBadRequest, "you are aboard already")
	}
	p := l.add(c, name, in)
	c.Group(groupField).Leave(p.socket) // it may be there since the lobby before this one
	if err := c.Group(groupField).Push("onJoin", p); err != nil {
		return nil, err
	}
	c.Group(groupLobby).Join(p.socket)
	if p.spot == nil {
		return &joined{player: p}, nil
	}
	c.Group(groupField).Join(p.socket)
	return &joined{player: p, Players: l.everybody()}, nil
}

func (l *lobby) add(c *actors.Context, name string, in *joining) *player {
	l.lastID++
	p := &player{
		ID:     l.lastID,
		Name:   l.free(name),
		Hue:    hues[(l.lastID-1)%len(hues)],
		Wire:   wire(c.Session()),
		socket: c.Socket(),
	}
	if in.X != nil && in.Y != nil {
		p.spot = &spot{onField(*in.X), onField(*in.Y)}
	}
	l.players[c.Session().GetId()] = p
	l.named[p.Name] = p
	return p
}

// wire is what the others are told of how a player is connected.
func wire(s *messages.Session) string {
	if s.GetConnector() == sioName {
		return "socket.io"
	}
	return s.GetTransport()
}

// everybody lists all players, the first to come first.
func (l *lobby) everybody() []*player {
	all := make([]*player, 0, len(l.players))
	for _, p := range l.players {
		all = append(all, p)
	}
	slices.SortFunc(all, func(a, b *player) int { return cmp.Compare(a.ID, b.ID) })
	return all
}
