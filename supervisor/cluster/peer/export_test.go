package peer

import (
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"time"

	"github.com/asynkron/protoactor-go/remote"
)

// Check is what a batch of another node's engine goes through.
func Check(b *remote.MessageBatch, own, from string) error { return check(b, own, from) }

// Authority is a CA that tests have certificates from.
type Authority struct{ *authority }

// NewAuthority makes one.
func NewAuthority() (Authority, error) {
	a, err := newAuthority()
	return Authority{a}, err
}

// Write issues a certificate for hosts into a folder.
func (a Authority) Write(dir string, hosts ...string) (TLS, error) {
	if err := a.writeCA(dir); err != nil {
		return TLS{}, err
	}
	return a.write(dir, hosts...)
}

// Waiting is how many messages of actors wait for a node.
func (m *Mesh) Waiting(address string) int64 { return m.node(address).ticket.Load().waiting.Load() }

// Methods of gRPC that nodes use.
const (
	Method  = method
	Receive = receive
)

// OpenStore has a clock of its own.
func OpenStore(source TLS, log *slog.Logger, now func() time.Time) (*store, error) {
	s, err := openStore(source, log)
	if s != nil {
		s.now = now
	}
	return s, err
}

// Config is that of a handshake now.
func (s *store) Config() *tls.Config { return s.config() }

// Roots of it.
func Roots(c *tls.Config) *x509.CertPool { return c.RootCAs }

// LockCertificates takes the lock on certificates, and lets it go.
func (m *Mesh) LockCertificates() { m.creds.store.config() }

// Streams is how many streams the engine has from and to a node.
func (m *Mesh) Streams(address string) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.engine[address])
}
