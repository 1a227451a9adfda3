package main

import (
	"context"
	"slices"
	"strings"

	"github.com/fairlead-go/fairlead/cmd/robot/line"
)

// scenario is what clients do to a server, and nothing else: who measures, counts
// and reports is not its business. Each has a file of its own.
type scenario interface {
	// enter connects client n as cfg says and makes it ready. Many enter at
	// once. A client that is not ready when ctx ends is closed.
	enter(ctx context.Context, n int, cfg line.Config) (*seat, error)
	// drive has the clients at it until quiet is closed, and returns when all
	// that was begun is done, or ctx has ended.
	drive(ctx context.Context, quiet <-chan struct{}, seats []*seat)
}

// scenarioEntry is a scenario on the list.
type scenarioEntry struct {
	name  string
	about string
	// unit is what the scenario's meter counts; empty when it counts nothing.
	unit string
	make func(options, *meter) scenario
	// rate and size are what -rate and -size are when they are not given.
	rate float64
	size int
	// alone scenarios connect their clients themselves.
	alone bool
	// moves: who joins has a place.
	moves bool
}

// scenarios are all there are.
var scenarios = []scenarioEntry{
	{name: "echo", about: "each client has -depth requests in flight, or asks -rate times a second: how long?", unit: "answers", make: newEcho, size: 32},
	{name: "idle", about: "clients only show life: what does each cost, and does it stay?", make: newIdle},
	{name: "broadcast", about: "all join, one chats: when is it with everybody, and with everybody once?", unit: "deliveries", make: newBroadcast, rate: 50, size: 32},
	{name: "storm", about: "clients come in, and leave again: what does a connection cost?", unit: "connections", make: newStorm, alone: true},
	{name: "slow", about: "a broadcast while some read slowly: what do the others feel of it?", unit: "deliveries", make: newSlow, rate: 50, size: 1024},
	{name: "game", about: "players move, chat, leave and come: all of it at once", unit: "moves", make: newGame, rate: 10, size: 32, moves: true},
}

func scenarioNames() string {
	var names []string
	for _, s := range scenarios {
		names = append(names, s.name)
	}
	return strings.Join(names, ", ")
}

func scenarioNamed(name string) (scenarioEntry, bool) {
	i := slices.IndexFunc(scenarios, func(s scenarioEntry) bool { return s.name == name })
	if i < 0 {
		return scenarioEntry{}, false
	}
	return scenarios[i], true
}
