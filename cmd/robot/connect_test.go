package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"testing"
)

func TestManyOnOneMachineComeFromSeveralAddresses(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux has all of 127.0.0.0/8")
	}
	tests := map[string]struct {
		conns int
		addr  string
		want  map[int]string // by client
	}{
		"few":                 {20000, "tcp://127.0.0.1:1", map[int]string{0: "", 19999: ""}},
		"many":                {50000, "tcp://127.0.0.1:1", map[int]string{0: "127.0.1.1", 19999: "127.0.1.1", 20000: "127.0.2.1", 49999: "127.0.3.1"}},
		"many, by name":       {20001, "ws://localhost:1/", map[int]string{20000: "127.0.2.1"}},
		"many, over UDP":      {50000, "udp://127.0.0.1:1", map[int]string{0: "127.0.1.1", 49999: "127.0.3.1"}},
		"many, elsewhere":     {50000, "ws://192.0.2.1:1/", map[int]string{0: "", 49999: ""}},
		"many, over IPv6":     {50000, "ws://[::1]:1/", map[int]string{0: "", 49999: ""}},
		"many, through files": {50000, "unix:/s", map[int]string{0: "", 49999: ""}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			o := options{conns: tt.conns, addrs: []string{tt.addr}}
			for i, want := range tt.want {
				got := ""
				switch from := o.source(tt.addr, i).(type) {
				case *net.TCPAddr:
					got = from.IP.String()
				case *net.UDPAddr:
					got = from.IP.String()
				}
				if got != want {
					t.Errorf("client %d comes from %q, want %q", i, got, want)
				}
				if set := o.config(i).NetDial != nil; set != (want != "") {
					t.Errorf("client %d: NetDial set: %v", i, set)
				}
			}
		})
	}
}

func TestASourceAddressIsUsed(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux has all of 127.0.0.0/8")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	o := options{conns: 50000, addrs: []string{"tcp://" + l.Addr().String()}}
	c, err := o.config(45000).NetDial(t.Context(), "tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if host, _, _ := net.SplitHostPort(c.LocalAddr().String()); host != "127.0.3.1" {
		t.Errorf("it comes from %s", host)
	}
}

func TestEqualFailuresAreOneKind(t *testing.T) {
	var f failures
	for i := range 3 {
		from := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1000 + i}
		f.add("connect", fmt.Errorf("dial x: %w", &net.OpError{Op: "read", Source: from, Err: io.ErrUnexpectedEOF}))
	}
	for i := range maxKinds + 3 {
		f.add("request", fmt.Errorf("number %d", i))
	}
	f.add("request", errors.New("number 0"))
	all := f.all()
	if len(all) != maxKinds+1 {
		t.Fatalf("%d kinds: %v", len(all), all)
	}
	want := []failure{{"others", 4}, {"connect: read: unexpected EOF", 3}, {"request: number 0", 2}}
	for i, w := range want {
		if all[i] != w {
			t.Errorf("kind %d = %v, want %v", i, all[i], w)
		}
	}
}
