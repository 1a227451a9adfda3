package kubernetes_test

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fairlead-go/fairlead/internal/leak"
	"github.com/fairlead-go/fairlead/supervisor/cluster"
	"github.com/fairlead-go/fairlead/supervisor/cluster/kubernetes"
)

var _ cluster.Provider = kubernetes.Provider{}

func TestMain(m *testing.M) { leak.Main(m) }

// patience is how long a test waits for what must come.
const patience = 60 * time.Second

// node is a Run of a provider.
type node struct {
	t     *testing.T
	found chan []string
	lines chan string // what it logs
}

func run(s *server) *node {
	s.t.Helper()
	n := &node{t: s.t, found: make(chan []string, 1000), lines: make(chan string, 1000)}
	p := kubernetes.Provider{Selector: "app=fairlead", Server: s.URL, Folder: s.folder, Logger: slog.New(slog.NewTextHandler(n, nil))}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx, nil, func(a []string) { n.found <- a }) }()
	s.t.Cleanup(func() {
		stop()
		select {
		case err := <-ended:
			if err != nil {
				s.t.Errorf("Run ended with %v, want nil", err)
			}
		case <-time.After(patience):
			s.t.Errorf("Run goes on %v after its context has ended", patience)
		}
	})
	return n
}

func (n *node) Write(line []byte) (int, error) {
	select {
	case n.lines <- string(line):
	default: // nobody waits for so many
	}
	return len(line), nil
}

// sees wants the next of what is found to be exactly these.
func (n *node) sees(want ...string) {
	n.t.Helper()
	select {
	case got := <-n.found:
		if !slices.Equal(got, want) {
			n.t.Fatalf("found %q, want %q", got, want)
		}
	case <-time.After(patience):
		n.t.Fatalf("found nothing, want %q", want)
	}
}

// says waits for a line with text in it.
func (n *node) says(text string) {
	n.t.Helper()
	late := time.After(patience)
	for {
		select {
		case line := <-n.lines:
			if strings.Contains(line, text) {
				return
			}
		case <-late:
			n.t.Fatalf("no line with %q", text)
		}
	}
}

// watched waits for the next watch, and returns the version that it begins behind.
func (s *server) watched() string {
	s.t.Helper()
	select {
	case a := <-s.asked:
		if a.bookmarks != "true" {
			s.t.Errorf("a watch asks for bookmarks: %q, want true", a.bookmarks)
		}
		return a.version
	case <-time.After(patience):
		s.t.Fatal("nobody watches")
		return ""
	}
}

func (s *server) hangUp(last string) {
	s.t.Helper()
	select {
	case s.drop <- last:
	case <-time.After(patience):
		s.t.Fatal("nobody watches")
	}
}

func TestPodsComeAndGo(t *testing.T) {
	s := serve(t)
	s.running("gate-x", "10.0.0.1")
	n := run(s)
	n.sees("10.0.0.1:7946")

	s.put("backend-0", object{"hostname": "backend-0", "subdomain": "fairlead"}, object{"phase": "Pending"})
	s.put("backend-0", object{"hostname": "backend-0", "subdomain": "fairlead"}, object{"phase": "Pending", "podIP": "10.0.0.2"})
	n.sees("10.0.0.1:7946", "backend-0.fairlead.games.svc.cluster.local:7946")
	s.running("gate-y", "fd00::3")
	n.sees("10.0.0.1:7946", "[fd00::3]:7946", "backend-0.fairlead.games.svc.cluster.local:7946")
	s.put("gate-x", nil, object{"phase": "Failed", "podIP": "10.0.0.1"})
	n.sees("[fd00::3]:7946", "backend-0.fairlead.games.svc.cluster.local:7946")
	s.remove("backend-0")
	n.sees("[fd00::3]:7946")
	s.remove("gate-y")
	n.sees()
}

func TestAWatchGoesOnWhereItWas(t *testing.T) {
	s := serve(t)
	s.running("a", "10.0.0.1")
	n := run(s)
	n.sees("10.0.0.1:7946")
	if got := s.watched(); got != "101" {
		t.Errorf("the first watch begins behind %s, want 101, the list's version", got)
	}
	s.running("b", "10.0.0.2")
	n.sees("10.0.0.1:7946", "10.0.0.2:7946")
	s.mark()
	// Until the pod behind it is found, the bookmark may be on its way.
	s.running("c", "10.0.0.3")
	n.sees("10.0.0.1:7946", "10.0.0.2:7946", "10.0.0.3:7946")
	s.hangUp(`{"type":"MODIFIED","object":{"metadata":{"na`)
	if got := s.watched(); got != "104" {
		t.Errorf("the second watch begins behind %s, want 104, the last change's version", got)
	}
	s.remove("a")
	n.sees("10.0.0.2:7946", "10.0.0.3:7946")
}

func TestABookmarkIsAVersion(t *testing.T) {
	s := serve(t)
	s.running("a", "10.0.0.1")
	n := run(s)
	n.sees("10.0.0.1:7946")
	s.watched()
	// It is written together with what ends the watch, so it has come when the next one begins.
	s.hangUp(`{"type":"BOOKMARK","object":{"kind":"Pod","metadata":{"resourceVersion":"177"}}}` + "\n")
	if got := s.watched(); got != "177" {
		t.Errorf("the second watch begins behind %s, want 177, the bookmark's version", got)
	}
}

func TestWhatIsForgottenIsListedAgain(t *testing.T) {
	for name, forget := range map[string]func(*server){
		"in the middle of a watch": func(s *server) { s.change(func() { s.floor = 500 }) },
		"when a watch begins": func(s *server) {
			s.change(func() { s.tooOld = true })
			s.hangUp(`{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"177"}}}` + "\n")
			if got := s.watched(); got != "177" {
				s.t.Errorf("the watch that is refused begins behind %s, want 177", got)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t)
			s.running("a", "10.0.0.1")
			n := run(s)
			n.sees("10.0.0.1:7946")
			s.watched()
			// Nobody is told of this one by a watch.
			s.mu.Lock()
			s.version = 600
			s.pods["b"] = object{"metadata": object{"name": "b"}, "status": object{"podIP": "10.0.0.2"}}
			s.mu.Unlock()
			forget(s)
			n.sees("10.0.0.1:7946", "10.0.0.2:7946")
			if got := s.watched(); got != "600" {
				t.Errorf("the second watch begins behind %s, want 600, the second list's version", got)
			}
		})
	}
}

func TestTheServerIsAway(t *testing.T) {
	for name, code := range map[string]int{"it hangs up": http.StatusTeapot, "it is not well": http.StatusServiceUnavailable} {
		t.Run(name, func(t *testing.T) {
			s := serve(t)
			s.running("a", "10.0.0.1")
			s.change(func() { s.refuse = code })
			n := run(s)
			n.says("Kubernetes does not tell of other nodes")
			s.change(func() { s.refuse = 0 })
			n.sees("10.0.0.1:7946")
			s.watched()

			s.change(func() { s.refuse = code })
			s.hangUp("")
			n.says("Kubernetes does not tell of other nodes")
			s.running("b", "10.0.0.2")
			s.change(func() { s.refuse = 0 })
			n.sees("10.0.0.1:7946", "10.0.0.2:7946") // and of nothing before
		})
	}
}

func TestTheTokenIsReadAgain(t *testing.T) {
	s := serve(t)
	s.running("a", "10.0.0.1")
	n := run(s)
	n.sees("10.0.0.1:7946")
	s.watched()
	s.change(func() { s.token = "second" })
	s.hangUp("")
	n.says("401 Unauthorized: who are you?")
	s.account("token", "second")
	s.running("b", "10.0.0.2")
	n.sees("10.0.0.1:7946", "10.0.0.2:7946")
}

func TestWhatCanNeverWork(t *testing.T) {
	t.Setenv("KUBERNETES_SERVICE_HOST", "")
	account := t.TempDir()
	for name, c := range map[string]struct {
		kubernetes.Provider
		want string
	}{
		"no selector":        {kubernetes.Provider{Server: "https://x"}, "Selector:"},
		"no server":          {kubernetes.Provider{Selector: "a"}, "Server:"},
		"a server in clear":  {kubernetes.Provider{Selector: "a", Server: "http://x"}, "Server:"},
		"a port that is not": {kubernetes.Provider{Selector: "a", Server: "https://x", Port: 65536}, "Port:"},
		"no service account": {kubernetes.Provider{Selector: "a", Server: "https://x", Folder: account}, "Namespace:"},
	} {
		t.Run(name, func(t *testing.T) {
			err := c.Run(t.Context(), nil, func([]string) { t.Error("found somebody") })
			if err == nil || !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("Run ended with %v, want %s", err, c.want)
			}
		})
	}
}

func TestAPodKnowsItsServer(t *testing.T) {
	s := serve(t)
	host, port, _ := strings.Cut(strings.TrimPrefix(s.URL, "https://"), ":")
	t.Setenv("KUBERNETES_SERVICE_HOST", host)
	t.Setenv("KUBERNETES_SERVICE_PORT", port)
	s.running("a", "10.0.0.1")
	s.URL = ""
	run(s).sees("10.0.0.1:7946")
}
