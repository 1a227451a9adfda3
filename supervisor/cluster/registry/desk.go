package registry

import (
	"slices"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/messages"
)

// Gate is the role of members that have sockets, and so are registrars.
const Gate = "gate"

// Logins says what happens when a user that is bound to one socket binds to another.
type Logins int

const (
	// Allow lets a user be bound to any number of sockets.
	Allow Logins = iota
	// KickOlder kicks the older sockets, and waits until they are gone.
	KickOlder
	// RefuseNewer refuses with code 409.
	RefuseNewer
)

// Config of a Desk. Gates of one cluster must have the same.
type Config struct {
	Logins Logins
	// KickTime is how often a socket is kicked that does not go. Zero means 500 ms.
	KickTime time.Duration
	// ClaimTime is how long a claim, a question, or a message to a user may wait. Zero means 3 s.
	ClaimTime time.Duration
	// Most is how many of each of these may be under way. Zero means 65,536.
	Most int
}

func (c Config) withDefaults() Config {
	if c.KickTime == 0 {
		c.KickTime = 500 * time.Millisecond
	}
	if c.ClaimTime == 0 {
		c.ClaimTime = 3 * time.Second
	}
	if c.Most == 0 {
		c.Most = 65_536
	}
	return c
}

// A Desk is a node's part in the registry: it claims users for the node's own sockets, and it is the registrar
// of the users whose slots the node owns. One goroutine at a time may use it, and the letters of one Out must
// be sent before those of the next.
type Desk struct {
	config Config
	now    time.Duration
	out    Out
	inbox  []*messages.Peer // what the node says to itself
	asked  uint64           // the last number of a question

	self    *messages.Member
	view    *messages.View // nil while in none
	number  uint64         // of the last view there was, kept while in none
	table   *Table
	members map[string]*messages.Member
	later   map[string]*backlog // of members that are in a newer view

	// The gate's part.
	own    shelf
	claims map[uint64]*claim
	socket map[string]*claim // the claims by session
	asks   map[uint64]*ask

	// The registrar's part, of this view.
	granted uint64 // counts on from view to view, so that no two logins have the same epoch
	users   shelf
	gates   map[string]*gate
	open    int      // gates that have not told all yet
	doubled []string // users that have come in with several logins
	kicked  map[string]*entry
	queues  map[string][]*waiter
	queued  map[string]*waiter // the same, by session
	held    []held
	nudge   time.Duration // when to ask those that have not told
	dropped uint64
}

// New makes a Desk that is in no view.
func New(c Config) *Desk {
	d := &Desk{
		config: c.withDefaults(), table: &Table{}, later: map[string]*backlog{}, own: newShelf(0),
		claims: map[uint64]*claim{}, socket: map[string]*claim{}, asks: map[uint64]*ask{},
	}
	d.forget(0)
	return d
}

// An Out is what is to be done, field after field.
type Out struct {
	Send []Letter
	// Kick names logins whose sockets must go, on any node: send them a messages.Kick as a request, and call
	// Kicked when it is answered, or when there is no such socket.
	Kick []*messages.Login
	// Unbind names logins of sockets on this node that are bound no more, as the node is cut off.
	Unbind []*messages.Login
	// Deliver is for sockets on this node.
	Deliver []Local
	// Done are functions that were given to Claim and Ask.
	Done []func()
}

// A Letter goes to another node.
type Letter struct {
	To   string // its address
	Peer *messages.Peer
}

// A Local is one of Push, Kick and Set, for sockets of this node.
type Local struct {
	Push    *messages.Push
	Kick    *messages.UserKick
	Set     *messages.UserSet
	Sockets []*actor.PID
	// Sessions are those of the sockets; with a Push there are none.
	Sessions []string
}

// Stats of a Desk, for people.
type Stats struct {
	Own     int    // users that sockets of this node are bound to
	Logins  int    // those the node is the registrar of
	Settled bool   // all gates have told theirs
	Claims  int    // own claims that are not answered
	Asks    int    // own questions that are not answered
	Queued  int    // claims that wait here
	Kicked  int    // sockets that are being kicked
	Held    int    // messages to users that wait until all gates have told
	Later   int    // messages of members that are in a newer view
	Dropped uint64 // messages to users that went nowhere, since the start
}

// Stats counts.
func (d *Desk) Stats() Stats {
	s := Stats{
		Own: len(d.own.ids), Logins: len(d.users.ids), Settled: d.settled(), Claims: len(d.claims), Asks: len(d.asks),
		Queued: len(d.queued), Kicked: len(d.kicked), Held: len(d.held), Dropped: d.dropped,
	}
	for _, b := range d.later {
		s.Later += len(b.waiting)
	}
	return s
}

// settled: a registrar that knows of all logins.
func (d *Desk) settled() bool { return d.isGate() && d.open == 0 }

func (d *Desk) isGate() bool { return d.view != nil && isGate(d.self) }

func isGate(m *messages.Member) bool { return slices.Contains(m.GetRoles(), Gate) }

// forget lets go of all that a registrar knows, and makes room for about as many users.
func (d *Desk) forget(users int) {
	d.users, d.gates, d.open, d.doubled = newShelf(users), map[string]*gate{}, 0, nil
	d.kicked, d.queues, d.queued = map[string]*entry{}, map[string][]*waiter{}, map[string]*waiter{}
}

// send is how anything gets to a member of the view, the node itself included.
func (d *Desk) send(to *messages.Member, p *messages.Peer) {
	switch to {
	case nil: // no registrar: there are no gates
	case d.self:
		d.inbox = append(d.inbox, p)
	default:
		d.out.Send = append(d.out.Send, Letter{To: to.GetAddress(), Peer: p})
	}
}

// flush ends an input: what the node has said to itself is heard, and all there is to do is handed over.
func (d *Desk) flush() Out {
	for len(d.inbox) > 0 {
		inbox := d.inbox
		d.inbox = nil
		for _, p := range inbox {
			d.read(d.self, p)
		}
	}
	out := d.out
	d.out = Out{}
	return out
}

func (d *Desk) done(f func()) { d.out.Done = append(d.out.Done, f) }
