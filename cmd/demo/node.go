package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"strings"
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
	role              string // empty: no cluster
	listen, advertise string
	join              string
	expect            int
	certs             string
}

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
		c.Kinds = []cluster.Kind{{Name: theLobby, Handlers: func(string) *actors.Handlers { return newLobby().routes }}}
	}
	return c
}

// startNode is start for a node of a cluster.
func startNode(opts options, stderr io.Writer) (fl *supervisor.Fairlead, stop func(), err error) {
	page, err := pages()
	if err != nil {
		return nil, nil, err
	}
	log := slog.New(slog.NewTextHandler(stderr, nil)).With("node", opts.node.listen)
	system := actor.NewActorSystem(actor.WithLoggerFactory(silent))
	node, err := cluster.Join(system, opts.node.config(log))
	if err != nil {
		return nil, nil, err
	}
	conf := supervisor.Config{Cluster: node.Cluster(), Logger: log}
	if opts.node.role == cluster.Gate {
		conf.Connectors = opts.connectors(page, log)
		conf.Routes = []actors.Route{node.Route(theLobby, cluster.RouteConfig{By: cluster.ByName(theLobby)})}
		conf.Events = system.Root.Spawn(farDoor(node))
	}
	fl, err = supervisor.Start(system, conf)
	if err != nil {
		node.Close()
		return nil, nil, err
	}
	ctx, end := context.WithCancel(context.Background())
	go report(ctx, node, log)
	return fl, func() {
		defer end()
		ctx, cancel := context.WithTimeout(ctx, opts.drain)
		defer cancel()
		d, err := node.Drain(ctx, fl)
		log.Info("drained", "clients", d.Clients, "told", d.Told, "unanswered", d.Unanswered, "error", err)
		system.Shutdown()
	}, nil
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

// reportEvery is how often it is looked who serves what.
const reportEvery = 100 * time.Millisecond

// report logs who serves the lobby, whenever that changes.
func report(ctx context.Context, node *cluster.Node, log *slog.Logger) {
	ticker := time.NewTicker(reportEvery)
	defer ticker.Stop()
	before := ""
	for {
		now := fmt.Sprintf("%d nodes", len(node.Members()))
		if at := node.Owner(theLobby, theLobby); at != "" {
			now += ", the lobby lives at " + at
		}
		if now != before {
			log.Info(now)
			before = now
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// makeCerts makes what nodes on some hosts need to know each other.
func makeCerts(dir, hosts string) error {
	list := strings.FieldsFunc(hosts, func(r rune) bool { return r == ',' })
	if len(list) == 0 {
		return errors.New("-hosts is empty: which hosts are the certificates for?")
	}
	_, err := peer.Generate(dir, list...)
	return err
}
