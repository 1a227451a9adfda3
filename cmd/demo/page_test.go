package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestPageIsServedForBrowsersAndNothingElseIs(t *testing.T) {
	handler, err := pages(new(health))
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		method, path string
		status       int
		header, is   string // a header of the answer
		body         string // what the body contains
	}{
		"the page":                          {"GET", "/", 200, "Content-Type", "text/html; charset=utf-8", "<title>fairlead"},
		"the page by its name":              {"GET", "/index.html", 200, "Cache-Control", "no-cache", "<title>fairlead"},
		"modules as browsers insist":        {"GET", "/pomelo.js", 200, "Content-Type", "text/javascript; charset=utf-8", "class Pomelo"},
		"the other client":                  {"GET", "/socketio.js", 200, "Content-Type", "text/javascript; charset=utf-8", "class SocketIO"},
		"styles":                            {"GET", "/style.css", 200, "Content-Type", "text/css; charset=utf-8", "--hue"},
		"the icon":                          {"GET", "/favicon.svg", 200, "Content-Type", "image/svg+xml", "<svg"},
		"nothing from elsewhere may load":   {"GET", "/", 200, "Content-Security-Policy", policy, ""},
		"types are not guessed":             {"GET", "/main.js", 200, "X-Content-Type-Options", "nosniff", ""},
		"a HEAD has no body":                {"HEAD", "/", 200, "Content-Type", "text/html; charset=utf-8", ""},
		"health":                            {"GET", "/healthz", 200, "Cache-Control", "no-store", "ok\n"},
		"before it has started":             {"GET", "/ready", 503, "Cache-Control", "no-store", "starting\n"},
		"another path":                      {"GET", "/admin", 404, "", "", "not found"},
		"the folder itself":                 {"GET", "/page/", 404, "", "", "not found"},
		"a path that climbs":                {"GET", "/../main.go", 404, "", "", "not found"},
		"a method that would change things": {"POST", "/", 405, "Allow", "GET, HEAD", "not allowed"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, httptest.NewRequest(tt.method, tt.path, nil))
			if w.Code != tt.status {
				t.Errorf("status = %d, want %d", w.Code, tt.status)
			}
			if got := w.Header().Get(tt.header); tt.header != "" && got != tt.is {
				t.Errorf("%s = %q, want %q", tt.header, got, tt.is)
			}
			if !strings.Contains(w.Body.String(), tt.body) {
				t.Errorf("body = %.80q, want %q in it", w.Body, tt.body)
			}
			if tt.method == "HEAD" && w.Body.Len() > 0 {
				t.Errorf("a HEAD was answered with a body of %d bytes", w.Body.Len())
			}
		})
	}
}

func TestPageIsNotSentAgainToWhoHasIt(t *testing.T) {
	handler, err := pages(new(health))
	if err != nil {
		t.Fatal(err)
	}
	first := httptest.NewRecorder()
	handler.ServeHTTP(first, httptest.NewRequest("GET", "/main.js", nil))
	again := httptest.NewRequest("GET", "/main.js", nil)
	again.Header.Set("If-None-Match", first.Header().Get("ETag"))
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, again)
	if w.Code != http.StatusNotModified || w.Body.Len() > 0 {
		t.Errorf("second request = %d with %d bytes, want 304 with none", w.Code, w.Body.Len())
	}
}
