package sio_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/sio"
)

// A POST that has begun must be complete in time (PackageTime), however it trickles.
func TestAPostThatTrickles(t *testing.T) {
	bubble(t, &sio.Connector{PackageTime: 3 * time.Second}, func(r *rig) {
		c := r.open("EIO=4")
		s := c.connect()
		held, begin := c.later(), time.Now()
		conn, err := r.net.Dial()
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(conn, "POST %s&sid=%s HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\n", pollingFour, c.sid)
		go func() {
			for range 40 {
				if _, err := io.WriteString(conn, "4"); err != nil {
					return
				}
				time.Sleep(500 * time.Millisecond)
			}
		}()
		if err := <-s.ended; !errors.Is(err, connectors.ErrStalled) || since(begin) != 3*time.Second {
			t.Errorf("ended with %v after %v, want %v after 3s", err, since(begin), connectors.ErrStalled)
		}
		if got := <-held; got != "1" {
			t.Errorf("the GET that is held gets %q, want a close", got)
		}
		conn.SetReadDeadline(time.Now().Add(5 * time.Second))
		if resp, err := http.ReadResponse(bufio.NewReader(conn), nil); err != nil || resp.StatusCode != http.StatusRequestTimeout {
			t.Errorf("answered %v, %v; want 408", resp, err)
		}
		conn.Close()
		s.Close(connectors.Reason{})
	})
}

// A POST that takes its time, but not too long, is heard.
func TestAPostThatIsSlow(t *testing.T) {
	bubble(t, &sio.Connector{PackageTime: 3 * time.Second}, func(r *rig) {
		c := r.open("EIO=4")
		s := c.connect()
		in, out := io.Pipe()
		go func() {
			io.WriteString(out, `42["`)
			time.Sleep(3*time.Second - time.Millisecond)
			io.WriteString(out, `x"]`)
			out.Close()
		}()
		req, err := http.NewRequestWithContext(r.Context(), "POST", c.url("http", sio.Polling), in)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := r.http.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if got := s.heard(); resp.StatusCode != 200 || got != `2["x"]` {
			t.Errorf("%s, heard %q", resp.Status, got)
		}
		time.Sleep(10 * time.Second) // nothing of the deadline stays behind
		if status, _ := c.post(`42["y"]`); status != 200 || s.heard() != `2["y"]` {
			t.Errorf("the next POST: %d", status)
		}
		s.Close(connectors.Reason{})
	})
}

// An answer that nobody reads is given up in time: it would keep the port for ever.
func TestAnAnswerThatNobodyReads(t *testing.T) {
	bubble(t, &sio.Connector{PackageTime: 3 * time.Second}, func(r *rig) {
		c := r.open("EIO=4")
		s := c.connect()
		conn, err := r.net.Dial()
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(conn, "GET %s&sid=%s HTTP/1.1\r\nHost: x\r\n\r\n", pollingFour, c.sid)
		synctest.Wait()
		s.say(`2["` + strings.Repeat("x", 200<<10) + `"]`)
		begin := time.Now()
		s.Close(connectors.Reason{})
		r.listener.Close()
		expect(t, c, []string{"1"})
		if r.gone() {
			t.Error("the port is given back while an answer is being written")
		}
		<-r.listener.(connectors.Lingerer).Gone()
		if since(begin) != 3*time.Second {
			t.Errorf("it is given up after %v, want 3s", since(begin))
		}
		conn.Close()
	})
}
