package peer

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"time"
)

// Generate makes one certificate for nodes on the hosts, names or IP addresses, and writes it into a folder, for
// a year. The CA of the folder signs it, ca.pem with ca-key.pem, which is made, for ten years, when there is none: so
// later certificates fit those before. It is for demos, tests and a beginning: all nodes share the certificate, and
// nodes have no use for ca-key.pem.
func Generate(dir string, hosts ...string) (TLS, error) {
	a, err := authorityOf(dir)
	if err != nil {
		return TLS{}, fmt.Errorf("peer: the CA of %s: %w", dir, err)
	}
	return a.write(dir, hosts...)
}

// year is how long a certificate that Generate makes is good for.
const year = 365 * 24 * time.Hour

// authority is a CA.
type authority struct {
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
}

// authorityOf is the CA of a folder. One whose key is elsewhere is not replaced.
func authorityOf(dir string) (*authority, error) {
	cert, err := readPEM(filepath.Join(dir, "ca.pem"))
	if errors.Is(err, fs.ErrNotExist) {
		return createAuthority(dir)
	}
	if err != nil {
		return nil, err
	}
	key, err := readPEM(filepath.Join(dir, "ca-key.pem"))
	if err != nil {
		return nil, err
	}
	a := &authority{}
	if a.cert, err = x509.ParseCertificate(cert); err != nil {
		return nil, err
	}
	parsed, err := x509.ParsePKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	var ok bool
	if a.key, ok = parsed.(*ecdsa.PrivateKey); !ok || !a.key.PublicKey.Equal(a.cert.PublicKey) {
		return nil, errors.New("ca-key.pem is not the key of ca.pem")
	}
	if time.Now().After(a.cert.NotAfter) {
		return nil, fmt.Errorf("it has expired on %s", a.cert.NotAfter.Format(time.DateOnly))
	}
	return a, nil
}

// createAuthority makes a CA. Its key is written first: a CA without one is of no use.
func createAuthority(dir string) (*authority, error) {
	a, err := newAuthority()
	if err != nil {
		return nil, err
	}
	key, err := x509.MarshalPKCS8PrivateKey(a.key)
	if err != nil {
		return nil, err
	}
	if err := writePEM(filepath.Join(dir, "ca-key.pem"), "PRIVATE KEY", key); err != nil {
		return nil, err
	}
	return a, a.writeCA(dir)
}

func (a *authority) writeCA(dir string) error {
	return writePEM(filepath.Join(dir, "ca.pem"), "CERTIFICATE", a.cert.Raw)
}

func newAuthority() (*authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := blank("fairlead CA", 10*year)
	template.IsCA = true
	template.BasicConstraintsValid = true
	template.KeyUsage = x509.KeyUsageCertSign
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(der)
	return &authority{key, cert}, err
}

func readPEM(name string) ([]byte, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("%s is no PEM", name)
	}
	return block.Bytes, nil
}

func writePEM(name, kind string, der []byte) error {
	return os.WriteFile(name, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600)
}

// blank is a template. Its beginning is an hour ago: clocks differ.
func blank(name string, lasts time.Duration) *x509.Certificate {
	now := time.Now()
	return &x509.Certificate{
		Subject:   pkix.Name{CommonName: name},
		NotBefore: now.Add(-time.Hour),
		NotAfter:  now.Add(lasts),
	}
}

// write issues a certificate and writes it and its key.
func (a *authority) write(dir string, hosts ...string) (TLS, error) {
	t := TLS{CA: filepath.Join(dir, "ca.pem"), Cert: filepath.Join(dir, "node.pem"), Key: filepath.Join(dir, "node-key.pem")}
	cert, key, err := a.issue(hosts)
	if err != nil {
		return t, fmt.Errorf("peer: make a certificate: %w", err)
	}
	if err := errors.Join(writePEM(t.Key, "PRIVATE KEY", key), writePEM(t.Cert, "CERTIFICATE", cert)); err != nil {
		return t, fmt.Errorf("peer: write a certificate: %w", err)
	}
	return t, nil
}

// issue makes a certificate for hosts and its key, both in DER.
func (a *authority) issue(hosts []string) (cert, key []byte, err error) {
	own, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	template := blank("fairlead node", year)
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	for _, host := range hosts {
		if ip := net.ParseIP(host); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, host)
		}
	}
	cert, err = x509.CreateCertificate(rand.Reader, template, a.cert, own.Public(), a.key)
	if err != nil {
		return nil, nil, err
	}
	key, err = x509.MarshalPKCS8PrivateKey(own)
	return cert, key, err
}
