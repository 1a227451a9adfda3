package actors

import (
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// aClock is a clock, and links whose alarms it may ring. Ringing one adds to rung.
func aClock(links int) (c *clock, all []*link, rung []atomic.Int64) {
	n := &node{born: time.Now()}
	rung = make([]atomic.Int64, links)
	b := newBatcher(n, 0)
	b.clock.ring = func(l *link) { rung[l.no].Add(int64(n.now())) }
	for no := range links {
		all = append(all, &link{gate: &gate{node: n}, batcher: b, no: uint64(no)})
	}
	return &b.clock, all, rung
}

func TestAlarmsRingWhenTheyWereBookedLast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const links = 500
		c, all, rung := aClock(links)
		want := make([]time.Duration, links)
		random := rand.New(rand.NewPCG(1, 2))
		for range 5 * links {
			no := random.IntN(links)
			if want[no] = time.Duration(random.IntN(1000)) * time.Second; want[no] == 0 {
				c.cancel(all[no])
			} else {
				c.book(all[no], want[no])
			}
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		for no := range rung {
			if at := time.Duration(rung[no].Load()); at != want[no] {
				t.Errorf("alarm %d rings at %v, want %v", no, at, want[no])
			}
		}
		if len(c.heap) != 0 || c.at != 0 {
			t.Errorf("%d alarms are left, and the clock rings at %v", len(c.heap), c.at)
		}
	})
}

func TestAClockGoesOnAfterItHasRungForNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, all, rung := aClock(2)
		c.book(all[0], time.Second)
		c.cancel(all[0])
		c.cancel(all[0])
		time.Sleep(2 * time.Second)
		c.book(all[1], 3*time.Second)
		c.book(all[0], 5*time.Second)
		time.Sleep(2 * time.Second)
		c.book(all[1], 6*time.Second) // once more
		time.Sleep(4 * time.Second)
		synctest.Wait()
		for no, want := range []time.Duration{5 * time.Second, 3*time.Second + 6*time.Second} {
			if got := time.Duration(rung[no].Load()); got != want {
				t.Errorf("alarm %d rings at %v together, want %v", no, got, want)
			}
		}
	})
}
