package cluster_test

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

// holderVariable holds a gate's address and a number: a process of the test's own binary that is to have so many clients
// there. A process can only have so many sockets.
const holderVariable = "FAIRLEAD_TEST_SOCKETS"

// beHolder opens the sockets, says so, and then, whenever all of them have been sent a package, when that was.
func beHolder(conf string) error {
	go dieWithParent()
	address, number, _ := strings.Cut(conf, " ")
	count, err := strconv.Atoi(number)
	if err != nil {
		return err
	}
	all := make([]*raw, count)
	for i := range all {
		if all[i], err = dialRaw(address); err != nil {
			return err
		}
	}
	fmt.Println("in")
	for {
		var readers sync.WaitGroup
		for k := range 16 {
			readers.Go(func() {
				for i := k; i < count; i += 16 {
					if all[i].next() != nil {
						os.Exit(1)
					}
				}
			})
		}
		readers.Wait()
		fmt.Println("all", time.Now().UnixNano())
	}
}

// raw is a client that costs as little as possible: the test's own work is on the same cores.
type raw struct {
	net.Conn
	head [4]byte
}

const (
	greeting = `{"sys":{"type":"raw","version":"1"},"user":{}}`
	greeted  = "\x02\x00\x00\x00"
)

func dialRaw(address string) (*raw, error) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	r := &raw{Conn: conn}
	_, _ = fmt.Fprintf(conn, "\x01\x00\x00%c%s", len(greeting), greeting)
	err = r.next()
	_, _ = io.WriteString(conn, greeted)
	return r, err
}

// next reads a package, and lets go of it.
func (r *raw) next() error {
	if _, err := io.ReadFull(r, r.head[:]); err != nil {
		return err
	}
	n := int64(binary.BigEndian.Uint32(r.head[:]) & 0xffffff)
	_, err := io.CopyN(io.Discard, r, n)
	return err
}
