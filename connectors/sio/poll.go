package sio

import (
	"net/http"
	"strconv"
	"time"

	"github.com/fairlead-go/fairlead/connectors/wire/engineio"
	"github.com/fairlead-go/fairlead/internal/stream"
)

// probeTime is how long a GET that comes while the client upgrades waits for it to have done so.
const probeTime = 100 * time.Millisecond

// poll is a GET that is held.
type poll struct {
	ready  chan struct{} // closed when it is to be answered
	frames []byte
	why    *refusal // not nil: refused
	probed bool     // it came while the client upgrades
	last   bool     // of its engine
}

// get answers a GET with what waits for the client, or holds it until there is something.
func (e *engine) get(w http.ResponseWriter, r *http.Request) *refusal {
	p, why := e.hold()
	if why != nil {
		return why
	}
	var late <-chan time.Time
	if p.probed {
		t := time.NewTimer(probeTime)
		defer t.Stop()
		late = t.C
	}
	select {
	case <-p.ready:
	case <-late:
		e.release(p)
	case <-r.Context().Done():
		e.cancel(p)
		return nil
	}
	if p.why != nil {
		return p.why
	}
	e.answer(w, p.frames)
	if p.last {
		e.vanish()
	}
	return nil
}

// hold makes a GET the one that is held, or tells why not.
func (e *engine) hold() (*poll, *refusal) {
	e.mu.Lock()
	if e.end == nil && e.poll != nil { // the client polls twice
		e.mu.Unlock()
		e.fail(errOverlap)
		return nil, badRequest
	}
	defer e.mu.Unlock()
	p := &poll{ready: make(chan struct{}), probed: e.probed}
	switch {
	case e.ws != nil:
		return nil, badRequest
	case e.end != nil && len(e.out) == 0:
		return nil, unknownSession
	}
	e.poll = p
	e.serve()
	return p, nil
}

// serve is called with mu held. It answers the GET that is held, if there is something to say.
func (e *engine) serve() {
	if e.poll == nil || len(e.out) == 0 || e.poll.probed && e.end == nil {
		return
	}
	e.poll.frames, e.out = e.out, nil
	if e.end != nil {
		e.out, e.end.last = e.end.last, nil
		e.poll.last = len(e.out) == 0
	}
	close(e.poll.ready)
	e.poll = nil
	e.wake()
}

// release answers a GET that has waited for an upgrade.
func (e *engine) release(p *poll) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.poll != p {
		return // meanwhile
	}
	p.probed = false
	if len(e.out) == 0 {
		e.out = engineio.AppendPacket(nil, engineio.Noop, "")
	}
	e.serve()
}

// cancel ends the engine of a client that has hung up on the GET that is held.
func (e *engine) cancel(p *poll) {
	e.mu.Lock()
	if e.poll == p {
		e.poll = nil
	}
	e.mu.Unlock()
	e.fail(errCancelled)
}

// answer writes frames as a payload.
func (e *engine) answer(w http.ResponseWriter, frames []byte) {
	b := stream.Scrap()
	defer stream.GiveBack(b)
	body, binary := e.version.AppendPayload((*b)[:0], frames, e.b64)
	*b = body
	kind := "text/plain; charset=UTF-8"
	if binary {
		kind = "application/octet-stream"
	}
	e.send(w, kind, body)
}

// send writes an answer, to its last byte: what is counted by the listener ends with it.
func (e *engine) send(w http.ResponseWriter, kind string, body []byte) {
	h := w.Header()
	h.Set("Content-Type", kind)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	c := http.NewResponseController(w)
	if e.l.slack > 0 { // else one that does not read would be written to for ever
		_ = c.SetWriteDeadline(time.Now().Add(e.l.slack))
		defer func() { _ = c.SetWriteDeadline(time.Time{}) }()
	}
	_, _ = w.Write(body) // the next request, or its absence, shows an error
	_ = c.Flush()
}
