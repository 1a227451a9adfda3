// Command compare measures the demo beside bench/floor, in turn, with cmd/robot as the clients of both, and writes
// what it found to docs/benchmarks.md. bench/run starts it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

const page = "docs/benchmarks.md"

// options are the command's flags.
type options struct {
	rounds    int
	only      string
	warm, dur time.Duration
	write     bool
	args      []string
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	o, err := parse(os.Args[1:], os.Stderr)
	if err == nil {
		err = run(ctx, o, os.Stdout)
	}
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench/run:", err)
		os.Exit(1)
	}
}

func parse(args []string, out io.Writer) (o options, err error) {
	f := flag.NewFlagSet("bench/run", flag.ContinueOnError)
	f.SetOutput(out)
	f.IntVar(&o.rounds, "rounds", 7, "how often each row is measured, ours and the floor in turn")
	f.StringVar(&o.only, "only", "", "measure the rows whose name holds this, and write nothing: \"echo\", \"idle tcp\"")
	f.DurationVar(&o.warm, "warm", 700*time.Millisecond, "how long each run goes before it counts")
	f.DurationVar(&o.dur, "dur", 2500*time.Millisecond, "how long it counts")
	f.BoolVar(&o.write, "write", true, "write the table to "+page)
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if o.rounds < 1 || f.NArg() > 0 {
		return o, fmt.Errorf("-rounds %d %q: want at least one round, and nothing else", o.rounds, f.Args())
	}
	o.args, o.write = args, o.write && o.only == ""
	return o, nil
}

func run(ctx context.Context, o options, out io.Writer) error {
	bin, err := os.MkdirTemp("", "bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(bin)
	if err := build(ctx, bin); err != nil {
		return err
	}
	rows := choose(o.only)
	if len(rows) == 0 {
		return fmt.Errorf("-only %q: there is no such row", o.only)
	}
	b := bench{options: o, bin: bin}
	var done []*result
	for _, r := range rows {
		res, err := b.measure(ctx, r)
		if err != nil {
			return fmt.Errorf("%s: %w", r.name(), err)
		}
		fmt.Fprintln(out, res.line())
		done = append(done, res)
	}
	text := table(done, o.args)
	fmt.Fprintf(out, "\n%s\n", text)
	if !o.write {
		return nil
	}
	return replace(page, text)
}

// build makes the programs that take part.
func build(ctx context.Context, bin string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-o", bin+string(filepath.Separator), "./cmd/demo", "./cmd/robot", "./bench/floor")
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w\n%s", err, strings.TrimSpace(string(said)))
	}
	return nil
}
