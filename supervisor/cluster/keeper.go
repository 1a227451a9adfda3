package cluster

import (
	"context"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/messages"
	"github.com/fairlead-go/fairlead/supervisor/cluster/registry"
	"github.com/fairlead-go/fairlead/supervisor/cluster/view"
)

// keeper owns a node's membership and its part of the users' registry: one goroutine calls its methods. The streams of
// other nodes wait for it, which slows them down; it waits for nobody.
type keeper struct {
	*Node
	machine *view.Machine
	desk    *registry.Desk
	kept    *place                   // where the node has kept what is its own; nil: it has let go of all
	clear   uint64                   // the newest view in which nothing is kept that is not ours
	clears  map[string]uint64        // the same of others, by their ids, and ours when it counts for the view
	kicker  *actor.PID               // is answered by sockets that the registry kicks
	missed  map[string]bool          // nodes, by address, that a letter of the registry's has not reached
	seen    map[string]time.Duration // when nodes that are dialled, by address, were last heard of
	hosted  context.CancelFunc       // ends what the last view has begun with the hosts
	turn    chan struct{}            // closed when the last thing that was begun with them has ended
	silent  bool                     // others know it by an id that is no more, and must not hear of it
}

const (
	inboxSize = 4096
	// clearsKept bounds what nodes that are no members can have us keep.
	clearsKept = 4096
	// tickEvery is how finely deadlines are kept, at most.
	tickEvery = 50 * time.Millisecond
	// handOverTime bounds how long a view waits for virtual actors that are to go.
	handOverTime = 2 * time.Second
)

func (k *keeper) run() {
	defer close(k.stopped)
	ticker := time.NewTicker(tickEvery)
	defer ticker.Stop()
	for {
		select {
		case f := <-k.inbox:
			k.look()
			f()
		case <-k.errands.wake:
			k.look()
		case <-ticker.C:
			k.follow(k.machine.Tick(k.now()))
			k.settle(k.desk.Tick(k.now()))
			k.resync()
			k.forget(k.now())
		case <-k.ctx.Done():
			k.end()
			return
		}
	}
}

// end gives up everything, and does what there is still to do: callers wait for it.
func (k *keeper) end() {
	k.lease.Store(0)
	for {
		select {
		case f := <-k.inbox:
			f()
			continue
		default:
		}
		break
	}
	for _, f := range k.errands.take() {
		f()
	}
	k.lease.Store(0) // it may have been renewed
	k.cutOff()
	k.settle(k.desk.Fenced(k.now()))
}

// look is due before anything else: what the node may not do any more it must not do first.
func (k *keeper) look() {
	if k.now() >= time.Duration(k.lease.Load()) {
		k.follow(k.machine.Tick(k.now()))
	}
	for _, f := range k.errands.take() {
		f()
	}
}

// resync tells nodes all that counts when a letter has not reached them. Members only: others are told with the next view.
func (k *keeper) resync() {
	for address := range k.missed {
		delete(k.missed, address)
		if k.place.Load().has(address) {
			k.settle(k.desk.Resync(k.now(), address))
		}
	}
}

// do has f called by the keeper. It waits while there is much to do; false: the node has ended.
func (n *Node) do(f func()) bool {
	if n.ctx.Err() != nil {
		return false
	}
	select {
	case n.inbox <- f:
		return true
	case <-n.ctx.Done():
		return false
	}
}

// follow does what the machine says. What ends comes before what begins.
func (k *keeper) follow(out view.Out) {
	k.lease.Store(int64(k.machine.Lease()))
	for _, e := range out.Events {
		k.event(e)
	}
	for _, l := range out.Send {
		if k.silent {
			break
		}
		if b := l.Peer.GetBeat(); b != nil {
			b.Clear = k.clear
		}
		_ = k.mesh.Send(l.To, l.Peer) // whoever misses one is told again
	}
}

func (k *keeper) event(e view.Event) {
	switch e.Kind {
	case view.Installed:
		k.install(e)
	case view.Fenced:
		k.log.Warn("cut off from the cluster: nothing is ours", "view", e.View.GetNumber())
		k.cutOff()
		k.settle(k.desk.Fenced(k.now()))
	case view.Restored:
		k.log.Info("back in the cluster", "view", e.View.GetNumber())
		k.begin(k.machine.View(), nil)
	case view.Resigned:
		k.log.Warn("the cluster goes on without us: joining again", "as", k.machine.Self().Id)
		k.cutOff()
		k.place.Store(nil)
		k.settle(k.desk.Install(k.now(), k.machine.Self(), nil))
		k.silent = true
		k.inTurn(func() { k.do(k.comeBack) }) // nothing of what it was may be left then
	case view.Left:
		k.cutOff()
		k.settle(k.desk.Fenced(k.now()))
		k.place.Store(nil)
		k.leftOnce.Do(func() { close(k.left) })
	}
}

// comeBack shows the others who the node is now.
func (k *keeper) comeBack() {
	k.card.Store(k.newCard(k.machine.Self()))
	k.mesh.Recard()
	k.silent = false
}

// install goes over to a view.
func (k *keeper) install(e view.Event) {
	k.log.Info("view", "number", e.View.Number, "members", len(e.View.Members), "gone", addressesOf(e.Gone), "came", addressesOf(e.Came))
	k.begin(e.View, e.Gone)
}

// begin makes v the view that the node acts in.
func (k *keeper) begin(v *messages.View, gone []*messages.Member) {
	p := newPlace(v, k.machine.Self(), k.kept)
	k.topology(v) // ends the engine's way to those who are gone, who may be others now at the same address
	k.place.Store(p)
	k.kept = p
	k.mesh.Know(p.others("")...)
	k.sees(p.others("")...)
	for _, m := range gone {
		if !p.members[m.Address] {
			k.mesh.End(m.Address)
		}
	}
	k.lost(addressesOf(gone)...)
	delete(k.clears, p.self.Id) // it is to be said anew
	k.settle(k.desk.Install(k.now(), p.self, v))
	k.handOver(p)
}

// handOver lets virtual actors go that live elsewhere now, and then says so to all.
func (k *keeper) handOver(p *place) {
	if k.hosted != nil {
		k.hosted()
	}
	over, cancel := context.WithCancel(k.ctx)
	k.hosted = cancel
	k.inTurn(func() {
		ctx, cancel := context.WithTimeout(over, handOverTime)
		defer cancel()
		k.moveHosts(ctx)
		if over.Err() != nil {
			return
		}
		k.do(func() {
			if k.place.Load() != p {
				return
			}
			c := &messages.Peer{Body: &messages.Peer_Clear{Clear: &messages.Clear{View: p.view.Number}}}
			for _, address := range p.others("") {
				_ = k.mesh.Send(address, c)
			}
			k.clear = p.view.Number
			k.cleared(p.self.Id, k.clear)
		})
	})
}

// inTurn runs f on a goroutine of its own, behind what was begun so before. Hosts that are to stop everything must
// not do so when the node is back.
func (k *keeper) inTurn(f func()) {
	before, mine := k.turn, make(chan struct{})
	k.turn = mine
	k.work.Go(func() {
		defer close(mine)
		if before != nil {
			<-before
		}
		f()
	})
}

// cleared notes that a member has let go of what is not its own. When all have, the view is settled.
func (k *keeper) cleared(id string, number uint64) {
	if number == 0 {
		return
	}
	p := k.place.Load()
	if k.clears[id] == 0 && len(k.clears) >= clearsKept {
		clear(k.clears) // members say it again with each beat
		if p != nil && k.clear == p.view.Number {
			k.clears[p.self.Id] = k.clear
		}
	}
	k.clears[id] = max(k.clears[id], number)
	if p == nil || number != p.view.Number || p.settled {
		return
	}
	for _, m := range p.view.Members {
		if k.clears[m.Id] != number {
			return
		}
	}
	k.kept = p.whenSettled()
	k.place.Store(k.kept)
	k.work.Go(func() { k.moveHosts(k.ctx) })
	k.readyOnce.Do(func() { close(k.ready) })
}

// cutOff gives up all that the node owns: nothing of it may act on.
func (k *keeper) cutOff() {
	if k.hosted != nil {
		k.hosted()
		k.hosted = nil
	}
	k.kept, k.clear = nil, 0
	k.inTurn(k.stopHosts)
	k.lost(k.place.Load().others("")...)
}

func addressesOf(members []*messages.Member) (addresses []string) {
	for _, m := range members {
		addresses = append(addresses, m.Address)
	}
	return addresses
}
