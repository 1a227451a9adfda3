package peer_test

import (
	"bytes"
	"crypto/x509"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fairlead-go/fairlead/messages"
	"github.com/fairlead-go/fairlead/supervisor/cluster/peer"
)

func TestCertificatesAreReadAgain(t *testing.T) {
	dir := t.TempDir()
	security, err := peer.Generate(dir, "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	now := time.Now()
	s, err := peer.OpenStore(security, slog.New(slog.NewTextHandler(&log, nil)), func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	serial := func() string {
		leaf, err := x509.ParseCertificate(s.Config().Certificates[0].Certificate[0])
		if err != nil {
			t.Fatal(err)
		}
		return leaf.SerialNumber.String()
	}
	first := serial()

	fresh := t.TempDir()
	if _, err := peer.Generate(fresh, "127.0.0.1"); err != nil {
		t.Fatal(err)
	}
	replace := func(from string, names ...string) {
		for _, name := range names {
			data, err := os.ReadFile(filepath.Join(from, name))
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Chtimes(filepath.Join(dir, name), now, now); err != nil {
				t.Fatal(err)
			}
		}
	}

	now = now.Add(time.Second)
	replace(fresh, "node.pem") // and its key is another's still
	for range 3 {
		if got := serial(); got != first {
			t.Errorf("with half of the new files: certificate %s, want the old one, %s", got, first)
		}
		now = now.Add(time.Second)
	}
	if n := strings.Count(log.String(), "cannot be used"); n != 1 {
		t.Errorf("the broken files are logged %d times, want once:\n%s", n, log.String())
	}

	replace(fresh, "node-key.pem", "ca.pem")
	if got := serial(); got == first {
		t.Error("the new certificate is not used")
	}
	second, roots := serial(), peer.Roots(s.Config())
	if err := os.Remove(security.CA); err != nil {
		t.Fatal(err)
	}
	if serial() != second {
		t.Error("files were looked at twice within a second")
	}
	now = now.Add(time.Second)
	if serial() != second || !peer.Roots(s.Config()).Equal(roots) {
		t.Error("a CA that is gone has changed something")
	}
}

func TestANodeWithNewCertificatesIsMet(t *testing.T) {
	dir := t.TempDir()
	security, err := authority.Write(dir, "example.com") // not for its address
	if err != nil {
		t.Fatal(err)
	}
	a, b := engines[0], start(t, security, nil)
	b.mesh.Know(a.address)
	b.awaitLine(t, "no stream to a node")
	if _, err := authority.Write(dir, "127.0.0.1"); err != nil {
		t.Fatal(err)
	}
	if got := next(t, b.met, "the meeting").GetAddress(); got != a.address {
		t.Errorf("b has met %s, want %s", got, a.address)
	}
	next(t, a.met, "the meeting")
}

func TestConfigsThatAreNone(t *testing.T) {
	files := generate(t)
	broken := files
	broken.Key = files.Cert
	for name, c := range map[string]struct {
		config peer.Config
		want   string
	}{
		"no address": {peer.Config{TLS: files}, "our own address"},
		"port 0":     {peer.Config{TLS: files, Address: "127.0.0.1:0"}, "our own address"},
		"no TLS":     {peer.Config{Address: "127.0.0.1:1"}, "needs the files"},
		"no TLS beyond the loopback interface": {
			peer.Config{Address: "10.0.0.1:1", TLS: peer.TLS{Insecure: true}}, "loopback interface only",
		},
		"a key that is none": {peer.Config{Address: "127.0.0.1:1", TLS: broken}, "read the certificate"},
		"half of it":         {peer.Config{Address: "127.0.0.1:1", TLS: peer.TLS{Roots: x509.NewCertPool()}}, "both"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := peer.New(c.config, &house{}); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
		})
	}
}

func TestARefusalIsLoggedOnceOnBothSides(t *testing.T) {
	security := generate(t)
	a := start(t, security, nil)
	b := start(t, security, func(c *peer.Config, card *messages.Card) { c.Cluster, card.Cluster = "other", "other" })
	a.mesh.Know(b.address)
	want := `clusters differ: \"other\" and \"test\"`
	a.awaitLine(t, want)
	b.awaitLine(t, want)
	before := b.cards.Load()
	eventually(t, "more attempts", func() bool { return b.cards.Load() >= before+3 })
	for side, s := range map[string]*server{"a": a, "b": b} {
		if n := strings.Count(s.log.String(), want); n != 1 {
			t.Errorf("%s has logged it %d times, want once:\n%s", side, n, s.log.String())
		}
		if len(s.met) > 0 {
			t.Errorf("%s has met somebody", side)
		}
	}
}

func TestTypesAreTheSameEveryTime(t *testing.T) {
	one, two := peer.Types(), peer.Types("actor")
	if one["fairlead.v1"] == 0 || one["fairlead.v1"] != two["fairlead.v1"] {
		t.Errorf("hashes %d and %d, want the same", one["fairlead.v1"], two["fairlead.v1"])
	}
	if one["actor"] != 0 || two["actor"] == 0 {
		t.Errorf("packages that are not named count %v, and those named %v", one, two)
	}
}
