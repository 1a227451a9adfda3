package bench_test

import (
	"net"
	"syscall"
	"testing"
)

// descriptor is a client that is nothing but a file descriptor, and allocates nothing.
type descriptor int

func (d *descriptor) Read(p []byte) (int, error)  { return syscall.Read(int(*d), p) }
func (d *descriptor) Write(p []byte) (int, error) { return syscall.Write(int(*d), p) }

func (d *descriptor) dial(to syscall.Sockaddr) error {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	*d = descriptor(fd)
	return syscall.Connect(fd, to)
}

// A client comes in, shakes hands and hears the server's first heartbeat.
func TestComingInCostsFewAllocations(t *testing.T) {
	stable(t)
	for _, name := range []string{"tcp", "ws"} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, overTCP().Connector)
			defer s.end()
			to := &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}
			if addr, ok := s.Addrs("hybrid")[0].(*net.TCPAddr); ok {
				to.Port = addr.Port
			}
			var d descriptor
			h, dialled := newHand(wires[name].web), make([]descriptor, 0, 2000)
			objects, size := each(1000, func() {
				if err := d.dial(to); err != nil {
					t.Fatal(err)
				}
				dialled = append(dialled, d)
				if err := h.shake(&d); err != nil {
					t.Fatal(err)
				}
			})
			hold(t, name+" connect", objects)
			hold(t, name+" connect size", size)
			for _, d := range dialled {
				_ = syscall.Close(int(d))
			}
		})
	}
}
