package memory_test

import (
	"errors"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fairlead-go/fairlead/connectors/memory"
)

func TestAcceptWaitsForAClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := memory.Listen("test")
		begin := time.Now()
		time.AfterFunc(time.Second, func() { l.Dial() })
		if _, err := l.Accept(); err != nil || time.Since(begin) != time.Second {
			t.Errorf("accepted after %v with %v, want 1s", time.Since(begin), err)
		}
	})
}

func TestCloseEndsAcceptAndDial(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := memory.Listen("test")
		time.AfterFunc(time.Second, func() { l.Close() })
		if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("accept: %v, want net.ErrClosed", err)
		}
		if _, err := l.Dial(); !errors.Is(err, memory.ErrRefused) {
			t.Errorf("dial: %v, want ErrRefused", err)
		}
		if err := l.Close(); err != nil {
			t.Errorf("second close: %v", err)
		}
	})
}

func TestClientsNeverAcceptedAreHungUpOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := memory.Listen("test")
		refused := make(chan error)
		const clients = 200 // more than may wait
		for range clients {
			go func() {
				c, err := l.Dial()
				if err == nil {
					_, err = c.Read(make([]byte, 1))
				}
				refused <- err
			}()
		}
		synctest.Wait()
		l.Close()
		for range clients {
			if err := <-refused; !errors.Is(err, io.EOF) && !errors.Is(err, memory.ErrRefused) {
				t.Errorf("a waiting client ends with %v, want io.EOF or ErrRefused", err)
			}
		}
	})
}

func TestAcceptedClientsOutliveTheListener(t *testing.T) {
	l := memory.Listen("test")
	client, _ := l.Dial()
	server, _ := l.Accept()
	l.Close()
	client.Write([]byte("still"))
	p := make([]byte, 5)
	if _, err := io.ReadFull(server, p); err != nil || string(p) != "still" {
		t.Errorf("read %q and %v, want still", p, err)
	}
}
