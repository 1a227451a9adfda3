//go:build !linux

package stress_test

import "testing"

func TestServerUnderStress(t *testing.T) {
	t.Skip("needs Linux: the server's memory and descriptors are looked up in /proc, many clients come from 127.0.0.0/8")
}
