package engineio_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/wire/engineio"
	"github.com/fairlead-go/fairlead/connectors/wire/websocket"
)

// kinds are the three ways to write a payload.
var kinds = []struct {
	version engineio.Version
	binary  bool
}{{engineio.V4, asText}, {engineio.V3, asText}, {engineio.V3, asBytes}}

var seeds = []string{
	"4hello\x1e2\x1ebAQID\x1e42[\"a\",\"€😀\"]",
	"6:4hello2:4€3:4😀6:b4AQID",
	"4:4â\u0082¬5:42[\u0080]",
	"\x00\x06\xff4hello\x01\x03\xff\x04\x01\x02\x00\x01\x00\xff4123456789",
	"999999999:4", "\x00\x09\x09\x09\x09\x09\x09\x09\x09\x09\xff4",
	`82:42["message","\u0000\u0000\u0000\u0001\u001bconnector.entryHandler.echo{\"a\":1}"]`,
}

// FuzzPayload decodes all payloads in all ways: what comes out is no more than went in, and comes
// out again of the payload it is written to.
func FuzzPayload(f *testing.F) {
	for kind := range kinds {
		for _, seed := range seeds {
			for n := range len(seed) + 1 {
				f.Add([]byte(seed[:n]), byte(kind), false)
			}
			f.Add([]byte(seed), byte(kind), true)
		}
	}
	f.Fuzz(func(t *testing.T, body []byte, kind byte, b64 bool) {
		k := kinds[int(kind)%len(kinds)]
		var d engineio.Dialect
		frames, shown := decodeAll(t, body, k.version, k.binary, &d)
		payload, binary := k.version.AppendPayload(nil, frames, b64)
		if len(shown) == 0 {
			return
		}
		d = newer(t)
		if _, again := decodeAll(t, payload, k.version, binary, &d); again != shown {
			t.Errorf("%q is %q, written %q it is %q", body, shown, payload, again)
		}
	})
}

// decodeAll decodes a payload, up to what is wrong with it, into frames and what a test shows.
func decodeAll(t *testing.T, body []byte, v engineio.Version, binary bool, d *engineio.Dialect) (frames []byte, shown string) {
	before, size := bytes.Clone(body), 0
	var all strings.Builder
	for p, err := range v.DecodePayload(body, binary, d) {
		if err != nil {
			if !errors.Is(err, connectors.ErrMalformed) {
				t.Errorf("%v is no error of the contract", err)
			}
			continue
		}
		size += 1 + len(p.Data)
		all.WriteString(show(p, nil) + "|")
		if p.Binary {
			frames = v.AppendBinary(frames, p.Data)
		} else {
			frames = engineio.AppendPacket(frames, p.Type, p.Data)
		}
	}
	if size > len(body) {
		t.Errorf("%d bytes become %d", len(body), size)
	}
	if !bytes.Equal(body, before) {
		t.Errorf("%q is changed to %q", before, body)
	}
	return frames, all.String()
}

// newer is what a 2.x client is known by.
func newer(t *testing.T) (d engineio.Dialect) {
	if got := packets(engineio.V3, "2:4€", asText, &d); len(got) != 1 || d == 0 {
		t.Fatal(got)
	}
	return d
}

// FuzzDecode decodes WebSocket messages: what comes out, written again, is the same packet.
func FuzzDecode(f *testing.F) {
	for _, s := range []string{"4hello", "b4AQI=", "bAQID", "\x04\x01", "2probe", "4\xff", "0{}", "7", ""} {
		f.Add([]byte(s), true, true)
		f.Add([]byte(s), false, false)
	}
	f.Fuzz(func(t *testing.T, b []byte, text, fourth bool) {
		v := engineio.V3
		if fourth {
			v = engineio.V4
		}
		p, err := v.Decode(connectors.Frame{Data: b, Text: text})
		if err != nil {
			if !errors.Is(err, connectors.ErrMalformed) {
				t.Errorf("%v is no error of the contract", err)
			}
			return
		}
		frame := engineio.AppendPacket(nil, p.Type, p.Data)
		if p.Binary {
			frame = v.AppendBinary(nil, p.Data)
		}
		for _, frame := range [][]byte{frame, v.AppendBase64(nil, frame)} {
			opcode, payload, _, _ := websocket.Cut(frame)
			again, err := v.Decode(connectors.Frame{Data: payload, Text: opcode == websocket.Text})
			if show(again, err) != show(p, nil) {
				t.Errorf("%q decodes to %q, written %q it is %q", b, show(p, nil), frame, show(again, err))
			}
		}
	})
}

func TestPayloadsCostWhatTheyBring(t *testing.T) {
	for name, c := range map[string]struct {
		body string
		kind int
		most float64
	}{
		"many packets":             {strings.Repeat("2\x1e", 1<<12) + "2", 0, 8},
		"many packets, version 3":  {strings.Repeat("1:2", 1<<12), 1, 8},
		"many packets in bytes":    {strings.Repeat("\x00\x01\xff2", 1<<12), 2, 8},
		"an announcement":          {"999999999:4", 1, 8},
		"an announcement in bytes": {"\x00\x09\x09\x09\x09\x09\x09\x09\x09\x09\xff4", 2, 8},
	} {
		body := []byte(c.body)
		n := testing.AllocsPerRun(3, func() {
			var d engineio.Dialect
			for p, err := range kinds[c.kind].version.DecodePayload(body, kinds[c.kind].binary, &d) {
				_, _ = p, err
			}
		})
		if n > c.most {
			t.Errorf("%s: %v allocations, want at most %v", name, n, c.most)
		}
	}
}
