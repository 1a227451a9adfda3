package line_test

import (
	"errors"
	"net"
	"strings"
	"testing"

	"github.com/fairlead-go/fairlead/cmd/robot/line"
	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/wire/pomelo"
)

// A server that does not read holds nobody up who sends, and gets all of it once it does.
func TestNobodyWaitsForAServerThatDoesNotRead(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	reads, read := make(chan int), make(chan error, 1)
	go func() { read <- serveLate(l, reads) }()
	c, err := line.Dial(t.Context(), line.Config{Addr: "tcp://" + l.Addr().String()}, newEar())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	body := []byte(strings.Repeat("x", 10000))
	sent := 0
	for err == nil {
		if err = c.Notify("tell", body); err == nil {
			sent++
		}
	}
	if !errors.Is(err, line.ErrStuck) || sent < 400 {
		t.Errorf("%d messages sent, then %v", sent, err)
	}
	reads <- sent
	if err := <-read; err != nil {
		t.Error(err)
	}
}

// serveLate serves one client, reads that many messages when it is told to, and checks them.
func serveLate(l net.Listener, reads <-chan int) error {
	conn, err := l.Accept()
	if err != nil {
		return err
	}
	defer conn.Close()
	hello, _ := pomelo.Package{Type: pomelo.TypeHandshake, Body: []byte(plain)}.Append(nil)
	if _, err := conn.Write(hello); err != nil {
		return err
	}
	var cut pomelo.Stream
	buf := make([]byte, 64<<10)
	for n, left := <-reads, 0; left < n; {
		k, err := conn.Read(buf)
		if err != nil {
			return err
		}
		frames, err := cut.Feed(buf[:k], nil)
		if err != nil {
			return err
		}
		left += count(frames)
	}
	return nil
}

func count(frames []connectors.Frame) (n int) {
	for _, f := range frames {
		if f.Data[0] == pomelo.TypeData && len(f.Data) == 4+1+1+4+10000 {
			n++
		}
	}
	return n
}
