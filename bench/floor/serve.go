package main

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"sync"

	"github.com/gorilla/websocket"
)

// stream serves a client of TCP. What it pipelines is answered with one write.
func stream(r *room, c net.Conn) {
	defer c.Close()
	m := &member{write: func(b []byte) error { _, err := c.Write(b); return err }}
	defer r.leave(m)
	in := bufio.NewReaderSize(c, 2<<10)
	var body, out []byte
	var head [headLen]byte
	for {
		if _, err := io.ReadFull(in, head[:]); err != nil {
			return
		}
		n := size(head[:])
		if cap(body) < n {
			body = make([]byte, n)
		}
		body = body[:n]
		if _, err := io.ReadFull(in, body); err != nil {
			return
		}
		out = r.handle(m, head[0], body, out)
		if len(out) > 0 && in.Buffered() < headLen {
			m.send(out)
			out = out[:0]
		}
	}
}

// upgrading serves clients of WebSocket.
func upgrading(r *room) http.Handler {
	u := &websocket.Upgrader{
		ReadBufferSize: 1 << 10, WriteBufferSize: 1 << 10, WriteBufferPool: &sync.Pool{},
		CheckOrigin: func(*http.Request) bool { return true },
	}
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		c, err := u.Upgrade(w, req, nil)
		if err == nil { // else it has been answered
			go talk(r, c) // so that nothing of net/http's is held for it
		}
	})
}

// talk serves a client of WebSocket. The packages of a message are answered with one.
func talk(r *room, c *websocket.Conn) {
	defer c.Close()
	m := &member{write: func(b []byte) error { return c.WriteMessage(websocket.BinaryMessage, b) }}
	defer r.leave(m)
	var out []byte
	for {
		_, b, err := c.ReadMessage()
		if err != nil {
			return
		}
		out = out[:0]
		for len(b) >= headLen && len(b) >= headLen+size(b) {
			n := headLen + size(b)
			out = r.handle(m, b[0], b[headLen:n], out)
			b = b[n:]
		}
		if len(out) > 0 {
			m.send(out)
		}
	}
}
