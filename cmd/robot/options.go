package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/url"
	"slices"
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

	depth, size      int
	echo, join, chat string
	rate             float64
	notify           bool

	help bool
}

func parse(args []string) (options, error) {
	var o options
	var scenario, addr, user string
	f := flag.NewFlagSet("robot", flag.ContinueOnError)
	f.SetOutput(io.Discard) // main prints the error, once
	f.StringVar(&scenario, "scenario", "echo", "")
	f.StringVar(&addr, "addr", "ws://127.0.0.1:{port}/", "")
	f.IntVar(&o.port, "port", 3010, "")
	f.BoolVar(&o.insecure, "insecure", false, "")
	f.StringVar(&user, "user", "", "")
	f.StringVar(&o.server, "server", "", "")
	f.IntVar(&o.pid, "pid", 0, "")
	f.BoolVar(&o.verbose, "v", false, "")
	f.IntVar(&o.conns, "conns", 100, "")
	f.IntVar(&o.dial, "dial", 64, "")
	f.DurationVar(&o.warm, "warm", time.Second, "")
	f.DurationVar(&o.dur, "dur", 4*time.Second, "")
	f.DurationVar(&o.wait, "wait", 10*time.Second, "")
	f.IntVar(&o.depth, "depth", 1, "")
	f.IntVar(&o.size, "size", 32, "")
	f.Float64Var(&o.rate, "rate", 50, "")
	f.StringVar(&o.echo, "echo", "lobby.echo", "")
	f.StringVar(&o.join, "join", "lobby.join", "")
	f.StringVar(&o.chat, "chat", "lobby.chat", "")
	f.BoolVar(&o.notify, "chat-notify", false, "")
	err := f.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return options{help: true}, nil
	case err != nil:
		return o, fmt.Errorf("%w (-h lists the flags)", err)
	case f.NArg() > 0:
		return o, fmt.Errorf("unexpected argument %q (-h lists the flags)", f.Arg(0))
	}
	if err := o.check(); err != nil {
		return o, err
	}
	return o, errors.Join(o.setScenario(scenario), o.setAddrs(addr), o.setUser(user))
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
		{"depth", float64(o.depth), 1, 1 << 16},
		{"size", float64(o.size), 0, 16e6},
		{"rate", o.rate, 0.001, 1e6},
	} {
		if !(f.value >= f.lo && f.value <= f.hi) { // as written, for NaN
			return fmt.Errorf("-%s %s: want %s to %s", f.name, number(f.value), number(f.lo), number(f.hi))
		}
	}
	switch {
	case o.warm < 0:
		return fmt.Errorf("-warm %v: less than nothing", o.warm)
	case o.dur <= 0:
		return fmt.Errorf("-dur %v: want more than nothing", o.dur)
	case o.wait <= 0:
		return fmt.Errorf("-wait %v: want more than nothing", o.wait)
	case o.server != "" && o.pid != 0:
		return errors.New("-pid and -server: only one of them; the process of -server is known")
	}
	return nil
}

func number(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

func (o *options) setScenario(name string) error {
	i := slices.IndexFunc(scenarios, func(s scenarioEntry) bool { return s.name == name })
	if i < 0 {
		return fmt.Errorf("-scenario %q: want %s", name, scenarioNames())
	}
	o.scenario = scenarios[i]
	return nil
}

func (o *options) setAddrs(list string) error {
	for addr := range strings.SplitSeq(o.withPort(list), ",") {
		if err := checkAddr(addr); err != nil {
			return fmt.Errorf("-addr %q: %w", addr, err)
		}
		o.addrs = append(o.addrs, addr)
	}
	return nil
}

// withPort puts -port where {port} stands.
func (o *options) withPort(s string) string {
	return strings.ReplaceAll(s, "{port}", strconv.Itoa(o.port))
}

func checkAddr(addr string) error {
	if path, ok := strings.CutPrefix(addr, "unix:"); ok && path != "" {
		return nil
	}
	u, err := url.Parse(addr)
	switch {
	case err == nil && !slices.Contains([]string{"tcp", "tls", "ws", "wss", "sio", "sios", "udp"}, u.Scheme),
		err == nil && u.Hostname() == "",
		err == nil && u.Port() == "" && slices.Contains([]string{"tcp", "tls", "udp"}, u.Scheme):
		err = errors.New("no such address")
	}
	if err != nil {
		return errors.New("want tcp://host:port, tls://host:port, ws://host:port/path, wss://…, sio://host:port/path, sios://…, udp://host:port or unix:/path")
	}
	return nil
}

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
