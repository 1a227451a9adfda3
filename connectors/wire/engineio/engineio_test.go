package engineio_test

import (
	"bytes"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/wire/engineio"
	"github.com/fairlead-go/fairlead/connectors/wire/websocket"
)

// show writes a packet as text, bytes in <>.
func show(p engineio.Packet, err error) string {
	switch {
	case err != nil:
		return err.Error()
	case p.Binary:
		return fmt.Sprintf("%c<%s>", p.Type, p.Data)
	}
	return fmt.Sprintf("%c%s", p.Type, p.Data)
}

func TestWebSocketMessagesDecode(t *testing.T) {
	text := func(s string) connectors.Frame { return connectors.Frame{Data: []byte(s), Text: true} }
	data := func(s string) connectors.Frame { return connectors.Frame{Data: []byte(s)} }
	for name, c := range map[string]struct {
		frame        connectors.Frame
		want3, want4 any // text or an error
	}{
		"a message":                    {text("4hello"), "4hello", "4hello"},
		"a message of nothing":         {text("4"), "4", "4"},
		"the first type":               {text("0{}"), "0{}", "0{}"},
		"the last type":                {text("6"), "6", "6"},
		"a type below":                 {text("/"), engineio.ErrType, engineio.ErrType},
		"a type above":                 {text("7"), engineio.ErrType, engineio.ErrType},
		"nothing":                      {text(""), engineio.ErrEmpty, engineio.ErrEmpty},
		"no UTF-8":                     {text("4\xff"), engineio.ErrUTF8, engineio.ErrUTF8},
		"half a pair in UTF-8":         {text("4\xed\xa0\x80"), engineio.ErrUTF8, engineio.ErrUTF8},
		"bytes of version 3":           {data("\x04\x01"), "4<\x01>", "4<\x04\x01>"},
		"bytes of version 4":           {data("\x01"), engineio.ErrType, "4<\x01>"},
		"no byte":                      {data(""), engineio.ErrEmpty, "4<>"},
		"no byte but a type":           {data("\x04"), "4<>", "4<\x04>"},
		"bytes that ping":              {data("\x02"), engineio.ErrType, "4<\x02>"},
		"base64 of version 3":          {text("b4AQID"), "4<\x01\x02\x03>", engineio.ErrBase64},
		"base64 of version 4":          {text("bAQID"), engineio.ErrType, "4<\x01\x02\x03>"},
		"base64 with padding":          {text("bAQI="), engineio.ErrType, "4<\x01\x02>"},
		"base64 with padding, 3":       {text("b4AQ=="), "4<\x01>", engineio.ErrBase64},
		"base64 of nothing":            {text("b"), engineio.ErrType, "4<>"},
		"base64 of nothing, 3":         {text("b4"), "4<>", engineio.ErrBase64},
		"base64 that pings":            {text("b2AQID"), engineio.ErrType, engineio.ErrBase64},
		"base64 without padding":       {text("bAQI"), engineio.ErrType, engineio.ErrBase64},
		"base64 in lines":              {text("bAQID\nAQID"), engineio.ErrType, engineio.ErrBase64},
		"base64 in lines that fit":     {text("b4AQID\r\n\r\n"), engineio.ErrBase64, engineio.ErrBase64},
		"base64 of the other alphabet": {text("b4__--"), engineio.ErrBase64, engineio.ErrBase64},
	} {
		for version, want := range map[engineio.Version]any{engineio.V3: c.want3, engineio.V4: c.want4} {
			p, err := version.Decode(c.frame)
			if wrong, ok := want.(error); ok && errors.Is(err, wrong) && errors.Is(err, connectors.ErrMalformed) {
				continue
			}
			if got := show(p, err); got != want {
				t.Errorf("%s, version %d: %q, want %q", name, version, got, want)
			}
		}
	}
}

func TestOpenPackets(t *testing.T) {
	h := engineio.Handshake{SID: "abc", PingInterval: 25 * time.Second, PingTimeout: 20 * time.Second, MaxPayload: 1_000_000}
	for version, want := range map[engineio.Version]string{
		engineio.V4: `0{"sid":"abc","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}`,
		engineio.V3: `0{"sid":"abc","upgrades":[],"pingInterval":25000,"pingTimeout":20000}`,
	} {
		if got := one(t, version.AppendOpen(nil, h)); got != want {
			t.Errorf("version %d opens with %s, want %s", version, got, want)
		}
	}
	h.Upgrades = true
	want := `0{"sid":"abc","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000}`
	if got := one(t, engineio.V3.AppendOpen(nil, h)); got != want {
		t.Errorf("with upgrades: %s, want %s", got, want)
	}
}

// one is the packet of text that is the only frame.
func one(t *testing.T, frames []byte) string {
	t.Helper()
	opcode, payload, rest, ok := websocket.Cut(frames)
	if !ok || len(rest) > 0 || opcode != websocket.Text {
		t.Fatalf("%q is not one frame of text", frames)
	}
	return string(payload)
}

func TestBinaryMessagesAreFramedByVersion(t *testing.T) {
	for version, want := range map[engineio.Version]string{engineio.V4: "\x82\x02hi", engineio.V3: "\x82\x03\x04hi"} {
		if got := version.AppendBinary(nil, []byte("hi")); string(got) != want {
			t.Errorf("version %d: %q, want %q", version, got, want)
		}
	}
}

func TestAWebSocketThatTakesNoBytesIsSentBase64(t *testing.T) {
	for version, want := range map[engineio.Version]string{
		engineio.V4: "\x81\x0242\x81\x05bAQI=\x81\x013",
		engineio.V3: "\x81\x0242\x81\x06b4AQI=\x81\x013",
	} {
		frames := engineio.AppendPacket(nil, engineio.Message, "2")
		frames = version.AppendBinary(frames, []byte{1, 2})
		frames = engineio.AppendPacket(frames, engineio.Pong, "")
		got := version.AppendBase64([]byte("before"), frames)
		if string(got) != "before"+want {
			t.Errorf("version %d: %q, want %q", version, got, want)
		}
		if again := version.AppendBase64(nil, []byte(want)); !bytes.Equal(again, []byte(want)) {
			t.Errorf("version %d: text becomes %q", version, again)
		}
	}
}
