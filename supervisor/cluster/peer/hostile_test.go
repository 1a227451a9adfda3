package peer_test

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/remote"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/fairlead-go/fairlead/messages"
	"github.com/fairlead-go/fairlead/supervisor/cluster/peer"
)

// victim is an engine that a good node, which is a member, has talked with before and talks with after.
func victim(t testing.TB) *server {
	t.Helper()
	a, b := befriended(t)
	to, _ := sink(t, b)
	good := func() {
		t.Helper()
		if _, err := a.system.Root.RequestFuture(to, &messages.Request{}, deadline).Result(); err != nil {
			t.Errorf("a good node is not served: %v", err)
		}
	}
	good()
	t.Cleanup(good)
	return b
}

// stranger has a certificate, of its own authority or that of engines, for hosts.
func stranger(t testing.TB, by peer.Authority, hosts ...string) credentials.TransportCredentials {
	t.Helper()
	files, err := by.Write(t.TempDir(), hosts...)
	if err != nil {
		t.Fatal(err)
	}
	own, err := tls.LoadX509KeyPair(files.Cert, files.Key)
	if err != nil {
		t.Fatal(err)
	}
	return credentials.NewTLS(&tls.Config{
		Certificates: []tls.Certificate{own}, InsecureSkipVerify: true, MinVersion: tls.VersionTLS13,
	})
}

func dial(t testing.TB, address string, as credentials.TransportCredentials) *grpc.ClientConn {
	t.Helper()
	c, err := grpc.NewClient("passthrough:///"+address, grpc.WithTransportCredentials(as))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// open opens a stream; its end comes with the test's.
func open(t testing.TB, c *grpc.ClientConn, method string) (grpc.ClientStream, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	t.Cleanup(cancel)
	return c.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true, ClientStreams: true}, method)
}

// refusalOf is how a stream ends on which messages are sent.
func refusalOf(t testing.TB, c *grpc.ClientConn, method string, all ...proto.Message) error {
	t.Helper()
	s, err := open(t, c, method)
	if err != nil {
		return err
	}
	for _, m := range all {
		if s.SendMsg(m) != nil {
			break // RecvMsg has the reason
		}
	}
	for {
		if err := s.RecvMsg(new(emptypb.Empty)); err != nil {
			return err
		}
	}
}

func TestStrangersDoNotComeIn(t *testing.T) {
	foreign, err := peer.NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	for name, as := range map[string]credentials.TransportCredentials{
		"without TLS":           insecure.NewCredentials(),
		"without a certificate": credentials.NewTLS(&tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS13}),
		"with a foreign CA's":   stranger(t, foreign, "127.0.0.1"),
	} {
		t.Run(name, func(t *testing.T) {
			b := victim(t)
			for _, method := range []string{peer.Method, peer.Receive} {
				if err := refusalOf(t, dial(t, b.address, as), method, hello("127.0.0.1:1")); status.Code(err) != codes.Unavailable {
					t.Errorf("%s: %v, want Unavailable", method, err)
				}
			}
		})
	}
}

// hello is the first message of an engine's stream.
func hello(address string) *remote.RemoteMessage {
	return &remote.RemoteMessage{MessageType: &remote.RemoteMessage_ConnectRequest{ConnectRequest: &remote.ConnectRequest{
		ConnectionType: &remote.ConnectRequest_ServerConnection{ServerConnection: &remote.ServerConnection{SystemId: "x", Address: address}},
	}}}
}

func TestACertificateIsForItsHostOnly(t *testing.T) {
	b := victim(t)
	b.admit("127.0.0.1:1", true)
	defer b.admit("127.0.0.1:1", false)
	c := dial(t, b.address, stranger(t, authority, "example.com"))
	card := &messages.Peer{Body: &messages.Peer_Card{Card: &messages.Card{
		Cluster: "test", Version: peer.Version, Member: &messages.Member{Id: "x.1", Address: "127.0.0.1:1"},
	}}}
	if err := refusalOf(t, c, peer.Method, card); status.Code(err) != codes.PermissionDenied {
		t.Errorf("a card: %v, want PermissionDenied", err)
	}
	if err := refusalOf(t, c, peer.Receive, hello("127.0.0.1:1")); status.Code(err) != codes.PermissionDenied {
		t.Errorf("an engine: %v, want PermissionDenied", err)
	}
	select {
	case who := <-b.met:
		t.Errorf("b has met %v", who)
	default:
	}
}

func TestAServerIsForItsHostOnly(t *testing.T) {
	dir := t.TempDir()
	security, err := authority.Write(dir, "example.com")
	if err != nil {
		t.Fatal(err)
	}
	a, b := engines[0], start(t, security, nil)
	a.mesh.Know(b.address)
	defer a.mesh.Forget(b.address)
	c := dial(t, b.address, stranger(t, authority, "127.0.0.1"))
	if err := refusalOf(t, c, peer.Method, &messages.Peer{}); status.Code(err) != codes.InvalidArgument {
		t.Errorf("b serves who does not look at its name: %v, want InvalidArgument", err)
	}
	select {
	case who := <-a.met:
		t.Errorf("a has met %v", who)
	default:
	}
}

func TestGarbage(t *testing.T) {
	as := stranger(t, authority, "127.0.0.1")
	for name, c := range map[string]struct {
		tls   bool
		bytes string
	}{
		"no bytes at all":             {false, ""},
		"no TLS":                      {false, "GET / HTTP/1.1\r\n\r\n"},
		"half a record of TLS":        {false, "\x16\x03\x01\x02\x00\x01"},
		"no HTTP/2":                   {true, "GET / HTTP/1.1\r\n\r\n"},
		"a frame that is no SETTINGS": {true, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x04\x08\x00\x00\x00\x00\x00\x00\x00\x00\x01"},
		"a frame of 16 MiB":           {true, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\xff\xff\xff\x04\x00\x00\x00\x00\x00"},
		"headers that are none":       {true, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00\x00\x00\x03\x01\x05\x00\x00\x00\x01\xff\xff\xff"},
		"zeros":                       {true, string(make([]byte, 1000))},
	} {
		t.Run(name, func(t *testing.T) {
			b := victim(t)
			raw, err := net.Dial("tcp", b.address)
			if err != nil {
				t.Fatal(err)
			}
			defer raw.Close()
			conn := raw
			if c.tls {
				if conn, _, err = as.ClientHandshake(context.Background(), "127.0.0.1", raw); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := io.WriteString(conn, c.bytes); err != nil {
				t.Fatal(err)
			}
			_ = raw.(*net.TCPConn).CloseWrite()
			_ = raw.SetReadDeadline(time.Now().Add(deadline))
			if _, err := io.Copy(io.Discard, conn); os.IsTimeout(err) {
				t.Error("b does not end the connection")
			}
		})
	}
}

func TestOtherMethodsAreNotServed(t *testing.T) {
	b := victim(t)
	c := dial(t, b.address, stranger(t, authority, "127.0.0.1"))
	for _, method := range []string{
		"/remote.Remoting/ListProcesses", "/remote.Remoting/GetProcessDiagnostics", "/remote.Remoting/Other",
		"/grpc.health.v1.Health/Check", "/grpc.health.v1.Health/Watch", "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
		"/fairlead.v1.Nodes/Other", "//", "/x",
	} {
		if err := c.Invoke(context.Background(), method, &emptypb.Empty{}, &emptypb.Empty{}); status.Code(err) != codes.Unimplemented {
			t.Errorf("%s as a call: %v, want Unimplemented", method, err)
		}
		if err := refusalOf(t, c, method, &emptypb.Empty{}); status.Code(err) != codes.Unimplemented {
			t.Errorf("%s as a stream: %v, want Unimplemented", method, err)
		}
	}
}

func TestCardsThatDiffer(t *testing.T) {
	other := peer.Types()
	other["fairlead.v1"]++
	for name, c := range map[string]struct {
		change func(*messages.Card)
		want   string
	}{
		"cluster": {func(c *messages.Card) { c.Cluster = "other" }, `clusters differ: "test" and "other"`},
		"version": {func(c *messages.Card) { c.Version = 2 }, "versions of the protocol between nodes differ: 1 and 2"},
		"types":   {func(c *messages.Card) { c.Types = other }, "message types differ in package fairlead.v1"},
		"address": {func(c *messages.Card) { c.Member.Address = "127.0.0.1" }, "the card's address: address 127.0.0.1: missing port in address"},
		"port":    {func(c *messages.Card) { c.Member.Address = "127.0.0.1:http" }, `the card's address: "127.0.0.1:http" is no host:port`},
		"no id":   {func(c *messages.Card) { c.Member.Id = "" }, "the first message is no card"},
		"ours":    {func(c *messages.Card) { c.Member.Address = engines[1].address }, `two nodes have the address "` + engines[1].address + `"`},
	} {
		t.Run(name, func(t *testing.T) {
			b := victim(t)
			card := &messages.Card{
				Cluster: "test", Version: peer.Version, Types: peer.Types(), Member: &messages.Member{Id: "x.1", Address: "127.0.0.1:1"},
			}
			c.change(card)
			client := dial(t, b.address, stranger(t, authority, "127.0.0.1"))
			err := refusalOf(t, client, peer.Method, &messages.Peer{Body: &messages.Peer_Card{Card: card}})
			if got := status.Convert(err).Message(); got != c.want {
				t.Errorf("refused with %q, want %q", got, c.want)
			}
		})
	}
}

func TestTheFirstMessageIsACard(t *testing.T) {
	b := victim(t)
	c := dial(t, b.address, stranger(t, authority, "127.0.0.1"))
	for name, p := range map[string]*messages.Peer{"a beat": beat(1), "nothing": {}} {
		if err := refusalOf(t, c, peer.Method, p); status.Code(err) != codes.InvalidArgument {
			t.Errorf("%s: %v, want InvalidArgument", name, err)
		}
	}
	huge := &messages.Peer{Body: &messages.Peer_UserSet{UserSet: &messages.UserSet{Settings: map[string][]byte{"x": make([]byte, 17<<20)}}}}
	if err := refusalOf(t, c, peer.Method, huge); err == nil {
		t.Error("17 MiB are no reason to end a stream")
	}
	silent, err := open(t, c, peer.Method)
	if err != nil {
		t.Fatal(err)
	}
	if err := silent.RecvMsg(new(messages.Peer)); err == nil || status.Code(err) == codes.DeadlineExceeded && silent.Context().Err() != nil {
		t.Errorf("who says nothing stays: %v", err)
	}
}
