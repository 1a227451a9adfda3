package sio

import (
	"fmt"
	"net/http"
	"time"

	"github.com/fairlead-go/fairlead/internal/stream"
)

// refusal is how HTTP requests are refused (P16.2).
type refusal struct {
	status, code int
	message      string
}

var (
	unknownTransport = &refusal{http.StatusBadRequest, 0, "Transport unknown"}
	unknownSession   = &refusal{http.StatusBadRequest, 1, "Session ID unknown"}
	badMethod        = &refusal{http.StatusBadRequest, 2, "Bad handshake method"}
	badRequest       = &refusal{http.StatusBadRequest, 3, "Bad request"}
	forbidden        = &refusal{http.StatusForbidden, 4, "Forbidden"}
	badVersion       = &refusal{http.StatusBadRequest, 5, "Unsupported protocol version"}
	tooLarge         = &refusal{http.StatusRequestEntityTooLarge, 3, "Payload too large"}
	tooSlow          = &refusal{http.StatusRequestTimeout, 3, "Payload too slow"}
	tooMany          = &refusal{http.StatusServiceUnavailable, 4, "Too many clients"}
	draining         = &refusal{http.StatusServiceUnavailable, 4, "Draining"}
)

func (f *refusal) write(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(f.status)
	fmt.Fprintf(w, `{"code":%d,"message":%q}`, f.code, f.message)
}

// ServeHTTP serves one request of a client.
func (l *listener) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	l.enter()
	defer l.leave()
	w.Header().Set("Cache-Control", "no-store")
	if r.ContentLength != 0 && l.slack > 0 { // net/http waits for a body before it answers
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(l.slack))
	}
	if !l.cors(w, r) {
		forbidden.write(w)
		return
	}
	if r.Method == http.MethodOptions {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	if f := l.dispatch(w, newRequest(r)); f != nil {
		f.write(w)
	}
}

// cors lets pages of other origins read what they are answered (P16.3), or tells that they may not.
func (l *listener) cors(w http.ResponseWriter, r *http.Request) bool {
	h := w.Header()
	h.Set("Vary", "Origin")
	origin := r.Header.Get("Origin")
	if origin == "" {
		return true
	}
	if !l.upgrader.Allow(r) {
		return false
	}
	h.Set("Access-Control-Allow-Origin", origin)
	h.Set("Access-Control-Allow-Credentials", "true")
	if r.Method == http.MethodOptions {
		h.Set("Access-Control-Allow-Methods", "GET,POST")
		if asked := r.Header.Get("Access-Control-Request-Headers"); asked != "" {
			h.Set("Access-Control-Allow-Headers", asked)
		}
	}
	return true
}

// dispatch serves a request, or tells why not, in this order.
func (l *listener) dispatch(w http.ResponseWriter, r *request) *refusal {
	upgrade := stream.IsUpgrade(r.Request)
	switch {
	case !l.knows(r):
		return unknownTransport
	case r.sid != "":
		return l.proceed(w, r, upgrade)
	case r.Method != http.MethodGet:
		return badMethod
	case upgrade != (r.transport == WebSocket):
		return badRequest
	case r.version == 0:
		return badVersion
	case l.ask != nil && l.ask(r.Request) != nil:
		return forbidden
	}
	return l.open(w, r, upgrade)
}

// knows tells whether the transport is served. JSONP is not.
func (l *listener) knows(r *request) bool {
	return (r.transport == Polling && l.pollingServed || r.transport == WebSocket && l.webSocket) && !r.query.Has("j")
}

// proceed serves a request that names its engine.
func (l *listener) proceed(w http.ResponseWriter, r *request, upgrade bool) *refusal {
	e := l.find(r.sid)
	switch {
	case e == nil || !e.alive():
		return unknownSession
	case upgrade != (r.transport == WebSocket):
		return badRequest
	case upgrade:
		e.upgrade(w, r.Request)
	case r.Method == http.MethodGet && r.ContentLength == 0:
		return e.get(w, r.Request)
	case r.Method == http.MethodPost:
		return e.post(w, r.Request)
	default:
		return badRequest
	}
	return nil
}

// open makes the engine of a newcomer.
func (l *listener) open(w http.ResponseWriter, r *request, upgrade bool) *refusal {
	if f := l.reserve(r.from(), !upgrade); f != nil {
		return f
	}
	if upgrade {
		ws, err := l.upgrader.Upgrade(w, r.Request, l.options())
		if err != nil { // it has been answered
			l.release(r.from())
			return nil
		}
		e := l.newEngine(r, ws)
		l.add(e)
		go e.greet(ws)
		return nil
	}
	e := l.newEngine(r, nil)
	l.add(e)
	if l.cookie != "" {
		http.SetCookie(w, &http.Cookie{Name: l.cookie, Value: e.sid, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode})
	}
	e.enter()
	return e.get(w, r.Request)
}
