package engineio_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/fairlead-go/fairlead/connectors/wire/engineio"
)

func TestPayloadsDecode(t *testing.T) {
	for name, c := range map[string]struct {
		version engineio.Version
		binary  bool
		body    string
		want    []string
	}{
		"version 4":           {engineio.V4, false, "4hello\x1e2\x1ebAQID", []string{"4hello", "2", "4<\x01\x02\x03>"}},
		"version 3":           {engineio.V3, false, "6:4hello2:4€3:4😀6:b4AQID", []string{"4hello", "4€", "4😀", "4<\x01\x02\x03>"}},
		"version 3 in bytes":  {engineio.V3, true, "\x00\x06\xff4hello\x01\x03\xff\x04\x01\x02", []string{"4hello", "4<\x01\x02>"}},
		"text encoded twice":  {engineio.V3, false, "4:4â\u0082¬", []string{"4€"}},
		"version 4 in bytes":  {engineio.V4, true, "4hello", []string{engineio.ErrFraming.Error()}},
		"a length of nothing": {engineio.V3, false, "1:40:", []string{"4", engineio.ErrLength.Error()}},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			var d engineio.Dialect
			for p, err := range c.version.DecodePayload([]byte(c.body), c.binary, &d) {
				got = append(got, show(p, err))
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("packets = %q, want %q", got, c.want)
			}
		})
	}
}

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
