package sim_test

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/messages"
)

// play runs a schedule in a bubble of its own, and returns what happened. It is an error when
// goroutines outlive the bubble.
func play(t *testing.T, s *schedule) (h *history, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%v\n%s", p, bubbled())
		}
	}()
	synctest.Test(t, func(*testing.T) {
		var r *rig
		if r, err = start(s); err != nil {
			return
		}
		h = r.history
		r.perform()
		r.finish()
	})
	return h, err
}

// bubbled are the stacks of the goroutines that are left in bubbles.
func bubbled() (stacks string) {
	all := make([]byte, 1<<20)
	for s := range strings.SplitSeq(string(all[:runtime.Stack(all, true)]), "\n\n") {
		if head, _, _ := strings.Cut(s, "\n"); strings.Contains(head, "synctest bubble") {
			stacks += s + "\n"
		}
	}
	return stacks
}

// perform runs in the bubble. What stands at the same moment begins without waiting in between.
func (r *rig) perform() {
	line := slices.Clone(r.sch.Steps)
	for no, p := range r.sch.Clients {
		line = append(line, step{At: p.At, Do: "dial", Client: no})
	}
	slices.SortStableFunc(line, func(a, b step) int {
		if a.At == b.At {
			return int(b2i(b.Do == "dial") - b2i(a.Do == "dial"))
		}
		return int(a.At - b.At)
	})
	late := time.Duration(0) // by idling
	for i, s := range line {
		if i == 0 || s.At > line[i-1].At {
			synctest.Wait()
			r.inFlight(func(client int) bool { return r.clients[client].gone.Load() || r.clients[client].pid.Load() == nil })
			time.Sleep(s.At + late - r.now())
		}
		if s.Do == "idle" {
			late += s.For
			time.Sleep(s.For)
			continue
		}
		r.begin(s)
	}
}

func b2i(b bool) int8 {
	if b {
		return 1
	}
	return 0
}

// begin does a step, without waiting for what comes of it.
func (r *rig) begin(s step) {
	c := r.clients[s.Client]
	switch s.Do {
	case "dial":
		r.dial(c)
	case "stop":
		r.halt()
	case "drain":
		r.write(event{what: stopping, client: -1, text: "drain"})
		r.halting.Go(r.drained)
	case "panicAccept", "acceptFails":
		r.arms.atLeast(s.Do, s.N)
	case "listenerCloses":
		r.write(event{what: fault, client: -1, text: s.Do})
		r.place.Close()
	case "outside", "panicWhere", "panicPush":
		r.outside(c, s)
	case "kickUser":
		r.write(event{what: fault, client: -1, op: op{User: s.N % users}, text: s.Do})
		r.fl.KickUID(userName(s.N%users), kickReason)
	case "breakRoute", "stopShard", "stopConnector", "stopListener", "stopBatcher", "stopRoute", "stopSessions", "stopSession":
		r.hurtTree(s)
	default:
		if c.conn != nil {
			r.hurt(c, s)
		}
	}
}

// outside does a script outside all handlers.
func (r *rig) outside(c *client, s step) {
	by := outsiderOf(r.app, "outside")
	switch s.Do {
	case "panicWhere":
		by.do(c, op{Do: "whereBoom", Group: s.N % groups})
	case "panicPush":
		by.do(c, op{Do: "pushBoom", Key: 1 + s.N%2})
	}
	for _, o := range s.Script {
		by.do(c, o)
	}
}

// hurt does what is about one client.
func (r *rig) hurt(c *client, s step) {
	switch s.Do {
	case "ask":
		c.ask(s.Asks)
		return
	case "fast":
		c.note(fault, s.Do)
		c.ask(s.Asks)
		return
	case "flood":
		c.note(fault, s.Do)
		for by := outsiderOf(r.app, "flood"); s.N >= 0; s.N-- {
			for range 20 {
				by.do(c, op{Do: "flood"})
			}
		}
		return
	case "drop", "reset", "vanish", "partial", "garbage", "oversize", "nonsense", "stall", "deaf", "slow":
		c.note(fault, s.Do)
		c.harm(s.Do, s.For)
		return
	}
	if strings.HasPrefix(s.Do, "panic") && s.Do != "panicKick" {
		c.arms.set(s.Do, s.N)
		return
	}
	if pid := c.pid.Load(); pid != nil {
		c.note(fault, s.Do)
		r.hurtSocket(pid, s.Do)
	}
}

func (r *rig) hurtSocket(pid *actor.PID, what string) {
	root := r.system.Root
	switch what {
	case "kick":
		root.Send(pid, &messages.Kick{Reason: kickReason})
	case "panicKick":
		root.Send(pid, &messages.Kick{Reason: boomReason})
	case "close":
		root.Send(pid, &messages.Close{Reason: kickReason})
	case "stopSocket":
		root.Stop(pid)
	case "poisonSocket":
		root.Poison(pid)
	case "breakSocket": // a message that no actor survives
		root.Send(pid, (*messages.Push)(nil))
	}
}

// parts are what the names of the tree's actors have in them.
var parts = map[string]string{
	"breakRoute": "/route/", "stopRoute": "/route/", "stopSessions": "/sessions/own", "stopSession": "/sessions/own/",
	"stopShard": "/sockets/", "stopConnector": "/connector/sim", "stopListener": "/listener/", "stopBatcher": "/batcher/",
}

// hurtTree does something to an actor of the tree.
func (r *rig) hurtTree(s step) {
	var ids []string
	for id := range r.actors() {
		_, after, ok := strings.Cut(id, parts[s.Do])
		whole := !strings.Contains(after, "/") || s.Do == "breakRoute" || s.Do == "stopRoute"
		if ok && whole && (after != "" || strings.HasSuffix(id, "sim") || strings.HasSuffix(id, "own")) {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return
	}
	slices.Sort(ids)
	pid := actor.NewPID(r.system.Address(), ids[(s.Client*7+s.N)%len(ids)])
	r.write(event{what: fault, client: -1, text: s.Do + " " + pid.Id})
	switch {
	case s.Do == "breakRoute":
		r.system.Root.Send(pid, (*messages.Request)(nil))
	case s.N%2 == 0:
		r.system.Root.Poison(pid)
	default:
		r.system.Root.Stop(pid)
	}
}
