package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"sync/atomic"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/wire/pomelo"
)

// Errors of clients over UDP.
var (
	// ErrTooLong refuses a request that no datagram takes.
	ErrTooLong = errors.New("client: over 65,507 bytes")
	// ErrCookies: the server takes none of the cookies that it gives.
	ErrCookies = errors.New("client: no cookie is good enough")
)

const (
	maxDatagram = 65507
	// lostAfter is how long an answer of the handshake may take until the question is asked again,
	// at first; then twice as long each time, up to lostMost.
	lostAfter = 250 * time.Millisecond
	lostMost  = 2 * time.Second
	// maxCookies is how many a server may ask back in one handshake: they expire, too.
	maxCookies = 8
	// shortest is the least that is asked for a cookie: a server sends none that is longer than
	// the question (P19.4).
	shortest = 64
)

// datagrams is a wire of datagrams, each with packages.
type datagrams struct {
	conn   net.Conn
	buf    []byte
	frames []connectors.Frame
	heard  atomic.Bool // the server has had our ack: something came after it
}

// read passes by what makes no sense: anybody may have sent it.
func (d *datagrams) read() ([]connectors.Frame, error) {
	if d.buf == nil {
		d.buf = make([]byte, maxDatagram)
	}
	for {
		n, err := d.conn.Read(d.buf)
		if err != nil {
			return nil, err
		}
		if frames, ok := cutAll(d.buf[:n], d.frames[:0]); ok {
			d.frames = frames
			return frames, nil
		}
	}
}

// cutAll appends the packages in b. It is not ok when there is anything else in it, or nothing.
func cutAll(b []byte, dst []connectors.Frame) (frames []connectors.Frame, ok bool) {
	for ok = len(b) > 0; len(b) > 0; {
		_, rest, err := pomelo.DecodePackage(b)
		if err != nil {
			return dst, false
		}
		dst = append(dst, connectors.Frame{Data: b[:len(b)-len(rest)]})
		b = rest
	}
	return dst, ok
}

// readBy is read, but not for ever. It is not ok when the time is over.
func (d *datagrams) readBy(t time.Time) (frames []connectors.Frame, ok bool, err error) {
	d.conn.SetReadDeadline(t)
	frames, err = d.read()
	d.conn.SetReadDeadline(time.Time{})
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return nil, false, nil
	}
	return frames, err == nil, err
}

// write sends each package by itself, as servers want it (P19.1); an ack ahead of them for as long
// as it may have been lost.
func (d *datagrams) write(packages []byte) error {
	if !d.heard.Load() && packages[0] != pomelo.TypeHandshake && packages[0] != pomelo.TypeAck {
		if err := writePackage(d, pomelo.TypeAck, nil); err != nil {
			return err
		}
	}
	for b := packages; len(b) > 0; {
		_, rest, err := pomelo.DecodePackage(b)
		if err != nil {
			return err
		}
		if _, err := d.conn.Write(b[:len(b)-len(rest)]); err != nil {
			return err
		}
		b = rest
	}
	return nil
}

func (d *datagrams) bye(time.Time) {}
func (d *datagrams) close() error  { return d.conn.Close() }

// lossy is pomelo's talk where packages are lost: what is not answered is said again.
type lossy struct {
	packages
	d *datagrams
}

// enter says hello, with the cookie that the server gives, until it is answered, and acks.
func (l lossy) enter(w wire, cfg Config) (in welcome, err error) {
	var body []byte
	cookie := ""
	for range maxCookies {
		hello, err := helloWith(cookie, cfg)
		if err != nil {
			return in, err
		}
		if body, in.rest, err = l.ask(hello); err != nil {
			return in, err
		}
		code, given := challenge(body)
		if code != pomelo.CodeCookie {
			return l.ack(body, in)
		}
		cookie = given
	}
	return in, ErrCookies
}

// helloWith is hello with a cookie, long enough to be given one.
func helloWith(cookie string, cfg Config) ([]byte, error) {
	body, err := json.Marshal(hello{Sys: helloSys{Type: cfg.Type, Version: cfg.Version, Cookie: &cookie}, User: cfg.User})
	for len(body) < shortest {
		body = append(body, ' ')
	}
	return body, err
}

func challenge(answer []byte) (code int, cookie string) {
	var said struct{ Code int }
	if json.Unmarshal(answer, &said) != nil {
		return 0, ""
	}
	cookie, _ = pomelo.Cookie(answer)
	return said.Code, cookie
}

// ask says hello until there is an answer.
func (l lossy) ask(hello []byte) (answer []byte, rest []connectors.Frame, err error) {
	for wait := lostAfter; ; wait = min(2*wait, lostMost) {
		if err := writePackage(l.d, pomelo.TypeHandshake, hello); err != nil {
			return nil, nil, err
		}
		for by := time.Now().Add(wait); ; {
			frames, ok, err := l.d.readBy(by)
			if err != nil {
				return nil, nil, hungUp(err)
			}
			if !ok {
				break
			}
			if p, _, _ := pomelo.DecodePackage(frames[0].Data); p.Type == pomelo.TypeHandshake {
				return p.Body, frames[1:], nil
			}
		}
	}
}

// ack lets messages flow. A server with heartbeats answers the first one at once, and then heartbeats;
// with others it goes ahead of all that is sent until something comes.
func (l lossy) ack(answer []byte, in welcome) (welcome, error) {
	var err error
	if in.Handshake, err = parseAnswer(answer); err != nil {
		return in, err
	}
	if err := writePackage(l.d, pomelo.TypeAck, nil); err != nil || in.Heartbeat == 0 {
		return in, err
	}
	for wait := lostAfter; ; wait = min(2*wait, lostMost) {
		frames, ok, err := l.d.readBy(time.Now().Add(wait))
		if err != nil {
			return in, hungUp(err)
		}
		if ok && frames[0].Data[0] != pomelo.TypeHandshake {
			l.d.heard.Store(true)
			in.rest = frames
			return in, nil
		}
		if err := l.d.write(l.beat()); err != nil {
			return in, err
		}
	}
}

func (l lossy) hear(c *Client, f connectors.Frame) error {
	if !l.d.heard.Load() && f.Data[0] != pomelo.TypeHandshake {
		l.d.heard.Store(true)
	}
	return l.packages.hear(c, f)
}

// message refuses what no datagram takes.
func (l lossy) message(id uint64, route string, body []byte) ([]byte, error) {
	b, err := l.packages.message(id, route, body)
	if err == nil && len(b) > maxDatagram {
		return nil, fmt.Errorf("%w: %d", ErrTooLong, len(b))
	}
	return b, err
}

// bye is a kick: a server that hears nothing more would wait.
func (lossy) bye() []byte {
	b, _ := pomelo.Package{Type: pomelo.TypeKick}.Append(nil) // fails only for what is too long
	return b
}
