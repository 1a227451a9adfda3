package main

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fairlead-go/fairlead/connectors/client"
)

var errTwice = errors.New("the same push came twice")

// broadcast has one client chat at a steady rate, and counts that each chat comes
// to each client that joined, once.
type broadcast struct {
	options
	meter *meter
	mark  mark // of what counts
	hello mark // of what only shows who is in
	names atomic.Int64

	mu      sync.Mutex // many enter at once
	members []*member

	chatting sync.WaitGroup
}

func newBroadcast(o options, m *meter) scenario {
	return &broadcast{options: o, meter: m, mark: newMark(), hello: newMark()}
}

// member is a client that joined.
type member struct {
	*client.Client
	name  string
	seen  set         // what came; the reader's of this client
	heard atomic.Bool // the hello has come
}

func (b *broadcast) enter(ctx context.Context, cfg client.Config) (*client.Client, error) {
	m := &member{name: "robot-" + strconv.FormatInt(b.names.Add(1), 10)}
	cfg.Push = func(_ string, body []byte) { b.arrived(m, body) }
	c, err := client.Dial(ctx, cfg)
	if err != nil {
		return nil, err
	}
	m.Client = c
	if err := b.joinAs(ctx, m); err != nil {
		c.Close()
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.members = append(b.members, m)
	return c, nil
}

// joinAs joins. A server may give the client another name than it asked for.
func (b *broadcast) joinAs(ctx context.Context, m *member) error {
	if b.join == "" {
		return nil
	}
	answer, err := m.Request(ctx, b.join, map[string]string{"name": m.name})
	if err != nil {
		return err
	}
	if err := client.Failure(answer); err != nil {
		return err
	}
	var given struct{ Name string }
	if json.Unmarshal(answer, &given) == nil && given.Name != "" {
		m.name = given.Name
	}
	return nil
}

// arrived runs in m's reader.
func (b *broadcast) arrived(m *member, body []byte) {
	n, age, ok := b.mark.find(body)
	switch {
	case !ok: // the hello, or another program's
		if _, _, hello := b.hello.find(body); hello {
			m.heard.Store(true)
		}
	case !m.seen.add(n):
		b.meter.fail("delivery", errTwice)
	default:
		b.meter.arrived.Add(1)
		b.meter.took(age)
	}
}

func (b *broadcast) drive(ctx context.Context, quiet <-chan struct{}, _ []*client.Client) {
	speaker := b.members[0]
	if b.join == "" {
		b.greet(ctx, quiet, speaker)
	}
	each := time.Duration(float64(time.Second) / b.rate)
	next := time.Now()
	for n := 0; b.until(ctx, quiet, next) && speaker.Err() == nil; n++ {
		b.meter.due.Add(int64(len(b.members)))
		b.speak(ctx, speaker, b.mark.append(n))
		next = next.Add(each)
	}
	b.settle(ctx)
	b.chatting.Wait()
}

// until waits for that time; false means that no more is to be said.
func (b *broadcast) until(ctx context.Context, quiet <-chan struct{}, at time.Time) bool {
	timer := time.NewTimer(time.Until(at))
	defer timer.Stop()
	select {
	case <-quiet:
		return false
	case <-ctx.Done():
		return false
	case <-timer.C:
	}
	select {
	case <-quiet: // both had come
		return false
	default:
		return true
	}
}

// speak chats without waiting for the answer: a slow one must not slow the rate.
func (b *broadcast) speak(ctx context.Context, m *member, mark string) {
	body, _ := json.Marshal(map[string]string{ // two texts always are JSON
		"name":    m.name,
		"content": string(fill(mark, b.size)),
	})
	if b.notify {
		if err := m.Notify(b.chat, body); err != nil && m.Err() == nil {
			b.meter.fail("chat", err)
		}
		return
	}
	b.chatting.Go(func() {
		answer, err := m.Request(ctx, b.chat, body)
		switch {
		case err != nil && m.Err() == nil:
			b.meter.fail("chat", ended(ctx, err))
		case err == nil && client.Failure(answer) != nil:
			b.meter.fail("chat", client.Failure(answer))
		}
	})
}

// lookTime is from one look at what came to the next.
const lookTime = 5 * time.Millisecond

// settle waits for what is on its way.
func (b *broadcast) settle(ctx context.Context) {
	for b.meter.arrived.Load() < b.meter.due.Load() && b.anybody() {
		if !b.until(ctx, nil, time.Now().Add(lookTime)) {
			return
		}
	}
}

// anybody says whether a member is left to whom something may come.
func (b *broadcast) anybody() bool {
	for _, m := range b.members {
		if m.Err() == nil {
			return true
		}
	}
	return false
}
