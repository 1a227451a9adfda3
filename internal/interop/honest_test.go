package interop_test

import (
	"io"
	"net"
	"sync"
	"testing"
)

// TestThePlayerTellsTheRecordedServerFromAnother plays each TCP transcript, of all
// profiles, against a server that does what was recorded, and against one whose
// last answer is another.
func TestThePlayerTellsTheRecordedServerFromAnother(t *testing.T) {
	t.Parallel()
	var wg sync.WaitGroup
	for _, tr := range read(t, "hybrid-tcp") {
		wg.Go(func() {
			if err := playAgainst(tr.Steps, -1); err != nil {
				t.Errorf("%s against its recording: %v", tr.Name, err)
			}
			last := -1
			for i, s := range tr.Steps {
				if s.Recv != nil {
					last = i
				}
			}
			if last >= 0 && playAgainst(tr.Steps, last) == nil {
				t.Errorf("%s: another answer in step %d is not noticed", tr.Name, last+1)
			}
		})
	}
	wg.Wait()
}

// playAgainst plays steps against the server they were recorded with, but for the
// answer in step wrong.
func playAgainst(steps []step, wrong int) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	var wg sync.WaitGroup
	defer wg.Wait()
	defer l.Close()
	wg.Go(func() { act(l, steps, wrong) })
	p := &player{addr: l.Addr().String()}
	defer p.close()
	return p.play(steps)
}

// act is the recorded server for one connection, and for those beside it.
func act(l net.Listener, steps []step, wrong int) {
	conn, err := l.Accept()
	if err != nil {
		return
	}
	defer conn.Close()
	for i, s := range steps {
		switch {
		case s.Second != nil || s.Third != nil:
			act(l, append(s.Second, s.Third...), -1)
		case i == wrong:
			conn.Write(pkg(3, "?"))
		case s.ClosedBy != "":
			return
		default:
			mimic(conn, s)
		}
	}
	io.Copy(io.Discard, conn) // until the client goes
}

// mimic reads what the client sends in a step and writes what it gets.
func mimic(conn net.Conn, s step) {
	n := len(s.Send)
	for _, chunk := range s.SendChunks {
		n += len(chunk)
	}
	io.CopyN(io.Discard, conn, int64(n))
	conn.Write(s.Recv)
	conn.Write(s.RecvRaw)
	if s.Note == "client FIN" {
		io.Copy(io.Discard, conn)
	}
}
