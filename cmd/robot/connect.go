package main

import (
	"context"
	"crypto/tls"
	"net"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/fairlead-go/fairlead/connectors/client"
)

// connect brings the clients in, -dial at a time. Those that fail are told to
// the meter.
func connect(ctx context.Context, o options, s scenario, m *meter) []*client.Client {
	var (
		mu      sync.Mutex // of clients
		clients []*client.Client
	)
	atOnce(o.dial, o.conns, func(i int) {
		if ctx.Err() != nil {
			return
		}
		c, err := enterOne(ctx, o, s, i)
		if err != nil {
			m.fail("connect", err)
			return
		}
		mu.Lock()
		defer mu.Unlock()
		clients = append(clients, c)
	})
	return clients
}

func enterOne(ctx context.Context, o options, s scenario, i int) (*client.Client, error) {
	ctx, cancel := context.WithTimeout(ctx, o.wait)
	defer cancel()
	return s.enter(ctx, o.config(i))
}

// hangUp closes the clients.
func hangUp(clients []*client.Client, atATime int) {
	atOnce(atATime, len(clients), func(i int) { clients[i].Close() })
}

// atOnce calls do with each number below n, on some goroutines.
func atOnce(goroutines, n int, do func(i int)) {
	numbers := make(chan int)
	var all sync.WaitGroup
	for range min(goroutines, n) {
		all.Go(func() {
			for i := range numbers {
				do(i)
			}
		})
	}
	for i := range n {
		numbers <- i
	}
	close(numbers)
	all.Wait()
}

// config says how client i connects.
func (o options) config(i int) client.Config {
	cfg := client.Config{Addr: o.addrs[i%len(o.addrs)], Type: "robot", Version: "0.1.0"}
	if o.user != nil {
		cfg.User = o.user
	}
	if o.insecure {
		cfg.TLS = &tls.Config{InsecureSkipVerify: true}
	}
	if from := o.source(cfg.Addr, i); from != nil {
		cfg.NetDial = (&net.Dialer{LocalAddr: from}).DialContext
	}
	return cfg
}

// perSource is how many connections to one place may come from one address:
// each takes one of some 28,000 ports.
const perSource = 20000

// source is the address client i connects from; nil leaves it to the system.
// Linux alone has all of 127.0.0.0/8.
func (o options) source(addr string, i int) net.Addr {
	if runtime.GOOS != "linux" || o.conns <= perSource || !loopback(addr) {
		return nil
	}
	ip := net.IPv4(127, 0, byte(1+i/perSource), 1)
	if strings.HasPrefix(addr, "udp:") {
		return &net.UDPAddr{IP: ip}
	}
	return &net.TCPAddr{IP: ip}
}

func loopback(addr string) bool {
	u, err := url.Parse(addr)
	if err != nil {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || ip.To4() != nil && ip.IsLoopback()
}

// wait waits that long, and less when one of the channels is closed first.
func wait(d time.Duration, a, b <-chan struct{}) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-a:
	case <-b:
	}
}
