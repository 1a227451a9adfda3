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
func (l *room) greet(ctx context.Context, quiet <-chan struct{}) {
	if l.join != "" {
		return
	}
	speaker := l.members[0]
	var next time.Duration
	for n := 0; l.deaf() > 0 && speaker.Err() == nil; {
		if now := l.meter.now(); now >= next {
			l.speak(speaker, l.hello, n, now)
			n, next = n+1, now+helloTime
		}
		if !until(ctx, quiet, lookTime) {
			break
		}
	}
	for range l.deaf() {
		if ctx.Err() == nil { // else nobody waits any more
			l.meter.fail("delivery", errDeaf)
		}
	}
}

// deaf is how many members have not heard the hello, and still could.
func (l *room) deaf() (n int) {
	for _, m := range l.members {
		if !m.heard.Load() && m.Err() == nil {
			n++
		}
	}
	return n
}
