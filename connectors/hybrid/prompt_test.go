package hybrid_test

import (
	"bytes"
	"io"
	"net"
	"testing"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/hybrid"
)

// A client that takes nothing fills the kernel's buffers; then a prompt write keeps a rest, takes
// no more, and the next Write sends the rest first.
func TestAPromptWriteKeepsWhatTheWireDoesNotTake(t *testing.T) {
	l := listen(t, &hybrid.Connector{})
	for name, open := range map[string]func() (net.Conn, connectors.Conn, func(net.Conn) []byte){
		"stream": func() (net.Conn, connectors.Conn, func(net.Conn) []byte) {
			c, s := dialStream(t, l)
			return c, s, func(c net.Conn) []byte {
				b, _ := io.ReadAll(c)
				return b
			}
		},
		"WebSocket": func() (net.Conn, connectors.Conn, func(net.Conn) []byte) {
			ws, s := dialWeb(t, l)
			return ws.UnderlyingConn(), s, func(net.Conn) (all []byte) {
				for {
					_, b, err := ws.ReadMessage()
					if err != nil {
						return all
					}
					all = append(all, b...)
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			client, server, read := open()
			prompt, ok := server.(connectors.Prompt)
			if !ok {
				t.Skip("no prompt writes on this system")
			}
			var want []byte
			rest, writes := false, 0
			for ; !rest; writes++ {
				p := bytes.Repeat([]byte{byte(writes)}, 5000)
				var taken bool
				if taken, rest = prompt.TryWrite(net.Buffers{p[:10], p[10:]}); !taken {
					t.Fatalf("write %d was not taken", writes)
				}
				want = append(want, p...)
				if writes > 100_000 {
					t.Fatal("the wire takes for ever")
				}
			}
			if taken, _ := prompt.TryWrite(net.Buffers{[]byte("no")}); taken {
				t.Error("taken while a rest waits")
			}
			got := make(chan []byte)
			go func() { got <- read(client) }()
			for _, p := range []net.Buffers{nil, {[]byte("last")}} {
				if err := server.Write(p); err != nil {
					t.Fatal(err)
				}
			}
			if taken, rest := prompt.TryWrite(net.Buffers{[]byte("!")}); !taken || rest {
				t.Errorf("TryWrite on a wire that is free = %v, %v", taken, rest)
			}
			most := len(want) + 5 + 14*(writes+4) + 200 // heads, and the answer to an upgrade
			if n := int(taken(server)); n < len(want)+5 || n > most {
				t.Errorf("%d bytes taken, want %d and what stands around them", n, len(want)+5)
			}
			server.Close(connectors.Reason{})
			if b := <-got; !bytes.Equal(b, append(want, "last!"...)) {
				t.Errorf("%d bytes arrived after %d writes, want %d", len(b), writes, len(want)+5)
			}
			if taken, _ := prompt.TryWrite(net.Buffers{[]byte("x")}); taken {
				t.Error("taken after Close")
			}
		})
	}
}
