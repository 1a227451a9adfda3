package main

import (
	"bytes"
	"math/rand/v2"
	"strconv"
	"time"
)

// mark tells the pushes of one round from those of others, and carries in each its
// number and when it was to be published: "r9f3k.17.250031200;".
type mark struct{ prefix []byte }

func newMark() mark {
	return mark{[]byte("r" + strconv.FormatUint(rand.Uint64(), 36) + ".")}
}

// append appends the mark of push n, due at that time.
func (m mark) append(dst []byte, n int, at time.Duration) []byte {
	dst = append(strconv.AppendInt(append(dst, m.prefix...), int64(n), 10), '.')
	return append(strconv.AppendInt(dst, int64(at), 10), ';')
}

// find reads the mark in body: its number, and when it was due.
func (m mark) find(body []byte) (n int, at time.Duration, ok bool) {
	_, b, ok := bytes.Cut(body, m.prefix)
	number, b, dot := bytes.Cut(b, []byte("."))
	nanos, _, end := bytes.Cut(b, []byte(";"))
	if !ok || !dot || !end {
		return 0, 0, false
	}
	n, err := strconv.Atoi(string(number))
	due, bad := strconv.ParseInt(string(nanos), 10, 64)
	if err != nil || bad != nil || n < 0 {
		return 0, 0, false
	}
	return n, time.Duration(due), true
}

// set is a set of small numbers, a bit each.
type set []uint64

// add returns false if n was in it.
func (s *set) add(n int) bool {
	for n/64 >= len(*s) {
		*s = append(*s, 0)
	}
	bit := uint64(1) << (n % 64)
	had := (*s)[n/64]&bit != 0
	(*s)[n/64] |= bit
	return !had
}
