//go:build !linux

package poll

import (
	"errors"
	"syscall"
)

// Supported tells whether Add works here at all.
const Supported = false

type duty struct{}

// Read is not called: there are no Hands.
func (h *Hand) Read(syscall.RawConn) (b []byte, full bool, err error) {
	return nil, false, errors.ErrUnsupported
}

// Place is a Reader's with its loop.
type Place struct{}

// Add does not work here.
func Add(Reader) (Place, error) { return Place{}, errors.ErrUnsupported }

// Leave does nothing.
func (Place) Leave() {}
