package cluster

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strconv"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	engine "github.com/asynkron/protoactor-go/cluster"

	"github.com/fairlead-go/fairlead/actors"
	"github.com/fairlead-go/fairlead/messages"
	"github.com/fairlead-go/fairlead/supervisor/cluster/peer"
)

// Roles that fairlead itself looks at. Nodes may have others.
const (
	// Gate nodes hold sockets, and know which users are bound to them.
	Gate = "gate"
	// Backend nodes have virtual actors.
	Backend = "backend"
)

// TLS is how nodes know each other: see package peer.
type TLS = peer.TLS

// Config says what a node is and how it finds the others.
type Config struct {
	// Name is the cluster's: nodes with another one are refused. Empty means "fairlead".
	Name string
	// Listen is the address for other nodes: "10.0.0.7:7946", ":7946". Empty means "127.0.0.1:0".
	Listen string
	// Advertise is what other nodes are told instead: a name and a port that lead to Listen.
	Advertise string
	// Roles of the node. Empty means Gate and Backend.
	Roles []string
	// Provider finds the other nodes. Nil: there are none but those that come by themselves.
	Provider Provider
	// Expect is how many nodes must have found each other before they make a cluster. More than half of those that
	// are ever started at first: else there could be two clusters. Zero means 1, a node that is enough for itself.
	Expect int
	// TLS is required, but for addresses of the loopback.
	TLS TLS
	// Kinds are the virtual actors that may live here, if the node is a Backend.
	Kinds []Kind
	// Grains are kinds for the engine's own API (cluster.Request, generated grains). They live on
	// backends, and move, as Kinds do.
	Grains []*engine.Kind
	// Logins says what happens when a user binds to a second socket, on whatever node.
	Logins actors.Logins
	// Unbound is pushed to clients that are bound to users when the node is cut off: from then on they are not.
	// Nil means route "onUnbound" with body {"reason":"cut off"}.
	Unbound *messages.Push
	// Queue is how many messages may wait for another node. Zero means 65,536.
	Queue int
	// Timing bounds how long failures go unnoticed.
	Timing Timing
	// Logger is where the few lines go that are logged. Nil: slog.Default().
	Logger *slog.Logger
}

// Timing is when a silent node counts as gone. Nodes of a cluster must have the same. A node whose process is gone, while
// its machine is there, is noticed at once.
type Timing struct {
	// Beat is how often nodes show each other life. Zero means 250 ms.
	Beat time.Duration
	// Fence is how long a node goes on without having heard of most others. Then it gives up all that it owns.
	// Zero means 2 s.
	Fence time.Duration
	// Expel is how long the others wait before they take over from a node that is silent. It must be
	// longer than Fence. Zero means 2.8 s.
	Expel time.Duration
}

// Kind is a sort of virtual actor: one for each identity, on one node, made when it is first asked.
type Kind struct {
	Name string
	// Handlers makes the handlers of an identity: those of a typed route, whose prefix is that of the
	// requests. Or:
	Handlers func(identity string) *actors.Handlers
	// Props are of plain actors, which are sent *messages.Request.
	Props *actor.Props
	// Idle is how long an actor stays that nobody asks. Zero: until it moves.
	Idle time.Duration
	// Most is how many may live on a node. Zero means 100,000.
	Most int
}

func (c Config) withDefaults() Config {
	if c.Name == "" {
		c.Name = "fairlead"
	}
	if c.Listen == "" {
		c.Listen = "127.0.0.1:0"
	}
	if len(c.Roles) == 0 {
		c.Roles = []string{Gate, Backend}
	}
	if c.Provider == nil {
		c.Provider = Automanaged()
	}
	if c.Expect == 0 {
		c.Expect = 1
	}
	if c.Unbound == nil {
		c.Unbound = &messages.Push{Route: "onUnbound", Body: []byte(`{"reason":"cut off"}`)}
	}
	if c.Queue == 0 {
		c.Queue = 65536
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	return c
}

func (c Config) check() error {
	if c.Expect < 0 {
		return fmt.Errorf("Expect is %d", c.Expect)
	}
	seen := map[string]bool{}
	for i, k := range c.Kinds {
		switch {
		case !isKind(k.Name):
			return fmt.Errorf("Kinds[%d]: %q is no name: want text without slashes, at most %d bytes", i, k.Name, longestName)
		case seen[k.Name]:
			return fmt.Errorf("Kinds[%d]: %q is there twice", i, k.Name)
		case (k.Handlers == nil) == (k.Props == nil):
			return fmt.Errorf("Kinds[%d]: %q wants either Handlers or Props", i, k.Name)
		}
		seen[k.Name] = true
	}
	for i, k := range c.Grains {
		switch {
		case k == nil || k.Props == nil:
			return fmt.Errorf("Grains[%d] has no Props", i)
		case !isKind(k.Kind):
			return fmt.Errorf("Grains[%d]: %q is no name: want text without slashes, at most %d bytes", i, k.Kind, longestName)
		case seen[k.Kind]:
			return fmt.Errorf("Grains[%d]: %q is there twice", i, k.Kind)
		}
		seen[k.Kind] = true
	}
	if len(c.Kinds)+len(c.Grains) > 0 && !slices.Contains(c.Roles, Backend) {
		return errors.New("Kinds live on backends, and Roles has no \"backend\"")
	}
	return nil
}

// addresses are where to listen and what to tell others.
func (c Config) addresses() (host string, port int, advertised string, err error) {
	host, p, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return "", 0, "", fmt.Errorf("Listen: %w", err)
	}
	if port, err = strconv.Atoi(p); err != nil {
		return "", 0, "", fmt.Errorf("Listen: port %q", p)
	}
	if port == 0 {
		if port, err = freePort(host); err != nil {
			return "", 0, "", fmt.Errorf("Listen: %w", err)
		}
	}
	advertised = c.Advertise
	if advertised == "" {
		if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
			return "", 0, "", fmt.Errorf("Advertise is empty, and %q says no host", c.Listen)
		}
		advertised = net.JoinHostPort(host, strconv.Itoa(port))
	}
	return host, port, advertised, nil
}

// freePort finds one before the engine listens: nodes tell their address from the start.
func freePort(host string) (int, error) {
	l, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// kinds are the names of all that may live on the node.
func (c Config) kinds() (names []string) {
	for _, k := range c.Kinds {
		names = append(names, k.Name)
	}
	for _, k := range c.Grains {
		names = append(names, k.Kind)
	}
	return names
}
