// Command demo is a small game on fairlead: a lobby where players move, chat and
// kick each other, over TCP, WebSocket, socket.io and MQTT on one port, with its page on it, and over UDP.
package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/actors"
	"github.com/fairlead-go/fairlead/supervisor"
)

func main() {
	if err := run(untilSignal(), os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

// untilSignal ends with the first signal. A second one is not caught, and ends us at once: by the
// time anybody learns of the first, it is so.
func untilSignal() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	first := make(chan os.Signal, 1)
	signal.Notify(first, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-first
		signal.Stop(first)
		cancel()
	}()
	return ctx
}

// run serves until ctx ends: the screen goes to stdout, logs to stderr.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	opts, err := parse(args)
	if err != nil {
		return err
	}
	if opts.help {
		_, err := io.WriteString(stdout, usage)
		return err
	}
	switch {
	case opts.hosts != "":
		return makeCerts(opts.node.certs, opts.hosts, stdout)
	case opts.cluster:
		return runFleet(ctx, opts, stdout, stderr)
	case opts.leash:
		ctx = leashed(ctx, os.Stdin)
	}
	begin := start
	if opts.node.role != "" {
		begin = startNode
	}
	fl, stop, err := begin(opts, stdout, stderr)
	if err != nil {
		return err
	}
	defer stop()
	if _, err := io.WriteString(stdout, shown(fl, opts)); err != nil {
		return fmt.Errorf("stdout: %w", err)
	}
	select {
	case <-ctx.Done():
		return nil
	case <-fl.Done():
		return fl.Err()
	}
}

// start brings everything up. stop drains: clients leave in good order, and all of it ends.
func start(opts options, _, stderr io.Writer) (fl *supervisor.Fairlead, stop func(), err error) {
	h := new(health)
	page, err := pages(h)
	if err != nil {
		return nil, nil, err
	}
	log := slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: opts.log}))
	unlisten, err := h.listen(opts.health, log)
	if err != nil {
		return nil, nil, err
	}
	system := actor.NewActorSystem(actor.WithLoggerFactory(quiet(stderr)))
	lobby := newLobby()
	door := system.Root.Spawn(lobby.newDoor())
	fl, err = supervisor.Start(system, supervisor.Config{
		Connectors: opts.connectors(page, log),
		Routes:     []actors.Route{lobby.routes},
		Events:     door,
		Logger:     log,
	})
	if err != nil {
		unlisten()
		system.Shutdown()
		return nil, nil, err
	}
	h.is(fl.Ready)
	return fl, func() {
		defer unlisten()
		log.Info("draining", "within", opts.drain)
		ctx, cancel := context.WithTimeout(context.Background(), opts.drain)
		defer cancel()
		d, err := fl.Drain(ctx)
		log.Info("drained", "clients", d.Clients, "told", d.Told, "unanswered", d.Unanswered, "unsent", d.Unsent, "took", d.Took, "error", err)
		system.Shutdown()
	}, nil
}

// quiet keeps Proto.Actor's own logger to what goes wrong.
func quiet(w io.Writer) func(*actor.ActorSystem) *slog.Logger {
	log := slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: slog.LevelWarn}))
	return func(*actor.ActorSystem) *slog.Logger { return log }
}
