//go:build !linux

package main

import "errors"

// spentBy cannot tell.
func spentBy(int) (spent, error) { return spent{}, errors.ErrUnsupported }
