package main

import "strings"

// row is a line of the table: a scenario over a wire.
type row struct {
	scenario
	wire string // "tcp" or "ws"
}

// scenario is what clients do.
type scenario struct {
	title string
	args  []string // of cmd/robot
	value string   // what is compared, by its name in the robot's JSON
	grows string   // what it is one of, with several numbers of connections; empty: nothing
	// absolute says that the bounds are for our own number instead of the ratio to the floor's.
	absolute bool
	// bounds are the most that there may be, and what is aimed at, by wire.
	bounds map[string]bound
}

type bound struct{ must, goal float64 }

const (
	cpu    = "cpu_us_per_msg"
	memory = "rss_kb_per_conn"
)

// echoes is a scenario of clients that keep some requests in flight.
func echoes(conns, depth string, bounds map[string]bound) scenario {
	s := scenario{
		title: "echo, " + conns + " connections, " + depth + " in flight", value: cpu, bounds: bounds,
		args: []string{"-scenario", "echo", "-conns", conns, "-depth", depth},
	}
	if depth == "1" {
		s.grows = "echo"
	}
	return s
}

// scenarios are those of the table, in its order.
func scenarios() []scenario {
	return []scenario{
		echoes("100", "1", map[string]bound{"tcp": {1.25, 1.1}, "ws": {1.2, 1.1}}),
		echoes("100", "16", map[string]bound{"tcp": {1.35, 1.15}, "ws": {0.55, 0.45}}),
		echoes("1000", "1", nil),
		echoes("9000", "1", nil),
		{
			title: "broadcast, 500 members, 200/s", args: []string{"-scenario", "broadcast", "-conns", "500", "-rate", "200"},
			value: cpu, bounds: both(0.48, 0.35),
		},
		{
			title: "broadcast, 5000 members, 10/s", args: []string{"-scenario", "broadcast", "-conns", "5000", "-rate", "10"},
			value: cpu, bounds: both(1.25, 1),
		},
		{
			title: "connect, handshake, leave", args: []string{"-scenario", "storm", "-conns", "1000"},
			value: cpu, bounds: both(1.4, 1.15),
		},
		{
			title: "idle, 10000 connections, KB each", args: []string{"-scenario", "idle", "-conns", "10000"},
			value: memory, absolute: true, bounds: map[string]bound{"tcp": {5.5, 4}, "ws": {7.5, 6}},
		},
	}
}

func both(must, goal float64) map[string]bound {
	return map[string]bound{"tcp": {must, goal}, "ws": {must, goal}}
}

func (r row) name() string { return r.title + ", " + wireNames[r.wire] }

var wireNames = map[string]string{"tcp": "TCP", "ws": "WebSocket"}

// choose lists the rows whose name has all words of only.
func choose(only string) (rows []row) {
	for _, s := range scenarios() {
		for _, wire := range []string{"tcp", "ws"} {
			r := row{s, wire}
			if hasAll(strings.ToLower(r.name()+" "+r.wire+" "+strings.Join(r.args, " ")), strings.Fields(strings.ToLower(only))) {
				rows = append(rows, r)
			}
		}
	}
	return rows
}

func hasAll(text string, words []string) bool {
	for _, w := range words {
		if !strings.Contains(text, w) {
			return false
		}
	}
	return true
}
