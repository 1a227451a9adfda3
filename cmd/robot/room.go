package main

import (
	"context"
	"encoding/json"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fairlead-go/fairlead/cmd/robot/line"
	"github.com/fairlead-go/fairlead/connectors/client"
)

// room is where all join, and what one chats comes to all.
type room struct {
	options
	meter *meter
	heard *series // how long until a chat is with those who are owed it
	mark  mark    // of what counts
	hello mark    // of what only shows who is in

	mu      sync.Mutex // many enter at once
	members []*member  // who are owed all chats
}

func newRoom(o options, m *meter, heard *series) *room {
	return &room{options: o, meter: m, heard: heard, mark: newMark(), hello: newMark()}
}

// member is a client that joins.
type member struct {
	seat
	name  string
	seen  set         // what came; the reader's of this client
	heard atomic.Bool // the hello has come
	chats answered    // bound once
	body  []byte      // of what it says, under mu
	mu    sync.Mutex
}

// member is one that is owed all chats.
func (l *room) member(n int) *member {
	m := l.visitor(n, "robot-"+strconv.Itoa(n+1))
	m.extra = false
	m.push = func(body []byte) { l.arrived(m, body) }
	return m
}

// visitor is one that is owed nothing.
func (l *room) visitor(n int, name string) *member {
	m := &member{name: name}
	m.n, m.extra = n, true
	m.chats = l.chatted
	return m
}

// seat has m come in and join.
func (l *room) seat(ctx context.Context, m *member, cfg line.Config) (*seat, error) {
	if err := m.sit(ctx, cfg); err != nil {
		return nil, err
	}
	if err := l.joinAs(ctx, m); err != nil {
		m.Close()
		return nil, err
	}
	if !m.extra {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.members = append(l.members, m)
	}
	return &m.seat, nil
}

// joinAs joins. A server may give the client another name than it asked for.
func (l *room) joinAs(ctx context.Context, m *member) error {
	if l.join == "" {
		return nil
	}
	answer, err := m.request(ctx, l.join, l.joining(m))
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

// joining is the body of a join: with a place where the clients move.
func (l *room) joining(m *member) []byte {
	in := map[string]any{"name": m.name}
	if l.scenario.moves {
		in["x"], in["y"] = place(m.n, 0)
	}
	b, _ := json.Marshal(in) // texts and numbers always are JSON
	return b
}

// arrived runs in m's reader.
func (l *room) arrived(m *member, body []byte) {
	n, at, ok := l.mark.find(body)
	switch {
	case !ok: // the hello, or another program's
		if _, _, hello := l.hello.find(body); hello {
			m.heard.Store(true)
		}
	case !m.seen.add(n):
		l.meter.fail("delivery", errTwice)
	default:
		l.meter.arrived.Add(1)
		l.meter.note(l.heard, m.n, at)
	}
}

// say has m chat, for all members to hear, what was due at that time.
func (l *room) say(m *member, n int, at time.Duration) {
	l.meter.due.Add(int64(len(l.members)))
	l.speak(m, l.mark, n, at)
}

// speak does not wait for the answer: a slow one must not slow the rate.
func (l *room) speak(m *member, mark mark, n int, at time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	name, _ := json.Marshal(m.name) // a text always is JSON
	b := append(append(m.body[:0], `{"name":`...), name...)
	b = append(b, `,"content":"`...)
	start := len(b)
	b = mark.append(b, n, at)
	b = append(pad(b, l.size-(len(b)-start)), contentTail...)
	m.body = b
	var err error
	if l.notify {
		err = m.Notify(l.chat, b)
	} else {
		err = m.ask(at, l.chat, b, m.chats)
	}
	if err != nil && m.Err() == nil {
		l.meter.fail("chat", err)
	}
}

func (l *room) chatted(_ uint64, _ time.Duration, answer []byte) {
	if err := client.Failure(answer); err != nil {
		l.meter.fail("chat", err)
	}
}
