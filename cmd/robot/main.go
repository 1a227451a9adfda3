// Command robot is many Pomelo clients in one process: it connects them to any
// Pomelo server, over TCP, WebSocket or socket.io, has them act out a scenario, and tells how long it took, what
// arrived, and what that cost the server.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal is not caught, and ends us at once
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "robot:", err)
		os.Exit(1)
	}
}

// run plays one scenario and writes its report to stdout. It fails when anything
// did that the clients were promised.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	o, err := parse(args)
	if err != nil {
		return err
	}
	if o.help {
		_, err := io.WriteString(stdout, help())
		return err
	}
	s, err := startServer(ctx, o, stderr)
	if err != nil {
		return err
	}
	defer s.stop()
	r, err := play(ctx, o, s)
	if err != nil {
		return err
	}
	if _, err := io.WriteString(stdout, r.table()); err != nil {
		return fmt.Errorf("stdout: %w", err)
	}
	return r.verdict()
}
