package connectortest

import (
	"net"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
)

// outgoing are the promises of what is written to clients.
var outgoing = []promise{
	{
		name: "a batch arrives whole and in order", check: batches, needs: order,
		text: "Write sends all packages of a batch, once and in order, small ones and large ones.",
	},
	{
		name: "a batch is one write", check: oneWrite,
		text: "Write sends a small batch with one write, not with one for each package.",
	},
	{
		name: "Write keeps nothing", check: writeKeepsNothing,
		text: "When Write has returned, what it was given may be overwritten.",
	},
	{
		name: "TryWrite does not wait and loses nothing", check: tryWrite, needs: order,
		text: "Prompt.TryWrite returns at once; what it has taken arrives, by the Write that follows, with packages or without; what it has not taken does not; it keeps a copy.",
	},
	{
		name: "Close cuts off a stuck Write", check: stuckWrite, needs: streams,
		text: "Write to a client that does not read waits or fails, holding a bounded part; others are served meanwhile, Meter tells that it is stalled; Close does not wait for it and unblocks it.",
	},
	{
		name: "a Write ends when its client goes", check: abandonedWrite, needs: streams,
		text: "Write to a client that does not read returns an error when the client hangs up.",
	},
	{
		name: "Progress counts", check: progress,
		text: "Meter.Progress counts what the wire has taken, and tells of no stall when none is.",
	},
}

func batches(r *rig) {
	r.start()
	f, n := r.client()
	f.listen()
	for size, number := 1, 1; size <= 64; size *= 2 {
		var batch net.Buffers
		for i := range size {
			pad := i * 7 % 50
			if i == 5 {
				pad = r.large()
			}
			batch = append(batch, n.push(number+i, pad))
		}
		if err := n.put(batch...); err != nil {
			r.fatal("Conn", "Write to a client that reads failed: %v", err)
		}
		f.wantAll(Push, number, number+size)
		number += size
	}
}

// oneWrite counts reads: a client that waits gets in one what was written in one, but for bad luck.
func oneWrite(r *rig) {
	r.start()
	f, n := r.client()
	f.listen()
	const trials, size = 20, 16
	before := f.wire.reads.Load()
	for trial := range trials {
		var batch net.Buffers
		for i := range size {
			batch = append(batch, n.push(trial*size+i, 0))
		}
		_ = n.put(batch...)
		f.wantSome(size)
	}
	if reads := f.wire.reads.Load() - before; reads > trials*4 {
		r.broken("Conn", "Write sends a batch of %d packages with about %d writes: the client read %d times to get %d batches", size, (reads+trials-1)/trials, reads, trials)
	}
}

// wantSome waits for so many messages, in any order.
func (f *far) wantSome(count int) {
	f.Helper()
	for i := range count {
		if _, ok := f.next(); !ok {
			f.fatal("Conn", "a client got %d messages of %d that were written to it, within %v", i, count, f.Patience)
		}
	}
}

func writeKeepsNothing(r *rig) {
	r.start()
	f, n := r.client()
	f.listen()
	for number := 1; number <= 10; number++ {
		p := n.push(number, 20)
		_ = n.put(p)
		scribble(net.Buffers{p})
		m, ok := f.next()
		if got, err := numberOf(m.Body); !ok || err != nil || got != number {
			r.fatal("Conn", "Write kept what it was given: the client got %.60q when that was overwritten after Write", m.Body)
		}
	}
}

func scribble(all net.Buffers) {
	for _, b := range all {
		for i := range b {
			b[i] = 0xdb
		}
	}
}

// tryWrite tries until the wire is full, and then has the client read. The Write that must follow has
// nothing more to write, or it has.
func tryWrite(r *rig) {
	r.start()
	for _, more := range []bool{false, true} {
		f, n := r.client()
		conn, ok := n.conn.(connectors.Prompt)
		if !ok {
			r.Skip("the Conn is no Prompt")
		}
		const behind = 1 << 20
		last, end := n.push(behind, 0), r.fill(n, conn)
		flushed := make(chan error, 1)
		go func() {
			if more {
				flushed <- n.write(last)
			} else {
				flushed <- n.write()
			}
		}()
		f.wantTaken(end)
		if err, ok := next(r.Patience, flushed); !ok || err != nil {
			r.fatal("Prompt", "the Write behind TryWrite did not end well within %v: %v", r.Patience, err)
		}
		if !more {
			_ = n.put(last)
		}
		f.wantBehind(behind)
	}
}

// fill tries to write until not all is taken, and returns the number of the first message that is not
// taken at all.
func (r *rig) fill(n *near, conn connectors.Prompt) (number int) {
	r.Helper()
	end := time.Now().Add(r.Patience / 2)
	for number = 1; number < 20000 && time.Now().Before(end); number++ {
		p := n.push(number, r.large())
		taken, rest := false, false
		r.must("TryWrite did not return", "Prompt", func() { taken, rest = conn.TryWrite(net.Buffers{p}) })
		scribble(net.Buffers{p})
		if !taken {
			return number
		}
		if rest {
			return number + 1
		}
	}
	return number
}

// wantTaken waits for what TryWrite has taken.
func (f *far) wantTaken(end int) {
	f.Helper()
	for i := 1; i < end; i++ {
		m, ok := f.next()
		if !ok {
			f.fatal("Prompt", "TryWrite has taken message %d, and the client did not get it within %v, though a Write followed", i, f.Patience)
		}
		if got, err := numberOf(m.Body); err != nil || got != i {
			f.fatal("Prompt", "TryWrite has taken message %d, and the client got %.60q in its place", i, m.Body)
		}
	}
}

// wantBehind waits for a message that nothing may stand before.
func (f *far) wantBehind(number int) {
	f.Helper()
	m, ok := f.next()
	if got, err := numberOf(m.Body); !ok || err != nil || got != number {
		f.fatal("Prompt", "behind what TryWrite has taken the client got %.60q, where message %d was written: was something taken, or lost, that was not to be?", m.Body, number)
	}
}

// stuck fills the wire of a client that does not read, until a Write waits or fails.
func (r *rig) stuck(n *near) (ended <-chan error) {
	r.Helper()
	const most = 64 << 20
	over, wrote := make(chan error, 1), make(chan int, 1)
	batch := net.Buffers{n.push(1, r.large()), n.push(2, r.large())}
	size := len(batch[0]) + len(batch[1])
	go func() {
		for total := 0; total < most; total += size {
			if err := n.write(batch[0], batch[1]); err != nil {
				over <- err
				return
			}
			select {
			case wrote <- total:
			default:
			}
		}
		close(wrote)
	}()
	for {
		select {
		case _, more := <-wrote:
			if !more {
				r.fatal("Conn", "Write took %d MiB that the client did not read: what waits for a client is not bounded", most>>20)
			}
		case err := <-over:
			over <- err
			return over
		case <-time.After(4 * shortly):
			return over
		}
	}
}

func stuckWrite(r *rig) {
	r.start()
	_, n := r.client()
	other, otherNear := r.client()
	ended := r.stuck(n)
	if m, ok := n.conn.(connectors.Meter); ok && len(ended) == 0 {
		stalls := func() bool { _, since := m.Progress(); return !since.IsZero() }
		if !until(r.Patience, stalls) && len(ended) == 0 {
			r.broken("Meter", "Progress tells of no stall while a Write waits for its client")
		}
	}
	r.exchange(other, otherNear)
	r.within("Conn.Close did not return, while a Write was under way,", "Conn", func() { n.conn.Close(connectors.Reason{Text: "slow"}) })
	if _, ok := next(r.Patience, ended); !ok {
		r.fatal("Conn", "Conn.Close did not unblock Write within %v", r.Patience)
	}
	if n.put(n.push(3, 0)) == nil {
		r.broken("Conn", "Write succeeded after Close")
	}
	r.exchange(other, otherNear)
}

func abandonedWrite(r *rig) {
	r.start()
	f, n := r.client()
	ended := r.stuck(n)
	f.hangUp()
	if _, ok := next(r.Patience, ended); !ok {
		r.broken("Conn", "Write did not fail within %v after the client had hung up", r.Patience)
	}
}

func progress(r *rig) {
	r.start()
	f, n := r.client()
	m, ok := n.conn.(connectors.Meter)
	if !ok {
		r.Skip("the Conn is no Meter")
	}
	f.listen()
	before, _ := m.Progress()
	p := n.push(1, 500)
	_ = n.put(p)
	f.want(Push, 1)
	taken, stalled := m.Progress()
	if taken < before+500 {
		r.broken("Meter", "Progress counts %d bytes more, where a Write of %d was taken", taken-before, len(p))
	}
	if !stalled.IsZero() {
		r.broken("Meter", "Progress tells of a stall since %v while no Write is under way", stalled)
	}
}
