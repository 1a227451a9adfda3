package main

import (
	"bytes"
	"encoding/binary"
	"sync"
)

// Types of packages and flags of messages.
const (
	handshake = 1
	heartbeat = 3
	data      = 4

	response = 2 << 1
	push     = 3 << 1
)

const headLen = 4

// member is a client. Who answers it and who chats may write at once.
type member struct {
	mu    sync.Mutex
	write func([]byte) error
}

// send writes b. Who is gone is found by its reader.
func (m *member) send(b []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	_ = m.write(b)
}

// room is who joined.
type room struct {
	hello, beat []byte

	mu      sync.RWMutex
	members map[*member]struct{}
}

func newRoom() *room {
	return &room{
		hello:   pack(nil, handshake, []byte(`{"code":200,"sys":{"heartbeat":30}}`)),
		beat:    pack(nil, heartbeat),
		members: map[*member]struct{}{},
	}
}

func (r *room) join(m *member) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.members[m] = struct{}{}
}

func (r *room) leave(m *member) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.members, m)
}

// chat writes body to everybody, one after the other.
func (r *room) chat(body []byte) {
	p := pack(nil, data, []byte{push, byte(len("onChat"))}, []byte("onChat"), body)
	r.mu.RLock()
	defer r.mu.RUnlock()
	for m := range r.members {
		m.send(p)
	}
}

// handle appends to dst what m is answered for one package.
func (r *room) handle(m *member, typ byte, body, dst []byte) []byte {
	switch typ {
	case handshake:
		return append(dst, r.hello...)
	case heartbeat:
		return append(dst, r.beat...)
	case data:
		return r.request(m, body, dst)
	}
	return dst
}

// request answers with the body that came. Whatever joins or chats does so, under any prefix.
func (r *room) request(m *member, msg, dst []byte) []byte {
	if len(msg) < 3 {
		return dst
	}
	id, n := binary.Uvarint(msg[1:])
	if n <= 0 || len(msg) < 2+n || len(msg) < 2+n+int(msg[1+n]) {
		return dst
	}
	end := 2 + n + int(msg[1+n])
	route, body := msg[2+n:end], msg[end:]
	switch {
	case bytes.HasSuffix(route, []byte("join")):
		r.join(m)
	case bytes.HasSuffix(route, []byte("chat")):
		r.chat(body)
	}
	var head [1 + binary.MaxVarintLen64]byte
	head[0] = response
	return pack(dst, data, head[:1+binary.PutUvarint(head[1:], id)], body)
}

// pack appends a package to dst.
func pack(dst []byte, typ byte, parts ...[]byte) []byte {
	n := 0
	for _, p := range parts {
		n += len(p)
	}
	dst = append(dst, typ, byte(n>>16), byte(n>>8), byte(n))
	for _, p := range parts {
		dst = append(dst, p...)
	}
	return dst
}

// size is the length of the body behind a head.
func size(head []byte) int { return int(head[1])<<16 | int(head[2])<<8 | int(head[3]) }
