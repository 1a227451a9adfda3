package websocket_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/wire/websocket"
)

// The first bytes of frames.
const (
	more      = "\x00"
	last      = "\x80"
	textPart  = "\x01"
	binPart   = "\x02"
	text      = "\x81"
	bin       = "\x82"
	closing   = "\x88"
	ping      = "\x89"
	pong      = "\x8a"
	partPing  = "\x09"
	partPong  = "\x0a"
	partClose = "\x08"
)

// key is what frames are masked with here.
const key = "\x01\x80\x37\xff"

// frame is a client's frame, its size in the shortest form.
func frame(first, payload string) string {
	b := []byte(first)
	switch n := len(payload); {
	case n <= 125:
		b = append(b, 0x80|byte(n))
	case n <= 0xffff:
		b = binary.BigEndian.AppendUint16(append(b, 0x80|126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, 0x80|127), uint64(n))
	}
	return string(b) + key + mask(payload)
}

func mask(payload string) string {
	b := []byte(payload)
	for i := range b {
		b[i] ^= key[i%4]
	}
	return string(b)
}

// said is what a Reader gave, in one line each: the opcode and the data.
type said []string

// hear gives a fresh Reader what was sent, in pieces of so many bytes.
func hear(limit int, sent string, size int) (all said, err error) {
	r := &websocket.Reader{}
	r.SetLimit(limit)
	for len(sent) > 0 {
		b := []byte(sent[:min(size, len(sent))])
		sent = sent[len(b):]
		for len(b) > 0 {
			var m websocket.Message
			if m, b, err = r.Next(b); err != nil {
				return all, err
			}
			if m.Opcode != 0 {
				all = append(all, fmt.Sprintf("%x %s", m.Opcode, m.Data))
			}
		}
		r.Rest()
	}
	if r.Pending() {
		all = append(all, "and something begun")
	}
	return all, nil
}

// sizes are the segments that everything is tried with.
var sizes = []int{1, 2, 3, 5, 7, 11, 13, 100, 1 << 20}

const limit = 70_000

func TestReader(t *testing.T) {
	long, longer := strings.Repeat("0123456789", 100), strings.Repeat("abcdefghij", 7000)
	for name, tt := range map[string]struct {
		sent string
		want said
		err  error
	}{
		// 5.2
		"nothing":                       {"", nil, nil},
		"text":                          {frame(text, "hello"), said{"1 hello"}, nil},
		"binary":                        {frame(bin, "hello"), said{"2 hello"}, nil},
		"one after the other":           {frame(text, "a") + frame(bin, "b") + frame(text, "c"), said{"1 a", "2 b", "1 c"}, nil},
		"empty":                         {frame(text, "") + frame(bin, ""), said{"1 ", "2 "}, nil},
		"125 and 126 bytes":             {frame(bin, long[:125]) + frame(bin, long[:126]), said{"2 " + long[:125], "2 " + long[:126]}, nil},
		"65,535 and 65,536 bytes":       {frame(bin, longer[:65535]) + frame(bin, longer[:65536]), said{"2 " + longer[:65535], "2 " + longer[:65536]}, nil},
		"begun":                         {frame(text, "a") + frame(bin, "bcd")[:7], said{"1 a", "and something begun"}, nil},
		"half a head":                   {"\x82", said{"and something begun"}, nil},
		"RSV1":                          {"\xc2\x80" + key, nil, websocket.ErrReserved1},
		"RSV2":                          {"\xa2\x80" + key, nil, websocket.ErrReserved2},
		"RSV3":                          {"\x92\x80" + key, nil, websocket.ErrReserved3},
		"RSV1 in a control frame":       {"\xc9\x80" + key, nil, websocket.ErrReserved1},
		"opcode 3":                      {"\x83\x80" + key, nil, websocket.Error("bad opcode 3")},
		"opcode 7":                      {"\x87\x80" + key, nil, websocket.Error("bad opcode 7")},
		"opcode 11":                     {"\x8b\x80" + key, nil, websocket.Error("bad opcode 11")},
		"opcode 15":                     {"\x8f\x80" + key, nil, websocket.Error("bad opcode 15")},
		"125 bytes with 16 bits":        {"\x82\xfe\x00\x7d", nil, websocket.ErrLength},
		"65,535 bytes with 64 bits":     {"\x82\xff\x00\x00\x00\x00\x00\x00\xff\xff", nil, websocket.ErrLength},
		"2^63 bytes":                    {"\x82\xff\x80\x00\x00\x00\x00\x00\x00\x00", nil, websocket.ErrLength},
		"2^63-1 bytes":                  {"\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff" + key, nil, connectors.ErrTooLarge},
		"wrong only behind its message": {frame(text, "a") + "\x83\x80", said{"1 a"}, websocket.Error("bad opcode 3")},
		// 5.1
		"not masked":         {"\x82\x01x", nil, websocket.ErrNotMasked},
		"a ping, not masked": {"\x89\x00", nil, websocket.ErrNotMasked},
		// 5.4
		"two fragments":                  {frame(textPart, "he") + frame(last, "llo"), said{"1 hello"}, nil},
		"many, some empty":               {frame(binPart, "") + frame(more, "he") + frame(more, "") + frame(last, "llo"), said{"2 hello"}, nil},
		"all empty":                      {frame(binPart, "") + frame(more, "") + frame(last, ""), said{"2 "}, nil},
		"long ones":                      {frame(binPart, long) + frame(more, long) + frame(last, long), said{"2 " + long + long + long}, nil},
		"control frames between":         {frame(textPart, "he") + frame(ping, "?") + frame(pong, "!") + frame(last, "llo") + frame(bin, "x"), said{"9 ?", "a !", "1 hello", "2 x"}, nil},
		"between two frames":             {frame(textPart, "he"), said{"and something begun"}, nil},
		"a fragment of nothing":          {frame(last, "llo"), nil, websocket.ErrContinuation},
		"one more fragment of nothing":   {frame(more, "llo"), nil, websocket.ErrContinuation},
		"a fragment behind the last":     {frame(textPart, "a") + frame(last, "b") + frame(last, "c"), said{"1 ab"}, websocket.ErrContinuation},
		"a message between fragments":    {frame(textPart, "a") + frame(text, "b"), nil, websocket.ErrInterrupted},
		"a beginning between fragments":  {frame(textPart, "a") + frame(ping, "") + frame(binPart, "b"), said{"9 "}, websocket.ErrInterrupted},
		"the limit in one":               {frame(bin, longer), said{"2 " + longer}, nil},
		"the limit in fragments":         {frame(binPart, longer[1:]) + frame(last, "x"), said{"2 " + longer[1:] + "x"}, nil},
		"over the limit in one":          {frame(bin, longer+"x")[:14], nil, connectors.ErrTooLarge},
		"over the limit in fragments":    {frame(binPart, longer) + frame(last, "x")[:6], nil, connectors.ErrTooLarge},
		"over it in fragments, by 2^63":  {frame(binPart, longer) + "\x80\xff\x7f\xff\xff\xff\xff\xff\xff\xff" + key, nil, connectors.ErrTooLarge},
		"control frames do not count":    {frame(binPart, longer) + frame(ping, long[:125]) + frame(last, ""), said{"9 " + long[:125], "2 " + longer}, nil},
		"a new message counts from zero": {frame(binPart, longer) + frame(last, "") + frame(bin, longer), said{"2 " + longer, "2 " + longer}, nil},
		// 5.5
		"a ping of 125 bytes":     {frame(ping, long[:125]), said{"9 " + long[:125]}, nil},
		"a ping of 126 bytes":     {"\x89\xfe\x00\x7e", nil, websocket.ErrLongControl},
		"a close of 64 bits":      {"\x88\xff", nil, websocket.ErrLongControl},
		"a ping that is no last":  {frame(partPing, ""), nil, websocket.ErrPartControl},
		"a pong that is no last":  {frame(partPong, ""), nil, websocket.ErrPartControl},
		"a close that is no last": {frame(partClose, ""), nil, websocket.ErrPartControl},
		"control frames alone":    {frame(ping, "a") + frame(pong, "") + frame(ping, "b"), said{"9 a", "a ", "9 b"}, nil},
		// 5.5.1 and 7.4
		"close":                          {frame(closing, ""), said{"8 "}, nil},
		"close with a code":              {frame(closing, "\x03\xe8"), said{"8 \x03\xe8"}, nil},
		"close with a reason":            {frame(closing, "\x0f\xa0bücher"), said{"8 \x0f\xa0bücher"}, nil},
		"close with half a code":         {frame(closing, "\x03"), nil, websocket.ErrCloseLength},
		"close with a reason of no text": {frame(closing, "\x03\xe8\xff"), nil, websocket.ErrCloseText},
		"close in the middle of a message": {
			frame(textPart, "a") + frame(closing, "\x03\xe9"), said{"8 \x03\xe9", "and something begun"}, nil,
		},
		// 8.1: left to the protocol above.
		"text that is none": {frame(text, "\xff"), said{"1 \xff"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			for _, size := range sizes {
				got, err := hear(limit, tt.sent, size)
				if !slices.Equal(got, tt.want) || !errors.Is(err, tt.err) {
					t.Fatalf("in pieces of %d: %.80q, %v, want %.80q, %v", size, got, err, tt.want, tt.err)
				}
				if err != nil && !errors.Is(err, connectors.ErrTooLarge) && !errors.Is(err, connectors.ErrMalformed) {
					t.Fatalf("%v is not known to connectors", err)
				}
			}
		})
	}
}

func TestCloseCodes(t *testing.T) {
	for code := range 1 << 16 {
		registered := code >= 1000 && code <= 1003 || code >= 1007 && code <= 1014 || code >= 3000 && code < 5000
		payload := binary.BigEndian.AppendUint16(nil, uint16(code))
		_, err := hear(0, frame(closing, string(payload)), 100)
		if (err == nil) != registered {
			t.Fatalf("code %d: %v", code, err)
		}
		if got := websocket.CloseCode(payload); got != code {
			t.Fatalf("code %d is read as %d", code, got)
		}
	}
	if got := websocket.CloseCode(nil); got != websocket.CloseNoCode {
		t.Errorf("no code is read as %d", got)
	}
}

func TestCloseFrames(t *testing.T) {
	for name, tt := range map[string]struct{ text, want string }{
		"no text":  {"", "before\x88\x02\x03\xe9"},
		"a text":   {"bye", "before\x88\x05\x03\xe9bye"},
		"too long": {strings.Repeat("x", 124), "before\x88\x7d\x03\xe9" + strings.Repeat("x", 123)},
	} {
		if got := string(websocket.AppendClose([]byte("before"), websocket.CloseGoingAway, tt.text)); got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}

// No limit is only that of what a size can be.
func TestWithoutALimit(t *testing.T) {
	const huge = "\x7f\xff\xff\xff\xff\xff\xff\xff"
	if _, err := hear(0, "\x02\xff"+huge+key, 100); err != nil {
		t.Errorf("2^63-1 bytes: %v", err)
	}
	if _, err := hear(0, frame(binPart, "x")+"\x80\xff"+huge+key, 100); !errors.Is(err, connectors.ErrTooLarge) {
		t.Errorf("one more: %v, want too large", err)
	}
}

func TestLimitIsThatOfTheMoment(t *testing.T) {
	r := &websocket.Reader{}
	r.SetLimit(3)
	b := []byte(frame(bin, "four"))
	if r.Whole(b) {
		t.Error("a message over the limit can be given")
	}
	r.SetLimit(4)
	if !r.Whole(b) {
		t.Error("a message of the limit cannot be given")
	}
	if m, _, err := r.Next(b); err != nil || string(m.Data) != "four" {
		t.Errorf("next = %q, %v", m.Data, err)
	}
}

func TestWhole(t *testing.T) {
	for name, tt := range map[string]struct {
		before, b string
		want      bool
	}{
		"a message":            {"", frame(text, "a"), true},
		"and more":             {"", frame(bin, "a") + "more", true},
		"half a head":          {"", frame(bin, "a")[:5], false},
		"half a message":       {"", frame(bin, "ab")[:7], false},
		"a fragment":           {"", frame(binPart, "a"), false},
		"a control frame":      {"", frame(ping, "a"), false},
		"nothing":              {"", "", false},
		"what is wrong":        {"", "\x82\x01x", false},
		"inside a message":     {frame(binPart, "a"), frame(last, "b"), false},
		"behind half of a one": {frame(bin, "ab")[:7], frame(bin, "c"), false},
	} {
		r := &websocket.Reader{}
		_, _, _ = r.Next([]byte(tt.before))
		if got := r.Whole([]byte(tt.b)); got != tt.want {
			t.Errorf("%s: %v, want %v", name, got, tt.want)
		}
	}
}

// Messages are valid until Rest, however many there are.
func TestMessagesLiveUntilRest(t *testing.T) {
	r := &websocket.Reader{}
	var got [][]byte
	for i := range 20 {
		s := strings.Repeat(string(rune('a'+i)), 100*i)
		b := []byte(frame(binPart, s) + frame(last, s))
		for len(b) > 0 {
			var m websocket.Message
			m, b, _ = r.Next(b)
			got = append(got, m.Data)
		}
	}
	for i, b := range got {
		if want := strings.Repeat(string(rune('a'+i)), 200*i); string(b) != want {
			t.Fatalf("message %d has become %.20q…", i, b)
		}
	}
	r.Rest()
}

// Whole messages are read where they lie.
func TestWholeMessagesCostNothing(t *testing.T) {
	r := &websocket.Reader{}
	sent := []byte(frame(bin, "hello") + frame(text, strings.Repeat("x", 1000)) + frame(ping, "x"))
	in := make([]byte, len(sent))
	if n := testing.AllocsPerRun(100, func() {
		for b := in[:copy(in, sent)]; len(b) > 0; {
			_, b, _ = r.Next(b)
		}
		r.Rest()
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// What is announced costs nothing until it comes.
func TestMemoryIsNotAnnounced(t *testing.T) {
	const readers = 100
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range readers {
		if _, err := hear(0, "\x02\xff\x40\x00\x00\x00\x00\x00\x00\x00"+key+"x", 100); err != nil {
			t.Fatal(err)
		}
	}
	runtime.ReadMemStats(&after)
	if n := (after.TotalAlloc - before.TotalAlloc) / readers; n > 1<<10 {
		t.Errorf("%d bytes allocated for 2^62 announced", n)
	}
}

func BenchmarkReader(b *testing.B) {
	for _, size := range []int{16, 1024, 64 << 10} {
		sent := []byte(strings.Repeat(frame(bin, strings.Repeat("x", size)), max(4096/size, 1)))
		b.Run(fmt.Sprintf("body=%d", size), func(b *testing.B) {
			r := &websocket.Reader{}
			in := make([]byte, len(sent))
			b.SetBytes(int64(len(sent)))
			b.ReportAllocs()
			for b.Loop() {
				for rest := in[:copy(in, sent)]; len(rest) > 0; {
					_, rest, _ = r.Next(rest)
				}
				r.Rest()
			}
		})
	}
}
