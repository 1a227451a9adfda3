//go:build !race

package cluster_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/fairlead-go/fairlead/connectors/client"
	"github.com/fairlead-go/fairlead/internal/need"
)

var (
	schedules = flag.Int("cluster.schedules", 3, "how many partitions and pauses there are")
	seed      = flag.Uint64("cluster.seed", 0, "of the schedules; 0: any")
)

// insideVariable says that the test runs in a network namespace of its own.
const insideVariable = "FAIRLEAD_TEST_INSIDE"

// TestPartitionsAndPauses cuts nodes off from each other, or stops them, for some seconds, again and again, while clients
// on all gates log in as the same few users. The history is checked: a login that is acknowledged is the only one.
func TestPartitionsAndPauses(t *testing.T) {
	ip := need.Program(t, "ip")
	if os.Getenv(insideVariable) == "" {
		enclose(t)
		return
	}
	net := &rules{t: t, ip: ip}
	net.prepare()
	if *seed == 0 {
		*seed = rand.Uint64()
	}
	t.Logf("-cluster.seed=%d", *seed)
	random := rand.New(rand.NewPCG(*seed, 0))
	f := launchAt(t, 3, 2, func(i int) string { return fmt.Sprintf("127.0.1.%d", i+1) })
	h := contest(t, f)
	for i := range *schedules {
		what, heal := trouble(random, f, net)
		took := time.Second + time.Duration(random.IntN(5000))*time.Millisecond
		t.Logf("%d: %s for %v", i, what, took)
		<-time.After(took)
		heal()
		f.awaitMembers(5)
		h.settled()
	}
	h.end()
}

// trouble begins something that a network or a machine does to nodes, and returns what ends it.
func trouble(random *rand.Rand, f *fleet, net *rules) (what string, heal func()) {
	all := f.all()
	one := all[random.IntN(len(all))]
	others := slices.DeleteFunc(slices.Clone(all), func(p *process) bool { return p == one })
	switch random.IntN(5) {
	case 0:
		one.signal(syscall.SIGSTOP)
		return one.conf.Listen + " is stopped", func() { one.signal(syscall.SIGCONT) }
	case 1:
		return one.conf.Listen + " is cut off", net.cut([]*process{one}, others)
	case 2:
		return one.conf.Listen + " hears, and is not heard", net.cutOneWay([]*process{one}, others)
	case 3:
		return one.conf.Listen + " is heard, and does not hear", net.cutOneWay(others, []*process{one})
	default:
		random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		return fmt.Sprintf("%s and %s are cut off", all[0].conf.Listen, all[1].conf.Listen), net.cut(all[:2], all[2:])
	}
}

// rules drop what nodes send each other, by their addresses.
type rules struct {
	t  *testing.T
	ip string
}

// prepare makes room before the rule that all addresses of the loopback are here.
func (r *rules) prepare() {
	r.run("link", "set", "lo", "up")
	r.run("rule", "add", "pref", "10", "lookup", "local")
	r.run("rule", "del", "pref", "0")
}

func (r *rules) run(args ...string) {
	r.t.Helper()
	if out, err := exec.Command(r.ip, args...).CombinedOutput(); err != nil {
		r.t.Fatalf("ip %s: %v: %s", strings.Join(args, " "), err, out)
	}
}

func (r *rules) cut(some, others []*process) (heal func()) {
	one, two := r.cutOneWay(some, others), r.cutOneWay(others, some)
	return func() { one(); two() }
}

func (r *rules) cutOneWay(from, to []*process) (heal func()) {
	var all [][]string
	for _, a := range from {
		for _, b := range to {
			all = append(all, []string{"pref", "1", "from", host(a), "to", host(b), "blackhole"})
		}
	}
	for _, rule := range all {
		r.run(append([]string{"rule", "add"}, rule...)...)
	}
	return func() {
		for _, rule := range all {
			r.run(append([]string{"rule", "del"}, rule...)...)
		}
	}
}

func host(p *process) string { return p.conf.Listen[:strings.LastIndexByte(p.conf.Listen, ':')] }

// enclose runs the test again, in a namespace that has nothing but a loopback.
func enclose(t *testing.T) {
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v", "-test.timeout=60m",
		fmt.Sprintf("-cluster.schedules=%d", *schedules), fmt.Sprintf("-cluster.seed=%d", *seed))
	cmd.Env = append(os.Environ(), insideVariable+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNET,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	}
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Skipf("no network namespace to be had: %v", err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("%v", err)
	}
	t.Log(out.String())
}

// rivals is how many clients of each gate want to be one of heroes users.
const (
	rivals = 4
	heroes = 3
)

// history is what clients have been told of their logins.
type history struct {
	t     *testing.T
	f     *fleet
	stop  chan struct{}
	tasks sync.WaitGroup

	mu    sync.Mutex
	bound map[string]*rival // by uid: who was acknowledged last, and when
	binds int
	looks int
}

type rival struct {
	gate   *process
	client *client.Client
	uid    string
	asked  time.Time // when it last asked to be bound
	since  time.Time // when the acknowledgement had come
}

// contest lets the rivals log in, look, and come back when they have been kicked.
func contest(t *testing.T, f *fleet) *history {
	h := &history{t: t, f: f, stop: make(chan struct{}), bound: map[string]*rival{}}
	for i, gate := range f.gates {
		for j := range rivals {
			h.tasks.Go(func() { h.rival(gate, rand.New(rand.NewPCG(uint64(i), uint64(j)))) })
		}
	}
	return h
}

// at is a moment, as the nodes' logs have it.
func (h *history) at(t time.Time) string { return t.UTC().Format("05.000") }

func (h *history) over() bool {
	select {
	case <-h.stop:
		return true
	default:
		return false
	}
}

func (h *history) rival(gate *process, random *rand.Rand) {
	for !h.over() {
		one, err := gate.tryDial()
		if err != nil {
			<-time.After(100 * time.Millisecond)
			continue
		}
		r := &rival{gate: gate, client: one, uid: fmt.Sprintf("hero%d", random.IntN(heroes))}
		for !h.over() && h.look(r) {
			if random.IntN(4) == 0 {
				h.login(r)
			}
			<-time.After(time.Duration(random.IntN(200)) * time.Millisecond)
		}
		one.Close()
	}
}

// login binds the client. From the acknowledgement on it is the one.
func (h *history) login(r *rival) {
	asked := time.Now()
	if ask(r.client, "door.in", user{UID: r.uid}, nil) != nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.binds++
	r.asked, r.since = asked, time.Now()
	h.bound[r.uid] = r
}

// look asks the gate whether the client is bound. If it is, nobody may have asked after it was acknowledged, and have been
// acknowledged when the question was sent. It returns false when the client has gone.
func (h *history) look(r *rival) bool {
	h.mu.Lock()
	last := h.bound[r.uid]
	h.mu.Unlock()
	asked := time.Now()
	var u user
	if err := ask(r.client, "door.me", nil, &u); err != nil {
		return code(err) != 0
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.looks++
	if u.UID != "" && last != nil && last != r && last.asked.After(r.since) {
		h.t.Errorf("%s, a client of %s acknowledged at %v, is bound at %v: a client of %s that had asked at %v was acknowledged at %v", r.uid,
			r.gate.conf.Listen, h.at(r.since), h.at(asked), last.gate.conf.Listen, h.at(last.asked), h.at(last.since))
	}
	return true
}

// settled checks that the registry knows of one login of each user at most, and all gates the same.
func (h *history) settled() {
	h.t.Helper()
	for i := range heroes {
		uid := fmt.Sprintf("hero%d", i)
		for _, gate := range h.f.gates {
			one := gate.dial()
			var u user
			if err := ask(one, "door.who", user{UID: uid}, &u); err == nil && len(u.Nodes) > 1 {
				h.t.Errorf("%s says that %s is bound at %v", gate.conf.Listen, uid, u.Nodes)
			}
			one.Close()
		}
	}
}

func (h *history) end() {
	close(h.stop)
	h.tasks.Wait()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.t.Logf("%d logins acknowledged, %d looks", h.binds, h.looks)
	if h.binds < 5 || h.looks < 5 {
		h.t.Error("the contest did not take place")
	}
}
