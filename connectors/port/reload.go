package port

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// checkEvery is how often the files of a certificate are looked at, at the most.
const checkEvery = time.Second

// pair is a certificate and its key in files, read again once they have changed.
// Its method config is for tls.Config.GetConfigForClient.
type pair struct {
	certFile, keyFile string
	base              *tls.Config // what the certificate is added to
	log               *slog.Logger
	conf              atomic.Pointer[tls.Config] // base with the certificate

	mu      sync.Mutex // handshakes run at once; who does not get it uses what is there
	checked time.Time
	seen    [2]os.FileInfo
	broken  bool // what was seen cannot be used: it may have been half written
}

// newPair reads the files for the first time.
func newPair(certFile, keyFile string, base *tls.Config, log *slog.Logger) (*pair, error) {
	p := &pair{certFile: certFile, keyFile: keyFile, base: base, log: log, checked: time.Now()}
	p.seen, _ = p.look() // what is missing, reading tells better
	return p, p.read()
}

// config is for one client: as the user has it for this one, or with the newest
// certificate.
func (p *pair) config(hello *tls.ClientHelloInfo) (*tls.Config, error) {
	if own := p.base.GetConfigForClient; own != nil {
		if conf, err := own(hello); conf != nil || err != nil {
			return conf, err
		}
	}
	if p.mu.TryLock() {
		defer p.mu.Unlock()
		p.refresh(time.Now())
	}
	return p.conf.Load(), nil
}

// refresh reads the files if they have changed. What cannot be used is told once
// for each change, and leaves the certificate as it was.
func (p *pair) refresh(now time.Time) {
	if now.Sub(p.checked) < checkEvery {
		return
	}
	p.checked = now
	seen, err := p.look()
	changed := !same(seen, p.seen)
	if !changed && !p.broken {
		return
	}
	if err == nil {
		err = p.read()
	}
	p.seen, p.broken = seen, err != nil
	switch {
	case err != nil && changed:
		p.log.Error("the new certificate cannot be used, the old one is kept", "error", err)
	case err == nil:
		p.log.Info("certificate read again", "file", p.certFile)
	}
}

func (p *pair) look() (seen [2]os.FileInfo, err error) {
	for i, name := range []string{p.certFile, p.keyFile} {
		if seen[i], err = os.Stat(name); err != nil {
			return seen, err
		}
	}
	return seen, nil
}

func same(a, b [2]os.FileInfo) bool {
	return slices.EqualFunc(a[:], b[:], func(a, b os.FileInfo) bool {
		if a == nil || b == nil {
			return a == nil && b == nil
		}
		return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
	})
}

// read makes conf of what the files hold.
func (p *pair) read() error {
	cert, err := os.ReadFile(p.certFile)
	if err != nil {
		return fmt.Errorf("CertFile %q: %w", p.certFile, err)
	}
	key, err := os.ReadFile(p.keyFile)
	if err != nil {
		return fmt.Errorf("KeyFile %q: %w", p.keyFile, err)
	}
	both, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return fmt.Errorf("CertFile %q, KeyFile %q: %w", p.certFile, p.keyFile, err)
	}
	conf := p.base.Clone()
	conf.GetConfigForClient = nil
	conf.Certificates = append(slices.Clip(conf.Certificates), both)
	p.conf.Store(conf)
	return nil
}
