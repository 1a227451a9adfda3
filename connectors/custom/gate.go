package custom

import "sync"

// Gate holds a client's wire until the application has let the client in: where there is no handshake, what comes
// before may be a request. Conns that are written by hand embed one, call Wait first in ReadFrames, and Let in
// Close. The zero Gate holds nobody, until NewProtocol has it do so.
type Gate struct {
	shut chan struct{} // closed once the wire may go on; nil: it may
	once sync.Once     // closes shut
}

// Wait waits until the client is in, or gone.
func (g *Gate) Wait() {
	if g.shut != nil {
		<-g.shut
	}
}

// Let lets the wire go on. Further calls do nothing.
func (g *Gate) Let() {
	if g.shut != nil {
		g.once.Do(func() { close(g.shut) })
	}
}

// hold is called before anybody reads.
func (g *Gate) hold() { g.shut = make(chan struct{}) }

// gated is a Conn with a Gate.
type gated interface {
	hold()
	Let()
}

var _ gated = (*Gate)(nil)
