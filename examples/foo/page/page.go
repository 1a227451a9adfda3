// Package page is a wire that is no network: a small file that two processes share, in memory if its folder is. It is
// what an author of a connector has before there is one.
//
// A page has a slot for each direction: how many bytes are in it, whether its writer has left, and the bytes. The writer waits
// until the slot is empty and fills it, the reader empties it: what is put at once is taken at once, as a datagram is. The
// file is not mapped, but read and written: if the far end cuts it short that is an error, and no signal that ends the process.
package page

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// Room is how many bytes can be put at once.
const Room = 64 << 10

// A slot has a head.
const (
	head = 8
	slot = head + Room
)

// Errors of Put and Take, besides io.EOF, net.ErrClosed and those of files.
var (
	ErrRoom = errors.New("page: more bytes than there is room for")
	ErrLeft = errors.New("page: the far end has left")
)

// Page is one end. One goroutine takes and one puts.
type Page struct {
	file    *os.File
	in, out int64 // where the slots are
}

// Lay makes a page, for a client, in a folder where somebody looks for it.
func Lay(folder string) (*Page, error) {
	file, err := os.CreateTemp(folder, "*.page")
	if err != nil {
		return nil, err
	}
	return &Page{file: file, in: slot, out: 0}, file.Truncate(2 * slot)
}

// Find takes a page out of a folder, or returns nil. It has no name any more: its memory is free when both ends have left.
func Find(folder string) *Page {
	names, _ := filepath.Glob(filepath.Join(folder, "*.page"))
	for _, name := range names {
		info, err := os.Lstat(name)
		if err != nil || !info.Mode().IsRegular() || info.Size() != 2*slot {
			continue // it is being laid, or is no page
		}
		if file, err := os.OpenFile(name, os.O_RDWR, 0); err == nil && os.Remove(name) == nil {
			return &Page{file: file, in: 0, out: slot}
		}
	}
	return nil
}

// Name is that of the page when it was laid.
func (p *Page) Name() string { return p.file.Name() }

// Take waits for what the far end puts and appends it to dst.
func (p *Page) Take(dst []byte) ([]byte, error) {
	for pause := Shortest; ; pause = Nap(pause) {
		size, left, err := p.look(p.in)
		switch {
		case err != nil:
			return dst, err
		case size > Room:
			return dst, ErrRoom
		case size > 0:
			return p.empty(dst, int(size))
		case left:
			return dst, io.EOF
		}
	}
}

func (p *Page) empty(dst []byte, size int) ([]byte, error) {
	n := len(dst)
	dst = slices.Grow(dst, size)[:n+size]
	err := p.read(dst[n:], p.in+head)
	if err == nil {
		err = p.mark(p.in, 0)
	}
	return dst, err
}

// Put waits until the far end has taken what was put before, and puts b.
func (p *Page) Put(b []byte) error {
	if len(b) > Room {
		return ErrRoom
	}
	for pause := Shortest; ; pause = Nap(pause) {
		full, _, err := p.look(p.out)
		_, left, err2 := p.look(p.in)
		switch {
		case err != nil || err2 != nil:
			return errors.Join(err, err2)
		case left:
			return ErrLeft
		case full == 0:
			if err = p.write(b, p.out+head); err == nil {
				err = p.mark(p.out, uint32(len(b)))
			}
			return err
		}
	}
}

// Leave ends Take and Put at both ends. What was put can still be taken. It does not wait, and may be called again.
func (p *Page) Leave() { _ = errors.Join(p.mark(p.out+4, 1), p.file.Close()) }

// look tells what is in a slot. Whether its writer has left is looked at first: what that has put is there by then.
func (p *Page) look(at int64) (size uint32, left bool, err error) {
	var b [4]byte
	err = p.read(b[:], at+4)
	if left = b != [4]byte{}; err == nil {
		err = p.read(b[:], at)
	}
	return binary.BigEndian.Uint32(b[:]), left, err
}

func (p *Page) mark(at int64, v uint32) error {
	return p.write(binary.BigEndian.AppendUint32(nil, v), at)
}

func (p *Page) read(b []byte, at int64) error {
	_, err := p.file.ReadAt(b, at)
	return ours(err)
}

func (p *Page) write(b []byte, at int64) error {
	_, err := p.file.WriteAt(b, at)
	return ours(err)
}

// ours is err as connections have it where the page was left at this end.
func ours(err error) error {
	if errors.Is(err, os.ErrClosed) {
		return net.ErrClosed
	}
	return err
}

// Shortest is how long to nap before a second look at anything here.
const Shortest = 50 * time.Microsecond

const longest = 5 * time.Millisecond

// Nap sleeps for d and returns for how long the next time.
func Nap(d time.Duration) time.Duration {
	time.Sleep(d)
	return min(2*d, longest)
}
