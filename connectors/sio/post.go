package sio

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"os"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
)

// post handles what a client that polls sends.
func (e *engine) post(w http.ResponseWriter, r *http.Request) *refusal {
	if f := e.beginPost(); f != nil {
		return f
	}
	err := e.take(w, r)
	e.endPost() // before the answer, which lets the client post again
	if err == nil {
		e.send(w, "text/html", []byte("ok"))
		return nil
	}
	e.fail(err)
	switch {
	case errors.Is(err, connectors.ErrTooLarge):
		return tooLarge
	case errors.Is(err, connectors.ErrStalled):
		return tooSlow
	}
	return badRequest
}

// take handles a body.
func (e *engine) take(w http.ResponseWriter, r *http.Request) error {
	body, err := e.bodyOf(w, r)
	if err != nil {
		return err
	}
	return e.hearPayload(body, isBinary(r))
}

func (e *engine) beginPost() *refusal {
	e.mu.Lock()
	switch {
	case e.end != nil:
		e.mu.Unlock()
		return unknownSession
	case e.ws != nil:
		e.mu.Unlock()
		return badRequest
	case e.posting: // the client posts twice
		e.mu.Unlock()
		e.fail(errOverlap)
		return badRequest
	}
	e.posting = true
	e.mu.Unlock()
	return nil
}

func (e *engine) endPost() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.posting = false
}

// bodyOf reads a body as far as it may go, in the time that a request has. Memory follows what has come.
func (e *engine) bodyOf(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, int64(e.l.payload)))
	var over *http.MaxBytesError
	switch {
	case err == nil:
		return body, http.NewResponseController(w).SetReadDeadline(time.Time{})
	case errors.As(err, &over):
		return nil, connectors.ErrTooLarge
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, connectors.ErrStalled
	}
	return nil, err
}

// isBinary tells how the packets of a body are framed.
func isBinary(r *http.Request) bool {
	t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && t == "application/octet-stream"
}

// hearPayload handles the packets of a payload in order.
func (e *engine) hearPayload(body []byte, binary bool) error {
	e.in.Lock()
	defer e.in.Unlock()
	e.begin()
	defer e.rest()
	var r run
	defer r.free()
	for p, err := range e.version.DecodePayload(body, binary, &e.dialect) {
		if err == nil {
			err = e.hear(&r, p)
		}
		if err != nil {
			r.deliver()
			return err
		}
	}
	r.deliver()
	return nil
}
