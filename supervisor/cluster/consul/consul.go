// Package consul finds the nodes of a cluster in Consul: each node is a service of its agent, with a check that it
// has to pass again and again, and watches the others that pass theirs. It is a module of its own, so that only
// those who import it have Consul's client.
//
// Its tests speak to a small server of their own that knows the four requests that it takes; where there is a program
// consul they speak to that instead. Debian has none, so the real one is not part of the project's checks.
package consul

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/fairlead-go/fairlead/internal/calm"
	"github.com/fairlead-go/fairlead/internal/tries"
	"github.com/fairlead-go/fairlead/messages"
	"github.com/hashicorp/consul/api"
	"google.golang.org/protobuf/encoding/protojson"
)

// Bounds of what Consul may take.
const (
	answerTime = 5 * time.Second
	waitTime   = time.Minute // for a change; then it is asked again
	endTime    = 2 * time.Second
)

// forgetAfter is when Consul forgets a service that passes its check no more. It takes no shorter time.
const forgetAfter = time.Minute

// Provider finds nodes in Consul. It is a cluster.Provider.
//
// While the agent is out of reach, what was known stays known; when it is back, the node makes itself known again.
type Provider struct {
	// Address is that of the machine's Consul agent: host:port, a URL, or unix:///path. Empty means 127.0.0.1:8500.
	Address string
	// Service is what nodes are called in Consul: clusters that share one need a name each. Empty means "fairlead".
	Service string
	// TTL is how long a node that is gone without a word stays. Zero means 10 s.
	TTL time.Duration
	// Token is for Consul's access control. When it is empty, CONSUL_HTTP_TOKEN and CONSUL_HTTP_TOKEN_FILE count, as
	// for all of Consul's clients.
	Token string
	// TLS is how to speak to the agent. Nil means without, unless Address is an https URL.
	TLS *tls.Config
	// Logger hears of trouble. Nil means slog.Default().
	Logger *slog.Logger
}

func (p Provider) withDefaults() Provider {
	if p.Address == "" {
		p.Address = "127.0.0.1:8500"
	}
	if p.Service == "" {
		p.Service = "fairlead"
	}
	if p.TTL == 0 {
		p.TTL = 10 * time.Second
	}
	p.Logger = calm.New(p.Logger)
	return p
}

// Run keeps self registered in Consul and tells found of all nodes that pass their checks, until ctx ends. Then it takes self out.
// An error is one of the Provider's fields, or self's address.
func (p Provider) Run(ctx context.Context, self *messages.Member, found func(addresses []string)) error {
	p = p.withDefaults()
	if p.TTL < time.Second {
		return fmt.Errorf("TTL: %v is less than a second", p.TTL)
	}
	service, err := p.service(self)
	if err != nil {
		return fmt.Errorf("consul: %w", err)
	}
	transport := &http.Transport{
		TLSClientConfig:     p.TLS,
		TLSHandshakeTimeout: answerTime,
		DialContext:         (&net.Dialer{Timeout: answerTime, KeepAlive: answerTime}).DialContext,
	}
	defer transport.CloseIdleConnections()
	conf := &api.Config{Address: p.Address, Token: p.Token, Transport: transport, HttpClient: &http.Client{Transport: transport}}
	if p.TLS != nil {
		conf.Scheme = "https"
	}
	client, err := api.NewClient(conf)
	if err != nil {
		return fmt.Errorf("Address: %w", err)
	}
	n := &node{Provider: p, client: client, service: service, found: found}
	tries.Until(ctx, n.round, func(err error) {
		p.Logger.Warn("Consul does not tell of other nodes", "error", err)
	})
	n.end(ctx)
	return nil
}

// service is the node in Consul's words.
func (p Provider) service(self *messages.Member) (*api.AgentServiceRegistration, error) {
	host, port, err := net.SplitHostPort(self.GetAddress())
	if err != nil {
		return nil, err
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		return nil, fmt.Errorf("address %s: %w", self.GetAddress(), err)
	}
	member, err := protojson.Marshal(self)
	if err != nil {
		return nil, fmt.Errorf("write a member: %w", err)
	}
	id := p.Service + "-" + self.GetAddress() // so a node that comes back is no second one
	return &api.AgentServiceRegistration{
		ID: id, Name: p.Service, Address: host, Port: number, Tags: self.GetRoles(),
		Meta: map[string]string{"member": string(member)},
		Check: &api.AgentServiceCheck{
			CheckID: id, Name: "the node lives", TTL: p.TTL.String(), Status: api.HealthPassing,
			DeregisterCriticalServiceAfter: forgetAfter.String(),
		},
	}, nil
}

// node is one Run.
type node struct {
	Provider
	client  *api.Client
	service *api.AgentServiceRegistration
	found   func([]string)

	registered bool // the agent may know of it
	told       []string
}

// round registers the node, and tells what it sees while it passes the check, until something breaks.
func (n *node) round(ctx context.Context, well func()) error {
	if err := n.register(ctx); err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	passing := make(chan struct{})
	go func() {
		defer close(passing)
		cancel(n.pass(ctx))
	}()
	err := n.follow(ctx, well)
	cancel(err)
	<-passing
	return context.Cause(ctx) // whichever was first
}

func (n *node) register(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	n.registered = true // even if the answer is lost
	err := n.client.Agent().ServiceRegisterOpts(n.service, api.ServiceRegisterOpts{ReplaceExistingChecks: true}.WithContext(ctx))
	if err != nil {
		return fmt.Errorf("register: %w", err)
	}
	return nil
}

// pass tells the agent again and again that the node lives. An agent that has started anew does not know of it.
func (n *node) pass(ctx context.Context) error {
	tick := time.NewTicker(n.TTL / 3)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
		if err := n.passOnce(ctx); err != nil {
			return fmt.Errorf("pass the check: %w", err)
		}
	}
}

func (n *node) passOnce(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, min(answerTime, n.TTL))
	defer cancel()
	return n.client.Agent().UpdateTTLOpts(n.service.ID, "", api.HealthPassing, (&api.QueryOptions{}).WithContext(ctx))
}

// follow asks for the nodes that pass, and then for every change.
func (n *node) follow(ctx context.Context, well func()) error {
	var index uint64
	for {
		there, next, err := n.ask(ctx, index)
		if err != nil {
			return fmt.Errorf("ask for the others: %w", err)
		}
		well()
		n.tell(there)
		switch {
		case next == 0:
			return errors.New("ask for the others: the answer has no index")
		case next < index: // Consul's servers have begun anew: what we wait behind may never come
			index = 0
		default:
			index = next
		}
	}
}

// ask returns the nodes, as soon as they are others than those behind index.
func (n *node) ask(ctx context.Context, index uint64) ([]*api.ServiceEntry, uint64, error) {
	ctx, cancel := context.WithTimeout(ctx, waitTime+waitTime/8) // the agent takes a sixteenth more
	defer cancel()
	q := (&api.QueryOptions{WaitIndex: index, WaitTime: waitTime}).WithContext(ctx)
	there, meta, err := n.client.Health().Service(n.Service, "", true, q)
	if err != nil {
		return nil, 0, err
	}
	return there, meta.LastIndex, nil
}

// tell tells found of the addresses, when they are others than before.
func (n *node) tell(there []*api.ServiceEntry) {
	var addresses []string
	for _, e := range there {
		addresses = append(addresses, net.JoinHostPort(e.Service.Address, strconv.Itoa(e.Service.Port)))
	}
	slices.Sort(addresses)
	addresses = slices.Compact(addresses)
	if !slices.Equal(addresses, n.told) {
		n.told = addresses
		n.found(slices.Clone(addresses))
	}
}

// end takes the node out at once.
func (n *node) end(ctx context.Context) {
	if !n.registered {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), endTime)
	defer cancel()
	if err := n.client.Agent().ServiceDeregisterOpts(n.service.ID, (&api.QueryOptions{}).WithContext(ctx)); err != nil {
		n.Logger.Warn("Consul keeps a node that ends until its time is over", "error", err)
	}
}
