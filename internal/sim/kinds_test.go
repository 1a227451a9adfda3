package sim_test

import (
	"fmt"
	"slices"
	"strings"
)

// kind is something bad that a schedule can do.
type kind struct {
	name   string
	weight int // how often it is drawn
}

// kinds is the one list of faults.
func kinds() []kind {
	return []kind{
		// What clients do to their wire.
		{"drop", 6},
		{"reset", 3},
		{"vanish", 3},
		{"partial", 3},
		{"garbage", 3},
		{"oversize", 2},
		{"nonsense", 2},
		{"stall", 8},
		{"deaf", 4},
		{"slow", 4},
		{"fast", 6},
		{"flood", 4},
		// How they come in.
		{"silent", 1},
		{"noAck", 1},
		{"badHello", 1},
		{"oldClient", 1},
		{"hookRefuses", 1},
		{"hookHangs", 1},
		{"hookSlow", 2},
		// Panics of what users write.
		{"panicHandler", 3},
		{"panicFilter", 3},
		{"panicBody", 2},
		{"panicAnswer", 2},
		{"panicPush", 3},
		{"panicKick", 1},
		{"panicDecode", 3},
		{"panicHook", 1},
		{"panicCheck", 1},
		{"panicRouteFunc", 2},
		{"panicMaker", 2},
		{"panicWhere", 3},
		{"panicSubscriber", 3},
		{"panicEvents", 3},
		{"panicPlain", 2},
		// Panics of a connector.
		{"panicReadFrames", 3},
		{"panicWrite", 3},
		{"panicSetReadLimit", 3},
		{"panicClose", 3},
		{"panicAccept", 3},
		{"panicProtocol", 2},
		{"panicFeed", 4},
		{"panicOpen", 2},
		{"panicExpire", 3},
		{"panicWelcome", 2},
		// What happens to the tree.
		{"stopSocket", 3},
		{"poisonSocket", 3},
		{"breakSocket", 3},
		{"breakRoute", 2},
		{"stopShard", 2},
		{"stopConnector", 1},
		{"stopListener", 2},
		{"stopBatcher", 2},
		{"stopRoute", 2},
		{"stopSessions", 2},
		{"stopSession", 2},
		{"acceptFails", 3},
		{"listenerCloses", 1},
		// What those in charge do.
		{"kick", 4},
		{"close", 2},
		{"kickUser", 3},
		{"idle", 2},
		{"stop", 1},
		{"drain", 2},
	}
}

// faults are the kinds that may be drawn, as often as their weights say.
type faults map[string]int

func (f faults) on(name string) bool { return f[name] > 0 }

// allowed reads -sim.faults: empty is all; names are those and no others;
// +name adds one to the rest, -name takes one away; none is none.
func allowed(list string) (faults, error) {
	f := faults{}
	words := strings.FieldsFunc(list, func(r rune) bool { return r == ',' })
	only := slices.ContainsFunc(words, func(w string) bool { return !strings.ContainsAny(w[:1], "+-") })
	weights := map[string]int{"none": 0}
	for _, k := range kinds() {
		weights[k.name] = k.weight
		if !only {
			f[k.name] = k.weight
		}
	}
	for _, w := range words {
		name := strings.TrimLeft(w, "+-")
		weight, ok := weights[name]
		if !ok {
			return nil, fmt.Errorf("-sim.faults: there is no %q", name)
		}
		if f[name] = weight; w[0] == '-' {
			f[name] = 0
		}
	}
	return f, nil
}
