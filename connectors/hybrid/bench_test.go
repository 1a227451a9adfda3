package hybrid_test

import (
	"fmt"
	"io"
	"net"
	"strings"
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

// BenchmarkRead is what a segment of packages takes until it is cut into frames, the client's write included.
func BenchmarkRead(b *testing.B) {
	l := listen(b, &hybrid.Connector{})
	for _, packages := range []int{1, 16} {
		for name, bb := range map[string]struct {
			dial func() (net.Conn, connectors.Conn)
			one  string
		}{
			"tcp": {func() (net.Conn, connectors.Conn) { return dialStream(b, l) }, data(64)},
			"ws":  {func() (net.Conn, connectors.Conn) { return rawWeb(b, l) }, masked(whole, data(64))},
		} {
			b.Run(fmt.Sprintf("%s/packages=%d/body=64", name, packages), func(b *testing.B) {
				client, server := bb.dial()
				segment := []byte(strings.Repeat(bb.one, packages))
				b.ReportAllocs()
				for b.Loop() {
					if _, err := client.Write(segment); err != nil {
						b.Fatal(err)
					}
					for got := 0; got < packages; {
						frames, err := server.ReadFrames()
						if err != nil {
							b.Fatal(err)
						}
						got += len(frames)
					}
				}
			})
		}
	}
}

// BenchmarkWrite is what a batch of packages takes until the kernel has it, while the client reads.
func BenchmarkWrite(b *testing.B) {
	l := listen(b, &hybrid.Connector{})
	for name, dial := range map[string]func() (net.Conn, connectors.Conn){
		"tcp": func() (net.Conn, connectors.Conn) { return dialStream(b, l) },
		"ws":  func() (net.Conn, connectors.Conn) { return rawWeb(b, l) },
	} {
		for _, packages := range []int{1, 16, 64} {
			b.Run(fmt.Sprintf("%s/packages=%d/body=64", name, packages), func(b *testing.B) {
				client, server := dial()
				drained := drain(client)
				batch, one := make(net.Buffers, packages), []byte(data(64))
				b.ReportAllocs()
				for b.Loop() {
					for i := range batch { // as an outbox makes it: a write may use it up
						batch[i] = one
					}
					if err := server.Write(batch); err != nil {
						b.Fatal(err)
					}
				}
				server.Close(connectors.Reason{})
				<-drained
			})
		}
	}
}

// drain reads all that comes, until the end.
func drain(c net.Conn) (done chan struct{}) {
	done = make(chan struct{})
	go func() {
		defer close(done)
		_, _ = io.Copy(io.Discard, c)
	}()
	return done
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
