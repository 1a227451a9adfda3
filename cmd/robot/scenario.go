package main

import (
	"context"
	"strings"

	"github.com/fairlead-go/fairlead/connectors/client"
)

// scenario is what clients do to a server, and nothing else: who measures, counts
// and reports is not its business. Each has a file of its own.
type scenario interface {
	// enter connects one client as cfg says and makes it ready. Many enter at
	// once. A client that is not ready when ctx ends is closed.
	enter(ctx context.Context, cfg client.Config) (*client.Client, error)
	// drive has the clients at it until quiet is closed, and returns when all
	// that was begun is done, or ctx has ended.
	drive(ctx context.Context, quiet <-chan struct{}, clients []*client.Client)
}

// scenarioEntry is a scenario on the list.
type scenarioEntry struct {
	name  string
	about string
	// unit is what the scenario's meter counts; empty when it counts nothing.
	unit string
	make func(options, *meter) scenario
}

// scenarios are all there are.
var scenarios = []scenarioEntry{
	{"echo", "each client keeps -depth requests in flight: how long until the answer?", "answers", newEcho},
	{"idle", "clients only show life: what does each cost, and does it stay?", "", newIdle},
	{"broadcast", "all join, one chats: when is it with everybody, and with everybody once?", "deliveries", newBroadcast},
}

func scenarioNames() string {
	var names []string
	for _, s := range scenarios {
		names = append(names, s.name)
	}
	return strings.Join(names, ", ")
}
