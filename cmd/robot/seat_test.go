package main

import (
	"errors"
	"math"
	"testing"
	"time"
)

func TestRequestsUnderWayAreFoundByTheirIDs(t *testing.T) {
	s := &seat{}
	under := map[uint64]time.Duration{}
	heard := 0
	take := func(id uint64, at time.Duration, _ []byte) {
		heard++
		if under[id] != at {
			t.Errorf("request %d of %v, want %v", id, at, under[id])
		}
		delete(under, id)
	}
	for i := range 1000 {
		id, err := s.begin(time.Duration(i), take)
		if _, twice := under[id]; err != nil || twice || id == 0 {
			t.Fatalf("request %d: id %d, %v", i, id, err)
		}
		if under[id] = time.Duration(i); i%3 > 0 {
			for id := range under { // any
				s.Answer(id, nil)
				s.Answer(id, nil) // which nobody waits for
				break
			}
		}
	}
	for id := range under {
		s.Answer(id, nil)
	}
	s.Answer(0, nil)
	if heard != 1000 || s.open != 0 {
		t.Errorf("%d of 1000 heard, %d open", heard, s.open)
	}
}

func TestIDsBeginAgain(t *testing.T) {
	s := &seat{last: math.MaxInt32 - 1}
	for _, want := range []uint64{math.MaxInt32, 1} {
		if id, _ := s.begin(0, nil); id != want {
			t.Errorf("id %d, want %d", id, want)
		}
	}
}

func TestNotMoreThanSoManyRequestsAreUnderWay(t *testing.T) {
	s := &seat{}
	for range maxOpen {
		if _, err := s.begin(0, nil); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.begin(0, nil); !errors.Is(err, errBehind) {
		t.Errorf("one more: %v", err)
	}
}
