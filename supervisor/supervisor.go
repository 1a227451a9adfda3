// Package supervisor starts fairlead in an actor system: which connectors listen,
// which actors answer, what happens when something fails, how it ends.
package supervisor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/actors"
	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/messages"
)

type (
	// Limits are those of package actors.
	Limits = actors.Limits
	// Faults are those of package actors.
	Faults = actors.Faults
	// DrainPolicy is that of package actors.
	DrainPolicy = actors.DrainPolicy
	// Drained is that of package actors.
	Drained = actors.Drained
)

// Config says what to serve and how. The zero value of every field but
// Connectors works.
type Config struct {
	// Connectors bring the clients: each a connectors.Connector, or a
	// connectors.Factory that makes one. Their names differ. Only with a Cluster there may be none.
	Connectors []connectors.Source
	// Routes answer the requests.
	Routes []actors.Route
	// Filters go around the handlers of all typed routes, the first one outermost.
	Filters []actors.Filter
	// Logins says what happens when a user binds to a second socket.
	// Zero allows it.
	Logins actors.Logins
	// Handshake decides whether a client may come in, and what it is told.
	// Nil lets everybody in.
	Handshake actors.HandshakeFunc
	// Events is sent a *messages.Connected when a client is ready, and a
	// *messages.Closed when it has gone. Nil: nobody is told. The event stream
	// of the actor system carries a *messages.Closed for every connection.
	Events *actor.PID
	// Logger is where the few lines go that fairlead logs. Nil: slog.Default().
	Logger *slog.Logger

	// Tick is how long a push may wait for others to share its write, for connectors that
	// do not say it themselves. Zero means 20 ms; negative: pushes never wait.
	Tick time.Duration
	// Limits bound what a client, a route or a group can make the server hold.
	Limits Limits
	// Faults say what failures do.
	Faults Faults
	// Drain says how clients are asked to go when the server ends.
	Drain DrainPolicy

	// Cluster makes the server a node of a cluster: package supervisor/cluster has one. Its login policy
	// takes the place of Logins. Nil: the server is alone.
	Cluster actors.Cluster
}

// Fairlead is what Start has started.
type Fairlead struct {
	running *actors.Running
}

// Start opens every listening place and starts the tree of actors. When it
// fails, its error names the field and the value to blame, and nothing is left running.
// It touches no signals and never exits the process.
func Start(system *actor.ActorSystem, cfg Config) (*Fairlead, error) {
	if system == nil {
		return nil, errors.New("supervisor: the actor system is nil")
	}
	tree, err := cfg.tree()
	if err != nil {
		return nil, fmt.Errorf("supervisor: %w", err)
	}
	running, err := tree.Start(system)
	if err != nil {
		return nil, fmt.Errorf("supervisor: %w", err)
	}
	return &Fairlead{running}, nil
}

// Addrs are the addresses that the connector of that name listens on.
func (f *Fairlead) Addrs(connector string) []net.Addr { return f.running.Addrs(connector) }

// Group is the group of that name, for use outside handlers.
func (f *Fairlead) Group(name string) actors.Group { return f.running.Group(name) }

// All is the group of all clients that are ready.
func (f *Fairlead) All() actors.Group { return f.running.All() }

// Groups are the names of the groups that exist on this node.
func (f *Fairlead) Groups(ctx context.Context) ([]string, error) { return f.running.Groups(ctx) }

// PushTo sends v, as JSON, to all sockets of some users, and returns how many there were. In a cluster it counts
// those on this node, and users' sockets on others get it too.
func (f *Fairlead) PushTo(route string, v any, uids ...string) (sockets int, err error) {
	return f.running.PushTo(route, v, uids...)
}

// KickUID kicks all sockets of a user, and returns how many there were: in a cluster, on this node.
func (f *Fairlead) KickUID(uid, reason string) (sockets int) { return f.running.KickUID(uid, reason) }

// Sockets calls each with the session of every client there is on this node, until it returns false. Nobody
// has to wait for it.
func (f *Fairlead) Sockets(each func(*messages.Session) bool) { f.running.Sockets(each) }

// Logins are the sessions that a user is bound to on this node, oldest first.
func (f *Fairlead) Logins(uid string) []*messages.Session { return f.running.Users(uid) }

// Stats counts what goes on. It stops nobody, and costs the same with any number of clients.
func (f *Fairlead) Stats() actors.Stats { return f.running.Stats() }

// Ready tells whether clients can come in on every address; the error says why not.
func (f *Fairlead) Ready() error { return f.running.Ready() }

// ServeHTTP is a readiness probe: 200 while Ready, else 503, and a word why.
func (f *Fairlead) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	if err := f.Ready(); err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	_, _ = io.WriteString(w, "ready\n")
}

// Drain ends the server in good order. Newcomers are refused with code 503, "draining". Clients are
// asked to go a few at a time, as Config.Drain says: nothing more is read from them, all
// requests that were read are answered, what is queued is written, and the last is a kick with the
// reason and when to come back. When ctx ends, what is left is answered with code 503 and closed
// within a second. Then all actors that Start has spawned are stopped. The event stream tells of
// progress, what comes back of the result; the error is nil, or actors.ErrHurried.
func (f *Fairlead) Drain(ctx context.Context) (Drained, error) { return f.running.Drain(ctx) }

// Stop is a Drain without time: whoever calls it, and whatever drains, it ends within about a second.
func (f *Fairlead) Stop() { f.running.Stop() }

// Done is closed when the server has ended: by Drain or Stop, or because it has given up.
func (f *Fairlead) Done() <-chan struct{} { return f.running.Done() }

// Err tells, after Done, why the server has given up; nil if it was asked to end. A process that
// serves nothing else should then exit, so that whoever watches it starts another.
func (f *Fairlead) Err() error { return f.running.Err() }
