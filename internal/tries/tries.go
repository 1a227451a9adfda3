// Package tries does again what has failed, for as long as somebody wants it done.
package tries

import (
	"context"
	"math/rand/v2"
	"time"
)

// The pause behind a first failure, and the longest one.
const (
	first = 100 * time.Millisecond
	most  = 5 * time.Second
)

// Until runs what until ctx ends. When it returns earlier, whatever the error, it is run again after a pause:
// 100 ms, then twice as long each time up to 5 s, each a quarter more or less by chance. what calls well
// when it has got where it wanted to: then the pauses begin anew. failed is told of every error.
func Until(ctx context.Context, what func(ctx context.Context, well func()) error, failed func(error)) {
	pause := first
	for ctx.Err() == nil {
		err := what(ctx, func() { pause = first })
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			failed(err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause*3/4 + rand.N(pause/2+1)):
		}
		pause = min(2*pause, most)
	}
}
