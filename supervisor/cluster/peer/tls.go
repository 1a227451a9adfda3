package peer

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// TLS is how nodes know each other: each has a certificate, for servers and for clients both, that CA has
// signed and that is valid for the host of its address.
type TLS struct {
	// CA, Cert and Key are PEM files. They are read again when they have changed; a new one that is broken is
	// logged, and the old one stays.
	CA, Cert, Key string
	// Roots and Own are used instead of files when they are set.
	Roots *x509.CertPool
	Own   *tls.Certificate
	// Insecure is for development: no TLS. Only nodes on the loopback interface may.
	Insecure bool
}

// pollEvery is how often, at most, files are looked at.
const pollEvery = time.Second

// store is the newest good certificates.
type store struct {
	source TLS
	log    *slog.Logger
	now    func() time.Time

	mu     sync.Mutex // handshakes run side by side
	looked time.Time
	seen   [3]stamp
	failed string // why the newest files are not in use
	roots  *x509.CertPool
	own    *tls.Certificate
}

// stamp tells one content of a file from another.
type stamp struct {
	time time.Time
	size int64
}

func openStore(source TLS, log *slog.Logger) (*store, error) {
	s := &store{source: source, log: log, now: time.Now, roots: source.Roots, own: source.Own}
	switch {
	case source.Insecure:
		return s, nil
	case source.Own != nil && source.Roots != nil:
		return s, nil
	case source.Own != nil || source.Roots != nil:
		return nil, errors.New("peer: TLS needs both Own and Roots, or neither")
	case source.CA == "" || source.Cert == "" || source.Key == "":
		return nil, errors.New("peer: TLS needs the files CA, Cert and Key")
	}
	s.looked, s.seen = s.now(), s.stamps()
	var err error
	s.roots, s.own, err = load(source)
	return s, err
}

func load(source TLS) (*x509.CertPool, *tls.Certificate, error) {
	pem, err := os.ReadFile(source.CA)
	if err != nil {
		return nil, nil, fmt.Errorf("peer: read the CA: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return nil, nil, fmt.Errorf("peer: no certificate in %s", source.CA)
	}
	own, err := tls.LoadX509KeyPair(source.Cert, source.Key)
	if err != nil {
		return nil, nil, fmt.Errorf("peer: read the certificate: %w", err)
	}
	return roots, &own, nil
}

func (s *store) stamps() (all [3]stamp) {
	for i, name := range []string{s.source.CA, s.source.Cert, s.source.Key} {
		if info, err := os.Stat(name); err == nil {
			all[i] = stamp{info.ModTime(), info.Size()}
		}
	}
	return all
}

// config is for one handshake. Each has its own, so that no session outlives a change of certificates.
func (s *store) config() *tls.Config {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.look()
	return &tls.Config{
		Certificates:           []tls.Certificate{*s.own},
		RootCAs:                s.roots,
		ClientCAs:              s.roots,
		ClientAuth:             tls.RequireAndVerifyClientCert,
		MinVersion:             tls.VersionTLS13,
		NextProtos:             []string{"h2"},
		SessionTicketsDisabled: true,
	}
}

// look reads files that have changed. Those that are broken are tried again, as they may be half written.
func (s *store) look() {
	now := s.now()
	if s.source.CA == "" || s.source.Own != nil || now.Sub(s.looked) < pollEvery {
		return
	}
	s.looked = now
	stamps := s.stamps()
	if stamps == s.seen && s.failed == "" {
		return
	}
	roots, own, err := load(s.source)
	if err != nil {
		if s.failed != err.Error() {
			s.log.Error("certificates have changed and cannot be used, the old ones stay", "error", err)
		}
		s.failed = err.Error()
		return
	}
	s.seen, s.failed, s.roots, s.own = stamps, "", roots, own
	s.log.Info("certificates were read again")
}
