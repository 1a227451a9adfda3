package actors_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/actors"
)

// side is a town as one of its two nodes sees it.
type side struct {
	*town
	address, other string
}

// owns waits for who is nowhere.
func (s side) owns(identity string) actors.Ownership {
	switch o := s.town.owns(identity); {
	case o.Mine || o.Address == s.address:
		return actors.Ownership{Mine: true}
	case o.Address == s.other:
		return o
	}
	return actors.Ownership{}
}

// Whoever moves between two nodes while clients ask is never on both, and all are answered.
func TestVirtualActorsMoveWhileTheyAreAsked(t *testing.T) {
	const names, clients, asks, moves = 3, 8, 60, 40
	bubble(t, rooms, func(r *rig) {
		w := &town{}
		for i := range names {
			w.says(fmt.Sprint(i), actors.Ownership{Address: "near:1"})
		}
		far := r.near().far("far:1")
		tree, err := actors.Tree{
			Cluster: &ensemble{}, Log: far.Logger(), Limits: actors.Limits{}.WithDefaults(), Faults: actors.Faults{}.WithDefaults(),
		}.Start(far)
		if err != nil {
			t.Fatal(err)
		}
		defer tree.Stop()
		props := actor.PropsFromProducer(func() actor.Actor { return &cave{town: w} })
		var hosts []*actors.Host
		for tree, s := range map[*actors.Running]side{r.tree: {w, "near:1", "far:1"}, tree: {w, "far:1", "near:1"}} {
			h, err := tree.Host("room", actors.HostConfig{Props: props, Owns: s.owns})
			if err != nil {
				t.Fatal(err)
			}
			hosts = append(hosts, h)
		}
		ends := make([]*end, clients)
		for i := range ends {
			ends[i] = r.dial()
			go func() {
				for id := range asks {
					time.Sleep(rand.N(50 * time.Millisecond))
					ends[i].send(fmt.Sprintf("R %d room.count %d", id, rand.IntN(names)))
				}
			}()
		}
		for range moves {
			who, to := fmt.Sprint(rand.IntN(names)), []string{"near:1", "far:1"}[rand.IntN(2)]
			for _, o := range []actors.Ownership{{Address: "nobody"}, {Address: to}} {
				w.says(who, o)
				for _, h := range hosts {
					if err := h.Moved(context.Background()); err != nil {
						t.Error(err)
					}
				}
			}
			time.Sleep(rand.N(50 * time.Millisecond))
		}
		for _, e := range ends {
			for _, answer := range e.gathers(asks) {
				if !strings.Contains(answer, "=") {
					t.Errorf("answered %s", answer)
				}
			}
		}
		if w.crowded {
			t.Error("one of them was in two places")
		}
	})
}
