//go:build unix

package main

import (
	"bufio"
	"bytes"
	"errors"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/fairlead-go/fairlead/connectors/client"
)

// A kill -TERM tells every client when to come back, ends its connection in the order its wire
// knows, and the process with code 0 within two seconds.
func TestTermClosesEveryClientProperly(t *testing.T) {
	demo, stderr := build(t), new(bytes.Buffer)
	demo.Stderr = stderr
	screen, err := demo.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := demo.Start(); err != nil {
		t.Fatal(err)
	}
	exited := make(chan error, 1)
	defer func() { _ = demo.Process.Kill() }() // for when the test fails before
	addr := address(t, screen)
	tcp, err := client.Dial(t.Context(), client.Config{Addr: addr})
	if err != nil {
		t.Fatal(err)
	}
	io, err := client.Dial(t.Context(), client.Config{Addr: "sio://" + addr})
	if err != nil {
		t.Fatal(err)
	}
	ws := shakeHands(t, "ws://"+addr+"/")

	begin := time.Now()
	if err := demo.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	go func() { exited <- demo.Wait() }()
	if err := lastOf(ws); !websocket.IsCloseError(err, websocket.CloseServiceRestart) {
		t.Errorf("the WebSocket client's end = %v, want a close frame with 1012", err)
	}
	for name, c := range map[string]*client.Client{"TCP": tcp, "socket.io": io} {
		<-c.Done()
		var kick *client.KickError
		if err := c.Err(); !errors.As(err, &kick) || kick.Reason != "draining" || kick.RetryAfter <= 0 {
			t.Errorf("the %s client's end = %v, want a kick with advice", name, err)
		}
	}
	if err := <-exited; err != nil {
		t.Errorf("exit: %v\n%s", err, stderr)
	}
	if d := time.Since(begin); d > 2*time.Second {
		t.Errorf("it took %v, want at most 2 s", d)
	}
}

// build makes the demo's binary and the command that runs it.
func build(t *testing.T) *exec.Cmd {
	t.Helper()
	path := filepath.Join(t.TempDir(), "demo")
	if out, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return exec.Command(path, "-addr", "127.0.0.1:0")
}

// shakeHands is a WebSocket client that shows every frame of its end.
func shakeHands(t *testing.T, url string) *websocket.Conn {
	t.Helper()
	ws, _, err := websocket.DefaultDialer.Dial(url, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ws.Close() })
	_ = ws.SetReadDeadline(time.Now().Add(patience))
	hello, ack, request := conversation()
	if err := ws.WriteMessage(websocket.BinaryMessage, hello); err != nil {
		t.Fatal(err)
	}
	if _, _, err := ws.ReadMessage(); err != nil {
		t.Fatal(err)
	}
	if err := ws.WriteMessage(websocket.BinaryMessage, append(ack, request...)); err != nil {
		t.Fatal(err)
	}
	return ws
}

// lastOf reads to the end and says which it was.
func lastOf(ws *websocket.Conn) error {
	for {
		if _, _, err := ws.ReadMessage(); err != nil {
			return err
		}
	}
}

// A second signal does not wait for the drain that the first one began.
func TestASecondTermEndsItAtOnce(t *testing.T) {
	demo := build(t)
	demo.Args = append(demo.Args, "-drain", "30s")
	logs, err := demo.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	screen, err := demo.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := demo.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = demo.Process.Kill() }()
	addr := address(t, screen)
	c, err := net.Dial("tcp", addr) // on its way in: the drain waits a second for it
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Write([]byte("\x01\x00")); err != nil {
		t.Fatal(err)
	}
	await(t, addr)
	if err := demo.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(logs)
	for lines.Scan() && !strings.Contains(lines.Text(), "draining") {
	}
	if err := demo.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	for lines.Scan() {
		if strings.Contains(lines.Text(), "drained") {
			t.Error("it drained to the end")
		}
	}
	var exit *exec.ExitError
	if err := demo.Wait(); !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGTERM {
		t.Errorf("exit: %v, want it to end by the signal", err)
	}
}

// await waits until a client that came before another is in.
func await(t *testing.T, addr string) {
	t.Helper()
	c, err := client.Dial(t.Context(), client.Config{Addr: addr})
	if err != nil {
		t.Fatal(err)
	}
	_ = c.Close()
}
