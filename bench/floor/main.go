// Command floor is the least that a Go server can do for Pomelo's clients, as one would write it by hand: a goroutine
// for each connection, which reads a package, handles it and writes the answer. It has no routing, sessions, limits or
// actors. What fairlead costs is told as a ratio to it: see bench/run.
package main

import (
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:3010", "where to listen")
	ws := flag.Bool("ws", false, "serve WebSocket instead of TCP")
	flag.Parse()
	if err := serve(*addr, *ws); err != nil {
		fmt.Fprintln(os.Stderr, "floor:", err)
		os.Exit(1)
	}
}

func serve(addr string, ws bool) error {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	r := newRoom()
	if ws {
		return http.Serve(l, upgrading(r))
	}
	for {
		c, err := l.Accept()
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return err
		}
		go stream(r, c)
	}
}
