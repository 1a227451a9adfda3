//go:build linux && race

package stress_test

// racing: the race detector is on, whose memory is not the server's.
const racing = true
