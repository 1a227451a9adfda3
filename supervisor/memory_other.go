//go:build !linux

package supervisor

// groupLimit is zero: there are no control groups.
func groupLimit() int64 { return 0 }
