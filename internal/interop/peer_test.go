package interop_test

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// patience is how long a test waits for what must come.
const patience = 10 * time.Second

// arrival is one thing that came from the server: a package, a control frame,
// bytes that are neither, or the end.
type arrival struct {
	op   byte // opBinary for a package, 0 for other bytes
	data []byte
	err  error // the end; io.EOF is an orderly one
	at   time.Time
}

// peer is a client that sends any bytes and tells what comes. Its reader
// goroutine ends when the connection does, and close ends that.
type peer struct {
	conn net.Conn
	r    *bufio.Reader
	ws   bool
	in   chan arrival
	gone chan struct{}
}

// dial connects; WebSocket peers have yet to upgrade.
func dial(addr string, ws bool) (*peer, error) {
	conn, err := net.DialTimeout("tcp", addr, patience)
	if err != nil {
		return nil, err
	}
	p := &peer{conn: conn, r: bufio.NewReader(conn), ws: ws, in: make(chan arrival, 64), gone: make(chan struct{})}
	if !ws {
		go p.read(p.readPackages)
	}
	return p, nil
}

// upgradeRequest is what a WebSocket peer asks when nothing else is recorded.
const upgradeRequest = "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"

// upgrade asks for a WebSocket, and begins to read frames if it was granted.
func (p *peer) upgrade(request string) (*http.Response, error) {
	if _, err := io.WriteString(p.conn, request); err != nil {
		return nil, err
	}
	p.conn.SetReadDeadline(time.Now().Add(patience))
	resp, err := http.ReadResponse(p.r, nil)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusSwitchingProtocols {
		_, err := io.Copy(io.Discard, p.r) // the end must follow
		return resp, err
	}
	p.conn.SetReadDeadline(time.Time{})
	go p.read(p.readMessages)
	return resp, nil
}

func (p *peer) close() {
	select {
	case <-p.gone:
	default:
		close(p.gone)
	}
	p.conn.Close()
}

// send sends b as a client would: as it is on TCP, as one message on WebSocket.
func (p *peer) send(b []byte) error {
	if p.ws {
		b = frame{op: opBinary, data: b}.append(nil)
	}
	return p.raw(b)
}

func (p *peer) raw(b []byte) error {
	_, err := p.conn.Write(b)
	return err
}

// finish shuts the sending side: the client's FIN.
func (p *peer) finish() error { return p.conn.(*net.TCPConn).CloseWrite() }

// next waits for what comes next.
func (p *peer) next(d time.Duration) (arrival, bool) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case a := <-p.in:
		return a, true
	case <-t.C:
		return arrival{}, false
	}
}

// read runs in the peer's reader goroutine.
func (p *peer) read(all func() error) {
	p.deliver(arrival{err: all()})
}

func (p *peer) deliver(a arrival) {
	a.at = time.Now()
	select {
	case p.in <- a:
	case <-p.gone:
	}
}

func (p *peer) readPackages() error {
	for {
		head, err := p.r.Peek(1)
		if err != nil {
			return err
		}
		if head[0] == 'H' { // an HTTP answer
			b, err := io.ReadAll(p.r)
			p.deliver(arrival{data: b})
			return cmpErr(err, io.EOF)
		}
		b, err := readPackage(p.r)
		if err != nil {
			return err
		}
		p.deliver(arrival{op: opBinary, data: b})
	}
}

func (p *peer) readMessages() error {
	var message []byte
	for {
		f, err := readFrame(p.r)
		if err != nil {
			return err
		}
		switch {
		case f.op == opClose:
			p.deliver(arrival{op: f.op, data: f.data})
			p.raw(frame{op: opClose, data: f.data}.append(nil)) // late ones reach nobody
		case f.op >= opClose || f.rsv != 0:
			p.deliver(arrival{op: f.op | f.rsv<<4, data: f.data})
		default:
			message = append(message, f.data...)
			if f.fin {
				p.deliverMessage(message)
				message = nil
			}
		}
	}
}

// deliverMessage delivers the packages of one WebSocket message.
func (p *peer) deliverMessage(b []byte) {
	packages, rest := cut(b)
	for _, pkg := range packages {
		p.deliver(arrival{op: opBinary, data: pkg})
	}
	if len(rest) > 0 || len(packages) == 0 {
		p.deliver(arrival{data: rest})
	}
}

func readPackage(r io.Reader) ([]byte, error) {
	b := make([]byte, 4)
	if _, err := io.ReadFull(r, b); err != nil {
		return nil, err
	}
	b = append(b, make([]byte, bodyLength(b))...)
	_, err := io.ReadFull(r, b[4:])
	return b, err
}

func bodyLength(head []byte) int {
	return int(binary.BigEndian.Uint32(head) & 0xffffff)
}

// cut cuts b into whole packages and what is left.
func cut(b []byte) (packages [][]byte, rest []byte) {
	for len(b) >= 4 && len(b) >= 4+bodyLength(b) {
		n := 4 + bodyLength(b)
		packages = append(packages, b[:n])
		b = b[n:]
	}
	return packages, b
}

func cmpErr(err, otherwise error) error {
	if err != nil {
		return err
	}
	return otherwise
}

// pkg makes a package.
func pkg(typ byte, body string) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(body)))
	b[0] = typ
	return append(b, body...)
}

// ask makes the package of a request with an id under 128.
func ask(id byte, route, body string) []byte {
	return pkg(4, "\x00"+string(id)+string(byte(len(route)))+route+body)
}

// answer makes the package of the response to it.
func answer(id byte, body string) []byte { return pkg(4, "\x04"+string(id)+body) }

const (
	echoRoute = "connector.entryHandler.echo"
	hello     = `{"sys":{"type":"js-websocket","version":"0.0.1"}}`
)

// join makes a client that has shaken hands.
func join(t *testing.T, addr string, ws bool) *peer {
	t.Helper()
	p, err := dial(addr, ws)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.close)
	if err := p.enter(); err != nil {
		t.Fatal(err)
	}
	return p
}

// enter upgrades, where that is due, and shakes hands.
func (p *peer) enter() error {
	if p.ws {
		if resp, err := p.upgrade(upgradeRequest); err != nil || resp.StatusCode != 101 {
			return errors.Join(errors.New("the upgrade was refused"), err)
		}
	}
	if err := p.send(pkg(1, hello)); err != nil {
		return err
	}
	a, ok := p.next(patience)
	if !ok || !strings.Contains(string(a.data), `"code":200`) {
		return errors.New("the handshake answer is " + a.String())
	}
	return p.send(pkg(2, ""))
}

// echo asks and waits for the answer, passing heartbeats by.
func (p *peer) echo(id byte) error {
	if err := p.send(ask(id, echoRoute, `{"alive":1}`)); err != nil {
		return err
	}
	for {
		a, ok := p.next(patience)
		switch {
		case !ok:
			return errors.New("no answer to an echo")
		case a.op == opBinary && a.data[0] == 3:
		case a.err != nil || !samePackage(a.data, answer(id, `{"alive":1}`)):
			return errors.New("the answer to an echo is " + a.String())
		default:
			return nil
		}
	}
}
