package actors

import (
	"encoding/json"
	"fmt"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/messages"
)

// keysKept bounds how many keys a group remembers; more only cost more to replace.
const keysKept = 4096

// group is the part of a group that one batcher has.
type group struct {
	name    string
	members []*member
	// keyed holds the entries last pushed under each key, one for each codec.
	// Every member was given them, so one mark replaces them for all.
	keyed map[string][]*entry
	// searched is set when entries may wait that keyed no longer knows: they
	// are searched for in each outbox.
	searched bool
}

// member is one socket of a batcher, with its seat in each of its groups.
type member struct {
	link *link
	in   []seat
}

type seat struct {
	group *group
	at    int
}

func (g *group) add(m *member) {
	for _, p := range m.in {
		if p.group == g {
			return
		}
	}
	m.in = append(m.in, seat{g, len(g.members)})
	g.members = append(g.members, m)
}

// remove puts the last member in m's seat.
func (g *group) remove(m *member) {
	for i, p := range m.in {
		if p.group != g {
			continue
		}
		last := g.members[len(g.members)-1]
		g.members[p.at] = last
		last.moved(g, p.at)
		g.members[len(g.members)-1] = nil
		g.members = g.members[:len(g.members)-1]
		m.in = append(m.in[:i], m.in[i+1:]...)
		g.forgetKeys() // m holds entries that will not be replaced for it
		return
	}
}

func (g *group) forgetKeys() {
	if len(g.keyed) > 0 {
		g.keyed, g.searched = nil, true
	}
}

func (m *member) moved(g *group, to int) {
	for i := range m.in {
		if m.in[i].group == g {
			m.in[i].at = to
		}
	}
}

// push puts one entry for each codec in the members' outboxes.
func (g *group) push(c *cell) {
	key := c.push.Key
	search := key != "" && g.searched && g.keyed[key] == nil
	var made []*entry
	var codec connectors.Codec
	var e *entry
	for _, m := range g.members {
		now := c.push.Urgent || m.link.tick < 0
		other := m.link.offer(codec, e, now, search)
		for ; other != nil; other = m.link.offer(codec, e, now, search) {
			b, err := c.encode(other)
			if err != nil { // logged by the cell
				break
			}
			codec, e = other, &entry{bytes: b, key: key}
			made = append(made, e)
		}
	}
	if key != "" {
		g.replace(key, made)
	}
}

// replace marks the entries pushed under key before, all of whose holders have
// been given newer ones.
func (g *group) replace(key string, with []*entry) {
	for _, e := range g.keyed[key] {
		e.replaced.Store(true)
	}
	if len(g.keyed) >= keysKept {
		g.forgetKeys()
	}
	if g.keyed == nil {
		g.keyed = map[string][]*entry{}
	}
	g.keyed[key] = with
}

// Group is a named set of clients. What is pushed to it is encoded once for each kind
// of client, and reaches all who are members when the push arrives at their batcher.
// The zero Group is of no use: Context.Group and the running server give one.
type Group struct {
	node  *node
	name  string
	all   bool
	lanes []lane // of the handler that uses it; nil elsewhere
}

// Join adds the client behind the socket's PID. Joining twice is joining once.
func (g Group) Join(socket *actor.PID) {
	if b := g.node.batcherOf(socket); b != nil && !g.all {
		g.node.root.Send(b.pid, &join{g.name, socket, g.lane(b)})
	}
}

// Leave removes the client. A client that disconnects leaves all its groups.
func (g Group) Leave(socket *actor.PID) {
	if b := g.node.batcherOf(socket); b != nil && !g.all {
		g.node.root.Send(b.pid, &leave{g.name, socket, g.lane(b)})
	}
}

// Push sends v, as JSON, to all members on the next tick. It fails when v has no JSON form.
func (g Group) Push(route string, v any) error { return g.PushKey("", route, v) }

// PushKey is Push of something of which only the newest counts, a position for example:
// while it waits, the next one with the same key replaces it.
func (g Group) PushKey(key, route string, v any) error {
	body, err := jsonBody(v)
	if err != nil {
		return fmt.Errorf("push %s: %w", route, err)
	}
	g.Send(&messages.Push{Route: route, Body: body, Key: key})
	return nil
}

// Send pushes p, which must not be changed any more, to all members.
func (g Group) Send(p *messages.Push) {
	c := &cell{log: g.node.log, push: p}
	for _, b := range g.node.batchers {
		g.node.root.Send(b.pid, &broadcast{g.name, g.all, c, g.lane(b)})
	}
}

func (g Group) lane(b *batcher) *lane {
	if g.lanes == nil {
		return nil
	}
	return g.lanes[b.k].enter()
}

// jsonBody is v as JSON; a json.RawMessage is taken as it is.
func jsonBody(v any) ([]byte, error) {
	if raw, ok := v.(json.RawMessage); ok {
		return raw, nil
	}
	return json.Marshal(v)
}
