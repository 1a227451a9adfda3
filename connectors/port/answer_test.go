package port_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/fairlead-go/fairlead/connectors/port"
)

// handlers say things that are no upgrade.
var handlers = map[string]http.HandlerFunc{
	"nothing":  func(http.ResponseWriter, *http.Request) {},
	"an error": func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusForbidden) },
	"JSON": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "a/b")
		fmt.Fprint(w, "{}")
	},
	"a page":    func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>") },
	"in pieces": func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<ht"); fmt.Fprint(w, "ml>") },
	"no body":   func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) },
	"a body where none may be": func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusNotModified)
		_, err := fmt.Fprint(w, "body")
		if err != http.ErrBodyNotAllowed {
			panic(err)
		}
	},
	"late headers": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-A", "1")
		w.WriteHeader(http.StatusTeapot)
		w.WriteHeader(http.StatusOK)
		w.Header().Set("X-A", "2")
		w.Header().Set("X-B", "2")
	},
	"a status of its own": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(799) },
	"many headers": func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Set-Cookie"] = []string{"a=1", "b=2"}
		w.Header().Set("X-Split", "a\r\nX-C: d")
		w.Header().Set("Bad Name", "a")
		w.Header().Set("Date", "Thu, 01 Jan 1970 00:00:00 GMT")
	},
	"no date, no type": func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Date"], w.Header()["Content-Type"] = nil, nil
		fmt.Fprint(w, "text")
	},
	"something packed": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "x")
		fmt.Fprint(w, "text")
	},
	"2 KiB":        func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, strings.Repeat("a", 2048)) },
	"more":         func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, strings.Repeat("a", 2049)) },
	"more and yet": func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "a"); _, _ = w.Write(make([]byte, 1<<20)) },
	"in its time": func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "a")
		w.(http.Flusher).Flush()
		fmt.Fprint(w, "b")
		if err := http.NewResponseController(w).Flush(); err != nil {
			panic(err)
		}
		fmt.Fprint(w, "c")
	},
	"flushed empty": func(w http.ResponseWriter, _ *http.Request) { w.(http.Flusher).Flush() },
	"under deadlines": func(w http.ResponseWriter, _ *http.Request) {
		c := http.NewResponseController(w)
		fmt.Fprint(w, c.SetReadDeadline(time.Now().Add(patience)), c.SetWriteDeadline(time.Now().Add(patience)))
	},
	"panic for a status": func(w http.ResponseWriter, _ *http.Request) {
		defer func() { fmt.Fprint(w, recover()) }()
		w.WriteHeader(0)
	},
}

func TestAClientIsAnsweredTheSameBothWays(t *testing.T) {
	for name, h := range handlers {
		t.Run(name, func(t *testing.T) {
			s, _ := user(t, &port.Port{Addr: "127.0.0.1:0"}, port.Claim{Handler: handle(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Connection", "close")
				h(w, r)
			})})
			a, aBody := answered(t, s, here)
			b, bBody := answered(t, s, there)
			if !a.Close || a.TransferEncoding != nil {
				t.Errorf("answered %+v", a)
			}
			for _, r := range []*http.Response{a, b} {
				r.Header.Del("Date")
				r.Header.Del("Content-Length") // where it is not told, the end of the stream tells it, or chunks do
			}
			if a.Status != b.Status || !reflect.DeepEqual(a.Header, b.Header) || aBody != bBody {
				t.Errorf("here\n%s %v, %d bytes, there\n%s %v, %d bytes", a.Status, a.Header, len(aBody), b.Status, b.Header, len(bBody))
			}
		})
	}
}

func answered(t *testing.T, s *port.Share, head string) (*http.Response, string) {
	t.Helper()
	c := dial(t, s, head)
	r, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := c.Read(make([]byte, 1)); n > 0 || err != io.EOF {
		t.Errorf("behind the answer: %d, %v", n, err)
	}
	return r, string(body)
}

func TestAShortAnswerTellsItsLength(t *testing.T) {
	s, _ := user(t, &port.Port{Addr: "127.0.0.1:0"}, port.Claim{Handler: says("short")})
	if r, _ := answered(t, s, here); r.ContentLength != 5 || r.Header.Get("Date") == "" {
		t.Errorf("answered %+v", r)
	}
}

// takers take connections over as libraries do, and echo.
var takers = map[string]http.HandlerFunc{
	"writes through the buffer": func(w http.ResponseWriter, _ *http.Request) {
		c, rw, err := w.(http.Hijacker).Hijack()
		if err != nil {
			panic(err)
		}
		defer c.Close()
		_, _ = rw.WriteString("HTTP/1.1 101 Switching Protocols\r\n\r\n")
		_ = rw.Flush()
		_, _ = io.Copy(c, rw)
	},
	"answers before it takes over": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Upgrade", "websocket")
		w.Header().Set("Connection", "Upgrade")
		w.WriteHeader(http.StatusSwitchingProtocols)
		c, rw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(err)
		}
		defer c.Close()
		b, _ := rw.Reader.Peek(rw.Reader.Buffered())
		rw.Reader.Reset(io.MultiReader(bytes.NewReader(b), c))
		rw.Writer.Reset(c)
		_, _ = io.Copy(c, rw)
	},
	"goes on behind the handler": func(w http.ResponseWriter, _ *http.Request) {
		c, rw, err := w.(http.Hijacker).Hijack()
		if err != nil {
			panic(err)
		}
		go func() {
			defer c.Close()
			_, _ = io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\n\r\n")
			_, _ = io.Copy(c, rw)
		}()
	},
	"tries more than once": func(w http.ResponseWriter, _ *http.Request) {
		c, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			panic(err)
		}
		defer c.Close()
		if _, _, err := w.(http.Hijacker).Hijack(); err != http.ErrHijacked {
			panic(err)
		}
		if _, err := w.Write([]byte("x")); err != http.ErrHijacked {
			panic(err)
		}
		w.WriteHeader(http.StatusOK)
		_, _ = io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\n\r\n")
		_, _ = io.Copy(c, c)
	},
}

func TestConnectionsAreTakenOverBothWays(t *testing.T) {
	for name, h := range takers {
		t.Run(name, func(t *testing.T) {
			p := &port.Port{Addr: "127.0.0.1:0"}
			s, _ := user(t, p, port.Claim{Handler: h})
			for _, head := range []string{here, there} {
				c := dial(t, s, head)
				r := bufio.NewReader(c)
				if res, err := http.ReadResponse(r, nil); err != nil || res.StatusCode != http.StatusSwitchingProtocols || res.Close {
					t.Fatalf("answered %+v, %v", res, err)
				}
				_, _ = io.WriteString(c, "echo")
				_ = c.(*net.TCPConn).CloseWrite()
				if b, err := io.ReadAll(r); err != nil || string(b) != "echo" {
					t.Errorf("got %q, %v", b, err)
				}
			}
		})
	}
}

// What is handed over is what came in: the kernel's socket can be read in other ways.
func TestWhatIsTakenOver(t *testing.T) {
	got := make(chan net.Conn, 1)
	p := &port.Port{Addr: "127.0.0.1:0"}
	s, _ := user(t, p, port.Claim{Handler: handle(func(w http.ResponseWriter, _ *http.Request) {
		c, err := w.(interface{ Take() (net.Conn, error) }).Take()
		if err != nil {
			panic(err)
		}
		got <- c
	})})
	client := dial(t, s, here)
	c := <-got
	if _, ok := port.Socket(c).(*net.TCPConn); !ok || p.Stats().Open != 1 {
		t.Errorf("a %T, %d are in", port.Socket(c), p.Stats().Open)
	}
	_, _ = io.WriteString(client, "x")
	wantStart(t, c, "x")
	_ = c.Close()
	if n := p.Stats().Open; n != 0 {
		t.Errorf("%d are in", n)
	}
}
