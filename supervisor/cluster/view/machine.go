package view

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/fairlead-go/fairlead/messages"
)

// Config of a machine. Nodes of a cluster must have the same.
type Config struct {
	// Self is the node. Its Id is that of the process: the machine counts its returns behind it.
	Self *messages.Member
	// Expect is how many nodes make the first view.
	Expect int
	// Beat is how often nodes show each other life. Zero means 250 ms.
	Beat time.Duration
	// Fence is how long a lease is. Zero means 2 s.
	Fence time.Duration
	// Expel is how long a member must have been silent before it is left out: longer than Fence. Zero means 2.8 s.
	Expel time.Duration
	// Suspect is how long a silent node still counts as there. Zero means four beats.
	Suspect time.Duration
	// Rand spreads tries of several nodes: from 0 to 1. Nil: it does not.
	Rand func() float64
}

func (c Config) withDefaults() Config {
	if c.Beat == 0 {
		c.Beat = 250 * time.Millisecond
	}
	if c.Fence == 0 {
		c.Fence = 2 * time.Second
	}
	if c.Expel == 0 {
		c.Expel = 2800 * time.Millisecond
	}
	if c.Suspect == 0 {
		c.Suspect = 4 * c.Beat
	}
	if c.Rand == nil {
		c.Rand = func() float64 { return 0 }
	}
	return c
}

// Check reports what cannot work.
func (c Config) Check() error {
	c = c.withDefaults()
	switch {
	case c.Self.GetId() == "" || c.Self.GetAddress() == "":
		return errors.New("view: the node has no id or no address")
	case c.Expect < 1:
		return fmt.Errorf("view: Expect is %d", c.Expect)
	case c.Beat < 0 || c.Fence < 4*c.Beat:
		return fmt.Errorf("view: Fence is %v: want at least four beats, of %v", c.Fence, c.Beat)
	case c.Expel <= c.Fence:
		return fmt.Errorf("view: Expel is %v: want more than Fence, %v", c.Expel, c.Fence)
	}
	return nil
}

// Machine is one node's part in the agreement. One goroutine at a time may use it. All its inputs take the
// time since it was made, which goes on while the process is stopped.
type Machine struct {
	config Config
	now    time.Duration
	self   *messages.Member
	turn   int // how often it has been a newcomer
	out    Out

	nodes  map[string]*node // others, by address
	buried graves           // ids that are no more
	view   *messages.View   // nil: in none
	since  time.Duration    // when it went into view
	joined time.Duration    // when it went into its first one
	stood  bool             // at the last input
	steady time.Duration    // when it began to
	fenced bool             // that it does not has been told

	leaving, retiring bool
	beaten            time.Duration // when the next beat is due

	acceptor
	proposer
}

// EventKind says what has happened.
type EventKind int

const (
	// Installed: the node is a member of View.
	Installed EventKind = iota
	// Fenced: too few others hear the node. It owns nothing, until Installed or Restored.
	Fenced
	// Restored: they hear it again, in the same view.
	Restored
	// Resigned: the others go on without the node. It is a newcomer, with another id.
	Resigned
	// Left: the others go on without the node, as it wanted.
	Left
)

// Event tells of a change. Came and Gone are relative to the view that the node was in before.
type Event struct {
	Kind       EventKind
	View       *messages.View
	Came, Gone []*messages.Member
}

// Letter is a message to a node.
type Letter struct {
	To   string // its address
	Peer *messages.Peer
}

// Out is what to do: the events first.
type Out struct {
	Send   []Letter
	Events []Event
}

// New makes the machine of a node that is in no view.
func New(c Config) *Machine {
	m := &Machine{config: c.withDefaults(), nodes: map[string]*node{}}
	m.renew()
	return m
}

// renew makes the node a newcomer.
func (m *Machine) renew() {
	m.turn++
	s := m.config.Self
	m.self = &messages.Member{Id: s.Id + "." + strconv.Itoa(m.turn), Address: s.Address, Roles: s.Roles, Kinds: s.Kinds}
}

// Self is the node as others know it.
func (m *Machine) Self() *messages.Member { return m.self }

// View is the one that the node is in; nil: none.
func (m *Machine) View() *messages.View { return m.view }

// Standing tells whether the node may own things.
func (m *Machine) Standing(now time.Duration) bool { return now < m.Lease() }

// Tick lets time pass. It is due several times a beat.
func (m *Machine) Tick(now time.Duration) Out {
	m.at(now)
	if m.now >= m.beaten {
		m.beaten = m.now + m.config.Beat
		m.beatAll()
		m.forget()
	}
	m.propose()
	return m.flush()
}

// Met tells that a node is there.
func (m *Machine) Met(now time.Duration, who *messages.Member) Out {
	m.at(now)
	if n := m.know(who); n != nil && m.view != nil {
		m.beat(n)
	}
	m.advance() // it may not be who was there before
	m.propose()
	return m.flush()
}

// Dead tells that nobody listens at an address any more: who was there is no more.
func (m *Machine) Dead(now time.Duration, address string) Out {
	m.at(now)
	if n := m.nodes[address]; n != nil {
		n.dead = true
	}
	m.advance()
	m.propose()
	return m.flush()
}

// Leave makes the node one that wants to be in no view. It does not stand any more.
func (m *Machine) Leave(now time.Duration) Out {
	m.at(now)
	m.leaving, m.stood = true, false
	if m.view == nil {
		m.event(Event{Kind: Left})
	}
	m.beatAll()
	m.propose()
	return m.flush()
}

// Retire makes it one that is still a member, but to which nothing new should belong.
func (m *Machine) Retire(now time.Duration) Out {
	m.at(now)
	m.retiring = true
	m.beatAll()
	m.propose()
	return m.flush()
}

// at begins an input. A lease that has run out is noticed before anything else is done.
func (m *Machine) at(now time.Duration) {
	m.now = max(now, m.now)
	m.stand()
}

// flush ends an input.
func (m *Machine) flush() Out {
	m.stand()
	out := m.out
	m.out = Out{}
	return out
}

// stand tells when the node begins or ceases to stand.
func (m *Machine) stand() {
	if m.view == nil || m.leaving || m.stood == m.Standing(m.now) {
		return
	}
	m.stood, m.steady = !m.stood, m.now
	switch {
	case !m.stood:
		m.fence()
	case m.fenced:
		m.fenced = false
		m.event(Event{Kind: Restored, View: m.view})
	}
}

func (m *Machine) fence() {
	m.fenced = true
	m.event(Event{Kind: Fenced, View: m.view})
}

func (m *Machine) event(e Event) { m.out.Events = append(m.out.Events, e) }

func (m *Machine) send(to *messages.Member, p *messages.Peer) {
	m.out.Send = append(m.out.Send, Letter{to.Address, p})
}
