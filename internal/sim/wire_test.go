package sim_test

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/memory"
	"github.com/fairlead-go/fairlead/connectors/wire/pomelo"
	"github.com/fairlead-go/fairlead/messages"
)

// wire is the memory connector, with a panic at every call that fairlead makes to a connector.
type wire struct {
	*memory.Connector
	rig *rig
}

func (w *wire) Listen(ctx context.Context) ([]connectors.Listener, error) {
	list, err := w.Connector.Listen(ctx)
	for i, l := range list {
		list[i] = &place{Listener: l, rig: w.rig}
		w.rig.place = l
	}
	return list, err
}

func (w *wire) Protocol(c connectors.Conn) connectors.Protocol {
	conn := c.(interface{ wire() *conn }).wire()
	conn.client.trip("panicProtocol")
	return &talk{Protocol: w.Connector.Protocol(conn.Conn), conn: conn}
}

// place is a listener that fails when it is told to.
type place struct {
	connectors.Listener
	rig *rig
}

func (p *place) Accept() (connectors.Conn, error) {
	if p.rig.arms.due("panicAccept") {
		p.rig.write(event{what: tripped, client: -1, text: "panicAccept"})
		panic("sim: accept")
	}
	if p.rig.arms.due("acceptFails") {
		p.rig.write(event{what: tripped, client: -1, text: "acceptFails"})
		return nil, fmt.Errorf("sim: no more files")
	}
	c, err := p.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return p.rig.wired(c, p.rig.behind(c.RemoteAddr().String())), nil
}

// wired is a client's Conn in the form that its plan says: as a bare Conn it is no Deliverer.
func (r *rig) wired(c connectors.Conn, to *client) connectors.Conn {
	w := &conn{Conn: c, client: to, rig: r}
	if to != nil && to.plan.Delivered {
		return &deliverer{conn: w}
	}
	return w
}

// behind is the client with that address: they are numbered as they dial.
func (r *rig) behind(addr string) *client {
	_, no, _ := strings.Cut(addr, "#")
	n, err := strconv.Atoi(no)
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil || n > len(r.dialled) {
		return nil
	}
	return r.dialled[n-1]
}

// conn is one client's wire.
type conn struct {
	connectors.Conn
	client *client
	rig    *rig
	shutAt atomic.Int64 // when it was closed, zero before
}

func (c *conn) wire() *conn { return c }

// use notes who uses the wire later than it was closed: a goroutine or a timer that was left.
func (c *conn) use(by string) {
	if at := time.Duration(c.shutAt.Load()); at != 0 && c.client.now() > at {
		c.client.note(touched, by+", closed at "+at.String())
	}
}

func (c *conn) ReadFrames() ([]connectors.Frame, error) {
	c.use("ReadFrames")
	c.client.trip("panicReadFrames")
	return c.Conn.ReadFrames()
}

func (c *conn) Write(packages net.Buffers) error {
	c.use("Write")
	c.client.trip("panicWrite")
	n := 0
	for _, p := range packages {
		n += len(p)
	}
	if most := outboxHard + 2*floodBytes; n > most {
		c.client.exceed(c.client.no, fmt.Sprintf("%d bytes in one write: an outbox has at most %d", n, most))
	}
	return c.Conn.Write(packages)
}

func (c *conn) SetReadLimit(n int) {
	c.use("SetReadLimit")
	c.client.trip("panicSetReadLimit")
	c.Conn.SetReadLimit(n)
}

func (c *conn) Close(r connectors.Reason) {
	if c.shutAt.CompareAndSwap(0, int64(c.client.now())) {
		c.client.write(event{what: shut, client: c.client.no, cause: r.Cause, text: r.Text})
	}
	c.Conn.Close(r)
	c.client.trip("panicClose")
}

// talk is the client's protocol.
type talk struct {
	connectors.Protocol
	conn *conn
}

// codecs are equal for all clients of a run, as pomelo's are. A step is used for all frames of a read, and
// may have one already.
func (t *talk) done(step *connectors.Step) {
	if _, ours := step.Codec.(codec); step.Codec != nil && !ours {
		step.Codec = codec{step.Codec, t.conn.rig}
	}
}

func (t *talk) Open(step *connectors.Step, now time.Time) {
	t.conn.client.note(opened, "")
	t.conn.client.trip("panicOpen")
	t.Protocol.Open(step, now)
}

func (t *talk) Feed(step *connectors.Step, f connectors.Frame, now time.Time) {
	t.conn.use("Feed")
	before, c := len(step.Requests), t.conn.client
	if c.arms.due("panicFeed") {
		c.note(tripped, "panicFeed"+lostIn(f))
		panic("sim: feed")
	}
	t.Protocol.Feed(step, f, now)
	for _, in := range step.Requests[before:] {
		tag, _ := tagOf(in.Body)
		c.write(event{what: read, client: c.no, tag: tag})
	}
	t.done(step)
}

// lostIn are the tags of the requests in a frame.
func lostIn(f connectors.Frame) (tags string) {
	for b := f.Data; len(b) > 0; {
		p, rest, err := pomelo.DecodePackage(b)
		if err != nil {
			break
		}
		if m, err := pomelo.DecodeMessage(p.Body); err == nil && p.Type == pomelo.TypeData {
			if tag, ok := tagOf(m.Body); ok {
				tags += fmt.Sprintf(" #%d", tag)
			}
		}
		b = rest
	}
	return tags + " "
}

func (t *talk) Expire(step *connectors.Step, now time.Time) {
	t.conn.use("Expire")
	t.conn.client.trip("panicExpire")
	t.Protocol.Expire(step, now)
	t.done(step)
}

// Welcome may come late: nobody waits for a hook.
func (t *talk) Welcome(step *connectors.Step, user any, err error, now time.Time) {
	t.conn.client.trip("panicWelcome")
	t.Protocol.Welcome(step, user, err, now)
	t.done(step)
}

// codec panics for what says so itself.
type codec struct {
	connectors.Codec
	rig *rig
}

func (c codec) AppendResponse(dst []byte, to connectors.Origin, r *messages.Response) ([]byte, error) {
	a := c.rig.asked(int(to.ID))
	if a != nil && a.End == "panicAnswer" && r.Error == nil {
		panic("sim: append response")
	}
	b, err := c.Codec.AppendResponse(dst, to, r)
	if err == nil && a != nil {
		c.rig.write(event{what: answered, client: a.Client, tag: a.Tag, code: int(r.GetError().GetCode())})
	}
	return b, err
}

func (c codec) AppendPush(dst []byte, p *messages.Push) ([]byte, error) {
	if p.Route == boomRoute {
		panic("sim: append push")
	}
	tag, _ := tagOf(p.Body)
	c.rig.write(event{what: encoded, client: -1, tag: tag})
	return c.Codec.AppendPush(dst, p)
}

func (c codec) AppendKick(dst []byte, k *messages.Kick) ([]byte, error) {
	if k.Reason == boomReason {
		panic("sim: append kick")
	}
	return c.Codec.AppendKick(dst, k)
}

const (
	boomRoute  = "onBoom"
	boomReason = "boom"
	floodBytes = 4 << 10
)

// decode is a message layer of the application's own: it does what pomelo's does.
func decode(body []byte) (*messages.Request, error) {
	m, err := pomelo.DecodeMessage(body)
	if err != nil || m.Kind == pomelo.KindResponse {
		return nil, fmt.Errorf("sim: %w", connectors.ErrMalformed)
	}
	if strings.Contains(string(m.Body), `"panicDecode"`) {
		panic("sim: decode")
	}
	return &messages.Request{Id: m.ID, Route: string(m.Route), Body: m.Body}, nil
}

func encode(id uint64, route string, body []byte) ([]byte, error) {
	m := pomelo.Message{Kind: pomelo.KindResponse, ID: id, Body: body}
	if id == 0 {
		m.Kind, m.Route = pomelo.KindPush, []byte(route)
	}
	if route == customBoom {
		panic("sim: encode")
	}
	return m.Append(nil)
}

// customBoom is a route that the connector's own Encode panics at.
const customBoom = "onCustomBoom"
