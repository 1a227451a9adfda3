package kubernetes_test

import (
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
)

// server answers as an API server does for the pods of one namespace and selector.
type server struct {
	*httptest.Server
	t      *testing.T
	folder string // a service account

	mu      sync.Mutex // the handlers' and the test's
	token   string
	refuse  int  // a status for every request
	tooOld  bool // the next watch is
	pods    map[string]object
	version int
	floor   int // changes up to it are forgotten
	changes []change
	news    chan struct{} // closed with every change of anything here
	drop    chan string   // ends a watch; what is sent is written to it before
	asked   chan askedFor // watches, as they came
}

type (
	object = map[string]any
	change struct {
		version int
		kind    string
		object  object
	}
	askedFor struct{ version, bookmarks string }
)

func serve(t *testing.T) *server {
	t.Helper()
	s := &server{
		t: t, folder: t.TempDir(), token: "first", version: 100, pods: map[string]object{},
		news: make(chan struct{}), drop: make(chan string), asked: make(chan askedFor, 1000),
	}
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(s.answer))
	s.EnableHTTP2 = true
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	s.account("ca.crt", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})))
	s.account("token", s.token+"\n")
	s.account("namespace", "games")
	return s
}

// account writes a file of the service account, as kubelet does.
func (s *server) account(name, text string) {
	s.t.Helper()
	temporary := filepath.Join(s.folder, ".."+name)
	if err := os.WriteFile(temporary, []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
	if err := os.Rename(temporary, filepath.Join(s.folder, name)); err != nil {
		s.t.Fatal(err)
	}
}

// change lets f change the server, and wakes who waits.
func (s *server) change(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
	close(s.news)
	s.news = make(chan struct{})
}

// put makes or changes a pod. The parts are of its object: metadata is seen to.
func (s *server) put(name string, spec, status object) {
	s.change(func() {
		s.version++
		kind := "ADDED"
		if s.pods[name] != nil {
			kind = "MODIFIED"
		}
		s.pods[name] = object{
			"metadata": object{"name": name, "namespace": "games", "resourceVersion": strconv.Itoa(s.version)},
			"spec":     spec, "status": status,
		}
		s.changes = append(s.changes, change{s.version, kind, s.pods[name]})
	})
}

// running makes a pod that has an IP and no name.
func (s *server) running(name, ip string) { s.put(name, nil, object{"phase": "Running", "podIP": ip}) }

func (s *server) remove(name string) {
	s.change(func() {
		s.version++
		pod := s.pods[name]
		pod["metadata"].(object)["resourceVersion"] = strconv.Itoa(s.version)
		delete(s.pods, name)
		s.changes = append(s.changes, change{s.version, "DELETED", pod})
	})
}

// mark sends a bookmark of a version that only others' changes have led to.
func (s *server) mark() {
	s.change(func() {
		s.version++
		s.changes = append(s.changes, change{s.version, "BOOKMARK", object{
			"kind": "Pod", "metadata": object{"resourceVersion": strconv.Itoa(s.version)}, "spec": object{"containers": nil},
		}})
	})
}

func (s *server) answer(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	code, token := s.refuse, s.token
	s.mu.Unlock()
	q := r.URL.Query()
	switch {
	case code == http.StatusTeapot:
		panic(http.ErrAbortHandler) // nobody is there
	case code != 0:
		refuse(w, code, "so it is")
	case r.Header.Get("Authorization") != "Bearer "+token:
		refuse(w, http.StatusUnauthorized, "who are you?")
	case r.Method != http.MethodGet, r.URL.Path != "/api/v1/namespaces/games/pods", q.Get("labelSelector") != "app=fairlead":
		refuse(w, http.StatusForbidden, r.URL.String())
	case q.Get("watch") == "":
		s.list(w)
	default:
		s.watch(w, r)
	}
}

func refuse(w http.ResponseWriter, code int, why string) {
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(object{"kind": "Status", "code": code, "message": why})
}

func (s *server) list(w http.ResponseWriter) {
	s.mu.Lock()
	defer s.mu.Unlock()
	items := []object{}
	for _, p := range s.pods {
		items = append(items, p)
	}
	_ = json.NewEncoder(w).Encode(object{"kind": "PodList", "metadata": object{"resourceVersion": strconv.Itoa(s.version)}, "items": items})
}

func (s *server) watch(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	s.asked <- askedFor{q.Get("resourceVersion"), q.Get("allowWatchBookmarks")}
	s.mu.Lock()
	tooOld := s.tooOld
	s.tooOld = false
	s.mu.Unlock()
	if tooOld {
		refuse(w, http.StatusGone, "too old resource version")
		return
	}
	at, err := strconv.Atoi(q.Get("resourceVersion"))
	if err != nil || q.Get("timeoutSeconds") == "" {
		refuse(w, http.StatusBadRequest, r.URL.String())
		return
	}
	for {
		s.mu.Lock()
		news, gone := s.news, at < s.floor
		var lines []byte
		for _, c := range s.changes {
			if c.version > at {
				line, _ := json.Marshal(object{"type": c.kind, "object": c.object}) // all of it is JSON
				lines, at = append(append(lines, line...), '\n'), c.version
			}
		}
		s.mu.Unlock()
		if gone { // in the middle of a watch it is an event
			_, _ = fmt.Fprintln(w, `{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired","message":"too old resource version"}}`)
			return
		}
		_, _ = w.Write(lines)
		w.(http.Flusher).Flush()
		select {
		case <-news:
		case last := <-s.drop:
			_, _ = io.WriteString(w, last)
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		case <-r.Context().Done():
			return
		}
	}
}
