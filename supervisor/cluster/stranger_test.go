package cluster_test

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
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/fairlead-go/fairlead/messages"
	"github.com/fairlead-go/fairlead/supervisor/cluster"
	"github.com/fairlead-go/fairlead/supervisor/cluster/peer"
)

// credentialsOf are those of a certificate.
func credentialsOf(t *testing.T, files cluster.TLS) credentials.TransportCredentials {
	t.Helper()
	own, err := tls.LoadX509KeyPair(files.Cert, files.Key)
	if err != nil {
		t.Fatal(err)
	}
	return credentials.NewTLS(&tls.Config{Certificates: []tls.Certificate{own}, InsecureSkipVerify: true, MinVersion: tls.VersionTLS13})
}

// refusal is how a stream ends on which a message is sent.
func refusal(t *testing.T, address string, as credentials.TransportCredentials, method string, m proto.Message) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	c, err := grpc.NewClient("passthrough:///"+address, grpc.WithTransportCredentials(as))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	s, err := c.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true, ClientStreams: true}, method)
	if err != nil {
		return err
	}
	_ = s.SendMsg(m) // RecvMsg has the reason
	for err == nil {
		err = s.RecvMsg(new(emptypb.Empty))
	}
	if ctx.Err() != nil {
		t.Errorf("%s: the stream does not end", method)
	}
	return err
}

// Whatever comes to a node's port, those who are no nodes have no say, and the node serves on.
func TestANodeAmongStrangers(t *testing.T) {
	if !alone(t) {
		return
	}
	generate := func() cluster.TLS {
		files, err := peer.Generate(t.TempDir(), "127.0.0.1")
		if err != nil {
			t.Fatal(err)
		}
		return files
	}
	own := generate()
	conf := everyKind(nil)
	conf.TLS = own
	s := join(t, conf)
	s.serve(s.Route("plain", cluster.RouteConfig{By: cluster.BySession}))
	c := s.client(nil)
	serves := func(after string) {
		t.Helper()
		if err := ask(c, "plain.who", nil, nil); err != nil || len(s.Members()) != 1 {
			t.Errorf("after %s: %v, %d members", after, err, len(s.Members()))
		}
	}
	hello := &remote.RemoteMessage{MessageType: &remote.RemoteMessage_ConnectRequest{ConnectRequest: &remote.ConnectRequest{
		ConnectionType: &remote.ConnectRequest_ServerConnection{ServerConnection: &remote.ServerConnection{SystemId: "x", Address: "127.0.0.1:1"}},
	}}}
	beat := &messages.Peer{Body: &messages.Peer_Beat{Beat: &messages.Beat{Sent: 1, Clear: 7}}}
	const talk, receive = "/fairlead.v1.Nodes/Talk", "/remote.Remoting/Receive"
	for name, as := range map[string]credentials.TransportCredentials{
		"no TLS":         insecure.NewCredentials(),
		"no certificate": credentials.NewTLS(&tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS13}),
		"a foreign CA":   credentialsOf(t, generate()),
		"a certificate":  credentialsOf(t, own),
	} {
		for method, m := range map[string]proto.Message{
			talk: beat, receive: hello, "/remote.Remoting/ListProcesses": &emptypb.Empty{},
			"/grpc.health.v1.Health/Check": &emptypb.Empty{}, "/x": &emptypb.Empty{},
		} {
			if err := refusal(t, s.Address(), as, method, m); err == nil || err == io.EOF {
				t.Errorf("%s: %s is served (%v)", name, method, err)
			}
			serves(name + ", " + method)
		}
	}
	huge := &messages.Peer{Body: &messages.Peer_UserSet{UserSet: &messages.UserSet{Settings: map[string][]byte{"x": make([]byte, 17<<20)}}}}
	if err := refusal(t, s.Address(), credentialsOf(t, own), talk, huge); err == nil || err == io.EOF {
		t.Errorf("17 MiB are taken (%v)", err)
	}
	serves("17 MiB")
	for _, bytes := range []string{"", "GET / HTTP/1.1\r\n\r\n", "\x16\x03\x01\x02\x00\x01", string(make([]byte, 1000))} {
		garbage(t, s.Address(), bytes)
		serves("garbage")
	}
}

// garbage sends bytes that are no node's, and waits until the connection is ended.
func garbage(t *testing.T, address, bytes string) {
	t.Helper()
	raw, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	if _, err := io.WriteString(raw, bytes); err != nil {
		t.Fatal(err)
	}
	_ = raw.(*net.TCPConn).CloseWrite()
	_ = raw.SetReadDeadline(time.Now().Add(patience))
	if _, err := io.Copy(io.Discard, raw); os.IsTimeout(err) {
		t.Errorf("%.10q does not end the connection", bytes)
	}
}
