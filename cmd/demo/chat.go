package main

import (
	"encoding/json"

	"github.com/fairlead-go/fairlead/actors"
	"github.com/fairlead-go/fairlead/messages"
)

// longestChat bounds the whole body of a lobby.chat, in bytes.
const longestChat = 4096

// saying is the body of lobby.chat, as far as the lobby reads it.
type saying struct {
	Name    string `json:"name"`
	Content string `json:"content"`
}

// chat pushes the body, as it came, to all who joined: it is neither decoded
// into their form nor encoded again, only looked at.
func (l *lobby) chat(c *actors.Context, body []byte) ([]byte, error) {
	p := l.asking(c)
	if p == nil {
		return nil, errOutside
	}
	var said saying
	if len(body) > longestChat || json.Unmarshal(body, &said) != nil || said.Content == "" {
		return nil, messages.NewError(messages.CodeBadRequest, `chat: {"name":…,"content":…}, at most 4 KiB`)
	}
	if said.Name != p.Name {
		return nil, messages.NewError(messages.CodeBadRequest, "name: yours is "+p.Name)
	}
	return nil, c.Group(groupLobby).Push("onChat", json.RawMessage(body))
}
