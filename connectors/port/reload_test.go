package port_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fairlead-go/fairlead/connectors/port"
)

// files are where a certificate and its key lie.
type files struct{ cert, key string }

func newFiles(t *testing.T) files {
	dir := t.TempDir()
	return files{filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")}
}

// pems makes a certificate with this name and its key.
func pems(t *testing.T, name string) (cert, key []byte) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, k.Public(), k)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})
}

// put replaces a file by another, as certificates are renewed.
func put(t *testing.T, name string, b []byte) {
	t.Helper()
	if err := os.WriteFile(name+".new", b, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(name+".new", name); err != nil {
		t.Fatal(err)
	}
}

func (f files) renew(t *testing.T, name string) {
	t.Helper()
	cert, key := pems(t, name)
	put(t, f.cert, cert)
	put(t, f.key, key)
}

// greeted is the name in the certificate that a client is shown.
func greeted(t *testing.T, c net.Conn, serverName string) string {
	t.Helper()
	conn := tls.Client(c, &tls.Config{InsecureSkipVerify: true, ServerName: serverName})
	if err := conn.HandshakeContext(context.Background()); err != nil {
		t.Fatal(err)
	}
	return conn.ConnectionState().PeerCertificates[0].Subject.CommonName
}

// lines are what a logger has said.
type lines struct {
	mu sync.Mutex
	bytes.Buffer
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.Buffer.Write(b)
}

func (l *lines) count(level string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.String(), "level="+level)
}

func TestCertificatesAreReadAgain(t *testing.T) {
	f := newFiles(t)
	f.renew(t, "first")
	log := &lines{}
	p := &port.Port{CertFile: f.cert, KeyFile: f.key, Logger: slog.New(slog.NewTextHandler(log, nil))}
	inTown(t, p, func(t *testing.T, l *town, _ chan net.Conn) {
		for i, s := range []struct {
			after  time.Duration
			change func()
			want   string
			errors int // in the log by then
		}{
			{0, func() {}, "first", 0},
			{999 * time.Millisecond, func() { f.renew(t, "second") }, "first", 0}, // not looked at yet
			{time.Millisecond, func() {}, "second", 0},
			{time.Hour, func() { f.renew(t, "third") }, "third", 0},
			{999 * time.Millisecond, func() { f.renew(t, "fourth") }, "third", 0},
			{time.Second, func() { put(t, f.cert, []byte("broken")) }, "third", 1},
			{time.Second, func() {}, "third", 1}, // told once
			{time.Second, func() { _ = os.Remove(f.key) }, "third", 2},
			{time.Second, func() {}, "third", 2},
			{time.Second, func() { f.renew(t, "fifth") }, "fifth", 2},
			{time.Second, func() { cert, _ := pems(t, "alone"); put(t, f.cert, cert) }, "fifth", 3}, // the key is of another
			{time.Second, func() { f.renew(t, "sixth") }, "sixth", 3},
		} {
			time.Sleep(s.after)
			s.change()
			c := l.dial(t, "192.0.2.1:1", "")
			if got := greeted(t, c, "x"); got != s.want {
				t.Errorf("step %d: greeted by %q, want %q", i, got, s.want)
			}
			_ = c.Close()
			synctest.Wait()
			if got := log.count("ERROR"); got != s.errors {
				t.Errorf("step %d: %d errors logged, want %d:\n%s", i, got, s.errors, log.String())
			}
		}
	})
}

// The files' certificate comes in addition to those of TLS, and the user's own
// choice goes first.
func TestCertificatesInAddition(t *testing.T) {
	f := newFiles(t)
	f.renew(t, "files")
	pair := func(name string) tls.Certificate {
		cert, key := pems(t, name)
		c, err := tls.X509KeyPair(cert, key)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	chosen := &tls.Config{Certificates: []tls.Certificate{pair("chosen")}}
	conf := &tls.Config{
		MinVersion:   tls.VersionTLS12,
		Certificates: []tls.Certificate{pair("configured")},
		GetConfigForClient: func(h *tls.ClientHelloInfo) (*tls.Config, error) {
			if h.ServerName == "choose" {
				return chosen, nil
			}
			return nil, nil
		},
	}
	p := &port.Port{TLS: conf, CertFile: f.cert, KeyFile: f.key}
	inTown(t, p, func(t *testing.T, l *town, _ chan net.Conn) {
		for name, want := range map[string]string{"choose": "chosen", "other": "configured", "files": "files"} {
			c := l.dial(t, "192.0.2.1:1", "")
			if got := greeted(t, c, name); got != want {
				t.Errorf("%s: greeted by %q, want %q", name, got, want)
			}
			_ = c.Close()
		}
	})
}

// Whoever shakes hands while files are read again is greeted by a whole pair.
func TestCertificatesChangeWhileManyShakeHands(t *testing.T) {
	f := newFiles(t)
	f.renew(t, "first")
	inTown(t, &port.Port{CertFile: f.cert, KeyFile: f.key}, func(t *testing.T, l *town, _ chan net.Conn) {
		for range 3 {
			time.Sleep(time.Second)
			f.renew(t, "next")
			var wg sync.WaitGroup
			for range 4 {
				c := l.dial(t, "192.0.2.1:1", "")
				wg.Go(func() {
					if err := tls.Client(c, &tls.Config{InsecureSkipVerify: true}).HandshakeContext(context.Background()); err != nil {
						t.Error(err)
					}
					_ = c.Close()
				})
			}
			wg.Wait()
		}
	})
}
