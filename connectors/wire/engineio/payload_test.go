package engineio_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/fairlead-go/fairlead/connectors/wire/engineio"
)

// packets are those of a payload, shown; the last is its error, if any.
func packets(v engineio.Version, body string, binary bool, d *engineio.Dialect) (all []string) {
	for p, err := range v.DecodePayload([]byte(body), binary, d) {
		all = append(all, show(p, err))
	}
	return all
}

const asText, asBytes = false, true

func TestPayloadsDecode(t *testing.T) {
	const v3, v4 = engineio.V3, engineio.V4
	wrong := func(err error, before ...string) []string { return append(before, err.Error()) }
	for name, c := range map[string]struct {
		version engineio.Version
		binary  bool
		body    string
		want    []string
	}{
		"separated packets":             {v4, asText, "4hello\x1e2\x1ebAQID", []string{"4hello", "2", "4<\x01\x02\x03>"}},
		"one packet":                    {v4, asText, "4hello", []string{"4hello"}},
		"no packet":                     {v4, asText, "", wrong(engineio.ErrEmpty)},
		"nothing behind the separator":  {v4, asText, "2\x1e", wrong(engineio.ErrEmpty, "2")},
		"nothing before the separator":  {v4, asText, "\x1e2", wrong(engineio.ErrEmpty)},
		"an unknown type behind others": {v4, asText, "2\x1e7\x1e2", wrong(engineio.ErrType, "2")},
		"no UTF-8 anywhere":             {v4, asText, "2\x1e4\xff", wrong(engineio.ErrUTF8)},
		"version 4 in bytes":            {v4, asBytes, "4hello", wrong(engineio.ErrFraming)},

		"lengths in UTF-16":           {v3, asText, "6:4hello2:4€3:4😀6:b4AQID", []string{"4hello", "4€", "4😀", "4<\x01\x02\x03>"}},
		"a length with zeros":         {v3, asText, "000000002:4a", []string{"4a"}},
		"a length of ten digits":      {v3, asText, "0000000002:4a", wrong(engineio.ErrLength)},
		"a length of nothing":         {v3, asText, "1:40:", wrong(engineio.ErrLength, "4")},
		"a length past the end":       {v3, asText, "3:4a", wrong(engineio.ErrLength)},
		"a length in bytes":           {v3, asText, "4:4€", wrong(engineio.ErrLength)},
		"a length amid a pair":        {v3, asText, "2:4😀", wrong(engineio.ErrLength)},
		"a length without a digit":    {v3, asText, ":4", wrong(engineio.ErrLength)},
		"a length below zero":         {v3, asText, "-1:4", wrong(engineio.ErrLength)},
		"a length that does not end":  {v3, asText, "12", wrong(engineio.ErrLength)},
		"text of nothing":             {v3, asText, "", wrong(engineio.ErrEmpty)},
		"text that is no UTF-8":       {v3, asText, "2:4\xff", wrong(engineio.ErrUTF8)},
		"text of an unknown type":     {v3, asText, "1:7", wrong(engineio.ErrType)},
		"the separator is but a byte": {v3, asText, "4:4a\x1eb", []string{"4a\x1eb"}},

		"the example of the documents": {v3, asBytes, "\x00\x06\xff4hello\x01\x03\xff\x04\x01\x02", []string{"4hello", "4<\x01\x02>"}},
		"lengths in bytes":             {v3, asBytes, "\x00\x04\xff4€", []string{"4€"}},
		"two digits":                   {v3, asBytes, "\x00\x01\x00\xff4123456789", []string{"4123456789"}},
		"a digit in ASCII":             {v3, asBytes, "\x001\xff4", wrong(engineio.ErrLength)},
		"ten digits":                   {v3, asBytes, "\x00" + strings.Repeat("\x00", 9) + "\x01\xff4", wrong(engineio.ErrLength)},
		"nine digits":                  {v3, asBytes, "\x00" + strings.Repeat("\x00", 8) + "\x01\xff4", []string{"4"}},
		"no digit":                     {v3, asBytes, "\x00\xff4", wrong(engineio.ErrLength)},
		"zero":                         {v3, asBytes, "\x00\x00\xff4", wrong(engineio.ErrLength)},
		"a packet past the end":        {v3, asBytes, "\x00\x02\xff4", wrong(engineio.ErrLength)},
		"a kind that there is not":     {v3, asBytes, "\x02\x01\xff4", wrong(engineio.ErrType)},
		"bytes of another type":        {v3, asBytes, "\x01\x01\xff\x02", wrong(engineio.ErrType)},
		"bytes that are no text":       {v3, asBytes, "\x00\x02\xff4\xff", wrong(engineio.ErrUTF8)},
		"a kind alone":                 {v3, asBytes, "\x00", wrong(engineio.ErrLength)},
		"bytes of nothing":             {v3, asBytes, "", wrong(engineio.ErrEmpty)},
	} {
		t.Run(name, func(t *testing.T) {
			if got := packets(c.version, c.body, c.binary, new(engineio.Dialect)); !slices.Equal(got, c.want) {
				t.Errorf("packets = %q, want %q", got, c.want)
			}
		})
	}
}

func TestAPayloadCanBeLeft(t *testing.T) {
	for _, err := range engineio.V4.DecodePayload([]byte("2\x1e7"), false, nil) {
		if err != nil {
			t.Fatal(err)
		}
		break
	}
}

// encodedTwice is a packet of text as 1.x clients poll it.
func encodedTwice(packet string) string {
	var twice []rune
	for i := range len(packet) {
		twice = append(twice, rune(packet[i]))
	}
	return string(twice)
}

func TestDialectsAreToldApartOnce(t *testing.T) {
	const v3 = engineio.V3
	id128 := "5:42[\u0080]"
	for name, c := range map[string]struct{ payloads, want []string }{
		"ASCII tells nothing":                   {[]string{"2:4a", "4:4â\u0082¬"}, []string{"4a", "4€"}},
		"bytes that are UTF-8 are of 1.x":       {[]string{"4:4â\u0082¬", "3:4Ã©"}, []string{"4€", "4é"}},
		"two bytes too":                         {[]string{"5:4" + encodedTwice("😀")}, []string{"4😀"}},
		"a character above U+00FF is of 2.x":    {[]string{"2:4€", "3:4Ã©"}, []string{"4€", "4Ã©"}},
		"units that are no UTF-8 are of 2.x":    {[]string{id128, "3:4Ã©"}, []string{"42[\u0080]", "4Ã©"}},
		"one packet settles it for the next":    {[]string{"2:4€3:4Ã©"}, []string{"4€", "4Ã©"}},
		"1.x cannot turn into 2.x":              {[]string{"4:4â\u0082¬", "2:4€"}, []string{"4€", engineio.ErrUTF8.Error()}},
		"nor speak UTF-8 that is none":          {[]string{"4:4â\u0082¬", id128}, []string{"4€", engineio.ErrUTF8.Error()}},
		"the first packet counts in UTF-16":     {[]string{"3:4😀3:4Ã©"}, []string{"4😀", "4Ã©"}},
		"the last character that may be of 1.x": {[]string{"3:4\u00c3\u00bf"}, []string{"4ÿ"}},
	} {
		t.Run(name, func(t *testing.T) {
			var d engineio.Dialect
			var got []string
			for _, body := range c.payloads {
				got = append(got, packets(v3, body, asText, &d)...)
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("packets = %q, want %q", got, c.want)
			}
		})
	}
}

func TestBinaryPayloadsHaveNoDialect(t *testing.T) {
	var d engineio.Dialect
	if got := packets(engineio.V3, "\x00\x05\xff4Ã©", asBytes, &d); !slices.Equal(got, []string{"4Ã©"}) || d != 0 {
		t.Errorf("packets = %q, dialect %d", got, d)
	}
}

func TestPayloadsAreFramed(t *testing.T) {
	mixed := func(v engineio.Version) []byte {
		frames := engineio.AppendPacket(nil, engineio.Message, "hello")
		return v.AppendBinary(frames, []byte{1, 2})
	}
	text := engineio.AppendPacket(engineio.AppendPacket(nil, engineio.Message, "€"), engineio.Message, "😀")
	for name, c := range map[string]struct {
		version engineio.Version
		frames  []byte
		b64     bool
		want    string
		binary  bool
	}{
		"version 4":               {engineio.V4, mixed(engineio.V4), false, "4hello\x1ebAQI=", false},
		"version 4, b64":          {engineio.V4, mixed(engineio.V4), true, "4hello\x1ebAQI=", false},
		"version 3 with bytes":    {engineio.V3, mixed(engineio.V3), false, "\x00\x06\xff4hello\x01\x03\xff\x04\x01\x02", true},
		"version 3 with b64":      {engineio.V3, mixed(engineio.V3), true, "6:4hello6:b4AQI=", false},
		"version 3 without bytes": {engineio.V3, text, false, "2:4€3:4😀", false},
		"nothing":                 {engineio.V3, nil, false, "", false},
	} {
		got, binary := c.version.AppendPayload([]byte("before"), c.frames, c.b64)
		if string(got) != "before"+c.want || binary != c.binary {
			t.Errorf("%s: %q, binary %v, want %q", name, got, binary, c.want)
		}
	}
}
