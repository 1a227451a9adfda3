//go:build race

package connectortest

// racing tells whether the race detector runs, which finds some faults before the suite does.
const racing = true
