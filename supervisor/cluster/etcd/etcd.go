// Package etcd finds the nodes of a cluster in etcd: each node keeps a key there for as long as it lives, and
// watches the keys of the others. It is a module of its own, so that only those who import it have etcd's client.
//
// It speaks etcd's API of version 3, and is tested with etcd 3.4.
package etcd

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/fairlead-go/fairlead/internal/calm"
	"github.com/fairlead-go/fairlead/internal/tries"
	"github.com/fairlead-go/fairlead/messages"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
	"google.golang.org/protobuf/encoding/protojson"
)

// answerTime is how long etcd may take for one answer, and for the last one when a node ends.
const (
	answerTime = 5 * time.Second
	endTime    = 2 * time.Second
)

// Provider finds nodes in etcd. It is a cluster.Provider.
//
// While etcd is out of reach, what was known stays known; when it is back, the node makes itself known again,
// even if etcd has lost everything.
type Provider struct {
	// Endpoints are etcd's addresses: host:port, or URLs. At least one must be there.
	Endpoints []string
	// Prefix is what keys begin with: a node's is Prefix + "/" + its address. Clusters that share an etcd need
	// one each. Empty means "/fairlead".
	Prefix string
	// TTL is how long the key of a node that is gone without a word stays, in whole seconds. Zero means 10 s.
	TTL time.Duration
	// TLS is how to speak to etcd. Nil means without, unless an endpoint is an https URL.
	TLS *tls.Config
	// Username and Password, when etcd wants them.
	Username, Password string
	// Logger hears of trouble. Nil means slog.Default().
	Logger *slog.Logger
}

func (p Provider) withDefaults() Provider {
	if p.Prefix == "" {
		p.Prefix = "/fairlead"
	}
	p.Prefix = strings.TrimSuffix(p.Prefix, "/") + "/"
	if p.TTL == 0 {
		p.TTL = 10 * time.Second
	}
	p.Logger = calm.New(p.Logger)
	return p
}

func (p Provider) check() error {
	if len(p.Endpoints) == 0 {
		return errors.New("Endpoints: etcd has no address")
	}
	if p.TTL != 0 && p.TTL < time.Second {
		return fmt.Errorf("TTL: %v is less than a second", p.TTL)
	}
	return nil
}

// Run keeps self's key in etcd and tells found of all that are there, until ctx ends. Then it removes the key.
// An error is one of the Provider's fields.
func (p Provider) Run(ctx context.Context, self *messages.Member, found func(addresses []string)) error {
	if err := p.check(); err != nil {
		return err
	}
	value, err := protojson.Marshal(self)
	if err != nil {
		return fmt.Errorf("etcd: write a member: %w", err)
	}
	p = p.withDefaults()
	n := &node{Provider: p, key: p.Prefix + self.GetAddress(), value: string(value), found: found}
	tries.Until(ctx, n.round, func(err error) {
		p.Logger.Warn("etcd does not tell of other nodes", "error", err)
	})
	return nil
}

// node is one Run. It has one goroutine.
type node struct {
	Provider
	key, value string
	found      func([]string)

	told []string // what found was called with last
}

// round makes the node known, and tells what it sees until something breaks. Each round has a client of its
// own: one that has lost etcd may be in any state.
func (n *node) round(ctx context.Context, well func()) error {
	client, err := n.client(ctx)
	if err != nil {
		return err
	}
	defer client.Close()
	lease, err := n.register(ctx, client)
	if lease != 0 {
		defer n.end(ctx, client, lease)
	}
	if err != nil {
		return err
	}
	// The round's end must end the watch and the keeping too, before the key is removed.
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	kept, err := client.KeepAlive(ctx, lease)
	if err != nil {
		return fmt.Errorf("keep a lease: %w", err)
	}
	return n.follow(ctx, client, kept, well)
}

// client makes a client. With a user's name it asks etcd for a token at once, else it connects when it is used.
func (n *node) client(ctx context.Context) (*clientv3.Client, error) {
	life, cancel := context.WithCancel(context.WithoutCancel(ctx)) // its last word comes behind ctx's end
	defer context.AfterFunc(ctx, cancel)()
	client, err := clientv3.New(clientv3.Config{
		Context:              life,
		Endpoints:            n.Endpoints,
		TLS:                  n.TLS,
		Username:             n.Username,
		Password:             n.Password,
		DialTimeout:          answerTime,
		DialKeepAliveTime:    answerTime,
		DialKeepAliveTimeout: answerTime,
		Logger:               zap.NewNop(), // what matters comes back as an error
	})
	if err != nil {
		cancel()
		return nil, fmt.Errorf("connect: %w", err)
	}
	return client, nil // closing it ends what life is for
}

// register writes the node's key under a new lease. A key that an earlier round or process has left
// is taken over: its old lease has no part in it any more.
func (n *node) register(ctx context.Context, client *clientv3.Client) (clientv3.LeaseID, error) {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	lease, err := client.Grant(ctx, int64(n.TTL/time.Second))
	if err != nil {
		return 0, fmt.Errorf("ask for a lease: %w", err)
	}
	if _, err := client.Put(ctx, n.key, n.value, clientv3.WithLease(lease.ID)); err != nil {
		return lease.ID, fmt.Errorf("write the key: %w", err)
	}
	return lease.ID, nil
}

// end removes the key at once when the node ends. When a round ends for trouble, the key stays for the next one.
func (n *node) end(ctx context.Context, client *clientv3.Client, lease clientv3.LeaseID) {
	if ctx.Err() == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), endTime)
	defer cancel()
	if _, err := client.Revoke(ctx, lease); err != nil {
		n.Logger.Warn("etcd keeps the key of a node that ends until its time is over", "error", err)
	}
}

// follow tells of the keys that there are and of every change, until something is lost.
func (n *node) follow(ctx context.Context, client *clientv3.Client, kept <-chan *clientv3.LeaseKeepAliveResponse, well func()) error {
	there, revision, err := n.list(ctx, client)
	if err != nil {
		return err
	}
	well()
	// A member of etcd that has lost the others ends the watch, instead of being silent.
	changes := client.Watch(clientv3.WithRequireLeader(ctx), n.Prefix, clientv3.WithPrefix(), clientv3.WithRev(revision+1))
	for {
		if !there[n.key] {
			return errors.New("somebody has removed the node's key")
		}
		n.tell(there)
		select {
		case _, ok := <-kept:
			if !ok {
				return errors.New("the lease is lost")
			}
		case change, ok := <-changes:
			if err := change.Err(); err != nil {
				return fmt.Errorf("watch the keys: %w", err)
			}
			if !ok {
				return errors.New("the watch has ended")
			}
			for _, e := range change.Events {
				there[string(e.Kv.Key)] = e.Type == clientv3.EventTypePut
			}
		}
	}
}

// list reads all keys, and the revision at which they were like that.
func (n *node) list(ctx context.Context, client *clientv3.Client) (there map[string]bool, revision int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	all, err := client.Get(ctx, n.Prefix, clientv3.WithPrefix(), clientv3.WithKeysOnly())
	if err != nil {
		return nil, 0, fmt.Errorf("read the keys: %w", err)
	}
	there = make(map[string]bool, len(all.Kvs))
	for _, kv := range all.Kvs {
		there[string(kv.Key)] = true
	}
	return there, all.Header.GetRevision(), nil
}

// tell tells found of the addresses, when they are others than before. Keys that are no addresses are somebody else's.
func (n *node) tell(there map[string]bool) {
	var addresses []string
	for key, is := range there {
		address := strings.TrimPrefix(key, n.Prefix)
		if _, _, err := net.SplitHostPort(address); is && err == nil && !strings.Contains(address, "/") {
			addresses = append(addresses, address)
		}
	}
	slices.Sort(addresses)
	if !slices.Equal(addresses, n.told) {
		n.told = addresses
		n.found(slices.Clone(addresses))
	}
}
