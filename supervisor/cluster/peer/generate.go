package peer

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"
)

// Generate makes a CA and one certificate for nodes on the hosts, names or IP addresses, and writes them
// into a folder, for a year. It is for demos and tests: all nodes share the certificate, and the key of the
// CA is thrown away.
func Generate(dir string, hosts ...string) (TLS, error) {
	a, err := newAuthority()
	if err != nil {
		return TLS{}, fmt.Errorf("peer: make a CA: %w", err)
	}
	return a.write(dir, hosts...)
}

// year is how long what Generate makes is good for.
const year = 365 * 24 * time.Hour

// authority is a CA.
type authority struct {
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
}

func newAuthority() (*authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := blank("fairlead CA")
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

// blank is a template. Its beginning is an hour ago: clocks differ.
func blank(name string) *x509.Certificate {
	now := time.Now()
	return &x509.Certificate{
		Subject:   pkix.Name{CommonName: name},
		NotBefore: now.Add(-time.Hour),
		NotAfter:  now.Add(year),
	}
}

// write issues a certificate and writes it and its key, and the CA's certificate.
func (a *authority) write(dir string, hosts ...string) (TLS, error) {
	t := TLS{CA: filepath.Join(dir, "ca.pem"), Cert: filepath.Join(dir, "node.pem"), Key: filepath.Join(dir, "node-key.pem")}
	cert, key, err := a.issue(hosts)
	if err != nil {
		return t, fmt.Errorf("peer: make a certificate: %w", err)
	}
	for name, block := range map[string]*pem.Block{
		t.CA:   {Type: "CERTIFICATE", Bytes: a.cert.Raw},
		t.Cert: {Type: "CERTIFICATE", Bytes: cert},
		t.Key:  {Type: "PRIVATE KEY", Bytes: key},
	} {
		if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
			return t, fmt.Errorf("peer: write a certificate: %w", err)
		}
	}
	return t, nil
}

// issue makes a certificate for hosts and its key, both in DER.
func (a *authority) issue(hosts []string) (cert, key []byte, err error) {
	own, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	template := blank("fairlead node")
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
