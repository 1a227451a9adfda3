package peer

import (
	"context"
	"net"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/tap"
)

const (
	maxMessage    = 16<<20 + 64<<10 // one that a node accepts
	handshakeTime = 5 * time.Second
	dialTime      = 2 * time.Second
	maxStreams    = 16 // at once on a connection; nodes open one
	maxHeaders    = 16 << 10
	pingEvery     = 10 * time.Second
	pingTime      = 5 * time.Second
)

// ServerOptions are for the engine's server: it serves our streams too, and nothing else but the engine's.
func (m *Mesh) ServerOptions() []grpc.ServerOption {
	return []grpc.ServerOption{
		grpc.Creds(m.creds),
		grpc.InTapHandle(knock),
		grpc.UnknownServiceHandler(m.serve),
		grpc.StreamInterceptor(m.guard),
		grpc.UnaryInterceptor(refuseCall),
		grpc.KeepaliveParams(keepalive.ServerParameters{Time: pingEvery, Timeout: pingTime}),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: pingEvery / 2, PermitWithoutStream: true}),
		grpc.ConnectionTimeout(handshakeTime),
		grpc.MaxRecvMsgSize(maxMessage),
		grpc.MaxConcurrentStreams(maxStreams),
		grpc.MaxHeaderListSize(maxHeaders),
	}
}

// DialOptions are for the engine's clients. A node that is no member, or that cannot be reached, fails fast.
func (m *Mesh) DialOptions() []grpc.DialOption {
	return append(m.dialOptions(), grpc.WithStreamInterceptor(m.departures()))
}

func (m *Mesh) dialOptions() []grpc.DialOption {
	return []grpc.DialOption{
		grpc.WithTransportCredentials(m.creds),
		// With a dialer of our own no proxy of the environment comes between nodes.
		grpc.WithContextDialer(func(ctx context.Context, address string) (net.Conn, error) {
			return m.dialer().DialContext(ctx, "tcp", address)
		}),
		grpc.WithConnectParams(grpc.ConnectParams{Backoff: backoff.DefaultConfig, MinConnectTimeout: dialTime}),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: pingEvery, Timeout: pingTime}),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxMessage)),
		grpc.WithDisableServiceConfig(),
		grpc.WithDisableRetry(),
	}
}

// knock refuses, before anything is read, all methods but the two that nodes use.
func knock(ctx context.Context, info *tap.Info) (context.Context, error) {
	if info.FullMethodName != method && info.FullMethodName != receive {
		return nil, unused(info.FullMethodName)
	}
	return ctx, nil
}

// refuseCall refuses all methods that are no streams: nodes use none, and the engine's panic.
func refuseCall(_ context.Context, _ any, info *grpc.UnaryServerInfo, _ grpc.UnaryHandler) (any, error) {
	return nil, unused(info.FullMethod)
}

func unused(name string) error {
	return status.Errorf(codes.Unimplemented, "nodes do not use %s", name)
}
