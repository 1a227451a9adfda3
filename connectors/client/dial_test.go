package client_test

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/fairlead-go/fairlead/connectors/client"
	"github.com/fairlead-go/fairlead/connectors/memory"
	"github.com/fairlead-go/fairlead/connectors/wire/pomelo"
)

// welcome shakes hands with each client of l and echoes.
func welcome(t *testing.T, l net.Listener) {
	var all sync.WaitGroup
	all.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() { (&far{t: t, conn: conn}).welcome() })
		}
	})
	t.Cleanup(func() {
		l.Close()
		all.Wait()
	})
}

func (f *far) welcome() {
	f.expect(pomelo.TypeHandshake)
	f.send(pomelo.TypeHandshake, plain)
	f.expect(pomelo.TypeAck)
	f.echo()
}

// webSocket does the same over WebSocket. It sends two packages in one message.
func webSocket(t *testing.T) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/game" || r.Header.Get("X-Who") != "test" {
			http.Error(w, "no such game", http.StatusNotFound)
			return
		}
		conn, err := new(websocket.Upgrader).Upgrade(w, r, nil)
		if err != nil {
			t.Errorf("upgrade: %v", err)
			return
		}
		defer conn.Close()
		serveSocket(t, conn)
	})
}

func serveSocket(t *testing.T, conn *websocket.Conn) {
	for {
		_, b, err := conn.ReadMessage()
		if err != nil {
			if !websocket.IsCloseError(err, websocket.CloseNormalClosure) {
				t.Errorf("the client hung up with %v, want close 1000", err)
			}
			return
		}
		p, rest, err := pomelo.DecodePackage(b)
		if err != nil || len(rest) > 0 {
			t.Errorf("the client sent %q, want one package a message", b)
		}
		conn.WriteMessage(websocket.BinaryMessage, reply(p))
	}
}

// reply is what a server sends for p, perhaps nothing, and a push behind answers.
func reply(p pomelo.Package) []byte {
	var b []byte
	if p.Type == pomelo.TypeHandshake {
		b, _ = pomelo.Package{Type: p.Type, Body: []byte(plain)}.Append(nil)
	}
	if m, err := pomelo.DecodeMessage(p.Body); p.Type == pomelo.TypeData && err == nil && m.Kind == pomelo.KindRequest {
		push, _ := pomelo.Message{Kind: pomelo.KindPush, Route: []byte("onEcho"), Body: m.Body}.Append(nil)
		answer, _ := pomelo.Message{Kind: pomelo.KindResponse, ID: m.ID, Body: m.Body}.Append(nil)
		b, _ = pomelo.Package{Type: pomelo.TypeData, Body: push}.Append(nil)
		b, _ = pomelo.Package{Type: pomelo.TypeData, Body: answer}.Append(b)
	}
	return b
}

func listen(t *testing.T, network, addr string) net.Listener {
	t.Helper()
	l, err := net.Listen(network, addr)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// talk dials and checks that many requests at once are answered.
func talk(t *testing.T, cfg client.Config) {
	t.Helper()
	c, err := client.Dial(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			want := strings.Repeat(string(rune('a'+i)), 1000*i)
			if got, err := request(c, []byte(want)); got != want || err != nil {
				t.Errorf("answer of %d bytes and %v, want %d", len(got), err, len(want))
			}
		})
	}
	all.Wait()
}

func TestDialStreams(t *testing.T) {
	t.Run("tcp", func(t *testing.T) {
		l := listen(t, "tcp", "127.0.0.1:0")
		welcome(t, l)
		talk(t, client.Config{Addr: "tcp://" + l.Addr().String()})
	})
	t.Run("tcp without its scheme", func(t *testing.T) {
		l := listen(t, "tcp", "127.0.0.1:0")
		welcome(t, l)
		talk(t, client.Config{Addr: l.Addr().String()})
	})
	t.Run("unix", func(t *testing.T) {
		l := listen(t, "unix", filepath.Join(t.TempDir(), "s"))
		welcome(t, l)
		talk(t, client.Config{Addr: "unix:" + l.Addr().String()})
	})
	t.Run("tls", func(t *testing.T) {
		s := httptest.NewUnstartedServer(nil) // for its certificate
		s.StartTLS()
		defer s.Close()
		l := tls.NewListener(listen(t, "tcp", "127.0.0.1:0"), s.TLS)
		welcome(t, l)
		talk(t, client.Config{Addr: "tls://" + l.Addr().String(), TLS: s.Client().Transport.(*http.Transport).TLSClientConfig})
	})
}

func TestDialWebSocket(t *testing.T) {
	header := http.Header{"X-Who": {"test"}}
	t.Run("ws", func(t *testing.T) {
		s := httptest.NewServer(webSocket(t))
		defer s.Close()
		talk(t, client.Config{Addr: "ws" + strings.TrimPrefix(s.URL, "http") + "/game", Header: header})
	})
	t.Run("wss", func(t *testing.T) {
		s := httptest.NewTLSServer(webSocket(t))
		defer s.Close()
		secure := s.Client().Transport.(*http.Transport).TLSClientConfig
		talk(t, client.Config{Addr: "ws" + strings.TrimPrefix(s.URL, "http") + "/game", Header: header, TLS: secure})
	})
	t.Run("in virtual time", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			l := memory.Listen("web")
			s := &http.Server{Handler: webSocket(t)}
			go s.Serve(l)
			talk(t, client.Config{Addr: "ws://web/game", Header: header, NetDial: through(l)})
			s.Close()
		})
	})
}

func through(l *memory.Listener) func(context.Context, string, string) (net.Conn, error) {
	return func(context.Context, string, string) (net.Conn, error) { return l.Dial() }
}

func TestSeveralPackagesInOneWebSocketMessageComeInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := memory.Listen("web")
		s := &http.Server{Handler: webSocket(t)}
		go s.Serve(l)
		var got []string
		c, err := client.Dial(t.Context(), client.Config{
			Addr:    "ws://web/game",
			Header:  http.Header{"X-Who": {"test"}},
			NetDial: through(l),
			Push:    func(route string, body []byte) { got = append(got, route+":"+string(body)) },
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, body := range []string{"1", "2"} {
			answer, _ := request(c, []byte(body))
			got = append(got, "answer:"+answer)
		}
		if want := []string{"onEcho:1", "answer:1", "onEcho:2", "answer:2"}; !slices.Equal(got, want) {
			t.Errorf("came %q, want %q", got, want)
		}
		c.Close()
		s.Close()
	})
}

func TestDialsThatFail(t *testing.T) {
	refuse := errors.New("no way")
	tests := map[string]struct {
		cfg  client.Config
		want string
	}{
		"an unknown scheme": {cfg: client.Config{Addr: "ftp://host"}, want: `dial ftp://host: client: unknown scheme "ftp"`},
		"nobody there": {
			cfg: client.Config{Addr: "host:1", NetDial: func(_ context.Context, network, addr string) (net.Conn, error) {
				return nil, errors.Join(refuse, errors.New(network+" "+addr))
			}},
			want: "dial host:1: no way\ntcp host:1",
		},
	}
	for name, tt := range tests {
		if _, err := client.Dial(t.Context(), tt.cfg); err == nil || err.Error() != tt.want {
			t.Errorf("%s: %v, want %s", name, err, tt.want)
		}
	}
}

func TestAnUpgradeRefusedTellsItsStatus(t *testing.T) {
	s := httptest.NewServer(webSocket(t))
	defer s.Close()
	_, err := client.Dial(t.Context(), client.Config{Addr: "ws" + strings.TrimPrefix(s.URL, "http") + "/other"})
	if !errors.Is(err, websocket.ErrBadHandshake) || !strings.Contains(err.Error(), "404") {
		t.Errorf("error = %v, want a bad handshake with status 404", err)
	}
}

func TestDialEndsWithItsContext(t *testing.T) {
	for _, addr := range []string{"tcp://quiet:1", "ws://quiet/game", "tls://quiet:1"} {
		t.Run(addr, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := memory.Listen("quiet") // takes what comes and says nothing
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				begin := time.Now()
				_, err := client.Dial(ctx, client.Config{Addr: addr, NetDial: through(l)})
				if err == nil || time.Since(begin) != time.Second {
					t.Errorf("ended with %v after %v, want an error after 1s", err, time.Since(begin))
				}
			})
		})
	}
}
