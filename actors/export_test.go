package actors

import "github.com/fairlead-go/fairlead/connectors"

// Stray brings a shard a client from nowhere, which makes it panic.
func Stray(c connectors.Conn) any { return &opened{conn: c} }
