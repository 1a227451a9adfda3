package hybrid_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/hybrid"
)

// faulty is a user's listener whose connections panic in one of their methods.
type faulty struct {
	net.Listener
	in string
}

type faultyConn struct {
	*net.TCPConn
	in string
}

func (l faulty) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &faultyConn{c.(*net.TCPConn), l.in}, nil
}

func (l faulty) Close() error {
	err := l.Listener.Close()
	if l.in == "Listener.Close" {
		panic("in Listener.Close")
	}
	return err
}

// check panics in the method that is to.
func (c *faultyConn) check(method string) {
	if c.in == method {
		panic("in " + method)
	}
}

func (c *faultyConn) Read(p []byte) (int, error)  { c.check("Read"); return c.TCPConn.Read(p) }
func (c *faultyConn) Write(p []byte) (int, error) { c.check("Write"); return c.TCPConn.Write(p) }
func (c *faultyConn) CloseWrite() error           { c.check("CloseWrite"); return c.TCPConn.CloseWrite() }

func (c *faultyConn) SetWriteBuffer(n int) error {
	c.check("SetWriteBuffer")
	return c.TCPConn.SetWriteBuffer(n)
}
func (c *faultyConn) LocalAddr() net.Addr  { c.check("LocalAddr"); return c.TCPConn.LocalAddr() }
func (c *faultyConn) RemoteAddr() net.Addr { c.check("RemoteAddr"); return c.TCPConn.RemoteAddr() }
func (c *faultyConn) NetConn() net.Conn    { c.check("NetConn"); return c.TCPConn }
func (c *faultyConn) SetDeadline(t time.Time) error {
	c.check("SetDeadline")
	return c.TCPConn.SetDeadline(t)
}

func (c *faultyConn) SetReadDeadline(t time.Time) error {
	c.check("SetReadDeadline")
	return c.TCPConn.SetReadDeadline(t)
}

func (c *faultyConn) SetWriteDeadline(t time.Time) error {
	c.check("SetWriteDeadline")
	return c.TCPConn.SetWriteDeadline(t)
}

func (c *faultyConn) Close() error {
	err := c.TCPConn.Close()
	c.check("Close")
	return err
}

// badLog is a log that panics.
type badLog struct{ slog.Handler }

func (badLog) Enabled(context.Context, slog.Level) bool  { return true }
func (badLog) Handle(context.Context, slog.Record) error { panic("in Handle") }

// hijackAndPanic takes a connection over and does not close it.
func hijackAndPanic(w http.ResponseWriter, _ *http.Request) {
	_, _, _ = http.NewResponseController(w).Hijack()
	panic("in a handler")
}

// Whatever panics of what users give: the process lives, no client keeps its place, no
// goroutine is left (TestMain looks), and others come in.
func TestPanicsOfUsersCode(t *testing.T) {
	certFile, keyFile, trust := certificate(t)
	pair, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		t.Fatal(err)
	}
	secure := func(c *tls.Config) *hybrid.Connector {
		c.Certificates = []tls.Certificate{pair}
		return &hybrid.Connector{TLS: c, Logger: slog.New(badLog{})}
	}
	cases := map[string]*hybrid.Connector{
		"GetCertificate":         {TLS: &tls.Config{GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { panic("in GetCertificate") }}},
		"GetConfigForClient":     secure(&tls.Config{GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { panic("in GetConfigForClient") }}),
		"VerifyConnection":       secure(&tls.Config{VerifyConnection: func(tls.ConnectionState) error { panic("in VerifyConnection") }}),
		"HTTP":                   {HTTP: http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("in a handler") })},
		"HTTP, taken over":       {HTTP: http.HandlerFunc(hijackAndPanic)},
		"HTTP, and then the log": {HTTP: http.HandlerFunc(hijackAndPanic), Logger: slog.New(badLog{})},
	}
	for _, method := range []string{"Read", "Write", "Close", "CloseWrite", "SetWriteBuffer", "LocalAddr", "RemoteAddr", "NetConn", "SetDeadline", "SetReadDeadline", "SetWriteDeadline", "Listener.Close"} {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		cases["Conn."+method] = &hybrid.Connector{Listener: faulty{ln, method}, Logger: slog.New(badLog{})}
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			l := listen(t, c)
			served := make(chan int)
			go serveAll(l, served)
			for _, first := range []string{heartbeat, data(5000), "GET / HTTP/1.1\r\nHost: x\r\n\r\n", upgradeHead, "\x09", ""} {
				client := dial(t, l, "")
				if c.TLS != nil {
					client = tls.Client(client, &tls.Config{RootCAs: trust.RootCAs, ServerName: "127.0.0.1"})
				}
				_, _ = io.WriteString(client, first)
				_ = client.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
				_, _ = io.Copy(io.Discard, client)
				_ = client.Close()
			}
			eventually(t, time.Millisecond, func() bool { return c.Stats().Open == 0 })
			_ = l.Close()
			unheard := c.TLS != nil || name == "Conn.Read" || name == "Conn.SetDeadline"
			if n := <-served; n < 2 && !unheard {
				t.Errorf("%d clients came in, want both streams", n)
			}
		})
	}
}

const upgradeHead = "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"

// serveAll asks each client for something, tells it something, and closes it. In the end
// it says how many came.
func serveAll(l connectors.Listener, served chan<- int) {
	for n := 0; ; n++ {
		c, err := l.Accept()
		switch {
		case errors.Is(err, net.ErrClosed):
			served <- n
			return
		case err != nil:
			n--
			continue
		}
		go func() {
			defer c.Close(connectors.Reason{})
			_, _, _ = c.Transport(), c.LocalAddr().String(), c.RemoteAddr().String()
			defer time.AfterFunc(patience, func() { c.Close(connectors.Reason{}) }).Stop()
			_ = c.Write(net.Buffers{bytes.Repeat([]byte("x"), 100_000)})
			_, _ = c.ReadFrames()
		}()
	}
}
