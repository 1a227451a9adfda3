//go:build unix && !race

package cluster_test

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/fairlead-go/fairlead/connectors/client"
	"github.com/fairlead-go/fairlead/messages"
)

var (
	kills   = flag.Int("cluster.kills", 4, "how often a backend, and a gate, is killed")
	clients = flag.Int("cluster.clients", 300, "how many clients are at work meanwhile")
)

// takeOver is how long it may take until nothing of a lost node is left.
const takeOver = 3 * time.Second

func TestALostBackendIsReplaced(t *testing.T) {
	f := launch(t, 3, 2)
	c := gather(t, f, *clients)
	var took []time.Duration
	for range *kills {
		p := f.backends[rand.IntN(len(f.backends))]
		one := f.gates[rand.IntN(len(f.gates))].dial()
		probe(t, one, p.conf.Listen)
		begin := time.Now()
		p.kill()
		if !within(takeOver, func() bool { return ask(one, "arena.work", work{N: 1}, &work{}) == nil }) {
			t.Fatalf("no new owner within %v", takeOver)
		}
		took = append(took, time.Since(begin))
		one.Close()
		p.start()
		p.await("ready")
		f.awaitMembers(5)
	}
	c.disperse()
	c.check()
	if n := c.closed.Load(); n > 0 {
		t.Errorf("%d client sockets closed", n)
	}
	slices.Sort(took)
	t.Logf("a new owner after: median %v, worst %v", took[len(took)/2], took[len(took)-1])
}

// probe binds the client to a user whose virtual actor lives on a node.
func probe(t *testing.T, c *client.Client, node string) {
	t.Helper()
	for {
		uid := fmt.Sprintf("probe%d", rand.Uint64())
		if err := ask(c, "door.as", user{UID: uid}, nil); err != nil {
			t.Fatal(err)
		}
		var w work
		if err := ask(c, "arena.work", work{N: 1}, &w); err != nil {
			t.Fatal(err)
		}
		if w.Node == node {
			return
		}
	}
}

func TestNobodyStaysBoundToALostGate(t *testing.T) {
	f := launch(t, 3, 2)
	for range *kills {
		p := f.gates[rand.IntN(len(f.gates))]
		other := f.gates[(slices.Index(f.gates, p)+1)%len(f.gates)]
		var uids []string
		for i := range 100 {
			uid := fmt.Sprintf("user%d", i)
			one := p.dial()
			defer one.Close()
			if err := ask(one, "door.in", user{UID: uid}, nil); err != nil {
				t.Fatal(err)
			}
			uids = append(uids, uid)
		}
		watch := other.dial()
		p.kill()
		begin := time.Now()
		for _, uid := range uids {
			left := takeOver - time.Since(begin)
			if !within(left, func() bool { return !online(watch, uid) }) {
				t.Fatalf("%s is still bound to %s after %v", uid, p.conf.Listen, takeOver)
			}
		}
		t.Logf("all unbound after %v", time.Since(begin))
		watch.Close()
		p.start()
		p.await("ready")
		f.awaitMembers(5)
	}
}

// online asks a gate. An answer that it cannot tell counts as yes.
func online(c *client.Client, uid string) bool {
	var u user
	return ask(c, "door.who", user{UID: uid}, &u) != nil || u.Online
}

func TestARollingRestartLosesNoRequest(t *testing.T) {
	f := launch(t, 3, 2)
	c := gather(t, f, *clients)
	for _, p := range f.all() {
		line := p.terminate()
		var had, unanswered int
		if _, err := fmt.Sscanf(line, "drained %d %d", &had, &unanswered); err != nil || unanswered > 0 {
			t.Errorf("%s: %q", p.conf.Listen, line)
		}
		p.start()
		p.await("ready")
		f.awaitMembers(5)
	}
	eventually(t, "all clients are back", func() bool { return c.back.Load() == c.closed.Load() })
	c.disperse()
	c.check()
	if closed, told := c.closed.Load(), c.told.Load(); closed == 0 || told != closed {
		t.Errorf("%d client sockets closed, and %d were told why", closed, told)
	}
	if n := c.unavailable.Load() + c.busy.Load(); n > 0 {
		t.Errorf("%d requests were answered 502 or 503", n)
	}
}

func TestAStoppedNodeOwnsNothingAnyMore(t *testing.T) {
	f := launch(t, 3, 2)
	p := f.gates[0]
	old := p.dial()
	defer old.Close()
	if err := ask(old, "door.in", user{UID: "ann"}, nil); err != nil {
		t.Fatal(err)
	}
	p.signal(syscall.SIGSTOP)
	one := f.gates[1].dial()
	defer one.Close()
	eventually(t, "ann is not bound to a gate that has stopped", func() bool { return !online(one, "ann") })
	if err := ask(one, "door.in", user{UID: "ann"}, nil); err != nil {
		t.Fatal(err)
	}
	p.signal(syscall.SIGCONT)
	eventually(t, "the client of the stopped gate is bound to nobody", func() bool {
		var u user
		return ask(old, "door.me", nil, &u) == nil && u.UID == ""
	})
	f.awaitMembers(5)
	var u user
	if err := ask(one, "door.who", user{UID: "ann"}, &u); err != nil || len(u.Nodes) != 1 || u.Nodes[0] != f.gates[1].conf.Listen {
		t.Errorf("ann is bound at %v (%v), want %s alone", u.Nodes, err, f.gates[1].conf.Listen)
	}
}

func TestWhatAStoppedBackendPushesIsNotDelivered(t *testing.T) {
	f := launch(t, 2, 2)
	p := f.backends[0]
	late := make(chan string, 1)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	one, err := client.Dial(ctx, client.Config{Addr: f.gates[0].conf.Clients, Silent: true, Push: func(route string, _ []byte) { late <- route }})
	if err != nil {
		t.Fatal(err)
	}
	defer one.Close()
	probe(t, one, p.conf.Listen)
	answer := make(chan error, 1)
	go func() { answer <- ask(one, "arena.late", work{N: 1}, nil) }()
	<-time.After(lateBy / 2)
	p.signal(syscall.SIGSTOP)
	if err := <-answer; code(err) != messages.CodeUnavailable {
		t.Errorf("the request is answered %v, want code 502", err)
	}
	eventually(t, "another node has what was the stopped one's", func() bool { return ask(one, "arena.work", work{N: 1}, &work{}) == nil })
	p.signal(syscall.SIGCONT)
	f.awaitMembers(4) // it has come back
	select {
	case route := <-late:
		t.Errorf("%s of a node that had been replaced has been delivered", route)
	case <-time.After(2 * lateBy):
	}
}
