//go:build race

package bench_test

// racing tells whether the race detector runs, which takes memory of its own.
const racing = true
