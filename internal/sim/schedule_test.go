package sim_test

import (
	"fmt"
	"strings"
	"time"

	"github.com/fairlead-go/fairlead/actors"
)

// schedule is all that a run will try to do, as a value.
type schedule struct {
	Seed    uint64
	Setup   setup
	Clients []plan
	Steps   []step // in order of time
	Asks    []*ask // by tag; the first is nobody's
	Stop    bool   // in the end the server stops; else the clients hang up first
}

// setup is how the server is configured.
type setup struct {
	Tick     time.Duration
	Buffer   int // of each wire, each way
	InFlight int
	Queue    int // of each route
	Logins   actors.Logins
	Custom   bool // the connector has an Encode and a Decode of its own
}

// plan is how a client comes in.
type plan struct {
	At    time.Duration
	Hello string // a kind; empty: as it should
	Maker int    // how often the maker of its session's actor panics
	// Delivered says that its Conn brings what it sends, and is not read.
	Delivered bool
	// Trip holds the panics that wait for the client from the beginning.
	Trip []string
}

// step is one thing done at a moment.
type step struct {
	At     time.Duration
	Do     string // ask, outside, or a kind of fault
	Client int
	For    time.Duration
	N      int
	Asks   []*ask // of ask and fast
	Script []op   // of outside
}

// ask is a request or a notify.
type ask struct {
	Tag    int
	Client int
	Route  string
	Notify bool
	Script []op
	End    string
	For    time.Duration
}

// op is one thing that a handler, or somebody outside all handlers, does.
type op struct {
	Do    string
	Who   int // client
	Group int
	Key   int
	User  int
}

const (
	mostClients = 12
	groups      = 3
	users       = 3
)

// The times of a simulated server. They are shorter than the defaults, so that not all of a
// run is waiting.
const (
	requestTimeout = 4 * time.Second
	heartbeat      = 5 * time.Second
	handshakeTime  = 2 * time.Second
	packageTime    = 2 * time.Second
	outboxHard     = 128 << 10
	outboxSoft     = 32 << 10
)

// What is sent to where; the last part of a name is the handler.
var routes = [...]string{"one.do", "two.do", "own.do", "plain.do", "pick.do"}

// String writes the schedule as people read it.
func (s *schedule) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "schedule %#x: %+v, in the end stop=%v", s.Seed, s.Setup, s.Stop)
	for i, p := range s.Clients {
		fmt.Fprintf(&b, "\n client %d comes at %v %s maker=%d delivered=%v %v", i, p.At, p.Hello, p.Maker, p.Delivered, p.Trip)
	}
	for _, st := range s.Steps {
		fmt.Fprintf(&b, "\n %v %s client %d for %v n=%d %v", st.At, st.Do, st.Client, st.For, st.N, st.Script)
		for _, a := range st.Asks {
			fmt.Fprintf(&b, "\n   %v", a)
		}
	}
	return b.String()
}

func (a *ask) String() string {
	return fmt.Sprintf("#%d client %d asks %s notify=%v %v, then %s (%v)", a.Tag, a.Client, a.Route, a.Notify, a.Script, a.End, a.For)
}

func (o op) String() string {
	return fmt.Sprintf("%s(c%d g%d k%d u%d)", o.Do, o.Who, o.Group, o.Key, o.User)
}
