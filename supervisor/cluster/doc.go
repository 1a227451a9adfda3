// Package cluster makes one server of several nodes, on Proto.Actor's own remote and cluster: gates hold
// sockets, backends hold virtual actors, and any node reaches any client.
package cluster

import (
	_ "github.com/asynkron/protoactor-go/cluster"
	_ "github.com/asynkron/protoactor-go/remote"
	_ "google.golang.org/grpc"
)
