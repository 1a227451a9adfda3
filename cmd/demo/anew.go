package main

import "github.com/fairlead-go/fairlead/actors"

// anew is a lobby that may take the place of one that is gone: with its first request it asks all who were aboard
// there to join again. They are in the groups still, whom nobody aboard knows.
func (l *lobby) anew() *actors.Handlers {
	told := false
	l.routes.Use(func(next actors.Handler) actors.Handler {
		return func(c *actors.Context, body []byte) ([]byte, error) {
			if !told {
				told = true
				if err := c.Group(groupLobby).Push("onAnew", struct{}{}); err != nil {
					return nil, err
				}
			}
			return next(c, body)
		}
	})
	return l.routes
}
