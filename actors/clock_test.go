package actors

import (
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"
)

// aClock is a clock, and links whose alarms it may ring. Ringing one adds to rung.
func aClock(links int) (c *clock, all []*link, rung *[]time.Duration) {
	n := &node{born: time.Now()}
	rung = new([]time.Duration)
	*rung = make([]time.Duration, links)
	n.errands = newPool(func(e errand) { (*rung)[e.link.no] += n.now() })
	b := newBatcher(n, 0)
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
		for no, at := range *rung {
			if at != want[no] {
				t.Errorf("alarm %d rings at %v, want %v", no, at, want[no])
			}
		}
		if len(c.heap) != 0 || c.at != 0 {
			t.Errorf("%d alarms are left, and the clock rings at %v", len(c.heap), c.at)
		}
		c.node.errands.close(time.Second)
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
		if got := *rung; got[0] != 5*time.Second || got[1] != 3*time.Second+6*time.Second {
			t.Errorf("rung at %v, want at 5 s, and at 3 s and 6 s", got)
		}
		c.node.errands.close(time.Second)
	})
}
