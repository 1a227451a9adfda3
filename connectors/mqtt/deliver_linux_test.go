package mqtt_test

import (
	"errors"
	"net"
	"testing"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/mqtt"
	wire "github.com/fairlead-go/fairlead/connectors/wire/mqtt"
)

// ended is a served client whose end is waited for.
type ended struct {
	served
	with chan error
}

func (k ended) Take(frames []connectors.Frame, err error) bool {
	more := k.served.Take(frames, err)
	if err != nil {
		k.with <- err
	}
	return more
}

// A client that no goroutine reads learns that its id has come in again, though it says nothing.
func TestWhoIsReplacedIsToldWithoutAReader(t *testing.T) {
	c := &mqtt.Connector{Addr: "127.0.0.1:0"}
	listeners, err := c.Listen(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer listeners[0].Close()
	var ends []chan error
	in := make(chan struct{}, 2)
	for range 2 {
		far, err := net.Dial("tcp", listeners[0].Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer far.Close()
		hello := connect(wire.V5, func(c *wire.Connect) { c.ClientID = []byte("the one") })
		if _, err := far.Write(append(hello, publish(wire.V5, message("room/hello", "{}"))...)); err != nil {
			t.Fatal(err)
		}
		conn, err := listeners[0].Accept()
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close(connectors.Reason{})
		k := ended{served{conn, c.Protocol(conn), in}, make(chan error, 2)}
		ends = append(ends, k.with)
		k.proto.Open(new(connectors.Step), time.Now())
		conn.(connectors.Deliverer).Deliver(k)
		<-in
	}
	select {
	case err := <-ends[0]:
		if !errors.Is(err, connectors.ErrReplaced) {
			t.Errorf("the first client ended with %v, want ErrReplaced", err)
		}
	case err := <-ends[1]:
		t.Errorf("the second client ended with %v", err)
	case <-time.After(10 * time.Second):
		t.Error("the first client did not end")
	}
}
