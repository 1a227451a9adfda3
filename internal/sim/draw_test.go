package sim_test

import (
	"cmp"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/fairlead-go/fairlead/actors"
)

// dice draws a schedule. All it throws comes from one seed.
type dice struct {
	*rand.Rand
	faults faults
	names  []string // of faults that are steps, as often as their weights
	s      *schedule
}

// What is no step of its own: how clients come in, what lies in wait for them, how handlers end.
var (
	hellos = [...]string{
		"silent", "noAck", "badHello", "oldClient", "hookRefuses", "hookHangs", "hookSlow", "panicHook", "panicCheck",
	}
	traps = [...]string{
		"panicReadFrames", "panicSetReadLimit", "panicProtocol", "panicOpen", "panicWelcome", "panicFeed", "panicExpire", "panicClose",
	}
	endFault = [...]string{"panicHandler", "panicFilter", "panicBody", "panicAnswer", "panicDecode", "panicRouteFunc", "panicPlain"}
)

// draw makes the schedule of a seed.
func draw(seed uint64, f faults) *schedule {
	d := &dice{Rand: rand.New(rand.NewPCG(seed, seed*0x9e3779b97f4a7c15+1)), faults: f}
	d.s = &schedule{Seed: seed, Asks: []*ask{nil}, Stop: d.chance(2)}
	for _, name := range slices.Sorted(maps.Keys(f)) {
		if !slices.Contains(hellos[:], name) && !slices.Contains(endFault[:], name) && name != "panicMaker" {
			for range f[name] {
				d.names = append(d.names, name)
			}
		}
	}
	d.setup()
	for range 3 + d.IntN(mostClients-2) {
		d.s.Clients = append(d.s.Clients, d.plan())
	}
	at := time.Duration(0)
	for range 4 + d.IntN(16) {
		at += d.pause()
		for range 1 + d.IntN(6) {
			d.s.Steps = append(d.s.Steps, d.step(at))
		}
	}
	return d.s
}

// chance is one in n.
func (d *dice) chance(n int) bool { return d.IntN(n) == 0 }

func (d *dice) setup() {
	d.s.Setup = setup{
		Tick:     pick(d, 0, 0, 0, 5*time.Millisecond, -1),
		Buffer:   pick(d, 512, 4<<10, 64<<10),
		InFlight: pick(d, 2, 8, 32),
		Queue:    pick(d, 0, 0, 0, 4),
		Logins:   pick(d, actors.AllowLogins, actors.KickOlder, actors.RefuseNewer),
		Custom:   d.chance(4),
	}
}

func (d *dice) plan() (p plan) {
	if d.chance(3) {
		p.At = time.Duration(d.IntN(2000)) * time.Millisecond
	}
	if h := hellos[d.IntN(len(hellos))]; d.faults.on(h) && d.chance(6) {
		p.Hello = h
	}
	if d.faults.on("panicMaker") && d.chance(8) {
		p.Maker = 1 + d.IntN(2)
	}
	p.Delivered = d.chance(2)
	if t := traps[d.IntN(len(traps))]; d.faults.on(t) && d.chance(8) {
		p.Trip = append(p.Trip, t)
	}
	return p
}

// pause is what comes between rounds: often nothing, sometimes long.
func (d *dice) pause() time.Duration {
	switch d.IntN(6) {
	case 0:
		return 0
	case 1:
		return time.Duration(d.IntN(2000)) * time.Millisecond
	default:
		return time.Duration(d.IntN(150)) * time.Millisecond
	}
}

func (d *dice) client() int { return d.IntN(len(d.s.Clients)) }

func (d *dice) step(at time.Duration) step {
	s := step{At: at, Client: d.client(), For: time.Duration(d.IntN(3000)) * time.Millisecond, N: 1 + d.IntN(3)}
	switch {
	case len(d.names) > 0 && d.chance(5):
		s.Do = d.names[d.IntN(len(d.names))]
	case d.chance(5):
		s.Do = "outside"
	default:
		s.Do = "ask"
	}
	switch s.Do {
	case "ask":
		s.Asks = d.asks(s.Client, 1+d.IntN(3))
	case "fast":
		s.Asks = d.asks(s.Client, 20+d.IntN(40))
	case "outside":
		s.Script = d.script(outsideOps)
	case "idle":
		s.For = time.Duration(30+d.IntN(90)) * time.Second
	}
	return s
}

func (d *dice) asks(client, n int) (list []*ask) {
	for range n {
		a := &ask{Tag: len(d.s.Asks), Client: client, Notify: d.chance(5), Route: routes[d.IntN(len(routes))]}
		a.For = time.Duration(1+d.IntN(1500)) * time.Millisecond
		a.Script = d.script(handlerOps)
		if n > 4 && len(a.Script) > 2 {
			a.Script = a.Script[:2]
		}
		d.end(a, n > 4)
		d.s.Asks = append(d.s.Asks, a)
		list = append(list, a)
	}
	return list
}

// end draws how the handler ends; those of a crowd seldom take their time.
func (d *dice) end(a *ask, crowd bool) {
	a.End = pick(d, "answer", "answer", "answer", "answer", "fail", "error", "later", "later", "laterFail", "twice")
	if !crowd && d.chance(8) {
		a.End = pick(d, "never", "overdue", "sleep", "badBody", "nowhere")
	}
	if p := endFault[d.IntN(len(endFault))]; d.faults.on(p) && d.chance(10) {
		a.End = p
	}
	switch a.End {
	case "nowhere":
		a.Route = "nobody.home"
	case "panicPlain":
		a.Route = "plain.do"
	case "panicRouteFunc":
		a.Route = "pick.boom"
	case "panicBody", "panicFilter", "panicHandler", "badBody", "panicAnswer", "sleep", "laterFail":
		a.Route = routes[d.IntN(3)]
	}
}

func (d *dice) script(from []string) (ops []op) {
	for range d.IntN(5) {
		o := op{Do: from[d.IntN(len(from))], Who: d.client(), Group: d.IntN(groups), Key: 1 + d.IntN(2), User: d.IntN(users)}
		if name, ok := opFaults[o.Do]; ok && !d.faults.on(name) {
			o.Do = "groupPush"
		}
		ops = append(ops, o)
	}
	return ops
}

// Ops that are drawn, as often as they stand here. Some count as faults.
var (
	handlerOps = often("push", 8, "keyed", 6, "lossy", 3, "urgent", 2, "other", 3, "groupPush", 10, "groupKeyed", 6,
		"groupLossy", 3, "where", 2, "all", 2, "user", 3, "join", 12, "leave", 4, "bind", 4, "unbind", 2, "set", 1,
		"nap", 2, "whereBoom", 1, "pushBoom", 1, "groupBoom", 1, "kickSelf", 1)
	outsideOps = often("groupPush", 8, "groupKeyed", 4, "groupLossy", 2, "all", 3, "user", 3, "join", 4, "leave", 2,
		"other", 6, "whereBoom", 1, "groupBoom", 1)
	opFaults = map[string]string{"whereBoom": "panicWhere", "pushBoom": "panicPush", "groupBoom": "panicPush", "kickSelf": "kick"}
)

// often is each word as many times as the number after it says.
func often(list ...any) (all []string) {
	for i := 0; i < len(list); i += 2 {
		for range list[i+1].(int) {
			all = append(all, list[i].(string))
		}
	}
	return all
}

func pick[T cmp.Ordered](d *dice, from ...T) T { return from[d.IntN(len(from))] }
