package supervisor_test

import (
	"bytes"
	"cmp"
	"errors"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/actors"
	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/memory"
	"github.com/fairlead-go/fairlead/messages"
	"github.com/fairlead-go/fairlead/supervisor"
)

// What a Pomelo client writes and reads.
const (
	hello     = "\x01\x00\x00\x0a" + `{"sys":{}}`
	ack       = "\x02\x00\x00\x00"
	heartbeat = "\x03\x00\x00\x00"
	ask       = "\x04\x00\x00\x0c\x00\x01\x08" + "room.add" + "5"
)

// bubble serves one memory connector in virtual time and hands over a client's end.
func bubble(t *testing.T, place *memory.Connector, f func(c net.Conn)) {
	synctest.Test(t, func(t *testing.T) {
		room, sum := actors.NewRoute("room"), 0
		actors.Handle(room, "add", func(c *actors.Context, n *int) (*int, error) {
			for range *n {
				sum++
				if err := c.Push("on", sum); err != nil {
					return nil, err
				}
			}
			return &sum, nil
		})
		actors.On(room, "later", func(c *actors.Context, _ *struct{}) error { return c.Push("on", "later") })
		fl, err := supervisor.Start(quietSystem(), supervisor.Config{
			Connectors: []connectors.Source{place}, Routes: []actors.Route{room},
		})
		if err != nil {
			t.Fatal(err)
		}
		defer fl.Stop()
		c, err := place.Dial()
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		f(c)
	})
}

// lasts is how long the connection lives from now on; what it brings is thrown away.
func lasts(t *testing.T, c net.Conn) time.Duration {
	t.Helper()
	begin := time.Now()
	if _, err := io.Copy(io.Discard, c); err != nil {
		t.Errorf("the connection ended with %v", err)
	}
	return time.Since(begin)
}

// reads expects exactly want, now.
func reads(t *testing.T, c net.Conn, want string) {
	t.Helper()
	begin := time.Now()
	got := make([]byte, len(want))
	if _, err := io.ReadFull(c, got); err != nil || string(got) != want || time.Since(begin) != 0 {
		t.Fatalf("read %q, %v after %v; want %q at once", got, err, time.Since(begin), want)
	}
}

func says(t *testing.T, c net.Conn, what string) {
	t.Helper()
	if _, err := io.WriteString(c, what); err != nil {
		t.Fatal(err)
	}
}

func TestSilenceEndsAConnectionToTheMillisecond(t *testing.T) {
	for name, c := range map[string]struct {
		place *memory.Connector
		say   []string // a pause of 1 s behind each
		after time.Duration
	}{
		"no handshake":                      {after: 5 * time.Second},
		"trickling does not extend it":      {say: []string{hello[:1], hello[1:2], hello[2:3]}, after: 5 * time.Second},
		"a handshake and no ack":            {say: []string{hello}, after: 5 * time.Second},
		"no heartbeat":                      {say: []string{hello, ack}, after: time.Minute + time.Second},
		"heartbeats are life":               {say: []string{hello, ack, "", "", heartbeat}, after: time.Minute + 4*time.Second},
		"so is anything else":               {say: []string{hello, ack, "", "", "", ask}, after: time.Minute + 5*time.Second},
		"a timeout of its own":              {place: &memory.Connector{Timeout: 7 * time.Second}, say: []string{hello, ack}, after: 8 * time.Second},
		"a package that is never complete":  {say: []string{hello, ack, ask[:7]}, after: 12 * time.Second},
		"an idle limit without a heartbeat": {place: &memory.Connector{Heartbeat: -1, Timeout: 3 * time.Second}, say: []string{hello, ack}, after: 4 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, cmp.Or(c.place, new(memory.Connector)), func(conn net.Conn) {
				begin := time.Now()
				go func() {
					for _, what := range c.say {
						_, _ = io.WriteString(conn, what)
						time.Sleep(time.Second)
					}
				}()
				lasts(t, conn)
				if got := time.Since(begin); got != c.after {
					t.Errorf("closed after %v, want %v", got, c.after)
				}
			})
		})
	}
}

func TestHeartbeatsAreAnsweredAtOnce(t *testing.T) {
	bubble(t, &memory.Connector{}, func(c net.Conn) {
		says(t, c, hello)
		answer := make([]byte, 4+len(`{"code":200,"sys":{"heartbeat":30}}`))
		if _, err := io.ReadFull(c, answer); err != nil || !bytes.HasSuffix(answer, []byte(`"heartbeat":30}}`)) {
			t.Fatalf("handshake answered %q, %v", answer, err)
		}
		says(t, c, ack)
		reads(t, c, heartbeat)
		for range 5 {
			time.Sleep(29 * time.Second)
			says(t, c, heartbeat)
			reads(t, c, heartbeat)
		}
		_ = c.SetReadDeadline(time.Now().Add(59 * time.Second))
		if n, err := c.Read(make([]byte, 1)); n != 0 || !isTimeout(err) {
			t.Errorf("the server sent something on its own clock: %d bytes, %v", n, err)
		}
	})
}

func isTimeout(err error) bool {
	var e net.Error
	return errors.As(err, &e) && e.Timeout()
}

func TestPushesAndTheAnswerLeaveTogetherAndLonePushesOnTheTick(t *testing.T) {
	bubble(t, &memory.Connector{Heartbeat: -1, Tick: 35 * time.Millisecond}, func(c net.Conn) {
		says(t, c, hello)
		reads(t, c, "\x01\x00\x00\x15"+`{"code":200,"sys":{}}`)
		says(t, c, ack+ask)
		reads(t, c, "\x04\x00\x00\x05\x06\x02on1\x04\x00\x00\x05\x06\x02on2\x04\x00\x00\x05\x06\x02on3\x04\x00\x00\x05\x06\x02on4\x04\x00\x00\x05\x06\x02on5\x04\x00\x00\x03\x04\x015")
		synctest.Wait() // the writer has nothing more to do: it would take the push along
		begin := time.Now()
		says(t, c, "\x04\x00\x00\x0c\x02\x0aroom.later")
		got := make([]byte, 64)
		n, err := c.Read(got)
		if err != nil || string(got[:n]) != "\x04\x00\x00\x0b\x06\x02on\"later\"" || time.Since(begin) != 35*time.Millisecond {
			t.Errorf("read %q, %v after %v; want the push after 35ms", got[:n], err, time.Since(begin))
		}
	})
}

func TestAKickIsThePackageAndThenTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		system, place := quietSystem(), &memory.Connector{Heartbeat: -1}
		events := make(chan any, 10)
		pid := system.Root.Spawn(actor.PropsFromFunc(func(c actor.Context) {
			switch m := c.Message().(type) {
			case *messages.Connected, *messages.Closed, *messages.Kicked:
				events <- m
			}
		}))
		fl, err := supervisor.Start(system, supervisor.Config{Connectors: []connectors.Source{place}, Events: pid})
		if err != nil {
			t.Fatal(err)
		}
		defer fl.Stop()
		c, err := place.Dial()
		if err != nil {
			t.Fatal(err)
		}
		says(t, c, hello)
		reads(t, c, "\x01\x00\x00\x15"+`{"code":200,"sys":{}}`)
		says(t, c, ack)
		who, _ := (<-events).(*messages.Connected)
		system.Root.RequestWithCustomSender(who.Session.Socket, &messages.Kick{Reason: "duplicate login"}, pid)
		reads(t, c, "\x05\x00\x00\x1c"+`{"reason":"duplicate login"}`)
		if d := lasts(t, c); d != 0 {
			t.Errorf("closed %v after the kick, want at once", d)
		}
		for range 2 {
			switch m := (<-events).(type) {
			case *messages.Kicked:
				if !m.Flushed {
					t.Error("Kicked says that it was not flushed")
				}
			case *messages.Closed:
				if m.Cause != messages.CauseKicked || m.Reason != "duplicate login" {
					t.Errorf("Closed = %v", m)
				}
			}
		}
	})
}
