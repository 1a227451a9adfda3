package main

import (
	"bytes"
	"maps"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// listens is where connectors listen, by name.
type listens map[string][]net.Addr

func (l listens) Addrs(name string) []net.Addr { return l[name] }

func TestScreenSaysWhatRunsAndWhatToTry(t *testing.T) {
	o, err := parse(nil)
	if err != nil {
		t.Fatal(err)
	}
	at := []net.Addr{&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 3010}}
	got := screen(listens{hybridName: at, sioName: at, mqttName: at}, o)
	want, err := os.ReadFile("testdata/screen.txt")
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("screen:\n%s\nwant testdata/screen.txt:\n%s", got, want)
	}
}

func TestScreenNamesAddressesAsOneTypesThem(t *testing.T) {
	tests := map[string]struct {
		addr net.Addr
		more listens
		tick time.Duration
		has  []string
		not  string
	}{
		"all addresses":     {&net.TCPAddr{IP: net.IPv6unspecified, Port: 80}, nil, 0, []string{"http://localhost:80/", "nc localhost 80", "at once"}, "::"},
		"an IPv6 address":   {&net.TCPAddr{IP: net.IPv6loopback, Port: 80}, nil, time.Second, []string{"http://[::1]:80/", "nc ::1 80", "every 1s"}, "localhost"},
		"a unix socket":     {&net.UnixAddr{Name: "/run/demo", Net: "unix"}, nil, 0, []string{"tcp        /run/demo", "nc -U /run/demo"}, "http"},
		"no browser's part": {&net.UnixAddr{Name: "/run/demo", Net: "unix"}, nil, 0, []string{"Ctrl-C"}, "page"},
		"no socket.io":      {&net.TCPAddr{IP: net.IPv6loopback, Port: 80}, nil, 0, []string{"3. Ask from a terminal"}, "socket.io"},
		"socket.io by file": {&net.TCPAddr{IP: net.IPv6loopback, Port: 80}, listens{sioName: {&net.UnixAddr{Name: "/run/sio", Net: "unix"}}}, 0, []string{"socket.io  /run/sio "}, "client="},
		"socket.io alone":   {&net.UnixAddr{Name: "/run/demo", Net: "unix"}, listens{sioName: {&net.TCPAddr{IP: net.IPv6loopback, Port: 81}}}, 0, []string{"1. Open a window", "http://[::1]:81/?client=socket.io", "2. Ask"}, "console"},
		"no MQTT":           {&net.TCPAddr{IP: net.IPv6loopback, Port: 80}, nil, 0, []string{"3. Ask from a terminal, byte"}, "mqtt"},
		"MQTT by file":      {&net.TCPAddr{IP: net.IPv6loopback, Port: 80}, listens{mqttName: {&net.UnixAddr{Name: "/run/mqtt", Net: "unix"}}}, 0, []string{"mqtt       /run/mqtt "}, "mosquitto"},
		"MQTT alone":        {&net.UnixAddr{Name: "/run/demo", Net: "unix"}, listens{mqttName: {&net.TCPAddr{IP: net.IPv6loopback, Port: 81}}}, 0, []string{"WebSockets at /\n", "mosquitto_rr -h ::1 -p 81 -V 5 -t lobby/echo"}, "console"},
		"UDP":               {&net.TCPAddr{IP: net.IPv6loopback, Port: 80}, listens{udpName: {&net.UDPAddr{IP: net.IPv6unspecified, Port: 82}}}, 0, []string{"udp        localhost:82 ", "nc -u -w 2 localhost 82", "robot -addr udp://localhost:82"}, "http://localhost"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			all := listens{hybridName: {tt.addr}}
			maps.Copy(all, tt.more)
			got := screen(all, options{tick: tt.tick})
			for _, want := range tt.has {
				if !strings.Contains(got, want) {
					t.Errorf("%q is not on the screen:\n%s", want, got)
				}
			}
			if strings.Contains(got, tt.not) {
				t.Errorf("%q is on the screen:\n%s", tt.not, got)
			}
		})
	}
}

// The line that the screen offers for a terminal does what it says: a shell
// makes the bytes, the demo answers them.
func TestScreensShellLineIsAnswered(t *testing.T) {
	shell, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("no shell here")
	}
	conn, err := net.Dial("tcp", serve(t))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	hello, ack, request := conversation()
	for _, step := range []struct {
		send []byte
		want string // the end of what comes back
	}{
		{hello, "}"},
		{append(ack, request...), "\x04\x00\x00\x0a\x04\x01" + `{"hi":1}`},
	} {
		made, err := exec.Command(shell, "-c", "printf '"+octal(step.send)+"'").Output()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Write(made); err != nil {
			t.Fatal(err)
		}
		var got []byte
		for b := make([]byte, 1024); !bytes.HasSuffix(got, []byte(step.want)); {
			n, err := conn.Read(b)
			if got = append(got, b[:n]...); err != nil {
				t.Fatalf("got %q, then %v; want it to end in %q", got, err, step.want)
			}
		}
	}
}
