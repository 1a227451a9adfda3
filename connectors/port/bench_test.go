package port_test

import (
	"io"
	"net"
	"net/http"
	"testing"

	"github.com/fairlead-go/fairlead/connectors/port"
)

// BenchmarkUpgrade is a client that comes, is upgraded and goes: the price of both ends
// and of loopback, with the port's own reader of heads and with net/http's server.
func BenchmarkUpgrade(b *testing.B) {
	const answer = "HTTP/1.1 101 Switching Protocols\r\n\r\n"
	p := &port.Port{Addr: "127.0.0.1:0"}
	s, err := p.Listen(b.Context(), port.Claim{Handler: handle(func(w http.ResponseWriter, _ *http.Request) {
		var c net.Conn
		var err error
		if t, ok := w.(interface{ Take() (net.Conn, error) }); ok {
			c, err = t.Take()
		} else {
			c, _, err = w.(http.Hijacker).Hijack()
		}
		if err == nil {
			_, _ = io.WriteString(c, answer)
			_ = c.Close()
		}
	})})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	for name, head := range map[string]string{"by=port": here, "by=net/http": there} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			buf := make([]byte, len(answer)+1)
			for b.Loop() {
				c, err := net.Dial("tcp", s.Addr().String())
				if err != nil {
					b.Fatal(err)
				}
				_, _ = io.WriteString(c, head)
				if n, err := io.ReadFull(c, buf); n != len(answer) {
					b.Fatal(n, err)
				}
				_ = c.Close()
			}
		})
	}
}
