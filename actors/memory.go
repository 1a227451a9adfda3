package actors

import (
	"cmp"
	"math"
	"runtime"
	"runtime/metrics"
	"slices"
	"sync"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/messages"
)

// Levels of the memory gate. Each does what those below it do as well.
const (
	levelThrift = 1 // soft limits of outboxes are halved
	levelRefuse = 2 // handshakes are refused with code 503, lossy pushes dropped as soon as anything waits
	levelShed   = 3 // clients for whom most waits are closed, a few at a time
)

const (
	memoryEvery = 250 * time.Millisecond
	// memoryCalm is how long use must be below a level's mark, by memoryGap of the limit,
	// before the level is left.
	memoryCalm = 2 * time.Second
	memoryGap  = 0.05
	// memoryShed is which part of all clients level 3 may close at each look: 5 % a second.
	memoryShed = 0.05 / 4
)

// memoryMarks are the parts of the limit at which the levels begin.
var memoryMarks = [...]float64{0, 0.70, 0.85, 0.92}

// memoryGate watches what the process uses, and sheds before the kernel kills it. What counts is
// what the collector found alive, stacks, and the runtime's own: not garbage, which is not short.
type memoryGate struct {
	node   *node
	used   func() uint64
	cycles func() uint64

	mu      sync.Mutex // the timer's goroutine, and stop
	timer   *time.Timer
	stopped bool

	// The timer's goroutine's.
	over  time.Time // when use was last at the level's mark
	seen  uint64    // cycles of the collector when clients were last shed
	shed  time.Time // when that was
	spare float64   // clients that may be shed, but for a fraction
}

// start begins to watch, if there is a limit.
func (g *memoryGate) start(n *node) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if n.Limits.Memory <= 0 {
		return
	}
	if g.node = n; g.used == nil {
		g.used = memoryUsed
	}
	g.cycles = collections
	g.spare = 1
	g.timer = time.AfterFunc(memoryEvery, g.look)
}

func (g *memoryGate) stop() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.stopped = true; g.timer != nil {
		g.timer.Stop()
	}
}

// look runs on the timer's goroutine.
func (g *memoryGate) look() {
	now, used := time.Now(), g.used()
	if g.judge(float64(used)/float64(g.node.Limits.Memory), now) {
		level := g.node.level.Load()
		g.node.log.Warn("memory", "level", level, "used", used, "limit", g.node.Limits.Memory)
		publish(g.node.system, &messages.Load{Level: level, Used: used, Limit: uint64(g.node.Limits.Memory)})
	}
	if g.node.level.Load() >= levelShed {
		g.shedSome(now)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.stopped {
		g.timer.Reset(memoryEvery)
	}
}

// shedSome closes a few clients, and then waits until the collector has found out what that gave.
func (g *memoryGate) shedSome(now time.Time) {
	g.spare = min(g.spare+float64(g.node.live.Load())*memoryShed, float64(g.node.live.Load()))
	switch cycles := g.cycles(); {
	case g.spare < 1:
	case cycles != g.seen:
		whole := math.Floor(g.spare)
		g.node.shedLargest(int(whole))
		g.spare, g.seen, g.shed = g.spare-whole, cycles, now
	case now.Sub(g.shed) >= memoryCalm:
		g.shed = now
		go runtime.GC()
	}
}

// judge sets the level for a part of the limit that is used: up at once, down one by one and
// not before it has been calm. It tells whether the level has changed.
func (g *memoryGate) judge(part float64, now time.Time) (changed bool) {
	level := g.node.level.Load()
	up := level
	for int(up)+1 < len(memoryMarks) && part >= memoryMarks[up+1] {
		up++
	}
	switch {
	case up > level:
		g.over = now
		level = up
	case level == 0:
		return false
	case part >= memoryMarks[level]-memoryGap:
		g.over = now
		return false
	case now.Sub(g.over) < memoryCalm:
		return false
	default:
		g.over = now
		level--
	}
	g.node.level.Store(level)
	return true
}

// memoryUsed is what the process cannot do without, in bytes.
func memoryUsed() uint64 {
	s := []metrics.Sample{
		{Name: "/gc/heap/live:bytes"},
		{Name: "/memory/classes/heap/stacks:bytes"},
		{Name: "/memory/classes/metadata/other:bytes"},
		{Name: "/memory/classes/os-stacks:bytes"},
		{Name: "/memory/classes/other:bytes"},
	}
	metrics.Read(s)
	sum := uint64(0)
	for i := range s {
		if s[i].Value.Kind() == metrics.KindUint64 {
			sum += s[i].Value.Uint64()
		}
	}
	return sum
}

// collections counts the cycles of the collector.
func collections() uint64 {
	s := []metrics.Sample{{Name: "/gc/cycles/total:gc-cycles"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}

// shedLargest closes some of the clients for whom most waits.
func (n *node) shedLargest(most int) {
	type queue struct {
		link  *link
		bytes int
	}
	var all []queue
	n.directory.each(func(l *link) bool {
		l.mu.Lock()
		q := queue{l, l.out.bytes + l.out.flying}
		l.mu.Unlock()
		if q.bytes > 0 {
			all = append(all, q)
		}
		return true
	})
	slices.SortFunc(all, func(a, b queue) int { return cmp.Compare(b.bytes, a.bytes) })
	for _, q := range all[:min(len(all), most)] {
		q.link.end(connectors.Reason{Cause: messages.CauseOverloaded, Text: "overloaded", RetryAfter: n.Drain.RetryAfter, Spread: 10 * n.Drain.RetryAfter})
	}
}
