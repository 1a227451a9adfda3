package sim_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing/synctest"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/actors"
	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/memory"
	"github.com/fairlead-go/fairlead/messages"
	"github.com/fairlead-go/fairlead/supervisor"
)

// rig is a server, its application and its clients, for one run.
type rig struct {
	*history
	arms    // of what is no client's
	system  *actor.ActorSystem
	fl      *supervisor.Fairlead
	memory  *memory.Connector
	place   connectors.Listener // the memory connector's own
	clients []*client
	app     *app
	before  map[string]bool // actors that were there before the server

	mu      sync.Mutex // dialling and accepting are two goroutines'
	dialled []*client
	halted  bool
	halting sync.WaitGroup // who stops the server
}

// start is called in the bubble.
func start(s *schedule) (*rig, error) {
	r := &rig{history: newHistory(s)}
	log := slog.New(diary{r})
	r.system = actor.NewActorSystem(actor.WithLoggerFactory(func(*actor.ActorSystem) *slog.Logger {
		return slog.New(slog.DiscardHandler)
	}))
	for no := range s.Clients {
		c := newClient(r.history, no)
		for _, place := range c.plan.Trip {
			c.arms.set(place, 1)
		}
		r.clients = append(r.clients, c)
	}
	r.before = r.actors()
	r.app = newApp(r)
	r.memory = &memory.Connector{
		ID: "sim", Heartbeat: heartbeat, HandshakeTime: handshakeTime, PackageTime: packageTime,
		Tick: s.Setup.Tick, Buffer: s.Setup.Buffer, CheckClient: check, Delivered: true,
	}
	if s.Setup.Custom {
		r.memory.Decode, r.memory.Encode = decode, encode
	}
	var err error
	r.fl, err = supervisor.Start(r.system, supervisor.Config{
		Connectors: []connectors.Source{&wire{r.memory, r}},
		Routes:     r.app.routes(), Filters: r.app.filters(), Handshake: handshake,
		Events: r.app.events, Logins: s.Setup.Logins, Logger: log,
		Limits: supervisor.Limits{
			RequestTimeout: requestTimeout, InFlight: s.Setup.InFlight, RouteQueue: s.Setup.Queue,
			OutboxHard: outboxHard, OutboxSoft: outboxSoft,
		},
	})
	return r, err
}

// asked is the request with that tag; nil for a tag that nobody was given.
func (r *rig) asked(tag int) *ask {
	if tag <= 0 || tag >= len(r.sch.Asks) {
		return nil
	}
	return r.sch.Asks[tag]
}

// dial lets a client come.
func (r *rig) dial(c *client) {
	r.mu.Lock()
	r.dialled = append(r.dialled, c)
	r.mu.Unlock()
	conn, err := r.memory.Dial()
	if err != nil { // it has taken no number
		r.mu.Lock()
		r.dialled = r.dialled[:len(r.dialled)-1]
		r.mu.Unlock()
		c.note(fault, "refused")
		return
	}
	c.note(dialled, conn.LocalAddr().String())
	if c.plan.Hello != "" {
		c.note(fault, c.plan.Hello)
	}
	c.start(conn)
}

// actors are those that are registered.
func (r *rig) actors() map[string]bool {
	ids := map[string]bool{}
	for _, part := range r.system.ProcessRegistry.LocalPIDs.LocalPIDs {
		part.IterCb(func(id string, _ any) { ids[id] = true })
	}
	return ids
}

// halt stops the server while everything goes on.
func (r *rig) halt() {
	r.mu.Lock()
	was := r.halted
	r.halted = true
	r.mu.Unlock()
	if !was {
		r.write(event{what: stopping, client: -1})
		r.halting.Go(r.fl.Stop)
	}
}

// finish is called in the bubble, when all steps have been done. It waits until nothing is
// under way, ends everything, and writes down what is left.
func (r *rig) finish() {
	r.settle()
	r.write(event{what: settled, client: -1})
	if !r.sch.Stop {
		for _, c := range r.clients {
			if c.conn != nil {
				c.conn.Close()
			}
		}
		time.Sleep(2 * requestTimeout)
		synctest.Wait()
		r.lookForClients()
	}
	begin := r.now()
	r.halt()
	r.halting.Wait()
	if d := r.now() - begin; d > 1500*time.Millisecond {
		r.write(event{what: left, client: -1, text: fmt.Sprintf("stopping took %v", d)})
	}
	for _, c := range r.clients {
		close(c.done)
		if c.conn != nil {
			c.conn.Close()
		}
	}
	synctest.Wait() // the application hears of all that ended
	r.app.close()
	synctest.Wait()
	r.watchTheDead()
	r.lookForRests()
}

// watchTheDead runs in the bubble when everything has been stopped: a timer that has been
// forgotten sends something to somebody who is gone.
func (r *rig) watchTheDead() {
	sub := r.system.EventStream.Subscribe(func(ev any) {
		if d, ok := ev.(*actor.DeadLetterEvent); ok {
			r.write(event{what: left, client: -1, text: fmt.Sprintf("a timer that sent %T to %s", d.Message, d.PID.GetId())})
		}
	})
	time.Sleep(timersGone)
	r.system.EventStream.Unsubscribe(sub)
	time.Sleep(2 * r.system.Config.DeadLetterThrottleInterval)
	synctest.Wait()
}

// timersGone is longer than any timer of a server lasts.
const timersGone = 2 * requestTimeout

// settle waits until all requests that can be answered are, and all who must go have gone.
func (r *rig) settle() {
	time.Sleep(2*heartbeat + packageTime + requestTimeout + 5*time.Second)
	for range 300 {
		synctest.Wait()
		if !r.pending() {
			return
		}
		time.Sleep(time.Second)
	}
}

// pending tells whether a client that is there waits for an answer.
func (r *rig) pending() bool {
	r.history.mu.Lock()
	defer r.history.mu.Unlock()
	waits := make([]int, len(r.clients))
	for _, e := range r.events {
		switch {
		case e.what == sent && !r.sch.Asks[e.tag].Notify:
			waits[e.client]++
		case e.what == got:
			waits[e.client]--
		}
	}
	for no, c := range r.clients {
		if waits[no] > 0 && !c.gone.Load() && c.reads() && r.events[len(r.events)-1].at+time.Minute > r.now() {
			return true
		}
	}
	return false
}

// lookForClients writes down what a server without clients still holds.
func (r *rig) lookForClients() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	r.fl.Sockets(func(s *messages.Session) bool {
		r.write(event{what: left, client: -1, text: "socket of " + s.RemoteAddr})
		return true
	})
	st := r.fl.Stats()
	if st.Connections != 0 || st.Ready != 0 || st.Users != 0 {
		r.write(event{what: left, client: -1, text: fmt.Sprintf("stats %+v", st)})
	}
	if r.halted {
		return
	}
	if names, err := r.fl.Groups(ctx); len(names) > 0 || err != nil && !errors.Is(err, actors.ErrStopping) {
		r.write(event{what: left, client: -1, text: fmt.Sprintf("groups %q, %v", names, err)})
	}
}

// lookForRests writes down what a server that has stopped still holds.
func (r *rig) lookForRests() {
	r.halted = true
	r.lookForClients()
	for id := range r.actors() {
		// A guardian is the engine's own, one for each kind of supervision, for good.
		if !r.before[id] && !strings.HasPrefix(id, "guardian$") {
			r.write(event{what: left, client: -1, text: "actor " + id})
		}
	}
	if c, err := r.memory.Dial(); err == nil {
		c.Close()
		r.write(event{what: left, client: -1, text: "the connector still listens"})
	}
	if n := r.system.EventStream.Length(); n > r.app.subscribers {
		r.write(event{what: left, client: -1, text: fmt.Sprintf("%d subscribers", n)})
	}
}

// diary is a log whose errors are part of the history.
type diary struct{ r *rig }

func (diary) Enabled(_ context.Context, l slog.Level) bool { return l >= slog.LevelWarn }
func (d diary) WithAttrs([]slog.Attr) slog.Handler         { return d }
func (d diary) WithGroup(string) slog.Handler              { return d }

func (d diary) Handle(_ context.Context, rec slog.Record) error {
	text := rec.Message
	rec.Attrs(func(a slog.Attr) bool {
		if a.Key != "stack" {
			text += fmt.Sprintf(" %s=%.100v", a.Key, a.Value)
		}
		return true
	})
	d.r.write(event{what: logged, client: -1, text: text})
	return nil
}
