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
	defer e.endPost()
	body, err := e.bodyOf(w, r)
	if err == nil {
		err = e.hearPayload(body, isBinary(r))
	}
	if err != nil {
		e.fail(err)
		switch {
		case errors.Is(err, connectors.ErrTooLarge):
			return tooLarge
		case errors.Is(err, connectors.ErrStalled):
			return tooSlow
		}
		return badRequest
	}
	w.Header().Set("Content-Type", "text/html")
	_, _ = io.WriteString(w, "ok")
	_ = http.NewResponseController(w).Flush()
	return nil
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

// bodyOf reads a body as far as it may go, in time. Memory follows what has come.
func (e *engine) bodyOf(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	c := http.NewResponseController(w)
	if e.l.slack > 0 {
		_ = c.SetReadDeadline(time.Now().Add(e.l.slack))
		defer func() { _ = c.SetReadDeadline(time.Time{}) }()
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, int64(e.l.payload)))
	var over *http.MaxBytesError
	switch {
	case err == nil:
		return body, nil
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
	e.showLife()
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
