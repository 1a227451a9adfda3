package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// options are the command's flags.
type options struct {
	scenario scenarioEntry
	addrs    []string // the clients take them in turn
	port     int
	insecure bool
	user     json.RawMessage
	server   string
	pid      int
	verbose  bool

	conns, dial     int
	warm, dur, wait time.Duration
	rounds          int
	progress        time.Duration

	depth, size            int
	echo, join, chat, move string
	rate                   float64
	expect                 time.Duration
	notify                 bool

	slow        float64 // the part of all who read slowly
	pause       time.Duration
	visit       float64 // the part of all who come and go
	stay        time.Duration
	silence     time.Duration // of a player, from one chat to the next
	json        string
	compare     []string // two files, or none
	help        bool
	commandLine string
}

// flags are the options as the command line gives them.
type flags struct {
	*flag.FlagSet
	o                    *options
	scenario, addr, user string
	compare              bool
}

func parse(args []string) (options, error) {
	o := options{commandLine: strings.Join(append([]string{"robot"}, quoted(args)...), " ")}
	f := &flags{FlagSet: flag.NewFlagSet("robot", flag.ContinueOnError), o: &o}
	f.SetOutput(io.Discard) // main prints the error, once
	f.whichServer()
	f.howMuch()
	f.what()
	err := f.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return options{help: true}, nil
	case err != nil:
		return o, fmt.Errorf("%w (-h lists the flags)", err)
	case f.compare && f.NArg() != 2:
		return o, errors.New("-compare: want two files, the older one first")
	case f.compare:
		return options{compare: f.Args()}, nil
	case f.NArg() > 0:
		return o, fmt.Errorf("unexpected argument %q (-h lists the flags)", f.Arg(0))
	}
	if err := o.setScenario(f); err != nil {
		return o, err
	}
	if err := o.check(); err != nil {
		return o, err
	}
	return o, errors.Join(o.setAddrs(f.addr), o.setUser(f.user))
}

func (f *flags) whichServer() {
	f.StringVar(&f.addr, "addr", "ws://127.0.0.1:{port}/", "")
	f.IntVar(&f.o.port, "port", 3010, "")
	f.BoolVar(&f.o.insecure, "insecure", false, "")
	f.StringVar(&f.user, "user", "", "")
	f.StringVar(&f.o.server, "server", "", "")
	f.IntVar(&f.o.pid, "pid", 0, "")
	f.BoolVar(&f.o.verbose, "v", false, "")
}

func (f *flags) howMuch() {
	f.StringVar(&f.scenario, "scenario", "echo", "")
	f.IntVar(&f.o.conns, "conns", 100, "")
	f.IntVar(&f.o.dial, "dial", 64, "")
	f.DurationVar(&f.o.warm, "warm", time.Second, "")
	f.DurationVar(&f.o.dur, "dur", 4*time.Second, "")
	f.DurationVar(&f.o.wait, "wait", 10*time.Second, "")
	f.IntVar(&f.o.rounds, "rounds", 1, "")
	f.DurationVar(&f.o.progress, "progress", 5*time.Second, "")
	f.StringVar(&f.o.json, "json", "", "")
	f.BoolVar(&f.compare, "compare", false, "")
}

func (f *flags) what() {
	f.IntVar(&f.o.depth, "depth", 1, "")
	f.IntVar(&f.o.size, "size", 0, "")
	f.Float64Var(&f.o.rate, "rate", 0, "")
	f.DurationVar(&f.o.expect, "expect", 0, "")
	f.StringVar(&f.o.echo, "echo", "lobby.echo", "")
	f.StringVar(&f.o.join, "join", "lobby.join", "")
	f.StringVar(&f.o.chat, "chat", "lobby.chat", "")
	f.StringVar(&f.o.move, "move", "lobby.move", "")
	f.BoolVar(&f.o.notify, "chat-notify", false, "")
	f.Float64Var(&f.o.slow, "slow", 0.1, "")
	f.DurationVar(&f.o.pause, "pause", 100*time.Millisecond, "")
	f.Float64Var(&f.o.visit, "visit", 0.1, "")
	f.DurationVar(&f.o.stay, "stay", 5*time.Second, "")
	f.DurationVar(&f.o.silence, "silence", 10*time.Second, "")
}

// setScenario takes what the scenario says of flags that are not given.
func (o *options) setScenario(f *flags) (err error) {
	var ok bool
	if o.scenario, ok = scenarioNamed(f.scenario); !ok {
		return fmt.Errorf("-scenario %q: want %s", f.scenario, scenarioNames())
	}
	given := map[string]bool{}
	f.Visit(func(one *flag.Flag) { given[one.Name] = true })
	if !given["size"] {
		o.size = o.scenario.size
	}
	switch {
	case !given["rate"]:
		o.rate = o.scenario.rate
	case o.scenario.unit == "" || o.scenario.alone:
		return fmt.Errorf("-rate: %s has none", o.scenario.name)
	case !(o.rate >= 0.001 && o.rate <= 1e6): // as written, for NaN
		return fmt.Errorf("-rate %s: want 0.001 to 1000000", number(o.rate))
	}
	if o.expect != 0 && (o.scenario.name != "echo" || o.rate > 0) {
		return errors.New("-expect: only of echo without -rate; what goes by a schedule needs no correction")
	}
	return nil
}

// check says which flag is out of bounds.
func (o *options) check() error {
	for _, f := range []struct {
		name          string
		value, lo, hi float64
	}{
		{"port", float64(o.port), 1, 65535},
		{"pid", float64(o.pid), 0, 1 << 31},
		{"conns", float64(o.conns), 1, 1 << 20},
		{"dial", float64(o.dial), 1, 1 << 16},
		{"depth", float64(o.depth), 1, 1 << 15},
		{"size", float64(o.size), 0, 16e6},
		{"rounds", float64(o.rounds), 1, 1000},
		{"slow", o.slow, 0, 0.99},
		{"visit", o.visit, 0, 0.99},
	} {
		if !(f.value >= f.lo && f.value <= f.hi) { // as written, for NaN
			return fmt.Errorf("-%s %s: want %s to %s", f.name, number(f.value), number(f.lo), number(f.hi))
		}
	}
	if o.server != "" && o.pid != 0 {
		return errors.New("-pid and -server: only one of them; the process of -server is known")
	}
	return o.checkTimes()
}

func (o *options) checkTimes() error {
	for _, f := range []struct {
		name  string
		value time.Duration
		least time.Duration
	}{
		{"warm", o.warm, 0},
		{"progress", o.progress, 0},
		{"expect", o.expect, 0},
		{"pause", o.pause, 0},
		{"dur", o.dur, 1},
		{"wait", o.wait, 1},
		{"stay", o.stay, 1},
		{"silence", o.silence, 1},
	} {
		switch {
		case f.value >= f.least:
		case f.least == 0:
			return fmt.Errorf("-%s %v: less than nothing", f.name, f.value)
		default:
			return fmt.Errorf("-%s %v: want more than nothing", f.name, f.value)
		}
	}
	return nil
}

func number(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

func (o *options) setUser(user string) error {
	if user == "" {
		return nil
	}
	o.user = json.RawMessage(user)
	if !json.Valid(o.user) {
		return fmt.Errorf("-user %q: not JSON", user)
	}
	return nil
}

// quoted is args as a shell reads them.
func quoted(args []string) []string {
	out := make([]string, len(args))
	for i, a := range args {
		if out[i] = a; a == "" || strings.ContainsAny(a, " \t\n\"'\\$`*?[](){}<>|&;#~!") {
			out[i] = "'" + strings.ReplaceAll(a, "'", `'\''`) + "'"
		}
	}
	return out
}
