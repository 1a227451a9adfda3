package main

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/actors"
	"github.com/fairlead-go/fairlead/messages"
)

// The groups of the game. Whoever joined hears the chat; whoever joined with a
// place also sees who comes, goes and moves.
const (
	groupLobby = "lobby"
	groupField = "field"
)

const (
	longestName   = 24  // characters
	longestReason = 120 // characters
	edge          = 1000
)

// lobby is the game: who is aboard, and where. Its handlers run one at a time, in
// the actor that fairlead spawned for the route, and nobody else touches it.
type lobby struct {
	routes  *actors.Handlers
	players map[string]*player // by session id
	named   map[string]*player
	lastID  int
}

// player is one who joined, as the others see them.
type player struct {
	ID   int    `json:"id"`
	Name string `json:"name"`
	Hue  int    `json:"hue"`  // of their colour, in degrees
	Wire string `json:"wire"` // "tcp", "websocket", "socket.io"
	*spot

	socket *actor.PID
}

// spot is a place on the field, in thousandths of its width and height.
type spot struct {
	X int `json:"x"`
	Y int `json:"y"`
}

// errOutside is the answer to those who act before they have joined.
var errOutside = messages.NewError(messages.CodeBadRequest, "join first: lobby.join")

func newLobby() *lobby {
	l := &lobby{
		routes:  actors.NewRoute("lobby"),
		players: map[string]*player{},
		named:   map[string]*player{},
	}
	actors.HandleRaw(l.routes, "echo", echo)
	actors.Handle(l.routes, "join", l.join)
	actors.HandleRaw(l.routes, "chat", l.chat)
	actors.Handle(l.routes, "move", l.move)
	actors.Handle(l.routes, "kick", l.kick)
	actors.Handle(l.routes, "leave", l.leave)
	return l
}

// asking is the player behind a request, nil if they have not joined.
func (l *lobby) asking(c *actors.Context) *player {
	return l.players[c.Session().GetId()]
}

// free makes a name that nobody aboard has.
func (l *lobby) free(name string) string {
	for n := 2; ; n++ {
		if l.named[name] == nil {
			return name
		}
		base, _, _ := strings.Cut(name, " #")
		name = fmt.Sprintf("%s #%d", base, n)
	}
}

// line is text as it fits on one line: no control characters, no space around,
// at most so many characters.
func line(text string, most int) string {
	text = strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == utf8.RuneError {
			return ' '
		}
		return r
	}, text))
	if runes := []rune(text); len(runes) > most {
		return strings.TrimSpace(string(runes[:most]))
	}
	return text
}

func onField(n int) int { return min(max(n, 0), edge) }
