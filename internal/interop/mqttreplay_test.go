package interop_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fairlead-go/fairlead/connectors/memory"
	"github.com/fairlead-go/fairlead/connectors/mqtt"
	"github.com/fairlead-go/fairlead/connectors/port"
	wiremqtt "github.com/fairlead-go/fairlead/connectors/wire/mqtt"
	"github.com/fairlead-go/fairlead/internal/need"
)

// mqttTranscript is one recorded session of an MQTT client.
type mqttTranscript struct {
	Name     string     `json:"name"`
	Profile  string     `json:"profile"`
	Comment  string     `json:"comment"`
	Fault    bool       `json:"reference_fault"`
	Hardened string     `json:"hardened"`
	Timed    bool       `json:"timed"`
	Steps    []mqttStep `json:"steps"`
}

// mqttStep is one thing done or seen.
type mqttStep struct {
	Send       wire       `json:"send"`
	SendChunks []wire     `json:"send_chunks"`
	Recv       wire       `json:"recv"`
	SilenceMS  int        `json:"silence_ms"`
	ClosedBy   string     `json:"closed_by"`
	Second     []mqttStep `json:"second_client"`
	GapMS      int        `json:"gap_ms"`
	AfterMS    *int       `json:"after_ms"`

	// For reading, not for replaying; the last ones are of the real client's session, which the kit plays.
	Note         string          `json:"note"`
	Packet       string          `json:"packet"`
	Topic        string          `json:"topic"`
	QoS          int             `json:"qos"`
	Payload      string          `json:"payload"`
	How          string          `json:"how"`
	Event        string          `json:"event"`
	Subscribe    string          `json:"subscribe"`
	Granted      json.RawMessage `json:"granted"`
	Publish      string          `json:"publish"`
	Acknowledged bool            `json:"acknowledged"`
	RecvTopic    string          `json:"recv_topic"`
	RecvPayload  string          `json:"recv_payload"`
}

// mqttChange is what we do instead: the steps after a number of the client's sends.
type mqttChange struct {
	sends int
	then  []mqttStep
}

func mqttSees(hexes ...string) (all []mqttStep) {
	for _, h := range hexes {
		b, err := hex.DecodeString(h)
		if err != nil {
			panic(err)
		}
		all = append(all, mqttStep{Recv: b})
	}
	return all
}

var mqttCloses = []mqttStep{{ClosedBy: "server"}}

// mqttInstead is what we do instead of what was recorded, as the transcript's own text demands.
var mqttInstead = map[string]mqttChange{
	"connect-twice":          {2, mqttCloses},
	"publish-before-connect": {1, mqttCloses},
	"publish-qos2":           {2, mqttSees("301b00107265706c792f736f6d652f746f706963676f743a68656c6c6f", "50020009")},
	"subscribe-refused":      {2, mqttSees("9003000580")},
	"subscribe-ids-are-shared": {2, []mqttStep{{SilenceMS: 200}, {Second: append(
		[]mqttStep{{Send: wire("\x10\x10\x00\x06MQIsdp\x03\x02\x00\x3c\x00\x02c2")}, {Recv: wire("\x20\x02\x00\x00")}, {Send: wire("\x32\x06\x00\x01t\x00\x4dx")}},
		mqttSees("300e00077265706c792f74676f743a78", "4002004d")...,
	)}}},
	"push-invalid":        {3, mqttSees("301200077265706c792f74676f743a6166746572", "4002000c")},
	"ping-before-connect": {1, mqttCloses},
	"unsubscribe":         {2, mqttSees("b0020006")},
	"garbage":             {1, mqttCloses},
}

// mqttElsewhere are the transcripts that other tests stand for.
var mqttElsewhere = map[string]string{
	"no-routes":   "TestPomelosModeNeedsBothRoutes",
	"real-client": "TestTheRecordedMQTTClient",
}

func TestMQTTTranscripts(t *testing.T) {
	t.Parallel()
	servers := map[string]string{}
	for _, tr := range readFile[mqttTranscript](t, "mqtt") {
		if mqttElsewhere[tr.Name] != "" {
			continue
		}
		set, ok := mqttProfiles[tr.Profile]
		if !ok {
			t.Errorf("%s: no profile %s", tr.Name, tr.Profile)
			continue
		}
		change, changed := mqttInstead[tr.Name]
		if tr.Fault && !changed || changed && tr.Hardened == "" {
			t.Errorf("%s: at fault %v, hardened %q, and changed %v", tr.Name, tr.Fault, tr.Hardened, changed)
		}
		steps := tr.Steps
		if changed {
			steps = change.of(steps)
		}
		if tr.Timed {
			t.Run(tr.Name, func(t *testing.T) { playInTime(t, set, tr, steps) })
			continue
		}
		if servers[tr.Profile] == "" {
			servers[tr.Profile] = serveRecordedMQTT(t, set, mqttRoutes())
		}
		dial := tcp(servers[tr.Profile])
		t.Run(tr.Name, func(t *testing.T) {
			t.Parallel()
			if err := playMQTT(dial, false, steps); err != nil {
				t.Errorf("%s Ours: %s: %v", tr.Comment, tr.Hardened, err)
			}
		})
	}
}

// playInTime plays what is about time on a network in memory, in virtual time.
func playInTime(t *testing.T, set func(*mqtt.Connector), tr mqttTranscript, steps []mqttStep) {
	synctest.Test(t, func(t *testing.T) {
		place := memory.Listen("mqtt")
		t.Cleanup(func() { time.Sleep(time.Minute) }) // until actors and what is hung up have gone
		serveRecordedMQTT(t, func(c *mqtt.Connector) {
			set(c)
			c.Addr, c.Port = "", &port.Port{Listener: lan{place}}
		}, mqttRoutes())
		if err := playMQTT(place.Dial, true, steps); err != nil {
			t.Errorf("%s Ours: %s: %v", tr.Comment, tr.Hardened, err)
		}
	})
}

// dialler opens a connection to the server.
type dialler func() (net.Conn, error)

func tcp(addr string) dialler {
	return func() (net.Conn, error) { return net.Dial("tcp", addr) }
}

// of makes the steps to be played.
func (c mqttChange) of(recorded []mqttStep) []mqttStep {
	n := 0
	for i, s := range recorded {
		if s.Send != nil || s.SendChunks != nil {
			n++
		}
		if n == c.sends {
			return append(slices.Clone(recorded[:i+1]), c.then...)
		}
	}
	panic("a change keeps more sends than were recorded")
}

// mqttPlayer plays the client's part of a transcript and checks the server's.
type mqttPlayer struct {
	net.Conn
	dial  dialler
	timed bool
	last  time.Time
	left  []byte
}

// playMQTT returns what differed first. Packets that come with nothing between them may come in any order: answers
// and acknowledgements do not wait for each other.
func playMQTT(dial dialler, timed bool, steps []mqttStep) error {
	c, err := dial()
	if err != nil {
		return err
	}
	defer c.Close()
	p := &mqttPlayer{Conn: c, dial: dial, timed: timed, last: time.Now()}
	for i := 0; i < len(steps); {
		n := 1
		for steps[i].Recv != nil && i+n < len(steps) && steps[i+n].Recv != nil {
			n++
		}
		if err := p.do(steps[i : i+n]); err != nil {
			return fmt.Errorf("step %d: %w", i+1, err)
		}
		i += n
	}
	return nil
}

func (p *mqttPlayer) do(steps []mqttStep) error {
	s := steps[0]
	switch {
	case s.Send != nil:
		_, err := p.Write(s.Send)
		p.last = time.Now()
		return err
	case s.SendChunks != nil:
		for _, b := range s.SendChunks {
			if _, err := p.Write(b); err != nil {
				return err
			}
			<-time.After(time.Duration(s.GapMS) * time.Millisecond)
		}
		return nil
	case s.Recv != nil:
		return p.sees(steps)
	case s.Second != nil:
		return playMQTT(p.dial, p.timed, s.Second)
	case s.ClosedBy != "":
		return p.ends(s)
	}
	return p.silent(time.Duration(s.SilenceMS) * time.Millisecond)
}

func (p *mqttPlayer) sees(steps []mqttStep) error {
	var want []string
	for _, s := range steps {
		want = append(want, string(s.Recv))
	}
	for len(want) > 0 {
		packet, err := p.next()
		if err != nil {
			return fmt.Errorf("got %w, want %x", err, want)
		}
		i := slices.Index(want, string(packet))
		if i < 0 {
			return fmt.Errorf("got %x, want %x", packet, want)
		}
		want = slices.Delete(want, i, i+1)
	}
	p.last = time.Now()
	return nil
}

// next reads a packet.
func (p *mqttPlayer) next() ([]byte, error) {
	_ = p.SetReadDeadline(time.Now().Add(patience))
	for {
		if _, rest, err := wiremqtt.Cut(p.left); err == nil {
			packet := p.left[:len(p.left)-len(rest)]
			p.left = rest
			return packet, nil
		}
		b := make([]byte, 1024)
		n, err := p.Read(b)
		if p.left = append(bytes.Clone(p.left), b[:n]...); err != nil {
			return p.left, err
		}
	}
}

func (p *mqttPlayer) silent(d time.Duration) error {
	_ = p.SetReadDeadline(time.Now().Add(min(d, quiet)))
	n, err := p.Read(make([]byte, 1))
	if n > 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
		return fmt.Errorf("got %d bytes, %v, want silence", n, err)
	}
	return nil
}

func (p *mqttPlayer) ends(s mqttStep) error {
	if b, err := p.next(); err != io.EOF || len(b) > 0 {
		return fmt.Errorf("got %x, %v, want the end", b, err)
	}
	if s.AfterMS == nil || !p.timed {
		return nil
	}
	want := time.Duration(*s.AfterMS) * time.Millisecond
	if got := time.Since(p.last); (got - want).Abs() > tolerance {
		return fmt.Errorf("it ended after %v, want %v", got, want)
	}
	return nil
}

// TestTheRecordedMQTTClient plays the recorded session of the real client, npm's mqtt 0.3.9, through that client.
func TestTheRecordedMQTTClient(t *testing.T) {
	t.Parallel()
	node := need.Program(t, "node")
	need.Packages(t, mqttKit)
	host, port, err := net.SplitHostPort(serveRecordedMQTT(t, pomeloMQTT, mqttRoutes()))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, node, "recorded.cjs", host, port)
	cmd.Dir = mqttKit
	out, err := cmd.Output()
	if err != nil {
		t.Errorf("%v", err)
	}
	got := strings.Split(strings.TrimSpace(string(out)), "\n")
	slices.Sort(got) // the acknowledgement and the answer may swap places
	want := []string{
		`{"acknowledged":true}`, `{"event":"connect"}`, `{"granted":[{"topic":"a/b","qos":1}]}`,
		`{"recv_topic":"from/server","recv_payload":"pushed:yo"}`, `{"recv_topic":"reply/some/topic","recv_payload":"got:hello"}`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("it says\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
