package mqtt_test

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"reflect"
	"testing"

	"github.com/fairlead-go/fairlead/connectors/wire/mqtt"
)

// publishVectors were made by running the reference, mqtt 0.3 of npm, which speaks version 3.1.
type publishVectors struct {
	Publish []struct {
		Name, Topic string
		Payload     payloadVector
		QoS         byte
		Retain, Dup bool
		MessageID   uint16 `json:"message_id"`
		Out         *string
	}
	Heads []struct {
		Topic         string
		PayloadLength int `json:"payload_length"`
		Head          string
	} `json:"publish_heads"`
}

// payloadVector is text, bytes in hex, or what is no payload.
type payloadVector struct {
	bytes []byte
	wrong bool
}

func (p *payloadVector) UnmarshalJSON(b []byte) error {
	var text string
	if json.Unmarshal(b, &text) == nil {
		p.bytes = []byte(text)
		return nil
	}
	var raw struct{ Hex *string }
	if err := json.Unmarshal(b, &raw); err != nil {
		return err
	}
	if p.wrong = raw.Hex == nil; p.wrong {
		return nil
	}
	var err error
	p.bytes, err = hex.DecodeString(*raw.Hex)
	return err
}

func TestMessagesAreWrittenAsTheReferenceWritesThem(t *testing.T) { // P20.1
	b, err := os.ReadFile("testdata/pomelo-mqtt.json")
	if err != nil {
		t.Fatal(err)
	}
	var v publishVectors
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatal(err)
	}
	for _, c := range v.Publish {
		if c.Payload.wrong {
			continue // ours are bytes always
		}
		m := mqtt.Publish{QoS: c.QoS, Dup: c.Dup, Retain: c.Retain, ID: c.MessageID, Topic: []byte(c.Topic), Payload: c.Payload.bytes}
		got, err := m.Append([]byte{}, mqtt.V31)
		switch {
		case c.Out == nil && err == nil:
			t.Errorf("%s: appended as %x", c.Name, got)
		case c.Out == nil:
		case err != nil || hex.EncodeToString(got) != *c.Out:
			t.Errorf("%s: %x, %v, want %s", c.Name, got, err, *c.Out)
		default:
			if again, err := decode(client31, got); err != nil || string(again.(mqtt.Publish).Payload) != string(m.Payload) {
				t.Errorf("%s decodes to %+v, %v", c.Name, again, err)
			}
		}
	}
	for _, c := range v.Heads {
		got, err := mqtt.Publish{Topic: []byte(c.Topic), Payload: make([]byte, c.PayloadLength)}.Append(nil, mqtt.V31)
		if err != nil || hex.EncodeToString(got[:8]) != c.Head {
			t.Errorf("%d bytes: %x, %v, want %s", c.PayloadLength, got[:8], err, c.Head)
		}
	}
}

func TestPropertiesMayLieInAnyOrder(t *testing.T) { // P20.1
	p, _, err := mqtt.Cut([]byte(wire(0x30, "\x00\x01a"+props(
		"\x26\x00\x01a\x00\x011"+"\x03\x00\x01t"+"\x26\x00\x01b\x00\x012"+"\x02\x00\x00\x00\x09"+"\x26\x00\x00\x00\x00"+"\x09\x00\x01c",
	)+"payload")))
	if err != nil {
		t.Fatal(err)
	}
	m, err := client5.Publish(p)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for name, value := range m.Properties.User.All() {
		got = append(got, string(name)+"="+string(value))
	}
	if want := []string{"a=1", "b=2", "="}; !reflect.DeepEqual(got, want) {
		t.Errorf("user properties %q, want %q", got, want)
	}
	for name := range m.Properties.User.All() {
		if string(name) != "a" {
			t.Errorf("the first is %q", name)
		}
		break
	}
	if grown := m.Properties.User.With("d", "4"); string(m.Payload) != "payload" || len(grown) == 0 {
		t.Errorf("a property more changes the payload to %q", m.Payload)
	}
	m.Properties.User = nil
	want := mqtt.Properties{ContentType: []byte("t"), MessageExpiry: mqtt.Some[uint32](9), CorrelationData: []byte("c")}
	if !reflect.DeepEqual(m.Properties, want) {
		t.Errorf("%+v, want %+v", m.Properties, want)
	}
}

// What was recorded between the reference and its clients, who speak 3.1 and 3.1.1.
func TestRecordedSessionsAreRead(t *testing.T) { // P20.1
	b, err := os.ReadFile("../../../internal/interop/testdata/transcripts-mqtt.json")
	if err != nil {
		t.Fatal(err)
	}
	var v struct {
		Transcripts []struct {
			Name  string
			Steps []struct{ Send, Recv string }
		}
	}
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatal(err)
	}
	sent, received := 0, 0
	for _, tr := range v.Transcripts {
		var client, server mqtt.Stream
		for _, s := range tr.Steps {
			n, err := readAll(&client, client31, s.Send)
			if bad := tr.Name == "garbage" || tr.Name == "pomelo-package"; err != nil && !bad {
				t.Errorf("%s: %s: %v", tr.Name, s.Send, err)
			}
			sent += n
			if n, err = readAll(&server, server31, s.Recv); err != nil {
				t.Errorf("%s: %s: %v", tr.Name, s.Recv, err)
			}
			received += n
		}
	}
	if sent < 40 || received < 40 {
		t.Errorf("there are only %d packets from clients and %d from servers", sent, received)
	}
}

// readAll reads the packets that bytes in hex complete, and counts them.
func readAll(s *mqtt.Stream, d mqtt.Decoder, text string) (n int, err error) {
	chunk, err := hex.DecodeString(text)
	if err != nil {
		return 0, err
	}
	frames, err := cut(s, chunk)
	for _, f := range frames {
		if _, err := decode(d, []byte(f)); err != nil {
			return n, err
		}
		n++
	}
	return n, err
}
