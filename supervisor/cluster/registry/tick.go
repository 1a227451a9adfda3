package registry

import (
	"cmp"
	"slices"
	"time"

	"github.com/fairlead-go/fairlead/messages"
)

// Tick looks at the deadlines. Call it several times a second.
func (d *Desk) Tick(now time.Duration) Out {
	d.now = now
	d.tickOwn()
	d.tickKicked()
	d.tickQueued()
	live := slices.IndexFunc(d.held, func(h held) bool { return h.until > now })
	if live < 0 {
		live = len(d.held)
	}
	d.dropped += uint64(live)
	d.held = slices.Delete(d.held, 0, live)
	if d.isGate() && d.open > 0 && now >= d.nudge {
		d.nudgeAll()
	}
	return d.flush()
}

// tickOwn ends questions that are too old, and asks those again that went to the wrong one.
func (d *Desk) tickOwn() {
	var claims []*claim
	for _, c := range d.claims {
		if c.until <= d.now || c.moved {
			claims = append(claims, c)
		}
	}
	slices.SortFunc(claims, func(a, b *claim) int { return cmp.Compare(a.number, b.number) })
	for _, c := range claims {
		if c.until <= d.now {
			d.end(c, errCutOff())
		} else {
			d.claim(c)
		}
	}
	var asks []*ask
	for _, a := range d.asks {
		if a.until <= d.now || a.moved {
			asks = append(asks, a)
		}
	}
	slices.SortFunc(asks, func(a, b *ask) int { return cmp.Compare(a.number, b.number) })
	for _, a := range asks {
		if a.until <= d.now {
			d.answer(a, nil, errCutOff())
		} else {
			d.ask(a)
		}
	}
}

// tickKicked kicks sockets again that do not go: the kick, or its answer, may have been lost. A newer login waits until
// the older one is gone, or its gate.
func (d *Desk) tickKicked() {
	var late []*entry
	for _, e := range d.kicked {
		if e.kickedAt+d.config.KickTime <= d.now {
			late = append(late, e)
		}
	}
	slices.SortFunc(late, func(a, b *entry) int { return cmp.Compare(a.login.SessionId, b.login.SessionId) })
	for _, e := range late {
		e.kickedAt = d.now
		d.out.Kick = append(d.out.Kick, e.login)
	}
}

func (d *Desk) tickQueued() {
	var late []*waiter
	for _, w := range d.queued {
		if w.until <= d.now {
			late = append(late, w)
		}
	}
	slices.SortFunc(late, func(a, b *waiter) int { return cmp.Compare(a.login.SessionId, b.login.SessionId) })
	for _, w := range late {
		d.unqueue(w)
		d.reply(w, &messages.Claimed{Error: messages.AsError(errCutOff())})
	}
	for _, w := range late {
		d.decide(w.login.Uid)
	}
}
