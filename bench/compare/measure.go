package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
)

// bench measures rows.
type bench struct {
	options
	bin string // where the programs are
}

// result is what has been measured of a row: each round's value, ours and the floor's.
type result struct {
	row
	ours, floor side
}

// side is one of the two servers.
type side struct {
	values  []float64
	p99     []float64 // µs
	trouble []string
}

// measure runs both in turn. Who is first changes each round, so that it is nobody's advantage.
func (b *bench) measure(ctx context.Context, r row) (*result, error) {
	res := &result{row: r}
	for round := range b.rounds {
		for i := range 2 {
			server, to := "demo -addr 127.0.0.1:{port}", &res.ours
			if i != round%2 {
				server, to = floorCommand(r.wire), &res.floor
			}
			s, err := b.once(ctx, r, server)
			if err != nil {
				return nil, err
			}
			if err := to.add(r.value, s); err != nil {
				return nil, fmt.Errorf("%s: %w", server, err)
			}
		}
	}
	return res, nil
}

func floorCommand(wire string) string {
	command := "floor -addr 127.0.0.1:{port}"
	if wire == "ws" {
		command += " -ws"
	}
	return command
}

// once has the robot start a server and be its clients.
func (b *bench) once(ctx context.Context, r row, server string) (*said, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	file := filepath.Join(b.bin, "said.json")
	_ = os.Remove(file) // of the run before
	args := append([]string{
		"-server", b.bin + "/" + server, "-addr", addrs[r.wire], "-port", strconv.Itoa(port),
		"-warm", b.warm.String(), "-dur", b.dur.String(), "-progress", "0", "-json", file,
	}, r.args...)
	out, failed := exec.CommandContext(ctx, filepath.Join(b.bin, "robot"), args...).CombinedOutput()
	s, err := read(file)
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil:
		return nil, fmt.Errorf("the robot has nothing to say: %v\n%s", errors.Join(failed, err), out)
	case failed != nil && len(s.trouble()) == 0:
		return nil, fmt.Errorf("the robot: %w\n%s", failed, out)
	}
	return s, nil
}

// addrs are where the robot's clients go.
var addrs = map[string]string{"tcp": "tcp://127.0.0.1:{port}", "ws": "ws://127.0.0.1:{port}/"}

func (s *side) add(name string, run *said) error {
	v, ok := run.Median[name]
	if !ok {
		return fmt.Errorf("the robot did not say %s", name)
	}
	s.values = append(s.values, v)
	if p, ok := run.Median["p99_us"]; ok {
		s.p99 = append(s.p99, p)
	}
	s.trouble = append(s.trouble, run.trouble()...)
	return nil
}

// freePort is one that nobody listens on now.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		return 0, err
	}
	if err := l.Close(); err != nil {
		return 0, err
	}
	return strconv.Atoi(port)
}
