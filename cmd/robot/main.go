// Command robot is many clients in one process: it connects them to any Pomelo server, over TCP, WebSocket,
// socket.io, UDP or MQTT, has them act out a scenario, and tells how long it took, what
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
	switch {
	case err != nil:
		return err
	case o.help:
		_, err := io.WriteString(stdout, help())
		return err
	case o.compare != nil:
		return compare(o.compare, stdout)
	}
	all, err := playAll(ctx, o, stderr)
	if len(all) == 0 {
		return err
	}
	if reported := report(all, stdout); reported != nil {
		return reported
	}
	if err != nil { // of a later round
		return err
	}
	return verdict(all)
}

// verdict is nil when all rounds were as they should be.
func verdict(all []*result) error {
	for n, r := range all {
		if err := r.verdict(); err != nil && len(all) > 1 {
			return fmt.Errorf("round %d of %d: %w", n+1, r.rounds, err)
		} else if err != nil {
			return err
		}
	}
	return nil
}

// report writes what all rounds have shown: as text, unless the JSON goes to stdout.
func report(all []*result, stdout io.Writer) error {
	o, record := all[0].options, newRecord(all)
	text := all[0].table()
	if len(all) > 1 {
		text = record.table()
	}
	if o.json != "-" {
		if _, err := io.WriteString(stdout, text); err != nil {
			return fmt.Errorf("stdout: %w", err)
		}
	}
	if o.json != "" {
		return record.write(o.json, stdout)
	}
	return nil
}

// compare writes a table of two files.
func compare(files []string, stdout io.Writer) error {
	table, gotWorse, err := compareFiles(files[0], files[1])
	if err != nil {
		return fmt.Errorf("-compare: %w", err)
	}
	if _, err := io.WriteString(stdout, table); err != nil {
		return fmt.Errorf("stdout: %w", err)
	}
	if gotWorse > 0 {
		return fmt.Errorf("%d got worse", gotWorse)
	}
	return nil
}
