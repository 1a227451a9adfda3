// Package port lets several users share one listening place without knowing each
// other: clients are told apart by their first byte, or by HTTP path. Telling
// apart happens beside the accept loop, under deadlines and a bound, so that
// silent clients cost little and delay nobody.
package port

import (
	"cmp"
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/admit"
	"github.com/fairlead-go/fairlead/internal/calm"
)

// Port is one listening place. The first Listen opens it and the Close of the last
// Share closes it; after that it may be opened again. The zero Port works. Its
// fields are read when it opens.
type Port struct {
	// Addr is "host:port", or "unix:/path". Empty means a free TCP port on all
	// interfaces. A socket file that nobody listens on is replaced.
	Addr string
	// Listener, when set, is used instead of Addr. The Port closes it, so it
	// serves one opening.
	Listener net.Listener
	// TLS, when set, is spoken by every client. NextProtos is ours.
	TLS *tls.Config
	// CertFile and KeyFile name a certificate in PEM, in addition to those of TLS.
	// They are read again when they have changed: at the first handshake after
	// that, looking once a second at most. A pair that cannot be used is logged
	// and leaves the old one in place. Empty means none.
	CertFile, KeyFile string
	// HTTP serves requests that nobody claims. Nil answers 426 with a text that
	// says what may be done here.
	HTTP http.Handler
	// Admit says who may come in, asked when a connection is accepted and before
	// a byte is read. MaxConns leaves 512 file descriptors of the process to
	// others, or half of them if there are fewer than 1,024, where the system
	// tells how many there are (Unix): zero means all the rest, and more is
	// not possible but with a negative number, which means any.
	Admit admit.Limits
	// Proxy says which peers speak for clients. Zero means none.
	Proxy Proxy
	// FirstByte is how long a client may take to send one, and a proxy to send
	// its header. Zero means 3 s.
	FirstByte time.Duration
	// Head is how long a TLS handshake, and the head of an HTTP request, may
	// each take. Zero means 5 s.
	Head time.Duration
	// HeadBytes is how long the head of an HTTP request may be. Zero means
	// 8 KiB; less than 4 KiB is not possible.
	HeadBytes int
	// Pending is how many clients may be on their way in at once. The one
	// beyond is closed. Zero means 1,024.
	Pending int
	// SendBuffer is the kernel's send buffer for each client, in bytes: what a
	// client that does not read can pin there. Zero means 32 KiB, negative
	// leaves it to the kernel.
	SendBuffer int
	// UserTimeout is after what time TCP gives up on a client that acknowledges
	// nothing, where the system can (Linux). Zero means 60 s, negative never.
	UserTimeout time.Duration
	// Logger is told of accept errors, of panics, and of certificates that are
	// read again. Nil means nobody is.
	Logger *slog.Logger

	mu     sync.Mutex // users do not know each other, so they cannot take turns
	live   *live      // nil while closed
	spent  net.Listener
	gate   admit.Gate
	counts counts
}

// Listen opens the port, if it is not open, and claims a part of its clients.
// An error names the field it is about and its value; nothing stays open then
// that was not before.
func (p *Port) Listen(ctx context.Context, c Claim) (*Share, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := &Share{port: p, claim: c.withDefaults()}
	t, err := p.table().with(s)
	if err != nil {
		return nil, err
	}
	if p.live == nil {
		if p.live, err = p.open(ctx, t); err != nil {
			return nil, err
		}
	}
	s.place = p.live.place
	p.live.table.Store(t)
	return s, nil
}

// Stats tells how many clients are in, those of earlier openings among them, and
// how many were refused so far.
func (p *Port) Stats() admit.Stats { return p.gate.Stats(time.Now()) }

// Counts tells who did not come in, at all openings together.
func (p *Port) Counts() connectors.Counts {
	return connectors.Counts{
		Refused:      p.Stats().Refused(),
		AcceptErrors: p.counts.failed.Load(),
		Shed:         p.counts.shed.Load(),
	}
}

func (p *Port) table() *table {
	if p.live == nil {
		return &table{}
	}
	return p.live.table.Load()
}

// leave takes s from the table, and closes the port behind the last.
func (p *Port) leave(s *Share) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	t := p.table().without(s)
	p.live.table.Store(t)
	if len(t.shares) > 0 {
		return nil
	}
	err := p.live.close()
	p.live = nil
	return err
}

// limits are the numbers of a Port with their defaults.
type limits struct {
	firstByte, head    time.Duration
	headBytes, pending int
}

func (p *Port) limits() limits {
	return limits{
		firstByte: cmp.Or(p.FirstByte, 3*time.Second),
		head:      cmp.Or(p.Head, 5*time.Second),
		headBytes: cmp.Or(p.HeadBytes, 8<<10),
		pending:   cmp.Or(p.Pending, 1024),
	}
}

// options are those of clients' sockets, with their defaults.
func (p *Port) options() options {
	return options{send: cmp.Or(p.SendBuffer, 32<<10), userTimeout: cmp.Or(p.UserTimeout, time.Minute)}
}

// admission is Admit with its defaults.
func (p *Port) admission() admit.Limits {
	l := p.Admit
	if n := room(); n > 0 && (l.MaxConns == 0 || l.MaxConns > n) {
		l.MaxConns = n
	}
	return l
}

func (p *Port) logger() *slog.Logger {
	if p.Logger == nil {
		return slog.New(slog.DiscardHandler)
	}
	return calm.New(p.Logger)
}
