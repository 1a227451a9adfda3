package actors

import (
	"github.com/asynkron/protoactor-go/actor"
)

// inline runs a mailbox on the goroutine that sent the message, unless it runs
// already. Only socket actors have it: they never block.
type inline struct{}

func (inline) Schedule(run func()) { run() }
func (inline) Throughput() int     { return socketBurst }

// queue runs all other mailboxes, on the goroutines of a pool. The engine's
// default starts one for each run.
type queue struct{ *pool[func()] }

var _ actor.Dispatcher = queue{}

func newQueue() queue {
	return queue{newPool(func(run func()) { run() })}
}

// Schedule hands run to a worker.
func (q queue) Schedule(run func()) { q.schedule(run) }

// Throughput is for the engine's own mailboxes.
func (queue) Throughput() int { return routeBurst }
