package peer_test

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"testing"

	"github.com/fairlead-go/fairlead/supervisor/cluster/peer"
)

// Certificates that are made later are of the same CA: nodes that have the older ones know them.
func TestGenerateKeepsTheCA(t *testing.T) {
	dir := t.TempDir()
	read := func(name string) []byte {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	if _, err := peer.Generate(dir, "one"); err != nil {
		t.Fatal(err)
	}
	ca, node := read("ca.pem"), read("node.pem")
	if _, err := peer.Generate(dir, "two", "10.0.0.7"); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(read("ca.pem"), ca) || bytes.Equal(read("node.pem"), node) {
		t.Error("want the same CA, and another certificate")
	}
	block, _ := pem.Decode(read("node.pem"))
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca)
	for _, host := range []string{"two", "10.0.0.7"} {
		if _, err := cert.Verify(x509.VerifyOptions{Roots: roots, DNSName: host}); err != nil {
			t.Errorf("for %s: %v", host, err)
		}
	}
}

func TestGenerateReplacesNoCA(t *testing.T) {
	other := t.TempDir()
	if _, err := peer.Generate(other, "one"); err != nil {
		t.Fatal(err)
	}
	key, err := os.ReadFile(filepath.Join(other, "ca-key.pem"))
	if err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(keyFile string) error{
		"without a key":      os.Remove,
		"with another's key": func(name string) error { return os.WriteFile(name, key, 0o600) },
		"with a broken key":  func(name string) error { return os.WriteFile(name, []byte("key"), 0o600) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if _, err := peer.Generate(dir, "one"); err != nil {
				t.Fatal(err)
			}
			ca, _ := os.ReadFile(filepath.Join(dir, "ca.pem"))
			if err := spoil(filepath.Join(dir, "ca-key.pem")); err != nil {
				t.Fatal(err)
			}
			if _, err := peer.Generate(dir, "two"); err == nil {
				t.Error("it made a certificate")
			}
			if now, _ := os.ReadFile(filepath.Join(dir, "ca.pem")); !bytes.Equal(now, ca) {
				t.Error("the CA has been replaced")
			}
		})
	}
}
