package actors_test

import (
	"fmt"
	"strings"
	"time"

	"pgregory.net/rapid"
)

// schedule is what several clients and senders do, as a value: it is drawn, run, and
// drawn smaller again when it finds a bug.
type schedule struct {
	Direct bool  // the tick is negative: pushes never wait
	Seats  []int // for each client that is there from the beginning, its groups as bits
	Rounds []round
}

// round is what is begun without waiting in between, and what comes then.
type round struct {
	Actions []action
	Settle  bool          // all has been done before the next round begins: a new epoch
	Pause   time.Duration // and then time passes
}

// action is what the clients' side, or somebody outside all handlers, begins.
type action struct {
	Do     verb
	Client int
	Route  int // of ask and notify
	Script []op
	End    verb // how the handler answers
	For    time.Duration
}

// op is one thing a sender does. Pushes to a part of a group have a key unless it is 0.
type op struct {
	Do    verb
	Who   int
	Group int
	Key   int
	User  int
}

type verb int

const (
	// Actions.
	ask verb = iota
	notify
	outside // the script is run outside all handlers
	dial
	hangUp
	hold // the client takes nothing for a while

	// Endings of a handler.
	answer
	fail
	later // a goroutine answers after For
	keep  // the next handler of the route answers
	never
	twice   // a second answer is dropped
	overdue // an answer after the deadline is dropped

	// What senders do.
	push
	pushKeyed
	pushUrgent
	groupPush
	groupKeyed
	groupExcept
	groupWhere
	groupBound
	allPush
	allKeyed
	userPush
	join
	leave
	members
	bind
	unbind
	kick
	closeIt
	kickUser
	nap
)

var verbs = [...]string{
	"ask", "notify", "outside", "dial", "hangUp", "hold", "answer", "fail", "later", "keep", "never", "twice", "overdue",
	"push", "pushKeyed", "pushUrgent", "groupPush", "groupKeyed", "groupExcept", "groupWhere", "groupBound", "allPush",
	"allKeyed", "userPush", "join", "leave", "members", "bind", "unbind", "kick", "closeIt", "kickUser", "nap",
}

func (v verb) String() string { return verbs[v] }

const (
	mostClients = 6
	groups      = 3
	routes      = 4 // the last has an actor for each session
	napTime     = 7 * time.Millisecond
)

// Verbs are drawn as often as they stand here; smaller cases begin at the front.
var (
	actionVerbs = often(ask, 20, notify, 6, outside, 8, hold, 2, dial, 2, hangUp, 1)
	endVerbs    = often(answer, 8, fail, 2, later, 3, keep, 3, never, 1, twice, 2, overdue, 1)
	opVerbs     = often(push, 12, groupPush, 16, join, 12, leave, 6, groupKeyed, 14, pushKeyed, 8, pushUrgent, 3,
		groupExcept, 4, groupWhere, 3, groupBound, 4, allPush, 4, allKeyed, 4, userPush, 6,
		bind, 8, unbind, 3, members, 2, nap, 3, kick, 1, closeIt, 1, kickUser, 1)
)

// often is each verb as many times as the number after it says.
func often(list ...verb) (all []verb) {
	for i := 0; i < len(list); i += 2 {
		for range list[i+1] {
			all = append(all, list[i])
		}
	}
	return all
}

// among draws one of 0 to n-1, all of which are as likely.
func among(n int) *rapid.Generator[int] {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return rapid.SampledFrom(all)
}

// Clients and groups are drawn as numbers, to be taken modulo how many there are.
var (
	clientNos = among(mostClients)
	groupNos  = among(groups)
	routeNos  = among(routes)
	two       = among(2)
)

var ops = rapid.Custom(func(t *rapid.T) op {
	return op{
		Do:    rapid.SampledFrom(opVerbs).Draw(t, "do"),
		Who:   clientNos.Draw(t, "who"),
		Group: groupNos.Draw(t, "group"),
		Key:   two.Draw(t, "key"),
		User:  two.Draw(t, "user"),
	}
})

var actions = rapid.Custom(func(t *rapid.T) action {
	return action{
		Do:     rapid.SampledFrom(actionVerbs).Draw(t, "do"),
		Client: clientNos.Draw(t, "client"),
		Route:  routeNos.Draw(t, "route"),
		Script: rapid.SliceOfN(ops, 1, 9).Draw(t, "script"),
		End:    rapid.SampledFrom(endVerbs).Draw(t, "end"),
		For:    time.Duration(rapid.IntRange(0, 1500).Draw(t, "for")) * time.Millisecond,
	}
})

var rounds = rapid.Custom(func(t *rapid.T) round {
	return round{
		Actions: rapid.SliceOfN(actions, 1, 8).Draw(t, "actions"),
		Settle:  rapid.Bool().Draw(t, "settle"),
		Pause:   time.Duration(rapid.IntRange(0, 50).Draw(t, "pause")) * time.Millisecond,
	}
})

var schedules = rapid.Custom(func(t *rapid.T) schedule {
	return schedule{
		Direct: rapid.SampledFrom([]bool{false, false, true}).Draw(t, "direct"),
		Seats:  rapid.SliceOfN(among(1<<groups), 1, mostClients).Draw(t, "seats"),
		Rounds: rapid.SliceOfN(rounds, 1, 8).Draw(t, "rounds"),
	}
})

// GoString writes the schedule as people read it.
func (s schedule) GoString() string {
	var b strings.Builder
	fmt.Fprintf(&b, "clients in groups %03b, direct=%v", s.Seats, s.Direct)
	for i, r := range s.Rounds {
		fmt.Fprintf(&b, "\n round %d, then settle=%v pause=%v", i, r.Settle, r.Pause)
		for _, a := range r.Actions {
			fmt.Fprintf(&b, "\n  %v", a)
		}
	}
	return b.String()
}

func (a action) String() string {
	switch a.Do {
	case ask, notify:
		return fmt.Sprintf("client %d: %v route %d %v, %v(%v)", a.Client, a.Do, a.Route, a.Script, a.End, a.For)
	case outside:
		return fmt.Sprintf("outside %v", a.Script)
	case hold:
		return fmt.Sprintf("client %d: hold %v", a.Client, a.For)
	}
	return fmt.Sprintf("client %d: %v", a.Client, a.Do)
}

func (o op) String() string {
	switch o.Do {
	case push, pushUrgent, kick, closeIt:
		return fmt.Sprintf("%v(%d)", o.Do, o.Who)
	case pushKeyed:
		return fmt.Sprintf("%v(%d key %d)", o.Do, o.Who, o.Key)
	case groupKeyed:
		return fmt.Sprintf("%v(g%d key %d)", o.Do, o.Group, o.Key)
	case groupWhere, groupBound:
		return fmt.Sprintf("%v(g%d key %d)", o.Do, o.Group, o.Key)
	case groupExcept:
		return fmt.Sprintf("%v(g%d, %d key %d)", o.Do, o.Group, o.Who, o.Key)
	case groupPush, members:
		return fmt.Sprintf("%v(g%d)", o.Do, o.Group)
	case join, leave:
		return fmt.Sprintf("%v(g%d, %d)", o.Do, o.Group, o.Who)
	case allKeyed:
		return fmt.Sprintf("%v(key %d)", o.Do, o.Key)
	case userPush, bind, kickUser:
		return fmt.Sprintf("%v(u%d)", o.Do, o.User)
	}
	return o.Do.String()
}
