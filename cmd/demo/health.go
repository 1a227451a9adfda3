package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/fairlead-go/fairlead/supervisor"
	"github.com/fairlead-go/fairlead/supervisor/cluster"
)

// health is what probes ask: /healthz whether we live, /ready whether clients, or other nodes, may count on us.
type health struct {
	ready atomic.Pointer[func() error]
}

// is lets f answer from now on.
func (h *health) is(f func() error) { h.ready.Store(&f) }

// ends is for those who shall come no more.
func (h *health) ends() { h.is(func() error { return errEnding }) }

var (
	errStarting = errors.New("starting")
	errEnding   = errors.New("ending")
	errCutOff   = errors.New("cut off from the cluster")
)

func (h *health) err() error {
	if f := h.ready.Load(); f != nil {
		return (*f)()
	}
	return errStarting
}

// ofNode makes it that of a node: once it is let in, for as long as it is a member in good standing.
func (h *health) ofNode(ctx context.Context, node *cluster.Node, fl *supervisor.Fairlead) {
	if node.Ready(ctx) != nil {
		return
	}
	f := func() error {
		if len(node.Members()) == 0 {
			return errCutOff
		}
		return fl.Ready()
	}
	h.ready.CompareAndSwap(nil, &f) // or it is ending already
}

// serves answers a probe, and tells whether it was one.
func (h *health) serves(w http.ResponseWriter, r *http.Request) bool {
	switch r.URL.Path {
	case "/healthz":
		answer(w, nil)
	case "/ready":
		answer(w, h.err())
	default:
		return false
	}
	return true
}

func answer(w http.ResponseWriter, err error) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	text := "ok\n"
	if err != nil {
		w.WriteHeader(http.StatusServiceUnavailable)
		text = err.Error() + "\n"
	}
	_, _ = io.WriteString(w, text) // who hung up does not read it
}

// listen answers probes at an address of their own, until stop; at none, if that is empty.
func (h *health) listen(addr string, log *slog.Logger) (stop func(), err error) {
	if addr == "" {
		return func() {}, nil
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, err
	}
	server := &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !h.serves(w, r) {
				http.NotFound(w, r)
			}
		}),
		ReadTimeout: 5 * time.Second, WriteTimeout: 5 * time.Second, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = server.Serve(l) // until Close
	}()
	return func() {
		_ = server.Close()
		<-served
	}, nil
}
