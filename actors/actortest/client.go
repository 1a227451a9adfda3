package actortest

import (
	"errors"
	"maps"
	"sync"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/actors"
	"github.com/fairlead-go/fairlead/connectors/body"
	"github.com/fairlead-go/fairlead/messages"
)

// ErrGone: the client has left, or the server has hung up on it.
var ErrGone = errors.New("actortest: the client has gone")

// Who comes in. The zero Who is a client that nobody knows.
type Who struct {
	// UID is bound when the client is in. Empty: none is.
	UID string
	// Settings are those of the session from its beginning.
	Settings map[string][]byte
	// User is what the client says to the handshake, as JSON: Hello.User.
	User []byte
	// Encoding is how bodies of requests are written. Zero means JSON.
	Encoding messages.Encoding
}

// Client is one client. Its methods may be called from any goroutine, but those that fail the test. One
// that does not look at its pushes is slow when 1,024 wait.
type Client struct {
	server   *Server
	line     *line
	encoding messages.Encoding
	user     []byte

	mu   sync.Mutex // callers that wait meet here, not actors
	last uint64     // request
}

func newClient(s *Server, who Who) *Client {
	who.Settings = maps.Clone(who.Settings)
	return &Client{server: s, line: s.door.newLine(who), encoding: who.Encoding}
}

// bind says who the client is.
func (c *Client) bind(uid string) error {
	if uid == "" {
		return nil
	}
	socket := c.Socket()
	if socket == nil {
		return ErrGone
	}
	answer, err := c.server.System.Root.RequestFuture(socket, &messages.Bind{Uid: uid}, c.server.patience).Result()
	if err != nil {
		return err
	}
	if bound, ok := answer.(*messages.Bound); ok && bound.Error != nil {
		return bound.Error
	}
	return nil
}

// Welcome is what the handshake answered, as JSON; empty if nothing.
func (c *Client) Welcome() []byte { return c.user }

// Session is what is known of the client now, nil when it has gone.
func (c *Client) Session() *messages.Session { return c.server.session(c.line.addr.String()) }

// Socket is the client's actor, for whatever is sent to it; nil when it has gone.
func (c *Client) Socket() *actor.PID { return c.Session().GetSocket() }

// Group is the group of that name: to join, to push to.
func (c *Client) Group(name string) actors.Group { return c.server.Group(name) }

// Request asks, and waits for the answer, as long as the server lets it wait. An error that the client gets is
// a *messages.Error, with the answer beside it if there is one. In and Out are what the handler takes and
// returns; a nil in is an empty body.
func Request[Out, In any](c *Client, route string, in *In) (*Out, error) {
	b, err := write(c, in)
	if err != nil {
		return nil, err
	}
	r, err := c.Ask(&messages.Request{Route: route, Body: b, Encoding: c.encoding})
	if err != nil {
		return nil, err
	}
	out := new(Out)
	if err := body.Of[Out]().Read(r.Encoding, r.Body, out); err != nil {
		return nil, errors.Join(err, failure(r))
	}
	return out, failure(r)
}

// Notify tells, and does not wait.
func Notify[In any](c *Client, route string, in *In) error {
	b, err := write(c, in)
	if err != nil {
		return err
	}
	return c.line.send(&messages.Request{Notify: true, Route: route, Body: b, Encoding: c.encoding})
}

func write[In any](c *Client, in *In) ([]byte, error) {
	if in == nil {
		return nil, nil
	}
	return body.Of[In]().Write(c.encoding, in)
}

// failure is a response's error: a nil *messages.Error is no error.
func failure(r *messages.Response) error {
	if r.Error == nil {
		return nil
	}
	return r.Error
}

// Ask sends a request as it is, but for its id, and returns the answer as it comes, with the failure, attachments
// and arguments in it. The error is ErrGone.
func (c *Client) Ask(r *messages.Request) (*messages.Response, error) {
	c.mu.Lock()
	c.last++
	r.Id = c.last
	c.mu.Unlock()
	answer := c.line.expect(r.Id)
	if err := c.line.send(r); err != nil {
		return nil, err
	}
	select {
	case m := <-answer:
		return m, nil
	case <-c.line.gone:
	}
	select {
	case m := <-answer: // it came before the end
		return m, nil
	default:
		return nil, ErrGone
	}
}

// Push is the next push. The test fails at once if none comes.
func (c *Client) Push() *messages.Push {
	c.server.t.Helper()
	select {
	case p := <-c.line.pushes:
		return p
	default:
	}
	limit := time.NewTimer(c.server.patience)
	defer limit.Stop()
	select {
	case p := <-c.line.pushes:
		return p
	case <-c.line.gone:
		c.server.t.Fatal("actortest: no push: the client has gone")
	case <-limit.C:
		c.server.t.Fatalf("actortest: no push within %v", c.server.patience)
	}
	return nil
}

// Pushes are those that have come and that nobody has looked at.
func (c *Client) Pushes() (all []*messages.Push) {
	for {
		select {
		case p := <-c.line.pushes:
			all = append(all, p)
		default:
			return all
		}
	}
}

// Read reads the body of a push.
func Read[T any](p *messages.Push) (*T, error) {
	v := new(T)
	if err := body.Of[T]().Read(p.Encoding, p.Body, v); err != nil {
		return nil, err
	}
	return v, nil
}

// Kick waits until the server hangs up, and is why it says so. The test fails at once if it says
// nothing, or does not hang up.
func (c *Client) Kick() *messages.Kick {
	c.server.t.Helper()
	limit := time.NewTimer(c.server.patience)
	defer limit.Stop()
	select {
	case <-c.line.gone:
	case <-limit.C:
		c.server.t.Fatalf("actortest: not hung up on within %v", c.server.patience)
	}
	k := c.Kicked()
	if k == nil {
		c.server.t.Fatal("actortest: hung up on without a kick")
	}
	return k
}

// Kicked is why the server has kicked the client, nil if it has not.
func (c *Client) Kicked() *messages.Kick { return c.line.kick.Load() }

// Gone is closed when the server has let go of the client.
func (c *Client) Gone() <-chan struct{} { return c.line.gone }

// Leave hangs up. What has been sent is handled first.
func (c *Client) Leave() {
	c.line.leave.Do(func() { close(c.line.left) })
}
