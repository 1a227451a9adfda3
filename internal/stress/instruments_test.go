//go:build linux

package stress_test

import (
	"slices"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/messages"
)

// The instruments are right, or nothing that they say counts.

func TestQuantilesAreRight(t *testing.T) {
	for name, tt := range map[string]struct {
		n, slow int // of n times of 1 ms each, so many are of 1 s
		want    time.Duration
	}{
		"nothing":               {0, 0, 0},
		"all alike":             {1000, 0, time.Millisecond},
		"one in 100 is slow":    {1000, 10, time.Millisecond},
		"a few more than that":  {1000, 11, time.Second},
		"only one, and it slow": {1, 1, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			var h histogram
			for i := range tt.n {
				h.add(map[bool]time.Duration{true: time.Second, false: time.Millisecond}[i < tt.slow])
			}
			got := h.quantile(0.99)
			if off := float64(got-tt.want) / max(float64(tt.want), 1); off < -0.02 || off > 0.02 {
				t.Errorf("p99 = %v, want %v", got, tt.want)
			}
		})
	}
}

func TestTimesCountWhereTheyWereDue(t *testing.T) {
	var m meter
	calm := m.over(10 * time.Millisecond)
	bad := m.over(10 * time.Millisecond)
	late := time.Unix(0, bad.since).Add(time.Second)
	for _, due := range []int64{calm.since - 1, calm.since, calm.until.Load() - 1, bad.since, bad.until.Load()} {
		m.note(due, late)
	}
	if calm.count() != 2 || bad.count() != 1 {
		t.Errorf("%d and %d times, want 2 that were due in the first window and 1 in the second", calm.count(), bad.count())
	}
}

func TestRatiosAreMediansOfPairs(t *testing.T) {
	of := func(d time.Duration) *window {
		w := &window{}
		w.add(d)
		return w
	}
	p := pairs{
		calm: []*window{of(1 * time.Millisecond), of(3 * time.Millisecond), of(3 * time.Millisecond), of(3 * time.Millisecond)},
		bad:  []*window{of(8 * time.Millisecond), of(6 * time.Millisecond), of(time.Second)},
	}
	if got := p.ratio(); got != 4 {
		t.Errorf("ratio = %v, want 4", got)
	}
	if got := p.noise(); got != 1 {
		t.Errorf("noise = %v, want 1", got)
	}
}

func TestStampsComeBack(t *testing.T) {
	at := time.Unix(1_700_000_000, 123_456_789)
	for _, size := range []int{0, 128} {
		b := stamped(at, size)
		if got := stampOf(b); got != at.UnixNano() || len(b) < size {
			t.Errorf("stamp of %s is %d, want %d in %d bytes", b, got, at.UnixNano(), size)
		}
	}
	if got := stampOf([]byte(`{"code":503,"msg":"busy"}`)); got != 0 {
		t.Errorf("stamp of an error is %d, want none", got)
	}
}

func TestPaceCatchesUp(t *testing.T) {
	quit := make(chan struct{})
	var dues []time.Duration
	begin := time.Now()
	pace(1000, quit, func(due time.Time) {
		if dues = append(dues, due.Sub(begin).Round(time.Millisecond)); len(dues) == 1 {
			pause(20 * time.Millisecond)
		}
		if len(dues) == 4 {
			close(quit)
		}
	})
	if want := []time.Duration{0, time.Millisecond, 2 * time.Millisecond, 3 * time.Millisecond}; !slices.Equal(dues, want) {
		t.Errorf("due at %v, want %v", dues, want)
	}
}

func TestWhoWasKilledIsKnown(t *testing.T) {
	w := newWitness()
	before := time.Now().UnixNano()
	w.kills("x/connector/c/sockets/1")
	w.kills("x/connector/c/sockets/2/socket/b-7")
	for name, tt := range map[string]struct {
		socket string
		born   int64
		want   bool
	}{
		"itself":                      {"x/connector/c/sockets/2/socket/b-7", before, true},
		"a brother":                   {"x/connector/c/sockets/2/socket/b-8", before, false},
		"below":                       {"x/connector/c/sockets/1/socket/b-9", before, true},
		"below, but born after":       {"x/connector/c/sockets/1/socket/b-9", before + int64(time.Hour), false},
		"below one of a similar name": {"x/connector/c/sockets/11/socket/b-9", before, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := &messages.Session{Socket: actor.NewPID("here", tt.socket), ConnectedAt: tt.born}
			if got := w.explains(s); got != tt.want {
				t.Errorf("explained = %v, want %v", got, tt.want)
			}
		})
	}
}
