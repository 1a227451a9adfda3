//go:build linux

package stress_test

import (
	"slices"
	"strconv"
	"testing"
	"time"
)

// stampLen is how many digits the time has in a stamped body.
const stampLen = 19

// stamped is a JSON string of that size at least which begins with a time, by the
// clock that all processes of a machine share.
func stamped(at time.Time, size int) []byte {
	b := make([]byte, 1, max(size, stampLen+2))
	b[0] = '"'
	b = strconv.AppendInt(b, at.UnixNano(), 10)
	b = append(b, slices.Repeat([]byte{'.'}, cap(b)-len(b)-1)...)
	return append(b, '"')
}

// stampOf is the time in a stamped body, 0 if there is none.
func stampOf(body []byte) (at int64) {
	if len(body) < stampLen+2 || body[0] != '"' {
		return 0
	}
	for _, c := range body[1 : 1+stampLen] {
		if c < '0' || c > '9' {
			return 0
		}
		at = at*10 + int64(c-'0')
	}
	return at
}

// pace calls f for each moment at which it is due, that many times a second, until quit is closed. When f was
// late, it catches up: nobody waits for anybody.
func pace(rate float64, quit <-chan struct{}, f func(due time.Time)) {
	each := time.Duration(float64(time.Second) / rate)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for due := time.Now(); ; due = due.Add(each) {
		if wait := time.Until(due); wait > 0 {
			timer.Reset(wait)
			select {
			case <-timer.C:
			case <-quit:
				return
			}
		}
		select {
		case <-quit:
			return
		default:
		}
		f(due)
	}
}

// pause lets time pass: what is measured is what happens meanwhile.
func pause(d time.Duration) {
	timer := time.NewTimer(d)
	<-timer.C
}

// await asks until yes says yes, and fails the test when that takes too long.
func await(t *testing.T, most time.Duration, what string, yes func() bool) {
	t.Helper()
	for end := time.Now().Add(most); !yes(); pause(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within %v: %s", most, what)
		}
	}
}
