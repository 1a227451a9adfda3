package mqtt_test

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/mqtt"
	wire "github.com/fairlead-go/fairlead/connectors/wire/mqtt"
	"github.com/fairlead-go/fairlead/messages"
)

// upgrade makes a WebSocket, of a client that asks for these subprotocols.
func (r *rig) upgrade(path string, subprotocols ...string) (*websocket.Conn, *http.Response, error) {
	d := websocket.Dialer{
		Subprotocols:   subprotocols,
		NetDialContext: func(context.Context, string, string) (net.Conn, error) { return r.net.Dial() },
	}
	return d.Dial("ws://mqtt.example"+path, nil)
}

// web is a client on a WebSocket.
func (r *rig) web() (*websocket.Conn, *talk) {
	r.Helper()
	ws, _, err := r.upgrade("/mqtt", "mqtt")
	if err != nil {
		r.Fatal(err)
	}
	r.Cleanup(func() { ws.Close() })
	conn, err := r.listener.Accept()
	if err != nil {
		r.Fatal(err)
	}
	k := &talk{rig: r, far: ws.NetConn(), conn: conn, proto: r.connector.Protocol(conn)}
	k.step(func(s *connectors.Step) { k.proto.Open(s, time.Now()) })
	return ws, k
}

func TestSubprotocols(t *testing.T) {
	for _, tt := range []struct {
		path string
		asks []string
		want string
		code int
	}{
		{"/mqtt", []string{"mqtt"}, "mqtt", 101},
		{"/mqtt", []string{"mqttv3.1"}, "mqttv3.1", 101},
		{"/mqtt", []string{"other", "mqtt"}, "mqtt", 101},
		{"/mqtt", nil, "", 101},
		{"/mqtt", []string{"other"}, "", http.StatusBadRequest},
		{"/", []string{"mqtt"}, "", http.StatusUpgradeRequired},
	} {
		bubble(t, &mqtt.Connector{}, func(r *rig) {
			ws, resp, err := r.upgrade(tt.path, tt.asks...)
			if resp == nil {
				t.Fatal(err)
			}
			if resp.StatusCode != tt.code || resp.Header.Get("Sec-Websocket-Protocol") != tt.want {
				t.Errorf("%v: %d %q, want %d %q", tt.asks, resp.StatusCode, resp.Header.Get("Sec-Websocket-Protocol"), tt.code, tt.want)
			}
			if ws != nil {
				conn, err := r.listener.Accept()
				if err != nil || conn.Transport() != "websocket" {
					t.Errorf("accepted %v, %v", conn, err)
				}
				ws.Close()
				conn.Close(connectors.Reason{})
			}
		})
	}
}

// Packets may span messages, and messages hold several packets.
func TestMessagesAreOneStreamOfBytes(t *testing.T) {
	for _, v := range versions {
		bubble(t, &mqtt.Connector{}, func(r *rig) {
			ws, k := r.web()
			var all []byte
			for i := range 3 {
				m := message("a", string(rune('0'+i)))
				all = append(all, publish(v, m)...)
			}
			hello := connect(v, nil)
			chunks := [][]byte{hello[:1], hello[1:7], append(append([]byte{}, hello[7:]...), all[:3]...), {}, all[3:9], all[9:]}
			for _, c := range chunks {
				if err := ws.WriteMessage(websocket.BinaryMessage, c); err != nil {
					t.Fatal(err)
				}
			}
			for len(k.asks) < 3 {
				k.read()
			}
			for i, in := range k.asks {
				if string(in.Body) != string(rune('0'+i)) {
					t.Errorf("%v at %d", in.Request, i)
				}
			}
			if kind, b, err := ws.ReadMessage(); kind != websocket.BinaryMessage || string(b) != string(accepted(v, nil)) {
				t.Errorf("CONNACK: %d %x %v", kind, b, err)
			}
			k.push(onX("1"), onX("2"))
			want := append(publish(v, message("pomelo/push/onX", "1")), publish(v, message("pomelo/push/onX", "2"))...)
			if kind, b, err := ws.ReadMessage(); kind != websocket.BinaryMessage || string(b) != string(want) {
				t.Errorf("a batch: %d %x %v, want one message %x", kind, b, err, want)
			}
		})
	}
}

// A message full of the smallest packets is cut as bytes of TCP are, a piece at a time.
func TestALongMessageIsCutInPieces(t *testing.T) {
	bubble(t, &mqtt.Connector{}, func(r *rig) {
		ws, k := r.web()
		long := message("a", strings.Repeat("x", 60<<10))
		all := append(bytes.Repeat(wire.AppendPingreq(nil), 10000), publish(wire.V311, long)...)
		go func() { _ = ws.WriteMessage(websocket.BinaryMessage, all) }()
		var got []byte
		for len(got) < len(all) {
			frames, err := k.conn.ReadFrames()
			if err != nil || len(frames) > 2048 {
				t.Fatalf("%d frames at once, %v", len(frames), err)
			}
			for _, f := range frames {
				got = append(got, f.Data...)
			}
		}
		if string(got) != string(all) {
			t.Error("not what was sent")
		}
	})
}

func TestHowAWebSocketEnds(t *testing.T) {
	for name, tt := range map[string]struct {
		kind  int
		send  []byte
		cause messages.Cause
		told  wire.ReasonCode
		close int
	}{
		"text":              {websocket.TextMessage, wire.AppendPingreq(nil), messages.CauseMalformed, wire.MalformedPacket, websocket.CloseNormalClosure},
		"malformed":         {websocket.BinaryMessage, []byte{0x36, 0}, messages.CauseMalformed, wire.MalformedPacket, websocket.CloseNormalClosure},
		"a packet too long": {websocket.BinaryMessage, []byte{0x30, 0x80, 0x80, 0x04}, messages.CauseTooLarge, wire.PacketTooLarge, websocket.CloseMessageTooBig},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, &mqtt.Connector{}, func(r *rig) {
				ws, k := r.web()
				for _, m := range [][]byte{connect(wire.V5, nil), tt.send} {
					kind := websocket.BinaryMessage
					if m[0] != 0x10 {
						kind = tt.kind
					}
					if err := ws.WriteMessage(kind, m); err != nil {
						t.Fatal(err)
					}
					synctest.Wait()
					k.read()
				}
				k.wantEnd(tt.cause)
				if _, b, err := ws.ReadMessage(); err != nil || string(b) != string(accepted(wire.V5, nil)) {
					t.Errorf("CONNACK: %x %v", b, err)
				}
				_, b, err := ws.ReadMessage()
				p, _, cut := wire.Cut(b)
				d, bad := wire.Decoder{Version: wire.V5, FromServer: true}.Disconnect(p)
				if err != nil || cut != nil || bad != nil || d.Code != tt.told {
					t.Errorf("farewell %x, %v, want %v", b, err, tt.told)
				}
				if _, _, err := ws.ReadMessage(); !websocket.IsCloseError(err, tt.close) {
					t.Errorf("closed by %v, want %d", err, tt.close)
				}
			})
		})
	}
}
