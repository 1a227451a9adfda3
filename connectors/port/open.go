package port

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/fairlead-go/fairlead/connectors/admit"
)

// open makes all that an open port consists of, and sets it going.
func (p *Port) open(ctx context.Context, t *table) (*live, error) {
	conf, err := p.tlsConfig()
	if err != nil {
		return nil, err
	}
	trusted, err := admit.NewPrefixes(p.Proxy.Trusted)
	if err != nil {
		return nil, fmt.Errorf("Proxy.Trusted%w", err)
	}
	ln, err := p.listen(ctx)
	if err != nil {
		return nil, err
	}
	p.gate.SetLimits(p.admission())
	l := &live{
		limits:   p.limits(),
		place:    newPlace(ln, p.Listener == nil, p.options()),
		tuner:    tuner{options: p.options(), own: p.Listener == nil},
		counts:   &p.counts,
		tls:      conf,
		gate:     &p.gate,
		trusted:  trusted,
		optional: p.Proxy.Optional,
		log:      p.logger(),
		done:     make(chan struct{}),
	}
	l.start(p.HTTP, t)
	return l, nil
}

func (p *Port) listen(ctx context.Context) (net.Listener, error) {
	if p.Listener != nil {
		if p.Listener == p.spent {
			return nil, fmt.Errorf("%s %q: closed with its last user", "Listener", p.Listener.Addr())
		}
		p.spent = p.Listener
		return p.Listener, nil
	}
	ln, err := listen(ctx, p.Addr, p.options())
	if err != nil {
		return nil, fmt.Errorf("Addr %q: %w", p.Addr, err)
	}
	return ln, nil
}

func listen(ctx context.Context, addr string, o options) (net.Listener, error) {
	lc := o.preset()
	path, isPath := strings.CutPrefix(addr, "unix:")
	if !isPath {
		return lc.Listen(ctx, "tcp", addr)
	}
	ln, err := lc.Listen(ctx, "unix", path)
	if errors.Is(err, syscall.EADDRINUSE) && stale(path) {
		if err := os.Remove(path); err != nil {
			return nil, err
		}
		return lc.Listen(ctx, "unix", path)
	}
	return ln, err
}

// stale tells whether path is a socket that nobody listens on.
func stale(path string) bool {
	info, err := os.Lstat(path)
	if err != nil || info.Mode().Type() != fs.ModeSocket {
		return false
	}
	c, err := net.DialTimeout("unix", path, time.Second)
	if err == nil {
		_ = c.Close()
	}
	return errors.Is(err, syscall.ECONNREFUSED)
}

// tlsConfig is what clients are greeted with, or nil when they speak plainly.
func (p *Port) tlsConfig() (*tls.Config, error) {
	if p.TLS == nil && p.CertFile == "" && p.KeyFile == "" {
		return nil, nil
	}
	conf := p.TLS.Clone()
	if conf == nil {
		conf = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	conf.NextProtos = []string{"http/1.1"} // for browsers; pomelo clients offer none
	if p.CertFile != "" || p.KeyFile != "" {
		pair, err := newPair(p.CertFile, p.KeyFile, conf, p.logger())
		if err != nil {
			return nil, err
		}
		conf = conf.Clone()
		conf.GetConfigForClient = pair.config
		return conf, nil
	}
	if len(conf.Certificates) == 0 && conf.GetCertificate == nil && conf.GetConfigForClient == nil {
		return nil, errors.New("TLS: no certificate")
	}
	return conf, nil
}
