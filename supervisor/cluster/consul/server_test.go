package consul_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// agent is a Consul agent of one test's own, at an address that stays the same. What it knows ends with it.
type agent interface {
	address() string
	start()
	kill()
}

// prepare makes an agent that is not started: the real one where there is a program, else ours.
func prepare(t *testing.T) agent {
	t.Helper()
	l := listen(t)
	defer l.Close()
	if program, err := exec.LookPath("consul"); err == nil {
		a := &real{t: t, program: program, port: l.Addr().(*net.TCPAddr).Port}
		t.Cleanup(a.kill)
		return a
	}
	a := &fake{t: t, at: l.Addr().String()}
	t.Cleanup(a.kill)
	return a
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// real is the program, in its mode for development.
type real struct {
	t       *testing.T
	program string
	port    int
	process *exec.Cmd
}

func (r *real) address() string { return "127.0.0.1:" + strconv.Itoa(r.port) }

func (r *real) start() {
	r.t.Helper()
	arguments := []string{
		"agent", "-dev", "-bind=127.0.0.1", "-client=127.0.0.1", "-log-level=err",
		"-http-port=" + strconv.Itoa(r.port), "-dns-port=-1", "-grpc-port=-1", "-grpc-tls-port=-1",
	}
	for _, name := range []string{"-server-port=", "-serf-lan-port=", "-serf-wan-port="} {
		l := listen(r.t)
		defer l.Close() // together, so that they differ
		arguments = append(arguments, name+strconv.Itoa(l.Addr().(*net.TCPAddr).Port))
	}
	r.process = exec.Command(r.program, arguments...)
	if err := r.process.Start(); err != nil {
		r.t.Fatal(err)
	}
}

func (r *real) kill() {
	if r.process != nil {
		_ = r.process.Process.Kill()
		_ = r.process.Wait() // that it was killed is no news
		r.process = nil
	}
}

// fake knows the four requests that the provider makes, as Consul's documentation has them.
type fake struct {
	t      *testing.T
	at     string
	token  string // empty: none is wanted
	secure bool

	server *httptest.Server

	mu       sync.Mutex // the handlers', the timers' and the test's
	services map[string]*service
	index    uint64
	news     chan struct{} // closed with every change
}

// service is one that is registered, with its check.
type service struct {
	ID, Name, Address string
	Port              int
	Meta              map[string]string
	Check             struct {
		CheckID, TTL, Status           string
		DeregisterCriticalServiceAfter string
	}

	expiry *time.Timer
}

func (f *fake) address() string { return f.at }

func (f *fake) start() {
	f.t.Helper()
	l, err := net.Listen("tcp", f.at)
	if err != nil {
		f.t.Fatal(err)
	}
	f.mu.Lock()
	f.services, f.index, f.news = map[string]*service{}, 10, make(chan struct{})
	f.mu.Unlock()
	mux := http.NewServeMux()
	mux.HandleFunc("PUT /v1/agent/service/register", f.register)
	mux.HandleFunc("PUT /v1/agent/service/deregister/{id}", f.deregister)
	mux.HandleFunc("PUT /v1/agent/check/update/{id}", f.update)
	mux.HandleFunc("GET /v1/health/service/{name}", f.health)
	f.server = httptest.NewUnstartedServer(f.guard(mux))
	f.server.Config.ErrorLog = log.New(io.Discard, "", 0)
	_ = f.server.Listener.Close()
	f.server.Listener = l
	if f.secure {
		f.server.StartTLS()
	} else {
		f.server.Start()
	}
}

func (f *fake) kill() {
	if f.server == nil {
		return
	}
	f.server.CloseClientConnections()
	f.server.Close()
	f.server = nil
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, s := range f.services {
		s.expiry.Stop()
	}
}

// trust is how a client knows a secure agent.
func (f *fake) trust() *tls.Config {
	roots := x509.NewCertPool()
	roots.AddCert(f.server.Certificate())
	return &tls.Config{RootCAs: roots}
}

func (f *fake) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if f.token != "" && r.Header.Get("X-Consul-Token") != f.token {
			http.Error(w, "Permission denied: token with AccessorID lacks permission", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// change lets do change the agent, and wakes who waits.
func (f *fake) change(do func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	do()
	f.index++
	close(f.news)
	f.news = make(chan struct{})
}

func (f *fake) register(w http.ResponseWriter, r *http.Request) {
	s := new(service)
	err := json.NewDecoder(r.Body).Decode(s)
	ttl, bad := time.ParseDuration(s.Check.TTL)
	if forget, worse := time.ParseDuration(s.Check.DeregisterCriticalServiceAfter); err != nil || bad != nil || worse != nil || forget < time.Minute {
		http.Error(w, "Invalid check", http.StatusBadRequest)
		return
	}
	f.change(func() {
		if old := f.services[s.ID]; old != nil {
			old.expiry.Stop()
		}
		f.services[s.ID] = s
		s.expiry = time.AfterFunc(ttl, func() {
			f.change(func() { s.Check.Status = "critical" })
		})
	})
}

func (f *fake) deregister(_ http.ResponseWriter, r *http.Request) {
	f.change(func() {
		if s := f.services[r.PathValue("id")]; s != nil {
			s.expiry.Stop()
			delete(f.services, s.ID)
		}
	})
}

func (f *fake) update(w http.ResponseWriter, r *http.Request) {
	var u struct{ Status string }
	if err := json.NewDecoder(r.Body).Decode(&u); err != nil || u.Status != "passing" {
		http.Error(w, "Invalid check status", http.StatusBadRequest)
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	s := f.services[r.PathValue("id")]
	if s == nil {
		http.Error(w, "Unknown check ID "+strconv.Quote(r.PathValue("id")), http.StatusNotFound)
		return
	}
	ttl, _ := time.ParseDuration(s.Check.TTL) // register has seen to it
	s.expiry.Reset(ttl)
	s.Check.Status = u.Status
}

func (f *fake) health(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	behind, _ := strconv.ParseUint(q.Get("index"), 10, 64) // none is 0
	wait, err := time.ParseDuration(q.Get("wait"))
	if err != nil || !q.Has("passing") {
		http.Error(w, "Invalid wait time", http.StatusBadRequest)
		return
	}
	late := time.After(wait)
	for {
		f.mu.Lock()
		index, news := f.index, f.news
		entries := f.passing(r.PathValue("name"))
		f.mu.Unlock()
		if index == behind {
			select {
			case <-news:
				continue
			case <-r.Context().Done():
				return
			case <-late:
			}
		}
		w.Header().Set("X-Consul-Index", strconv.FormatUint(index, 10))
		w.Header().Set("X-Consul-LastContact", "0")
		_ = json.NewEncoder(w).Encode(entries)
		return
	}
}

// passing are the services of a name, as the answer has them. The caller holds the lock.
func (f *fake) passing(name string) []map[string]any {
	entries := []map[string]any{}
	for _, s := range f.services {
		if s.Name == name && s.Check.Status == "passing" {
			entries = append(entries, map[string]any{
				"Node":    map[string]any{"Address": "127.0.0.1"},
				"Service": map[string]any{"ID": s.ID, "Service": s.Name, "Address": s.Address, "Port": s.Port, "Meta": s.Meta},
			})
		}
	}
	return entries
}

// spoken is what a logger wrote, for a test to wait for.
type spoken struct{ lines chan string }

func (s *spoken) Write(line []byte) (int, error) {
	select {
	case s.lines <- string(line):
	default: // nobody waits for so many
	}
	return len(line), nil
}

// await waits for a line with text in it.
func (s *spoken) await(t *testing.T, text string) {
	t.Helper()
	late := time.After(patience)
	for {
		select {
		case line := <-s.lines:
			if strings.Contains(line, text) {
				return
			}
		case <-late:
			t.Fatalf("no line with %q after %v", text, patience)
		}
	}
}
