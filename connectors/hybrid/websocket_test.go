package hybrid_test

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/hybrid"
	"github.com/fairlead-go/fairlead/messages"
)

// masked is a client's frame: first is its first byte, the key is zero.
func masked(first byte, body string) string {
	b := []byte{first}
	switch n := len(body); {
	case n < 126:
		b = append(b, 0x80|byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, 0x80|126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, 0x80|127), uint64(n))
	}
	return string(append(b, 0, 0, 0, 0)) + body
}

// The first bytes of frames.
const (
	more     = 0x00
	text     = 0x81
	binary1  = 0x02 // the first of several fragments
	whole    = 0x82
	last     = 0x80
	closing  = 0x88
	ping     = 0x89
	pong     = 0x8a
	textMore = 0x01
)

// rawWeb opens a WebSocket whose frames the test writes itself.
func rawWeb(t testing.TB, l connectors.Listener) (net.Conn, connectors.Conn) {
	t.Helper()
	c := dial(t, l, "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n")
	server := accept(t, l)
	const answer = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
	wantBytes(t, c, answer)
	return c, server
}

func wantBytes(t testing.TB, c net.Conn, want string) {
	t.Helper()
	got := make([]byte, len(want))
	if n, err := io.ReadFull(c, got); err != nil || string(got) != want {
		t.Fatalf("client got %q, %v, want %q", got[:n], err, want)
	}
}

func wantRest(t testing.TB, c net.Conn, want string) {
	t.Helper()
	if got, err := io.ReadAll(c); err != nil || string(got) != want {
		t.Fatalf("client got %q, %v, want %q and the end", got, err, want)
	}
}

func TestMessages(t *testing.T) {
	l := listen(t, &hybrid.Connector{})
	long := data(30000)
	for name, tt := range map[string]struct {
		chunks  []string
		want    []string
		answers string
	}{
		"a message":                {chunks: []string{masked(whole, data(3))}, want: []string{data(3)}},
		"text":                     {chunks: []string{masked(text, data(3))}, want: []string{data(3)}},
		"empty text is nothing":    {chunks: []string{masked(text, "") + masked(whole, data(3))}, want: []string{data(3)}},
		"empty text, then a wait":  {chunks: []string{masked(text, ""), masked(whole, data(3))}, want: []string{data(3)}},
		"empty binary is a frame":  {chunks: []string{masked(whole, "")}, want: []string{""}},
		"packages share a message": {chunks: []string{masked(whole, heartbeat+data(3))}, want: []string{heartbeat + data(3)}},
		"messages share a segment": {chunks: []string{masked(whole, heartbeat) + masked(whole, data(200)) + masked(whole, data(3))}, want: []string{heartbeat, data(200), data(3)}},
		"one and a half":           {chunks: []string{masked(whole, heartbeat) + masked(whole, data(3))[:7], masked(whole, data(3))[7:]}, want: []string{heartbeat, data(3)}},
		"byte by byte":             {chunks: strings.Split(masked(whole, data(3)), ""), want: []string{data(3)}},
		"fragments":                {chunks: []string{masked(binary1, data(3)[:2]), masked(more, data(3)[2:5]) + masked(last, data(3)[5:])}, want: []string{data(3)}},
		"a ping between":           {chunks: []string{masked(ping, "are you there") + masked(whole, data(3))}, want: []string{data(3)}, answers: "\x8a\x0dare you there"},
		"a ping alone":             {chunks: []string{masked(ping, "p"), masked(whole, data(3))}, want: []string{data(3)}, answers: "\x8a\x01p"},
		"a ping between fragments": {chunks: []string{masked(textMore, data(3)[:2]) + masked(ping, "") + masked(last, data(3)[2:])}, want: []string{data(3)}, answers: "\x8a\x00"},
		"an unasked pong":          {chunks: []string{masked(pong, "x"), masked(whole, data(3))}, want: []string{data(3)}},
		"longer than a read":       {chunks: []string{masked(whole, long) + masked(whole, data(3))}, want: []string{long, data(3)}},
		"64 KiB and more":          {chunks: []string{masked(whole, data(70000))}, want: []string{data(70000)}},
	} {
		t.Run(name, func(t *testing.T) {
			client, server := rawWeb(t, l)
			go func() {
				for _, c := range tt.chunks {
					_, _ = io.WriteString(client, c)
				}
			}()
			wantFrames(t, server, tt.want...)
			wantBytes(t, client, tt.answers)
		})
	}
}

// Messages of all sizes, as many together as come, with the random keys of a real client.
func TestMessagesAreUnmasked(t *testing.T) {
	l := listen(t, &hybrid.Connector{})
	ws, server := dialWeb(t, l)
	var want []string
	for _, span := range [][2]int{{0, 300}, {1000, 1050}, {4060, 4110}, {65500, 65540}} {
		for n := span[0]; n < span[1]; n++ {
			b := make([]byte, n)
			for i := range b {
				b[i] = byte(i*7 + n)
			}
			want = append(want, string(b))
		}
	}
	go func() {
		for _, b := range want {
			_ = ws.WriteMessage(websocket.BinaryMessage, []byte(b))
		}
	}()
	wantFrames(t, server, want...)
}

func TestTextIsTold(t *testing.T) {
	l := listen(t, &hybrid.Connector{})
	client, server := rawWeb(t, l)
	write(t, client, masked(text, heartbeat)+masked(whole, heartbeat))
	frames, err := server.ReadFrames()
	if err != nil || len(frames) != 2 || !frames[0].Text || frames[1].Text {
		t.Errorf("frames = %+v, %v, want text, then binary, from one read", frames, err)
	}
}

func TestHowMessagesEnd(t *testing.T) {
	l := listen(t, &hybrid.Connector{PackageTime: 20 * time.Millisecond})
	for name, tt := range map[string]struct {
		send string
		want error
		rest string // what the client gets when the server closes in turn
	}{
		"over the limit":         {masked(whole, strings.Repeat("x", 101)), connectors.ErrTooLarge, "\x88\x02\x03\xf1"},
		"fragments over it":      {masked(binary1, strings.Repeat("x", 60)) + masked(last, strings.Repeat("x", 41)), connectors.ErrTooLarge, "\x88\x02\x03\xf1"},
		"unmasked":               {"\x82\x01x", connectors.ErrMalformed, "\x88\x0a\x03\xeabad MASK"},
		"reserved bit":           {masked(0xc2, ""), connectors.ErrMalformed, "\x88\x0a\x03\xeaRSV1 set"},
		"unknown opcode":         {masked(0x83, ""), connectors.ErrMalformed, "\x88\x0e\x03\xeabad opcode 3"},
		"closed by the client":   {masked(closing, "\x03\xe9bye"), io.EOF, "\x88\x02\x03\xe9"},
		"closed without a code":  {masked(closing, ""), io.EOF, "\x88\x02\x03\xe8"},
		"stalled in a head":      {"\x82", connectors.ErrStalled, "\x88\x0c\x03\xe8some words"},
		"stalled in a body":      {masked(whole, "xy")[:7], connectors.ErrStalled, "\x88\x0c\x03\xe8some words"},
		"stalled after a part":   {masked(binary1, "xy"), connectors.ErrStalled, "\x88\x0c\x03\xe8some words"},
		"stalled behind a ping":  {masked(ping, "") + "\x82", connectors.ErrStalled, "\x8a\x00\x88\x0c\x03\xe8some words"},
		"stalled, ping in parts": {masked(binary1, "xy") + masked(ping, ""), connectors.ErrStalled, "\x8a\x00\x88\x0c\x03\xe8some words"},
	} {
		t.Run(name, func(t *testing.T) {
			client, server := rawWeb(t, l)
			server.SetReadLimit(100)
			write(t, client, tt.send)
			wantEnd(t, server, tt.want)
			server.Close(connectors.Reason{Text: "some words"})
			wantRest(t, client, tt.rest)
		})
	}
}

func TestLimitOfMessagesIsExact(t *testing.T) {
	l := listen(t, &hybrid.Connector{})
	client, server := rawWeb(t, l)
	server.SetReadLimit(100)
	write(t, client, masked(whole, data(96))+masked(whole, data(97)))
	wantFrames(t, server, data(96))
	wantEnd(t, server, connectors.ErrTooLarge)
}

func TestLostWebSocketIsTheEnd(t *testing.T) {
	l := listen(t, &hybrid.Connector{})
	for name, send := range map[string]string{"between messages": "", "inside one": masked(whole, "xyz")[:8]} {
		t.Run(name, func(t *testing.T) {
			client, server := rawWeb(t, l)
			write(t, client, send)
			_ = client.Close()
			wantEnd(t, server, io.EOF)
		})
	}
}

func TestWhyAWebSocketCloses(t *testing.T) {
	l := listen(t, &hybrid.Connector{})
	for name, tt := range map[string]struct {
		reason connectors.Reason
		want   string
	}{
		"a text":      {connectors.Reason{Cause: messages.CauseKicked, Text: "bye"}, "\x03\xe8bye"},
		"a cause":     {connectors.Reason{Cause: messages.CauseHeartbeatTimeout}, "\x03\xe8heartbeat timeout"},
		"stopping":    {connectors.Reason{Cause: messages.CauseStopping}, "\x03\xe9stopping"},
		"too large":   {connectors.Reason{Cause: messages.CauseTooLarge}, "\x03\xf1too large"},
		"malformed":   {connectors.Reason{Cause: messages.CauseMalformed}, "\x03\xe8malformed"},
		"a long text": {connectors.Reason{Text: strings.Repeat("x", 124)}, "\x03\xe8" + strings.Repeat("x", 123)},
		"when to come back": {
			connectors.Reason{Cause: messages.CauseDraining, Text: "bye", RetryAfter: time.Second, Spread: 30 * time.Second},
			"\x03\xf4" + `{"reason":"bye","retryAfterMs":1000,"spreadMs":30000}`,
		},
		"when to come back, and a cause": {
			connectors.Reason{Cause: messages.CauseOverloaded, Spread: time.Microsecond},
			"\x03\xf5" + `{"reason":"overloaded","retryAfterMs":0,"spreadMs":1}`,
		},
		"when to come back, and a long text": {
			connectors.Reason{Text: strings.Repeat("é", 60), RetryAfter: time.Second},
			"\x03\xe8" + `{"reason":"` + strings.Repeat("é", 38) + `","retryAfterMs":1000,"spreadMs":0}`,
		},
		"when to come back, and a text that is escaped": {
			connectors.Reason{Text: strings.Repeat(`"`, 60), RetryAfter: time.Second},
			"\x03\xe8" + `{"reason":"` + strings.Repeat(`\"`, 38) + `","retryAfterMs":1000,"spreadMs":0}`,
		},
		"never to come back": {
			connectors.Reason{Text: "x", RetryAfter: 1 << 62, Spread: -1},
			"\x03\xe8" + `{"reason":"x","retryAfterMs":4294967295,"spreadMs":0}`,
		},
		"no UTF-8":        {connectors.Reason{Text: "a\xffb"}, "\x03\xe8a\uFFFDb"},
		"a long é at 123": {connectors.Reason{Text: strings.Repeat("x", 122) + "é"}, "\x03\xe8" + strings.Repeat("x", 122)},
	} {
		t.Run(name, func(t *testing.T) {
			client, server := rawWeb(t, l)
			write(t, client, strings.Repeat(masked(whole, heartbeat), 1000)) // nobody reads it
			if err := server.Write(net.Buffers{[]byte(heartbeat)}); err != nil {
				t.Fatal(err)
			}
			server.Close(tt.reason)
			server.Close(connectors.Reason{})
			wantRest(t, client, "\x82\x04"+heartbeat+"\x88"+string(rune(len(tt.want)))+tt.want)
		})
	}
}

// It is one write, but for what is long: progress must be seen.
func TestBatchIsOneMessageAndOneWrite(t *testing.T) {
	for name, sizes := range map[string][]int{
		"nothing":             {},
		"one":                 {10},
		"several":             {10, 0, 111},
		"126 bytes":           {100, 26},
		"65,535 bytes":        {65535},
		"65,536 bytes":        {65000, 536},
		"more than is pooled": {200000, 7},
	} {
		t.Run(name, func(t *testing.T) {
			l, writes := listenCounted(t)
			ws, server := dialWeb(t, l)
			writes.Store(0)
			var want []byte
			var packages net.Buffers
			for _, n := range sizes {
				packages, want = append(packages, make([]byte, n)), append(want, make([]byte, n)...)
			}
			if err := server.Write(packages); err != nil {
				t.Fatal(err)
			}
			if len(sizes) == 0 {
				if n := writes.Load(); n != 0 {
					t.Errorf("%d writes", n)
				}
				return
			}
			kind, got, err := ws.ReadMessage()
			if err != nil || kind != websocket.BinaryMessage || !bytes.Equal(got, want) {
				t.Errorf("got kind %d, %d bytes, %v, want %d bytes", kind, len(got), err, len(want))
			}
			head := 2
			switch {
			case len(want) > 0xffff:
				head = 10
			case len(want) > 125:
				head = 4
			}
			if n, w := writes.Load(), int64((head+len(want)+batchSize-1)/batchSize); n != w {
				t.Errorf("%d writes, want %d", n, w)
			}
		})
	}
}

func TestOrigins(t *testing.T) {
	for name, tt := range map[string]struct {
		origins []string
		origin  string
		want    int
	}{
		"same host":                      {nil, "http://{host}", http.StatusSwitchingProtocols},
		"same host, other scheme":        {nil, "https://{host}", http.StatusSwitchingProtocols},
		"none":                           {nil, "", http.StatusSwitchingProtocols},
		"another host":                   {nil, "http://elsewhere.example", http.StatusForbidden},
		"host as a prefix":               {nil, "http://{host}.example", http.StatusForbidden},
		"host as a user":                 {nil, "http://{host}@elsewhere.example", http.StatusForbidden},
		"null":                           {nil, "null", http.StatusForbidden},
		"no URL":                         {nil, "%zz", http.StatusForbidden},
		"any":                            {[]string{"*"}, "null", http.StatusSwitchingProtocols},
		"listed host":                    {[]string{"a.example", "b.example"}, "https://B.example", http.StatusSwitchingProtocols},
		"listed host, other port":        {[]string{"a.example"}, "https://a.example:8443", http.StatusForbidden},
		"listed host and port":           {[]string{"a.example:8443"}, "https://a.example:8443", http.StatusSwitchingProtocols},
		"listed origin":                  {[]string{"https://a.example"}, "https://a.example", http.StatusSwitchingProtocols},
		"listed, other scheme":           {[]string{"https://a.example"}, "http://a.example", http.StatusForbidden},
		"listed, as a subdomain":         {[]string{"a.example"}, "http://x.a.example", http.StatusForbidden},
		"listed, as a user":              {[]string{"a.example"}, "http://u@a.example", http.StatusForbidden},
		"not listed but same host":       {[]string{"a.example"}, "http://{host}", http.StatusForbidden},
		"none, although there is a list": {[]string{"a.example"}, "", http.StatusSwitchingProtocols},
		"no URL, with a list":            {[]string{"a.example"}, "%zz", http.StatusForbidden},
	} {
		t.Run(name, func(t *testing.T) {
			l := listen(t, &hybrid.Connector{Origins: tt.origins})
			header := http.Header{}
			if tt.origin != "" {
				header.Set("Origin", strings.ReplaceAll(tt.origin, "{host}", l.Addr().String()))
			}
			ws, resp, err := websocket.DefaultDialer.Dial("ws://"+l.Addr().String(), header)
			if resp == nil {
				t.Fatal(err)
			}
			if resp.StatusCode != tt.want {
				t.Errorf("status %d, want %d", resp.StatusCode, tt.want)
			}
			if ws != nil {
				accept(t, l)
				_ = ws.Close()
			}
		})
	}
}

func TestFirstSubprotocolIsEchoed(t *testing.T) {
	l := listen(t, &hybrid.Connector{})
	d := websocket.Dialer{Subprotocols: []string{"pomelo", "other"}}
	ws, _, err := d.Dial("ws://"+l.Addr().String(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer ws.Close()
	if got := ws.Subprotocol(); got != "pomelo" {
		t.Errorf("subprotocol = %q", got)
	}
	if got := accept(t, l).Transport(); got != "websocket" {
		t.Errorf("transport = %q", got)
	}
}

func TestPongsAndMessagesDoNotMix(t *testing.T) {
	l := listen(t, &hybrid.Connector{})
	ws, server := dialWeb(t, l)
	const rounds = 200
	go func() {
		for range rounds {
			_ = server.Write(net.Buffers{make([]byte, 3000)})
		}
	}()
	go func() { // until the test closes it
		for {
			if _, err := server.ReadFrames(); err != nil {
				return
			}
		}
	}()
	pongs := make(chan struct{}, rounds)
	ws.SetPongHandler(func(string) error { pongs <- struct{}{}; return nil })
	go func() {
		for range rounds {
			_ = ws.WriteControl(websocket.PingMessage, []byte("x"), time.Now().Add(patience))
		}
		_ = ws.WriteMessage(websocket.BinaryMessage, []byte(heartbeat))
	}()
	for range rounds {
		if _, b, err := ws.ReadMessage(); err != nil || len(b) != 3000 {
			t.Fatalf("%d bytes, %v", len(b), err)
		}
	}
	server.Close(connectors.Reason{})
	for { // the rest of the pongs
		if _, _, err := ws.ReadMessage(); err != nil {
			break
		}
	}
}
