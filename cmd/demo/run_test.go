package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fairlead-go/fairlead/connectors/client"
	"github.com/fairlead-go/fairlead/internal/leak"
)

// patience bounds what a test waits for.
const patience = 10 * time.Second

func TestMain(m *testing.M) { leak.Main(m) }

// serve runs the demo on a port of its own, as main does, until the test ends.
// It returns host:port.
func serve(t *testing.T, args ...string) string {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	stdout, screen := io.Pipe()
	stderr := new(bytes.Buffer) // read after run has returned
	ended := make(chan error, 1)
	go func() {
		err := run(ctx, append([]string{"-addr", "127.0.0.1:0"}, args...), screen, stderr)
		screen.CloseWithError(io.EOF)
		ended <- err
	}()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("run: %v", err)
		}
		if t.Failed() {
			t.Logf("stderr:\n%s", stderr)
		}
	})
	return address(t, stdout)
}

// address reads the screen to its end and picks host:port out of it.
func address(t *testing.T, screen io.Reader) (addr string) {
	t.Helper()
	for lines := bufio.NewScanner(screen); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if len(fields) > 1 && fields[0] == "tcp" {
			addr = fields[1]
		}
		if len(fields) > 0 && fields[0] == "Ctrl-C" {
			go func() { _, _ = io.Copy(io.Discard, screen) }() // to the end of the writer
			return addr
		}
	}
	t.Fatal("the screen ends early: the demo did not start")
	return ""
}

func TestStartErrorsAreOneClearLine(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	tests := map[string]struct {
		args []string
		says []string
	}{
		"a port in use":           {[]string{"-addr", taken.Addr().String()}, []string{taken.Addr().String(), "in use"}},
		"an address that is none": {[]string{"-addr", "nowhere"}, []string{"nowhere"}},
		"an unknown flag":         {[]string{"-port", "1"}, []string{"-port", "-h"}},
		"a value that is none":    {[]string{"-tick", "soon"}, []string{"-tick", "soon"}},
		"a negative tick":         {[]string{"-tick", "-1s"}, []string{"-tick", "-1s"}},
		"a negative heartbeat":    {[]string{"-heartbeat", "-1s"}, []string{"-heartbeat", "-1s"}},
		"a port of socket.io":     {[]string{"-addr", "127.0.0.1:0", "-sio", taken.Addr().String()}, []string{taken.Addr().String(), "in use"}},
		"socket.io at no address": {[]string{"-addr", "127.0.0.1:0", "-sio", "nowhere"}, []string{"nowhere"}},
		"socket.io at nothing":    {[]string{"-sio", ""}, []string{`-sio ""`, "same", "off"}},
		"no address for UDP":      {[]string{"-addr", "127.0.0.1:0", "-udp", "nowhere"}, []string{"nowhere"}},
		"MQTT at no address":      {[]string{"-addr", "127.0.0.1:0", "-mqtt", "nowhere"}, []string{"nowhere"}},
		"MQTT at nothing":         {[]string{"-mqtt", ""}, []string{`-mqtt ""`, "same", "off"}},
		"UDP at nothing":          {[]string{"-udp", ""}, []string{`-udp ""`, "off"}},
		"a negative drain":        {[]string{"-drain", "-1s"}, []string{"-drain", "-1s"}},
		"an unknown role":         {[]string{"-role", "king"}, []string{"king", "gate", "backend"}},
		"a role in a cluster":     {[]string{"-cluster", "-role", "gate"}, []string{"-cluster", "-role"}},
		"an address in a cluster": {[]string{"-cluster", "-listen", "127.0.0.1:1"}, []string{"-cluster", "-listen"}},
		"others without a role":   {[]string{"-join", "a:1"}, []string{"-join", "-role"}},
		"nobody expected":         {[]string{"-role", "gate", "-expect", "0"}, []string{"-expect 0"}},
		"hosts without a folder":  {[]string{"-hosts", "a"}, []string{"-hosts", "-certs"}},
		"a folder without hosts":  {[]string{"-certs", "a"}, []string{"-certs", "-hosts"}},
		"hosts that are none":     {[]string{"-hosts", ",", "-certs", "a"}, []string{"-hosts"}},
		"hosts and a role":        {[]string{"-hosts", "a", "-certs", "a", "-role", "gate"}, []string{"-hosts", "-role"}},
		"no address for probes":   {[]string{"-health", "nowhere"}, []string{"nowhere"}},
		"no such level":           {[]string{"-log", "loud"}, []string{"-log", "loud"}},
		"an argument":             {[]string{"now"}, []string{`"now"`}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			err := run(t.Context(), tt.args, &stdout, &stderr)
			if err == nil {
				t.Fatal("it started")
			}
			for _, want := range tt.says {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q does not mention %q", err, want)
				}
			}
			if strings.Contains(err.Error(), "\n") || stdout.Len() > 0 || stderr.Len() > 0 {
				t.Errorf("more than one line: error %q, stdout %q, stderr %q", err, &stdout, &stderr)
			}
		})
	}
}

func TestHelpIsNoError(t *testing.T) {
	var stdout, stderr bytes.Buffer
	if err := run(t.Context(), []string{"-h"}, &stdout, &stderr); err != nil || stdout.String() != usage || stderr.Len() > 0 {
		t.Errorf("-h = %v, stdout %q, stderr %q", err, &stdout, &stderr)
	}
}

func TestFlagsReachTheConnector(t *testing.T) {
	tests := map[string]struct {
		scheme string
		args   []string
		want   time.Duration // heartbeat that the handshake tells
	}{
		"none":                 {"tcp", nil, 30 * time.Second},
		"heartbeat of 5 s":     {"tcp", []string{"-heartbeat", "5s"}, 5 * time.Second},
		"without heartbeat":    {"tcp", []string{"-heartbeat", "0"}, 0},
		"pushes never wait":    {"tcp", []string{"-tick", "0"}, 30 * time.Second},
		"without socket.io":    {"ws", []string{"-sio", "off"}, 30 * time.Second},
		"none, socket.io":      {"sio", nil, 30 * time.Second},
		"5 s, socket.io":       {"sio", []string{"-heartbeat", "5s"}, 5 * time.Second},
		"socket.io knows none": {"sio", []string{"-heartbeat", "0"}, 25 * time.Second},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c, err := client.Dial(t.Context(), client.Config{Addr: tt.scheme + "://" + serve(t, tt.args...)})
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if got := c.Handshake().Heartbeat; got != tt.want {
				t.Errorf("heartbeat = %v, want %v", got, tt.want)
			}
		})
	}
}

func TestSocketIOMayBeOff(t *testing.T) {
	for sio, want := range map[string]int{"same": http.StatusOK, "off": http.StatusNotFound, "127.0.0.1:0": http.StatusNotFound} {
		t.Run(sio, func(t *testing.T) {
			resp, err := http.Get("http://" + serve(t, "-sio", sio) + "/socket.io/?EIO=4&transport=polling")
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			if resp.StatusCode != want {
				t.Errorf("its handshake on the game's port: %s, want %d", resp.Status, want)
			}
		})
	}
}

func TestSocketIOMayHaveAnAddressOfItsOwn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sio")
	serve(t, "-sio", "unix:"+path)
	c, err := client.Dial(t.Context(), client.Config{Addr: "sio://demo", NetDial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", path)
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if body, err := c.Request(t.Context(), "lobby.echo", 7); string(body) != "7" || err != nil {
		t.Errorf("echo = %s, %v", body, err)
	}
}
