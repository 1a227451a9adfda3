package client_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fairlead-go/fairlead/connectors/client"
	"github.com/fairlead-go/fairlead/connectors/wire/pomelo"
)

const beating = `{"code":200,"sys":{"heartbeat":3}}`

func TestHeartbeatsLeaveEveryInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, f := connect(t, client.Config{}, beating)
		begin := time.Now()
		for i := range 5 {
			f.expect(pomelo.TypeHeartbeat)
			if got, want := time.Since(begin), time.Duration(i+1)*3*time.Second; got != want {
				t.Errorf("heartbeat after %v, want %v", got, want)
			}
			f.send(pomelo.TypeHeartbeat, "")
		}
		c.Close()
	})
}

// P5.4: two intervals and the grace after the first heartbeat that nothing followed.
func TestASilentServerIsGivenUp(t *testing.T) {
	tests := map[string]struct {
		last  time.Duration // when the server last shows life
		after time.Duration
	}{
		"silent from the start":           {after: 3*time.Second + 6100*time.Millisecond},
		"life before the first heartbeat": {last: 2999 * time.Millisecond, after: 3*time.Second + 6100*time.Millisecond},
		"life after the first heartbeat":  {last: 3001 * time.Millisecond, after: 6*time.Second + 6100*time.Millisecond},
		"life at the last moment":         {last: 9099 * time.Millisecond, after: 12*time.Second + 6100*time.Millisecond},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, f := connect(t, client.Config{}, beating)
				if tt.last > 0 {
					time.AfterFunc(tt.last, func() { f.push("any", "{}") })
				}
				ended(t, c, client.ErrSilent, tt.after)
			})
		})
	}
}

func TestClientsWithoutHeartbeats(t *testing.T) {
	tests := map[string]struct {
		cfg    client.Config
		answer string
	}{
		"the server wants none": {answer: plain},
		"a silent client":       {cfg: client.Config{Silent: true}, answer: beating},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, f := connect(t, tt.cfg, tt.answer)
				time.Sleep(time.Hour)
				c.Close()
				if p, ok := f.next(); ok {
					t.Errorf("the client sent type %d, want nothing", p.Type)
				}
			})
		})
	}
}

func TestCloseWritesWhatWasSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, f := connect(t, client.Config{}, plain)
		const notes = 100
		for range notes {
			c.Notify("a.b", make([]byte, 2000)) // more than the pipe holds
		}
		time.AfterFunc(900*time.Millisecond, func() {
			for i := range notes {
				if m := f.message(); m.Kind != pomelo.KindNotify {
					t.Errorf("message %d is of kind %d", i, m.Kind)
				}
			}
			if _, ok := f.next(); ok {
				t.Error("more came than was sent")
			}
		})
		begin := time.Now()
		c.Close()
		c.Close()
		ended(t, c, client.ErrClosed, 0)
		if got := time.Since(begin); got != 900*time.Millisecond {
			t.Errorf("closed after %v, want 900ms", got)
		}
	})
}

func TestCloseGivesAStuckServerUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := connect(t, client.Config{}, plain)
		c.Notify("a.b", make([]byte, 100_000))
		begin := time.Now()
		c.Close()
		if got := time.Since(begin); got != time.Second {
			t.Errorf("closed after %v, want 1s", got)
		}
	})
}

func TestSendersWaitWhileTheServerDoesNotRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, f := connect(t, client.Config{}, plain)
		sent := 0
		go func() {
			for c.Notify("a.b", make([]byte, 10_000)) == nil {
				sent++
			}
		}()
		synctest.Wait()
		if sent < 25 || sent > 60 {
			t.Errorf("%d notifies of 10 kB were taken at once, want some 256 KiB", sent)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := c.Request(ctx, "a.b", make([]byte, 10_000)); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("request: %v, want the deadline", err)
		}
		go f.echo()
		if _, err := request(c, nil); err != nil {
			t.Errorf("request once the server reads: %v", err)
		}
		c.Close()
	})
}

func TestHandlersMayClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, f := connect(t, client.Config{}, plain)
		pushes := 0
		c.On("bye", func([]byte) {
			pushes++
			c.Close()
		})
		f.push("bye", "")
		f.push("bye", "")
		ended(t, c, client.ErrClosed, 0)
		if pushes != 1 {
			t.Errorf("%d pushes handled, want one: the client had closed", pushes)
		}
	})
}

// All methods at once, for the race detector, ended by Close in their middle.
func TestClientsAreSafeForConcurrentUse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, f := connect(t, client.Config{}, beating)
		go f.echo()
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				for i := range 200 {
					if _, err := request(c, i); err != nil && !errors.Is(err, client.ErrClosed) {
						t.Errorf("request: %v", err)
					}
					c.Notify("a.b", i)
					c.On("onChat", func([]byte) {})
					f.push("onChat", "{}")
					if i == 150 {
						go c.Close()
					}
				}
			})
		}
		all.Wait()
		<-c.Done()
	})
}
