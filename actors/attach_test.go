package actors_test

import (
	"testing"

	"github.com/fairlead-go/fairlead/actors"
)

func TestAttachmentsAndArgumentsGoWithTheAnswer(t *testing.T) {
	bubble(t, func(tree *actors.Tree, _ *place) {
		h := actors.NewRoute("game")
		actors.HandleRaw(h, "now", func(c *actors.Context, _ []byte) ([]byte, error) {
			c.Attach([]byte("a"), []byte("b"))
			c.Append([]byte("c"))
			return []byte("1"), nil
		})
		actors.HandleRaw(h, "later", func(c *actors.Context, _ []byte) ([]byte, error) {
			c.Attach([]byte("a"))
			r := c.Defer()
			r.Attach([]byte("b"))
			r.Append([]byte("c"))
			return nil, r.Send(2)
		})
		actors.HandleRaw(h, "none", func(*actors.Context, []byte) ([]byte, error) { return []byte("3"), nil })
		tree.Routes = []actors.Route{h}
	}, func(r *rig) {
		c := r.dial()
		for request, want := range map[string]string{"R 1 game.now": "1=1+a+b,c", "R 2 game.later": "2=2+a+b,c", "R 3 game.none": "3=3"} {
			c.send(request)
			if got := c.batch(); len(got) != 1 || got[0] != want {
				t.Errorf("%s: %q, want %q", request, got, want)
			}
		}
	})
}
