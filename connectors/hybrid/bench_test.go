package hybrid_test

import (
	"io"
	"net"
	"testing"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/hybrid"
)

// BenchmarkEcho is one client that sends data packages, all in one write, and
// waits for the answers: the price of both ends and of loopback.
func BenchmarkEcho(b *testing.B) {
	l := listen(b, &hybrid.Connector{})
	for name, bb := range map[string]struct {
		dial  func() (net.Conn, connectors.Conn)
		send  string
		head  int // what a WebSocket message has before the packages
		depth int
	}{
		"tcp/depth=1":  {func() (net.Conn, connectors.Conn) { return dialStream(b, l) }, data(64), 0, 1},
		"tcp/depth=16": {func() (net.Conn, connectors.Conn) { return dialStream(b, l) }, data(64), 0, 16},
		"ws/depth=1":   {func() (net.Conn, connectors.Conn) { return rawWeb(b, l) }, masked(whole, data(64)), 2, 1},
		"ws/depth=16":  {func() (net.Conn, connectors.Conn) { return rawWeb(b, l) }, masked(whole, data(64)), 4, 16},
	} {
		b.Run(name, func(b *testing.B) {
			client, server := bb.dial()
			go echo(server)
			send := make([]byte, 0, bb.depth*len(bb.send))
			for range bb.depth {
				send = append(send, bb.send...)
			}
			answer := make([]byte, bb.head+bb.depth*len(data(64)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := client.Write(send); err != nil {
					b.Fatal(err)
				}
				if _, err := io.ReadFull(client, answer); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func echo(c connectors.Conn) {
	var out net.Buffers
	for {
		frames, err := c.ReadFrames()
		if err != nil {
			return
		}
		out = out[:0]
		for _, f := range frames {
			out = append(out, f.Data)
		}
		if c.Write(out) != nil {
			return
		}
	}
}
