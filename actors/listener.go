package actors

import (
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/messages"
)

// listener runs the accept loop of one address. The listening place belongs to
// its connector: a fresh listener accepts from the same backlog.
type listener struct {
	place *place
}

// place is one address being listened on. It outlives restarts of its listener.
type place struct {
	*gate
	connectors.Listener
	addr      string // for logs and numbers
	pid       atomic.Pointer[actor.PID]
	accepting atomic.Bool
	begun     chan struct{} // closed when it accepts for the first time
	once      sync.Once
	next      atomic.Uint64 // shard that gets the next socket
	closing   atomic.Bool
	retry     atomic.Pointer[time.Timer] // of a listener that failed

	opens, closes atomic.Uint64 // sockets
	failed        atomic.Uint64 // accepts
	noticed       time.Duration // the accept loop's: when a notice last came
}

// acceptFailed is how an accept loop ended.
type acceptFailed struct{ err error }

func (l *listener) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actor.Started:
		l.place.pid.Store(ctx.Self())
		if !l.place.accepting.Swap(true) {
			l.place.once.Do(func() { close(l.place.begun) })
			l.place.links.Go(l.place.accept)
		}
	case *acceptFailed:
		panic(m.err)
	}
}

// accept hands clients to the shards in turn. Its end is the listener's failure,
// unless the place was closed.
func (p *place) accept() {
	err := safely(func() error {
		for {
			c, err := p.Accept()
			switch {
			case err == nil:
				p.hand(&opened{conn: c, from: p})
			case !p.heals(err):
				return err
			}
		}
	})
	p.accepting.Store(false)
	if p.closing.Load() && errors.Is(err, net.ErrClosed) {
		return
	}
	p.failed.Add(1)
	p.log.Warn("accept failed", "connector", p.name, "addr", p.addr, "error", err)
	p.root.Send(p.pid.Load(), &acceptFailed{fmt.Errorf("accept: %w", err)})
}

// noticeEvery is how often a Listener that heals itself may say what hurts.
const noticeEvery = 10 * time.Millisecond

// heals tells whether err is only a notice: the Listener tries by itself, and paces itself, so
// that waiting here as well would only keep clients out. One that does not pace itself fails.
func (p *place) heals(err error) bool {
	if _, ok := p.Listener.(connectors.Health); !ok || errors.Is(err, net.ErrClosed) {
		return false
	}
	before := p.noticed
	if p.noticed = max(p.now(), 1); before != 0 && p.noticed-before < noticeEvery {
		return false
	}
	p.failed.Add(1)
	if p.fault(messages.FaultListener, scene{connector: p.name, what: err}) {
		p.log.Warn("accept failed, and is tried again", "connector", p.name, "addr", p.addr, "error", err)
	}
	return true
}

// hand gives a client to one of the shards.
func (p *place) hand(m *opened) {
	shards := *p.shards.Load()
	p.root.Send(shards[p.next.Add(1)%uint64(len(shards))], m)
}

// health is why clients cannot come in on this address, or nil.
func (p *place) health() (err error) {
	switch h, ok := p.Listener.(connectors.Health); {
	case p.closing.Load():
		return ErrStopping
	case !p.accepting.Load():
		return fmt.Errorf("actors: connector %q does not accept on %s", p.name, p.addr)
	case ok:
		_ = safely(func() error { err = h.Health(); return nil })
	}
	if err != nil {
		err = fmt.Errorf("actors: connector %q on %s: %w", p.name, p.addr, err)
	}
	return err
}

// later has a listener that failed restarted after a while, unless the place closes before.
func (p *place) later(d time.Duration, restart func()) {
	if before := p.retry.Swap(time.AfterFunc(d, restart)); before != nil {
		before.Stop() // of a listener that has been replaced
	}
	if p.closing.Load() {
		p.giveUpRetry()
	}
}

func (p *place) giveUpRetry() {
	if t := p.retry.Load(); t != nil {
		t.Stop()
	}
}

// close stops accepting, for good.
func (p *place) close() {
	p.closing.Store(true)
	p.giveUpRetry()
	if err := safely(p.Close); err != nil && !errors.Is(err, net.ErrClosed) {
		p.log.Warn("listener not closed", "connector", p.name, "error", err)
	}
}
