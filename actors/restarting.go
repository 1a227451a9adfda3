package actors

import (
	"fmt"

	"github.com/asynkron/protoactor-go/actor"
)

// Restarting makes a route whose handlers are made by serve: at the start, and again after a
// panic in one of them, since what they share may be half changed. The request that failed is
// answered with code 500; what waits is for the fresh handlers. Without it handlers go on with
// what they share as it is.
func Restarting(prefix string, serve func() *Handlers) Route {
	return &restarting{prefix: prefix, serve: serve}
}

type restarting struct {
	prefix string
	serve  func() *Handlers
	pid    *actor.PID
	desk   *desk
}

func (r *restarting) Prefix() string { return r.prefix }
func (r *restarting) target() *target {
	return &target{pids: []*actor.PID{r.pid}, desks: []*desk{r.desk}, ours: true}
}

func (r *restarting) check() error {
	if r.serve == nil {
		return fmt.Errorf("route %q: function is nil", r.prefix)
	}
	_, err := r.make(nil)
	return err
}

// make asks for fresh handlers.
func (r *restarting) make(filters []Filter) (table map[string]Handler, err error) {
	err = safely(func() error {
		h := r.serve()
		if h == nil {
			return fmt.Errorf("route %q: no handlers", r.prefix)
		}
		table = h.filtered(filters)
		return h.check()
	})
	return table, err
}

// actor is the route's actor with handlers that are fresh.
func (r *restarting) actor(n *node, lanes []lane) actor.Actor {
	a := newRouteActor(n, r.prefix, nil, lanes).at(r.desk)
	a.remake = func() (map[string]Handler, error) { return r.make(n.Filters) }
	table, err := a.remake()
	if err != nil {
		n.log.Error("route without handlers", "route", r.prefix, "error", err)
	}
	a.table = table
	return a
}
