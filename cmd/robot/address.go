package main

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"runtime"
	"slices"
	"strconv"
	"strings"
)

// schemes are the wires there are; those of the second list have a usual port.
var (
	schemes   = []string{"tcp", "tls", "ws", "wss", "sio", "sios", "udp", "mqtt", "mqtts"}
	withPorts = []string{"ws", "wss", "sio", "sios", "mqtt", "mqtts"}
)

func (o *options) setAddrs(list string) error {
	for addr := range strings.SplitSeq(o.withPort(list), ",") {
		if err := checkAddr(addr); err != nil {
			return fmt.Errorf("-addr %q: %w", addr, err)
		}
		if most := 60000; strings.HasPrefix(addr, "udp:") && o.size > most {
			return fmt.Errorf("-size %d: over UDP at most %d", o.size, most)
		}
		o.addrs = append(o.addrs, addr)
	}
	return nil
}

// withPort puts -port where {port} stands.
func (o *options) withPort(s string) string {
	return strings.ReplaceAll(s, "{port}", strconv.Itoa(o.port))
}

func checkAddr(addr string) error {
	if path, ok := strings.CutPrefix(addr, "unix:"); ok && path != "" {
		return nil
	}
	u, err := url.Parse(addr)
	switch {
	case err == nil && !slices.Contains(schemes, u.Scheme),
		err == nil && u.Hostname() == "",
		err == nil && u.Port() == "" && !slices.Contains(withPorts, u.Scheme):
		err = errors.New("no such address")
	}
	if err != nil {
		return errors.New("want tcp://host:port, tls://host:port, ws://host:port/path, wss://…, sio://host:port/path, sios://…, mqtt://host:port, mqtts://…, udp://host:port or unix:/path")
	}
	return nil
}

// transport is the wire of all clients, or that they have several.
func (o *options) transport() string {
	one, _, _ := strings.Cut(o.addrs[0], ":")
	for _, addr := range o.addrs {
		if other, _, _ := strings.Cut(addr, ":"); other != one {
			return "mixed"
		}
	}
	return one
}

// perSource is how many connections to one place may come from one address:
// each takes one of some 28,000 ports.
const perSource = 20000

// sources is how many addresses are used before the first one comes again.
const sources = 250

// source is the address client i connects from; nil leaves it to the system.
// Linux alone has all of 127.0.0.0/8.
func (o options) source(addr string, i int) net.Addr {
	if runtime.GOOS != "linux" || o.conns <= perSource && i < perSource || !loopback(addr) {
		return nil
	}
	ip := net.IPv4(127, 0, byte(1+i/perSource%sources), 1)
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
