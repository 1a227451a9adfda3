package port

import (
	"math/rand/v2"
	"time"
)

// backoff is how long to wait between tries: first, then twice as long each time, up
// to most, each a quarter more or less by chance. It begins anew when all has been
// well for as long as calm.
type backoff struct {
	first, most, calm time.Duration

	wait time.Duration
	till time.Time // the last wait's end
}

// next is how long to wait now. It is fresh when the trouble is a new one.
func (b *backoff) next(now time.Time) (wait time.Duration, fresh bool) {
	fresh = b.wait == 0 || now.Sub(b.till) > b.calm
	if fresh {
		b.wait = b.first
	} else {
		b.wait = min(2*b.wait, b.most)
	}
	wait = b.wait*3/4 + rand.N(b.wait/2+1)
	b.till = now.Add(wait)
	return wait, fresh
}
