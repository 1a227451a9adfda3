package port_test

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fairlead-go/fairlead/connectors/port"
)

// Slow clients are closed at a time that what they say meanwhile does not put off: 3 s for
// the first byte, 5 s for a TLS handshake or an HTTP head. Time is virtual.
func TestSlowClientsGainNothingByTrickling(t *testing.T) {
	const second = time.Second
	for name, tt := range map[string]struct {
		secure bool
		after  time.Duration // until the first byte comes
		says   string        // a byte each second
		closed time.Duration // after it came in
	}{
		"silent":                          {false, 0, "", 3 * second},
		"silent, where TLS is spoken":     {true, 0, "", 5 * second},
		"a head that trickles":            {false, 0, "GET / HTTP/1.1\r\n", 5 * second},
		"a late head that trickles":       {false, 2 * second, "GET / HTTP/1.1\r\n", 7 * second},
		"a head without an end":           {false, 0, "GET / HTTP/1.1\r\nX: x\r\n", 5 * second},
		"a TLS hello that trickles":       {true, 0, "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 5 * second},
		"a late TLS hello that trickles":  {true, 4 * second, "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 5 * second},
		"the first byte at the last time": {false, 3*second - 1, "GET", 8*second - 1},
	} {
		t.Run(name, func(t *testing.T) {
			p := &port.Port{}
			if tt.secure {
				p.TLS = &tls.Config{GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return nil, errors.New("none") }}
			}
			inTown(t, p, func(t *testing.T, l *town, _ chan net.Conn) {
				begin := time.Now()
				c := l.dial(t, "192.0.2.1:1", "")
				defer c.Close()
				ended := make(chan time.Duration, 1)
				go func() {
					_, _ = io.Copy(io.Discard, c)
					ended <- time.Since(begin)
				}()
				time.Sleep(tt.after)
				for _, b := range []byte(tt.says) {
					_, _ = c.Write([]byte{b})
					time.Sleep(second)
				}
				if got := <-ended; got != tt.closed {
					t.Errorf("closed after %v, want %v", got, tt.closed)
				}
				synctest.Wait()
				if n := p.Stats().Open; n != 0 {
					t.Errorf("%d are in", n)
				}
			})
		})
	}
}
