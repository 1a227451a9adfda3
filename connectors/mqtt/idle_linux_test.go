package mqtt_test

import (
	"fmt"
	"net"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/mqtt"
	wire "github.com/fairlead-go/fairlead/connectors/wire/mqtt"
)

// TestIdleClientsHoldLittle measures what a client costs in this layer: its Conn and Protocol, what the net package
// holds for it, and its place with who waits for it: no goroutine of its own. Clients are bare file descriptors and cost nothing here.
func TestIdleClientsHoldLittle(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector takes memory of its own")
	}
	const clients, most = 2000, 1700
	c := &mqtt.Connector{Addr: "127.0.0.1:0"}
	listeners, err := c.Listen(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	l := listeners[0]
	goroutines := runtime.NumGoroutine()
	var fds []int
	var conns []connectors.Conn
	in := make(chan struct{})
	join := func(i int) {
		fd := bare(t, l.Addr().(*net.TCPAddr))
		fds = append(fds, fd)
		hello := connect(wire.V5, func(c *wire.Connect) { c.ClientID = fmt.Append(nil, "device ", i) })
		if _, err := syscall.Write(fd, append(hello, publish(wire.V5, message("room/hello", "{}"))...)); err != nil {
			t.Fatal(err)
		}
		conn, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		conns = append(conns, conn)
		k := served{conn, c.Protocol(conn), in}
		k.proto.Open(new(connectors.Step), time.Now())
		conn.(connectors.Deliverer).Deliver(k)
		<-in
	}
	for i := range 100 { // pools and tables
		join(i)
	}
	heap, stack := inUse()
	for i := range clients {
		join(100 + i)
	}
	h, s := inUse()
	heap, stack = (h-heap)/clients, (s-stack)/clients
	t.Logf("an idle client holds %d bytes: %d heap, %d stack", heap+stack, heap, stack)
	if heap+stack > most {
		t.Errorf("that is over %d", most)
	}
	for i, conn := range conns {
		_ = syscall.Close(fds[i])
		conn.Close(connectors.Reason{})
	}
	l.Close()
	for runtime.NumGoroutine() > goroutines {
		runtime.Gosched()
	}
}

// served is a link's sink: it tells when the client's first message is there.
type served struct {
	conn  connectors.Conn
	proto connectors.Protocol
	in    chan<- struct{}
}

func (k served) Take(frames []connectors.Frame, err error) bool {
	told := false
	s := new(connectors.Step)
	for _, f := range frames {
		k.proto.Feed(s, f, time.Now())
		if s.Hello != nil {
			k.proto.Welcome(s, nil, nil, time.Now())
			s.Hello = nil
		}
		told = told || len(s.Requests) > 0
	}
	_ = k.conn.Write(net.Buffers{s.Send})
	if told {
		k.in <- struct{}{}
	}
	return err == nil
}

func (served) Moved() {}

func bare(t *testing.T, to *net.TCPAddr) int {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err == nil {
		err = syscall.Connect(fd, &syscall.SockaddrInet4{Port: to.Port, Addr: [4]byte(to.IP.To4())})
	}
	if err != nil {
		t.Fatal(err)
	}
	return fd
}

func inUse() (heap, stack int64) {
	runtime.GC()
	runtime.GC() // what pools have kept
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapInuse), int64(m.StackInuse)
}
