package actors

import "github.com/fairlead-go/fairlead/connectors"

// Stray brings a shard a client from nowhere, which makes it panic.
func Stray(c connectors.Conn) any { return &opened{conn: c} }

// Cost is what a message of n bytes for one client counts.
func Cost(n int) int { return (&entry{bytes: make([]byte, n), own: true}).cost() }
