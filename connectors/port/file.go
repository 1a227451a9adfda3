package port

import (
	"errors"
	"io/fs"
	"net"
	"os"
)

// errFile says that clients do not find a unix socket any more.
var errFile = errors.New("the socket's file is gone, or another's")

// file is the file of a unix socket that we have made; of others there is nothing to say.
type file struct {
	path string
	info fs.FileInfo
}

func fileOf(ln net.Listener) (f file) {
	if u, ok := ln.(*net.UnixListener); ok {
		f.path = u.Addr().String()
		f.info, _ = os.Lstat(f.path)
	}
	return f
}

// check tells whether clients still find it.
func (f file) check() error {
	if f.info == nil {
		return nil
	}
	if now, err := os.Lstat(f.path); err != nil || !os.SameFile(now, f.info) {
		return errFile
	}
	return nil
}

// shut closes ln, whose file this is, and leaves a file that is another's.
func (f file) shut(ln net.Listener) error {
	if u, ok := ln.(*net.UnixListener); ok && f.check() != nil {
		u.SetUnlinkOnClose(false)
	}
	return ln.Close()
}
