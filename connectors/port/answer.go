package port

import (
	"bufio"
	"bytes"
	"cmp"
	"fmt"
	"net"
	"net/http"
	"time"
)

// held is how much of an answer's body is kept back so that its length can be told.
const held = 2 << 10

// answer is the http.ResponseWriter of an upgrade. Handlers mostly take the connection
// over; whatever they say otherwise is the last thing said on it. As with net/http's, one
// goroutine writes it.
type answer struct {
	upgrade *upgrade
	serving *waiting // has it until its connection is taken over, or the port has closed it

	header http.Header
	status int          // 0 until WriteHeader
	head   bytes.Buffer // from then on, but for what depends on the body
	typed  bool         // of what type the body is, need not be found out
	body   []byte       // what is held
	sent   bool         // the head has left, and the body follows as it comes
	over   bool         // taken over, or answered
}

var (
	_ http.Hijacker = (*answer)(nil)
	_ http.Flusher  = (*answer)(nil)
)

// Header is what WriteHeader takes.
func (a *answer) Header() http.Header {
	if a.header == nil {
		a.header = http.Header{}
	}
	return a.header
}

// WriteHeader fixes the head. What only informs (1xx) is not passed on.
func (a *answer) WriteHeader(status int) {
	if status < 100 || status > 999 {
		panic(fmt.Sprintf("invalid WriteHeader code %v", status)) // as net/http does
	}
	switching := status == http.StatusSwitchingProtocols
	if a.over || a.status != 0 || status < 200 && !switching {
		return
	}
	a.status = status
	fmt.Fprintf(&a.head, "HTTP/1.1 %d %s\r\n", status, cmp.Or(http.StatusText(status), fmt.Sprint("status code ", status)))
	ours := map[string]bool{"Content-Length": true, "Transfer-Encoding": true, "Trailer": true}
	if !switching {
		ours["Connection"] = true
		a.head.WriteString("Connection: close\r\n")
	}
	if _, dated := a.header["Date"]; !dated {
		a.field("Date", time.Now().UTC().Format(http.TimeFormat))
	}
	_, a.typed = a.header["Content-Type"]
	a.typed = a.typed || a.header.Get("Content-Encoding") != ""
	_ = a.header.WriteSubset(&a.head, ours)
}

func (a *answer) field(name string, value any) {
	fmt.Fprintf(&a.head, "%s: %v\r\n", name, value)
}

// Write holds little of a body and sends more.
func (a *answer) Write(p []byte) (int, error) {
	if err := a.begin(); err != nil {
		return 0, err
	}
	if !a.bodied() {
		return 0, http.ErrBodyNotAllowed
	}
	if !a.sent && len(a.body)+len(p) <= held {
		a.body = append(a.body, p...)
		return len(p), nil
	}
	if err := a.send(p); err != nil {
		return 0, err
	}
	return a.upgrade.Write(p)
}

// begin sees to it that there is a head.
func (a *answer) begin() error {
	if a.over {
		return http.ErrHijacked
	}
	if a.status == 0 {
		a.WriteHeader(http.StatusOK)
	}
	return nil
}

// bodied tells whether the status is one with a body.
func (a *answer) bodied() bool {
	return a.status >= 200 && a.status != http.StatusNoContent && a.status != http.StatusNotModified
}

// send sends the head and what is held, unless it has. next follows: it may tell of what
// type the body is. How long that is, its end tells.
func (a *answer) send(next []byte) error {
	if a.sent {
		return nil
	}
	a.sent = true
	if sample := append(a.body, next[:min(len(next), 512)]...); !a.typed && len(sample) > 0 {
		a.field("Content-Type", http.DetectContentType(sample))
	}
	a.head.WriteString("\r\n")
	a.head.Write(a.body)
	_, err := a.upgrade.Write(a.head.Bytes())
	a.head, a.body = bytes.Buffer{}, nil
	return err
}

// Flush sends what has been written so far.
func (a *answer) Flush() { _ = a.FlushError() }

// FlushError is Flush for http.ResponseController.
func (a *answer) FlushError() error {
	if err := a.begin(); err != nil {
		return err
	}
	return a.send(nil)
}

// finish sends what the handler has left.
func (a *answer) finish() {
	if a.begin() != nil {
		return
	}
	if !a.sent && a.bodied() {
		a.field("Content-Length", len(a.body))
	}
	_ = a.send(nil)
	a.over = true
}

// SetReadDeadline is for http.ResponseController.
func (a *answer) SetReadDeadline(t time.Time) error { return a.upgrade.SetReadDeadline(t) }

// SetWriteDeadline is for http.ResponseController.
func (a *answer) SetWriteDeadline(t time.Time) error { return a.upgrade.SetWriteDeadline(t) }

// Hijack hands the connection over, with buffers like net/http's.
func (a *answer) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	c, err := a.Take()
	if err != nil {
		return nil, nil, err
	}
	return c, bufio.NewReadWriter(bufio.NewReader(c), bufio.NewWriter(c)), nil
}

// Take is Hijack for those who need no buffers: there is nothing in them.
func (a *answer) Take() (net.Conn, error) {
	if a.over {
		return nil, http.ErrHijacked
	}
	if a.status != 0 {
		if err := a.send(nil); err != nil {
			return nil, err
		}
	}
	if !a.serving.remove(a.upgrade) {
		return nil, net.ErrClosed
	}
	a.over = true
	c := a.upgrade.Conn
	return c, c.SetDeadline(time.Time{}) // a handler may have set one
}
