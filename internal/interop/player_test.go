package interop_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	// tolerance is how far a timed step may be off.
	tolerance = 150 * time.Millisecond
	// quiet is how long a recorded silence is waited for at most, where the
	// transcript is not about time.
	quiet = 300 * time.Millisecond
	// soon is before a server ends what is silent: no first byte for 3 s, no
	// handshake for 5 s, no life for 6 s.
	soon = 2 * time.Second
)

// player plays the client's part of a transcript and checks the server's.
type player struct {
	addr  string
	ws    bool
	udp   bool
	timed bool
	swap  bool  // heartbeats and other packages may swap places
	odd   frame // how data is framed, where that is not recorded

	peer    *peer
	held    []arrival // came before their turn
	others  []*player
	resp    *http.Response
	last    time.Time // of the step before
	closing bool      // a close frame has come
}

// play returns what differed first.
func (p *player) play(steps []step) error {
	if err := p.start(steps); err != nil {
		return err
	}
	for i, s := range steps {
		if err := p.do(s); err != nil {
			return fmt.Errorf("step %d: %w", i+1, err)
		}
	}
	return nil
}

func (p *player) start(steps []step) error {
	var err error
	if steps[0].away {
		p.ws = false // it does not come to an upgrade
	}
	if p.peer, err = p.dial(); err != nil {
		return err
	}
	p.last = time.Now()
	if !p.ws || steps[0].HTTPSend != "" {
		return nil
	}
	if p.resp, err = p.peer.upgrade(upgradeRequest); err == nil && p.resp.StatusCode != http.StatusSwitchingProtocols {
		err = errors.New("upgrade: " + p.resp.Status)
	}
	return err
}

func (p *player) dial() (*peer, error) {
	if p.udp {
		return dialUDP(p.addr)
	}
	return dial(p.addr, p.ws)
}

// close hangs up, here and on the other connections of the transcript.
func (p *player) close() {
	if p.peer != nil {
		p.peer.close()
	}
	for _, o := range p.others {
		o.close()
	}
}

func (p *player) do(s step) error {
	switch {
	case s.Send != nil:
		return p.send(s)
	case s.SendRaw != nil:
		return p.sent(p.peer.raw(s.SendRaw))
	case s.SendChunks != nil:
		return p.sendChunks(s)
	case s.SendFragments != nil:
		return p.sent(p.peer.raw(fragments(opBinary, s.SendFragments)))
	case s.Note == "client FIN":
		return p.sent(p.peer.finish())
	case s.HTTPSend != "":
		var err error
		p.resp, err = p.peer.upgrade(s.HTTPSend)
		return p.sent(err)
	case s.Second != nil:
		return p.beside(s.Second)
	case s.Third != nil:
		return p.beside(s.Third)
	}
	return p.see(s)
}

func (p *player) see(s step) error {
	switch {
	case s.HTTPRecv != "":
		return p.upgraded(s.HTTPRecv)
	case s.Recv != nil && s.Op == 0:
		return p.packages(s)
	case s.Recv != nil:
		return p.control(s)
	case s.RecvRaw != nil:
		return p.status(s.RecvRaw)
	case s.SilenceMS > 0:
		return p.silence(time.Duration(s.SilenceMS) * time.Millisecond)
	case s.ClosedBy != "":
		return p.closed(s)
	case s.ends, s.away:
		return p.ended(s)
	case s.refused:
		return p.refused()
	}
	return nil // for reading only
}

// beside plays the steps of another connection, which stays open.
func (p *player) beside(steps []step) error {
	o := &player{addr: p.addr, ws: p.ws, timed: p.timed}
	p.others = append(p.others, o)
	return o.play(steps)
}

// sent notes the time of a step of the client.
func (p *player) sent(err error) error {
	p.last = time.Now()
	return err
}

func (p *player) send(s step) error {
	p.pause(s.Note)
	if !p.ws {
		return p.sent(p.peer.raw(s.Send))
	}
	f := frame{op: opBinary, data: s.Send}
	if s.Op != 0 {
		f.op = s.Op
	}
	if len(s.Send) > 0 && s.Send[0] == 4 {
		f.rsv, f.bare = p.odd.rsv, p.odd.bare
	}
	return p.sent(p.peer.raw(f.append(nil)))
}

// pause keeps the recorded pace, which stands in the note of a step.
func (p *player) pause(note string) {
	if ms, _, ok := strings.Cut(note, " ms after the last server heartbeat"); ok {
		n, _ := strconv.Atoi(ms)
		<-time.After(time.Until(p.last.Add(time.Duration(n) * time.Millisecond)))
	}
}

func (p *player) sendChunks(s step) error {
	for _, chunk := range s.SendChunks {
		if err := p.peer.raw(chunk); err != nil {
			return err
		}
		<-time.After(time.Duration(s.GapMS) * time.Millisecond)
	}
	return p.sent(nil)
}

// next waits for what comes next. Where heartbeats may swap places with other
// packages, one of the other kind is held back.
func (p *player) next(heartbeat bool) arrival {
	for i, a := range p.held {
		if a.heartbeat() == heartbeat {
			p.held = append(p.held[:i], p.held[i+1:]...)
			return a
		}
	}
	for {
		a, _ := p.peer.next(patience)
		if !p.swap || a.op != opBinary || a.heartbeat() == heartbeat {
			return a
		}
		p.held = append(p.held, a)
	}
}

func (a arrival) heartbeat() bool { return a.op == opBinary && len(a.data) > 0 && a.data[0] == 3 }

// took checks when a timed step came, and notes it.
func (p *player) took(s step, a arrival) error {
	d := a.at.Sub(p.last)
	p.last = a.at
	if !p.timed || s.AfterMS == nil {
		return nil
	}
	if want := time.Duration(*s.AfterMS) * time.Millisecond; (d - want).Abs() > tolerance {
		return fmt.Errorf("%v came after %v, want %v", a, d.Round(time.Millisecond), want)
	}
	return nil
}

// packages sees all packages of a step, however the server gathered them.
func (p *player) packages(s step) error {
	if s.RSV != 0 {
		return errors.New("a compressed message cannot be replayed")
	}
	want, rest := cut(s.Recv)
	if len(rest) > 0 {
		return fmt.Errorf("the recording is no package: %.80q", s.Recv)
	}
	for _, w := range want {
		a := p.next(w[0] == 3)
		if a.op != opBinary || !samePackage(a.data, w) {
			return fmt.Errorf("got %v, want %s", a, show(w))
		}
		if err := p.took(s, a); err != nil {
			return err
		}
	}
	return nil
}

// control sees a close frame, whose code counts, or a pong.
func (p *player) control(s step) error {
	a := p.next(false)
	got, want := a.data, []byte(s.Recv)
	if s.Op == opClose {
		p.closing = true
		got, want = got[:min(2, len(got))], want[:min(2, len(want))]
	}
	if a.op != s.Op || !bytes.Equal(got, want) {
		return fmt.Errorf("got %v, want opcode %d with %x", a, s.Op, want)
	}
	return p.took(s, a)
}

// silence sees that nothing comes. After a close frame the end may.
func (p *player) silence(d time.Duration) error {
	if !p.timed {
		d = min(d, quiet)
	}
	a, ok := p.peer.next(d)
	p.last = time.Now()
	if !ok || a.err != nil && p.closing {
		return nil
	}
	return fmt.Errorf("got %v, want silence for %v", a, d)
}

// closed sees the orderly end of the connection.
func (p *player) closed(s step) error {
	a := p.next(false)
	if a.err != io.EOF {
		return fmt.Errorf("got %v, want the end (%s)", a, s.How)
	}
	return p.tookEnd(s, a)
}

// ended sees the connection end, however it does.
func (p *player) ended(s step) error {
	first := p.next(false)
	last := first
	if first.op == opClose {
		last = p.next(false)
	}
	if last.err == nil {
		return fmt.Errorf("got %v, want the end", last)
	}
	return p.tookEnd(s, first)
}

// tookEnd is took for the end, which must not be that of any silent client.
func (p *player) tookEnd(s step, a arrival) error {
	if d := a.at.Sub(p.last); !p.timed && d > soon {
		return fmt.Errorf("the end came after %v, want it at once", d.Round(time.Millisecond))
	}
	return p.took(s, a)
}

// upgraded compares what counts of the answer to an upgrade.
func (p *player) upgraded(recorded string) error {
	want, err := parseResponse(recorded)
	if err != nil {
		return err
	}
	if p.resp.StatusCode != want.StatusCode {
		return fmt.Errorf("got %s, want %s", p.resp.Status, want.Status)
	}
	for _, h := range []string{"Sec-WebSocket-Accept", "Sec-WebSocket-Protocol"} {
		if got, want := p.resp.Header.Get(h), want.Header.Get(h); got != want {
			return fmt.Errorf("got %s %q, want %q", h, got, want)
		}
	}
	return nil
}

// status compares the status of an HTTP answer.
func (p *player) status(recorded []byte) error {
	want, err := parseResponse(string(recorded))
	if err != nil {
		return err
	}
	a := p.next(false)
	got, err := parseResponse(string(a.data))
	if err != nil || got.StatusCode != want.StatusCode {
		return fmt.Errorf("got %v, want %s", a, want.Status)
	}
	return nil
}

// refused sees an HTTP error and the end, from a server that upgraded nothing.
func (p *player) refused() error {
	if p.ws {
		if p.resp.StatusCode/100 != 4 {
			return fmt.Errorf("got %s, want an error", p.resp.Status)
		}
		return nil
	}
	a := p.next(false)
	got, err := parseResponse(string(a.data))
	if err != nil || got.StatusCode/100 != 4 {
		return fmt.Errorf("got %v, want an HTTP error", a)
	}
	return p.ended(step{})
}

func parseResponse(text string) (*http.Response, error) {
	return http.ReadResponse(bufio.NewReader(strings.NewReader(text)), nil)
}
