package main

import (
	"context"
	"errors"
	"time"
)

var errDeaf = errors.New("nothing comes to this client")

// helloTime is from one hello to the next.
const helloTime = 200 * time.Millisecond

// greet chats until all have heard it. Where no answer tells that a client is in,
// the first chats may come too early for the last client; these do not count.
func (b *broadcast) greet(ctx context.Context, quiet <-chan struct{}, speaker *member) {
	next := time.Now()
	for n := 0; b.deaf() > 0 && speaker.Err() == nil; {
		if now := time.Now(); !now.Before(next) {
			b.speak(ctx, speaker, b.hello.append(n))
			n, next = n+1, now.Add(helloTime)
		}
		if !b.until(ctx, quiet, time.Now().Add(lookTime)) {
			break
		}
	}
	for range b.deaf() {
		if ctx.Err() == nil { // else nobody waits any more
			b.meter.fail("delivery", errDeaf)
		}
	}
}

// deaf is how many members have not heard the hello, and still could.
func (b *broadcast) deaf() (n int) {
	for _, m := range b.members {
		if !m.heard.Load() && m.Err() == nil {
			n++
		}
	}
	return n
}
