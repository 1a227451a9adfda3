package main

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestReadyIsWhatTheServerSays(t *testing.T) {
	h := new(health)
	ask := func(path string) (int, string) {
		w := httptest.NewRecorder()
		if !h.serves(w, httptest.NewRequest("GET", path, nil)) {
			return http.StatusNotFound, ""
		}
		return w.Code, w.Body.String()
	}
	wrong := errors.New("no port")
	for _, tt := range []struct {
		then func()
		path string
		code int
		text string
	}{
		{func() {}, "/ready", 503, "starting\n"},
		{func() { h.is(func() error { return nil }) }, "/ready", 200, "ok\n"},
		{func() { h.is(func() error { return wrong }) }, "/ready", 503, "no port\n"},
		{func() {}, "/healthz", 200, "ok\n"},
		{h.ends, "/ready", 503, "ending\n"},
		{func() {}, "/healthz", 200, "ok\n"},
		{func() {}, "/", 404, ""},
	} {
		tt.then()
		if code, text := ask(tt.path); code != tt.code || text != tt.text {
			t.Errorf("%s = %d %q, want %d %q", tt.path, code, text, tt.code, tt.text)
		}
	}
}
