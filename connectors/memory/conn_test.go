package memory_test

import (
	"context"
	"errors"
	"io"
	"net"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/memory"
	"github.com/fairlead-go/fairlead/messages"
)

// connect is a client of c and its Conn.
func connect(t testing.TB, c *memory.Connector) (net.Conn, connectors.Conn) {
	t.Helper()
	ls, err := c.Listen(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	client, err := c.Dial()
	if err != nil {
		t.Fatal(err)
	}
	conn, err := ls[0].Accept()
	if err != nil {
		t.Fatal(err)
	}
	if d, ok := conn.(connectors.Deliverer); ok {
		return client, newReadable(t, conn, d)
	}
	return client, conn
}

// bothForms runs f for Conns that are read, and for those that bring their frames.
func bothForms(t *testing.T, f func(t *testing.T, delivered bool)) {
	t.Helper()
	for form, delivered := range map[string]bool{"read": false, "delivered": true} {
		t.Run(form, func(t *testing.T) { f(t, delivered) })
	}
}

func texts(frames []connectors.Frame) []string {
	var all []string
	for _, f := range frames {
		all = append(all, string(f.Data))
	}
	return all
}

const (
	beat = "\x03\x00\x00\x00"
	data = "\x04\x00\x00\x02hi"
)

func TestReadFramesGivesWholePackages(t *testing.T) { bothForms(t, readWholePackages) }

func readWholePackages(t *testing.T, delivered bool) {
	tests := map[string]struct {
		writes []string
		want   [][]string
	}{
		"one":                         {writes: []string{data}, want: [][]string{{data}}},
		"several in one write":        {writes: []string{data + beat + data}, want: [][]string{{data, beat, data}}},
		"one in halves":               {writes: []string{data[:3], data[3:]}, want: [][]string{{data}}},
		"one and a half, then a half": {writes: []string{beat + data[:5], data[5:] + beat}, want: [][]string{{beat}, {data, beat}}},
		"byte by byte":                {writes: strings.Split(data+beat, ""), want: [][]string{{data}, {beat}}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client, conn := connect(t, &memory.Connector{Delivered: delivered})
				go func() {
					for _, s := range tt.writes {
						client.Write([]byte(s))
						synctest.Wait() // until ReadFrames has taken it
					}
					client.Close()
				}()
				for _, want := range tt.want {
					frames, err := conn.ReadFrames()
					if got := texts(frames); err != nil || !slices.Equal(got, want) {
						t.Errorf("frames = %q and %v, want %q", got, err, want)
					}
				}
				if frames, err := conn.ReadFrames(); !errors.Is(err, io.EOF) || len(frames) > 0 {
					t.Errorf("at the end %q and %v, want io.EOF", texts(frames), err)
				}
			})
		})
	}
}

func TestBrokenClientsAreTold(t *testing.T) { bothForms(t, brokenClients) }

func brokenClients(t *testing.T, delivered bool) {
	tests := map[string]struct {
		wire  string
		limit int
		want  error
	}{
		"an unknown type":                 {wire: "\x06\x00\x00\x00", want: connectors.ErrMalformed},
		"a frame at the limit":            {wire: data, limit: 6},
		"a frame one byte over the limit": {wire: data, limit: 5, want: connectors.ErrTooLarge},
		"only its head":                   {wire: data[:4], limit: 5, want: connectors.ErrTooLarge},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			client, conn := connect(t, &memory.Connector{Delivered: delivered})
			conn.SetReadLimit(tt.limit)
			client.Write([]byte(beat))
			conn.ReadFrames()
			client.Write([]byte(tt.wire))
			if _, err := conn.ReadFrames(); !errors.Is(err, tt.want) {
				t.Errorf("error = %v, want %v", err, tt.want)
			}
		})
	}
}

func TestALimitRaisedByTheAckHoldsForWhatFollowsIt(t *testing.T) { bothForms(t, limitRaised) }

func limitRaised(t *testing.T, delivered bool) {
	client, conn := connect(t, &memory.Connector{Delivered: delivered})
	conn.SetReadLimit(5)
	client.Write([]byte("\x02\x00\x00\x00" + data[:5]))
	if frames, err := conn.ReadFrames(); len(frames) != 1 || err != nil {
		t.Fatalf("frames = %q and %v, want the ack", texts(frames), err)
	}
	conn.SetReadLimit(6)
	client.Write([]byte(data[5:]))
	if frames, err := conn.ReadFrames(); err != nil || !slices.Equal(texts(frames), []string{data}) {
		t.Errorf("frames = %q and %v, want %q", texts(frames), err, data)
	}
}

func TestAPackageMustBeCompleteInTime(t *testing.T) { bothForms(t, completeInTime) }

func completeInTime(t *testing.T, delivered bool) {
	tests := map[string]struct {
		time  time.Duration // Connector.PackageTime
		every time.Duration // between the client's bytes
		want  error
		after time.Duration
	}{
		"nothing more comes":        {every: time.Hour, want: connectors.ErrStalled, after: 10 * time.Second},
		"trickling does not extend": {every: 2500 * time.Millisecond, want: connectors.ErrStalled, after: 10 * time.Second},
		"just in time":              {every: 2 * time.Second, after: 10 * time.Second, time: 10*time.Second + 1},
		"its own time":              {time: time.Second, every: time.Hour, want: connectors.ErrStalled, after: time.Second},
		"any time":                  {time: -1, every: time.Hour, after: 5 * time.Hour},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client, conn := connect(t, &memory.Connector{PackageTime: tt.time, Delivered: delivered})
				var trickle sync.WaitGroup
				trickle.Go(func() {
					for _, b := range []byte(data) {
						client.Write([]byte{b})
						time.Sleep(tt.every)
					}
				})
				begin := time.Now()
				_, err := conn.ReadFrames()
				if got := time.Since(begin); !errors.Is(err, tt.want) || got != tt.after {
					t.Errorf("ended with %v after %v, want %v after %v", err, got, tt.want, tt.after)
				}
				conn.Close(connectors.Reason{})
				trickle.Wait()
			})
		})
	}
}

func TestTimeInWhichNobodyReadsIsNotTheClients(t *testing.T) { bothForms(t, nobodyReads) }

func nobodyReads(t *testing.T, delivered bool) {
	synctest.Test(t, func(t *testing.T) {
		client, conn := connect(t, &memory.Connector{Delivered: delivered})
		client.Write([]byte(beat + data[:5]))
		conn.ReadFrames()
		time.Sleep(time.Minute)
		time.AfterFunc(9*time.Second, func() { client.Write([]byte(data[5:])) })
		if _, err := conn.ReadFrames(); err != nil {
			t.Errorf("error = %v, want none", err)
		}
	})
}

func TestCloseLetsTheClientReadWhatWasWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, conn := connect(t, &memory.Connector{})
		ended := make(chan error)
		go func() {
			_, err := conn.ReadFrames()
			ended <- err
		}()
		synctest.Wait()
		conn.Write(net.Buffers{[]byte(data), []byte(beat)})
		conn.Close(connectors.Reason{Cause: messages.CauseKicked})
		conn.Close(connectors.Reason{})
		if err := <-ended; !errors.Is(err, net.ErrClosed) {
			t.Errorf("ReadFrames ends with %v, want net.ErrClosed", err)
		}
		if got, err := io.ReadAll(client); string(got) != data+beat || err != nil {
			t.Errorf("client read %q and %v, want both packages and io.EOF", got, err)
		}
		if err := conn.Write(net.Buffers{[]byte(data)}); !errors.Is(err, net.ErrClosed) {
			t.Errorf("write after close: %v, want net.ErrClosed", err)
		}
	})
}

func taken(c connectors.Conn) uint64 {
	n, _ := c.(connectors.Meter).Progress()
	return n
}

func TestWhatAClientTakesIsSeenWhileItIsWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, conn := connect(t, &memory.Connector{Buffer: 100})
		ended := make(chan error)
		go func() { ended <- conn.Write(net.Buffers{make([]byte, 60), make([]byte, 90)}) }()
		for _, step := range []struct{ read, want int }{{0, 100}, {30, 130}, {30, 150}} {
			if _, err := io.ReadFull(client, make([]byte, step.read)); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			if got := taken(conn); got != uint64(step.want) {
				t.Errorf("%d bytes taken, want %d", got, step.want)
			}
		}
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

func TestOneListensAtATime(t *testing.T) {
	c := &memory.Connector{ID: "arena"}
	if _, err := c.Dial(); !errors.Is(err, memory.ErrRefused) {
		t.Errorf("dial before listen: %v, want ErrRefused", err)
	}
	ls, _ := c.Listen(t.Context())
	if _, err := c.Listen(t.Context()); !errors.Is(err, memory.ErrInUse) {
		t.Errorf("second listen: %v, want ErrInUse", err)
	}
	ls[0].Close()
	if _, err := ls[0].Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("accept after close: %v, want net.ErrClosed", err)
	}
	if _, err := c.Listen(t.Context()); err != nil {
		t.Errorf("listen after close: %v", err)
	}
	if got := ls[0].Addr().String(); got != "arena" {
		t.Errorf("address = %q, want arena", got)
	}
}

func TestProtocolShakesHands(t *testing.T) {
	c := &memory.Connector{Heartbeat: 3 * time.Second}
	_, conn := connect(t, c)
	var step connectors.Step
	now := time.Unix(0, 0)
	p := c.Protocol(conn)
	p.Open(&step, now)
	body := `{"sys":{"type":"t","version":"v"}}`
	p.Feed(&step, connectors.Frame{Data: append([]byte{1, 0, 0, byte(len(body))}, body...)}, now)
	if h := step.Hello; h == nil || h.Connector != "memory" || h.Transport != "memory" || h.RemoteAddr != conn.RemoteAddr() {
		t.Fatalf("hello = %+v, want this connector's", h)
	}
	p.Welcome(&step, nil, nil, now)
	if got := string(step.Send); !strings.Contains(got, `"heartbeat":3`) {
		t.Errorf("answer = %q, want a heartbeat of 3", got)
	}
}

// What an idle pair costs: both ends, the Conn, its place in this benchmark's slices, and the goroutine
// that reads it, if there is one.
func BenchmarkIdlePair(b *testing.B) {
	for form, delivered := range map[string]bool{"read": false, "delivered": true} {
		b.Run("form="+form, func(b *testing.B) { idlePairs(b, delivered) })
	}
}

func idlePairs(b *testing.B, delivered bool) {
	c := &memory.Connector{Delivered: delivered}
	ls, _ := c.Listen(b.Context())
	var clients []net.Conn
	var conns []connectors.Conn
	before := memoryUsed()
	for b.Loop() {
		client, _ := c.Dial()
		conn, _ := ls[0].Accept()
		took := make(chan struct{})
		if d, ok := conn.(connectors.Deliverer); ok {
			d.Deliver(sink(func([]connectors.Frame, error) bool { took <- struct{}{}; return true }))
		} else {
			go func() {
				for _, err := conn.ReadFrames(); err == nil; _, err = conn.ReadFrames() {
					took <- struct{}{}
				}
			}()
		}
		client.Write([]byte(data))
		<-took
		conn.Write(net.Buffers{[]byte(data)})
		client.Read(make([]byte, 100))
		clients, conns = append(clients, client), append(conns, conn)
	}
	b.ReportMetric(float64(memoryUsed()-before)/float64(len(conns)), "B/pair")
	runtime.KeepAlive(clients)
	for _, c := range conns {
		c.Close(connectors.Reason{})
	}
}

// memoryUsed is of heap and stacks.
func memoryUsed() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc + m.StackInuse
}

func BenchmarkRoundTrip(b *testing.B) {
	client, conn := connect(b, &memory.Connector{})
	go func() {
		for {
			frames, err := conn.ReadFrames()
			if err != nil {
				return
			}
			conn.Write(net.Buffers{frames[0].Data})
		}
	}()
	p := make([]byte, len(data))
	b.ReportAllocs()
	for b.Loop() {
		client.Write([]byte(data))
		io.ReadFull(client, p)
	}
	client.Close()
}
