package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/actors"
	"github.com/fairlead-go/fairlead/messages"
	"github.com/fairlead-go/fairlead/supervisor"
	"github.com/fairlead-go/fairlead/supervisor/cluster"
	"github.com/fairlead-go/fairlead/supervisor/cluster/peer"
)

// The lobby of a cluster is one virtual actor: it lives on one of the backends, and on another one when that is
// gone, where players join anew.
const theLobby = "lobby"

// nodeOptions are those of a node of a cluster.
type nodeOptions struct {
	role, name        string // no role: no cluster
	listen, advertise string
	join              string
	expect            int
	certs             string
}

// address is where other nodes find this one.
func (o nodeOptions) address() string { return cmp.Or(o.advertise, o.listen) }

// called is what people know the node by.
func (o nodeOptions) called() string { return cmp.Or(o.name, o.address()) }

func (o nodeOptions) config(log *slog.Logger) cluster.Config {
	c := cluster.Config{
		Name: "demo", Listen: o.listen, Advertise: o.advertise, Expect: o.expect, Roles: []string{o.role}, Logger: log,
		Provider: cluster.Automanaged(strings.FieldsFunc(o.join, func(r rune) bool { return r == ',' })...),
	}
	if o.certs == "" {
		c.TLS.Insecure = true // which only the loopback allows
	} else {
		c.TLS = cluster.TLS{
			CA: filepath.Join(o.certs, "ca.pem"), Cert: filepath.Join(o.certs, "node.pem"), Key: filepath.Join(o.certs, "node-key.pem"),
		}
	}
	if o.role == cluster.Backend {
		c.Kinds = []cluster.Kind{{Name: theLobby, Handlers: func(string) *actors.Handlers { return newLobby().anew() }}}
	}
	return c
}

// startNode is start for a node of a cluster.
func startNode(opts options, stdout, stderr io.Writer) (fl *supervisor.Fairlead, stop func(), err error) {
	log := slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: opts.log}))
	if !opts.leash { // who holds the leash knows who says it
		log = log.With("node", opts.node.called())
	}
	h := new(health)
	unlisten, err := h.listen(opts.health, log)
	if err != nil {
		return nil, nil, err
	}
	system := actor.NewActorSystem(actor.WithLoggerFactory(silent))
	node, err := cluster.Join(system, opts.node.config(log))
	if err != nil {
		unlisten()
		return nil, nil, err
	}
	conf, err := opts.server(node, h, log)
	if err == nil {
		conf.Events = system.Root.Spawn(farDoor(node))
		fl, err = supervisor.Start(system, conf)
	}
	if err != nil {
		node.Close()
		unlisten()
		return nil, nil, err
	}
	ctx, end := context.WithCancel(context.Background())
	var work sync.WaitGroup
	work.Go(func() { h.ofNode(ctx, node, fl) })
	work.Go(func() { report(ctx, node, opts.node, stdout) })
	return fl, func() {
		defer unlisten()
		h.ends()
		end()
		work.Wait()
		ctx, cancel := context.WithTimeout(context.Background(), opts.drain)
		defer cancel()
		log.Info("draining", "within", opts.drain)
		d, err := node.Drain(ctx, fl)
		log.Info("drained", "clients", d.Clients, "told", d.Told, "unanswered", d.Unanswered, "error", err)
		system.Shutdown()
	}, nil
}

// server is that of a node: a gate has clients, and sends what they ask to the lobby.
func (o options) server(node *cluster.Node, h *health, log *slog.Logger) (supervisor.Config, error) {
	conf := supervisor.Config{Cluster: node.Cluster(), Logger: log}
	if o.node.role != cluster.Gate {
		return conf, nil
	}
	page, err := pages(h)
	if err != nil {
		return conf, err
	}
	conf.Connectors = o.connectors(page, log)
	conf.Routes = []actors.Route{node.Route(theLobby, cluster.RouteConfig{By: cluster.ByName(theLobby)})}
	return conf, nil
}

// silent keeps the engine's logger still: it tells of every connection that ends as of an error.
func silent(*actor.ActorSystem) *slog.Logger { return slog.New(slog.DiscardHandler) }

// farDoor tells the lobby, wherever it lives, of clients that have gone.
func farDoor(node *cluster.Node) *actor.Props {
	return actor.PropsFromFunc(func(ctx actor.Context) {
		if gone, ok := ctx.Message().(*messages.Closed); ok {
			r := leaving(gone)
			_ = node.Tell(theLobby, theLobby, r) // while there is no lobby, nobody is aboard
		}
	})
}

// reportEvery is how often it is looked who has the lobby.
const reportEvery = 100 * time.Millisecond

// report says when the lobby has come to live here.
func report(ctx context.Context, node *cluster.Node, o nodeOptions, screen io.Writer) {
	if o.role != cluster.Backend {
		return // those who have it say so
	}
	ticker := time.NewTicker(reportEvery)
	defer ticker.Stop()
	for before := false; ; {
		now := len(node.Members()) > 0 && node.Owner(theLobby, theLobby) == node.Address()
		if now && !before {
			fmt.Fprintf(screen, "the lobby lives at %s now (process %d)\n", o.called(), os.Getpid())
		}
		before = now
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// makeCerts makes what nodes on some hosts need to know each other.
func makeCerts(dir, hosts string, screen io.Writer) error {
	list := strings.FieldsFunc(hosts, func(r rune) bool { return r == ',' })
	if len(list) == 0 {
		return errors.New("-hosts has none: which hosts are the certificates for?")
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	made, err := peer.Generate(dir, list...)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(screen, "%s is for nodes on %s, and signed by %s\n", made.Cert, strings.Join(list, ", "), made.CA)
	return err
}
