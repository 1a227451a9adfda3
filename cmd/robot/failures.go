package main

import (
	"cmp"
	"errors"
	"maps"
	"net"
	"slices"
	"sync"
)

// maxKinds bounds how many kinds of failures are told apart.
const maxKinds = 20

// failure is a kind of failure and how often it happened.
type failure struct {
	text  string
	count int
}

// failures counts failures by kind. A lock: its users are scenarios' goroutines,
// and they come seldom.
type failures struct {
	mu    sync.Mutex
	count map[string]int
}

func (f *failures) add(what string, err error) {
	text := what + ": " + plain(err)
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.count == nil {
		f.count = map[string]int{}
	}
	if _, known := f.count[text]; !known && len(f.count) >= maxKinds {
		text = "others"
	}
	f.count[text]++
}

// all lists the failures, the most frequent kind first.
func (f *failures) all() (list []failure) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, text := range slices.Sorted(maps.Keys(f.count)) {
		list = append(list, failure{text, f.count[text]})
	}
	slices.SortStableFunc(list, func(a, b failure) int { return cmp.Compare(b.count, a.count) })
	return list
}

// worst is the most frequent failure.
func (f *failures) worst() string {
	for _, one := range f.all() {
		return one.text
	}
	return "unknown"
}

// plain is what err says without the addresses of one connection, so that equal
// failures of many are one kind.
func plain(err error) string {
	var op *net.OpError
	if errors.As(err, &op) && op.Err != nil {
		return op.Op + ": " + op.Err.Error()
	}
	return err.Error()
}
