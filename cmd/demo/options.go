package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/fairlead-go/fairlead/supervisor/cluster"
)

// What the connectors are called in logs and sessions.
const (
	hybridName = "hybrid"
	sioName    = "sio"
	mqttName   = "mqtt"
	udpName    = "udp"
)

// Values of -sio and -mqtt that are no address.
const (
	same = "same"
	off  = "off"
)

const usage = `A small game on fairlead: a lobby where players move, chat and kick each other.

  -addr string         where to listen, host:port or unix:/path (default 127.0.0.1:3010)
  -sio string          where socket.io clients come to: same (port), off, host:port or unix:/path (default same)
  -mqtt string         where MQTT clients come to: same (port; their WebSockets at /mqtt), off or an address (default same)
  -udp string          where Pomelo's clients over UDP come to, host:port or off (default off)
  -tick duration       how long a push waits for others to share its write; 0: never (default 20ms)
  -heartbeat duration  how often client and server show each other life; 0: never, but for socket.io (default 30s)
  -drain duration      how long clients have to leave when it stops; 0: none (default 1.5s)
  -health string       where probes may ask /healthz and /ready besides, host:port
  -log level           what is logged at least: debug, info, warn or error (default info; with -cluster error)

Several nodes:

  -cluster             start a gate and two backends, each a process of its own on this machine
  -role string         be one node of a cluster: gate (clients come here) or backend (the lobby may live here)
  -name string         what the node is called on the screen and in logs (default where it listens)
  -listen string       where other nodes come to, host:port (default 127.0.0.1:7946)
  -advertise string    what other nodes are told instead, host:port
  -join string         where other nodes are, host:port,… or the name of SRV records; some are enough
  -expect int          how many nodes must have found each other at first: more than half of them (default 1)
  -certs string        folder with ca.pem, node.pem and node-key.pem; none: only on the loopback
  -hosts string        make such a folder for nodes on these hosts, name,address,…, and end; a CA that is there is kept
  -leash               end in good order when something comes on stdin, and at once when stdin ends
`

// options are the command's flags.
type options struct {
	addr, sio, mqtt, udp string
	tick, heartbeat      time.Duration
	drain                time.Duration
	health               string
	log                  slog.Level
	help, cluster, leash bool
	node                 nodeOptions
	hosts                string
	given                []string // flags as they were given, but for -cluster
}

// flags are all there are.
func (o *options) flags() *flag.FlagSet {
	f := flag.NewFlagSet("demo", flag.ContinueOnError)
	f.SetOutput(io.Discard) // main prints the error, once
	f.StringVar(&o.addr, "addr", "127.0.0.1:3010", "")
	f.StringVar(&o.sio, "sio", same, "")
	f.StringVar(&o.mqtt, "mqtt", same, "")
	f.StringVar(&o.udp, "udp", off, "")
	f.DurationVar(&o.tick, "tick", 20*time.Millisecond, "")
	f.DurationVar(&o.heartbeat, "heartbeat", 30*time.Second, "")
	f.DurationVar(&o.drain, "drain", 1500*time.Millisecond, "")
	f.StringVar(&o.health, "health", "", "")
	f.TextVar(&o.log, "log", slog.LevelInfo, "")
	f.BoolVar(&o.leash, "leash", false, "")
	f.BoolVar(&o.cluster, "cluster", false, "")
	f.StringVar(&o.node.role, "role", "", "")
	f.StringVar(&o.node.name, "name", "", "")
	f.StringVar(&o.node.listen, "listen", "127.0.0.1:7946", "")
	f.StringVar(&o.node.advertise, "advertise", "", "")
	f.StringVar(&o.node.join, "join", "", "")
	f.IntVar(&o.node.expect, "expect", 1, "")
	f.StringVar(&o.node.certs, "certs", "", "")
	f.StringVar(&o.hosts, "hosts", "", "")
	return f
}

func parse(args []string) (options, error) {
	var o options
	f := o.flags()
	err := f.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return options{help: true}, nil
	case err != nil:
		return o, fmt.Errorf("%w (-h lists the flags)", err)
	case f.NArg() > 0:
		return o, fmt.Errorf("unexpected argument %q (-h lists the flags)", f.Arg(0))
	case o.sio == "" || o.mqtt == "":
		return o, fmt.Errorf("-sio %q, -mqtt %q: want %s, %s or an address", o.sio, o.mqtt, same, off)
	case o.udp == "":
		return o, fmt.Errorf("-udp %q: want %s or an address", o.udp, off)
	case o.tick < 0:
		return o, fmt.Errorf("-tick %v: less than nothing", o.tick)
	case o.heartbeat < 0:
		return o, fmt.Errorf("-heartbeat %v: less than nothing", o.heartbeat)
	case o.drain < 0:
		return o, fmt.Errorf("-drain %v: less than nothing", o.drain)
	}
	f.Visit(func(one *flag.Flag) {
		if one.Name != "cluster" {
			o.given = append(o.given, "-"+one.Name+"="+one.Value.String())
		}
	})
	return o, o.checkNode()
}

// ofNodes are flags for one node of a cluster.
var ofNodes = []string{"role", "name", "listen", "advertise", "join", "expect", "certs", "hosts", "health", "leash"}

func (o options) checkNode() error {
	has := func(name string) bool {
		return slices.ContainsFunc(o.given, func(g string) bool { return strings.HasPrefix(g, "-"+name+"=") })
	}
	switch {
	case o.node.role != "" && o.node.role != cluster.Gate && o.node.role != cluster.Backend:
		return fmt.Errorf("-role %q: want %s or %s", o.node.role, cluster.Gate, cluster.Backend)
	case o.node.expect < 1:
		return fmt.Errorf("-expect %d: want at least 1", o.node.expect)
	case o.hosts != "" && o.node.certs == "":
		return errors.New("-hosts: want -certs, where to put the certificates")
	case o.hosts != "" && o.node.role != "":
		return errors.New("-hosts makes certificates and ends: -role is for later")
	}
	for _, name := range ofNodes {
		switch {
		case !has(name):
		case o.cluster:
			return fmt.Errorf("-cluster chooses -%s for each of its nodes: want one of the two", name)
		case o.node.role == "" && !slices.Contains([]string{"role", "hosts", "certs", "health", "leash"}, name):
			return fmt.Errorf("-%s is for one node of a cluster: want -role too", name)
		case o.node.role == "" && name == "certs" && o.hosts == "":
			return errors.New("-certs: want -role, or -hosts to make them")
		}
	}
	return nil
}

// orOff turns a flag, where 0 means never, into a field of Config, where 0 means
// the default and a negative value never.
func orOff(d time.Duration) time.Duration {
	if d == 0 {
		return -1
	}
	return d
}
