package main

import (
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"github.com/fairlead-go/fairlead/connectors/wire/pomelo"
	"github.com/fairlead-go/fairlead/supervisor/cluster"
)

// places are where clients come to, by kind; those that may not come have none.
type places struct{ at, sio, mqtt, udp place }

// shown is what the terminal shows of what has started.
func shown(fl addresses, o options) string {
	if o.node.role != cluster.Backend {
		return screen(fl, o)
	}
	if o.leash {
		return "" // who started us has said it
	}
	return fmt.Sprintf("\nfairlead demo: a backend, process %d, which other nodes find at %s\n\n"+
		"Ctrl-C hands over what lives here, and ends it; twice, it ends at once.\n\n", os.Getpid(), o.node.address())
}

// screen is what the terminal shows while the demo runs: what there is, what to
// try, how to stop.
func screen(fl addresses, o options) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	p := places{reachable(fl.Addrs(hybridName)), reachable(fl.Addrs(sioName)), reachable(fl.Addrs(mqttName)), reachable(fl.Addrs(udpName))}
	at, sio, mqtt, udp := p.at, p.sio, p.mqtt, p.udp

	line("\nfairlead demo: every client is an actor\n")
	if at.web {
		line("  page       http://%s/", at.addr)
		line("  websocket  ws://%s/   Pomelo, the same port", at.addr)
	}
	line("  tcp        %s         Pomelo, %s", at.addr, pushes(o.tick))
	if sio.addr != "" {
		line("  socket.io  %s  clients 1.x to 4.x, at /socket.io/", sio.url())
	}
	if mqtt.addr != "" {
		line("  mqtt       %s         clients of 3.1, 3.1.1 and 5; their WebSockets at %s", mqtt.addr, webSocketPath(o))
	}
	if udp.addr != "" {
		line("  udp        %s         Pomelo, a package a datagram", udp.addr)
	}
	line("\nTry\n")
	for i, what := range p.tries() {
		line("  %d. %s", i+1, what)
	}
	line("\nCtrl-C drains it: clients are answered, told when to come back, and closed; twice, it ends at once.\n")
	return b.String()
}

// addresses tells where a connector listens.
type addresses interface {
	Addrs(connector string) []net.Addr
}

// webSocketPath is where MQTT's WebSockets come to.
func webSocketPath(o options) string {
	if o.mqtt == same {
		return "/mqtt"
	}
	return "/"
}

// tries is what one can do, for those who can.
func (p places) tries() (list []string) {
	at, sio, mqtt, udp := p.at, p.sio, p.mqtt, p.udp
	if at.web {
		list = append(list, "Open the page in two windows. Move, chat, and kick one from the other:\n"+
			"     a message to the PID of its socket, and its page says why.")
	}
	if sio.web {
		list = append(list, "Open a window that is a socket.io client:  "+sio.url()+"/?client=socket.io")
	}
	if at.web {
		list = append(list, `Ask from the page's console:  await pomelo.request("lobby.echo", {hi: 1})`)
	}
	if mqtt.web {
		list = append(list, "Ask from a terminal, with MQTT:\n     "+mqtt.ask())
	}
	list = append(list, "Ask from a terminal, byte for byte:\n     "+at.echo())
	if udp.addr != "" {
		list = append(list, "The same over UDP, and a hundred at once:\n     "+udp.echoDatagrams()+
			"\n     go run ./cmd/robot -addr udp://"+udp.addr)
	}
	return list
}

func pushes(tick time.Duration) string {
	if tick == 0 {
		return "pushes leave at once"
	}
	return fmt.Sprintf("pushes leave every %v", tick)
}

// place is where the demo can be reached from this machine.
type place struct {
	addr string
	host string
	port int
	web  bool // over TCP, so that a browser can
}

// url is what a browser takes, and for others the address.
func (p place) url() string {
	if !p.web {
		return p.addr
	}
	return "http://" + p.addr
}

// reachable names the first address as one types it: an address that stands for
// all of them is localhost.
func reachable(addrs []net.Addr) place {
	if len(addrs) == 0 {
		return place{}
	}
	switch a := addrs[0].(type) {
	case *net.TCPAddr:
		return typed(a.IP, a.Port, true)
	case *net.UDPAddr:
		return typed(a.IP, a.Port, false)
	}
	return place{addr: addrs[0].String()}
}

func typed(ip net.IP, port int, web bool) place {
	host := ip.String()
	if ip.IsUnspecified() {
		host = "localhost"
	}
	return place{net.JoinHostPort(host, fmt.Sprint(port)), host, port, web}
}

// echo is a shell line that shakes hands, asks lobby.echo and shows the answer.
func (p place) echo() string {
	nc := "nc -U " + p.addr
	if p.web {
		nc = fmt.Sprintf("nc %s %d", p.host, p.port)
	}
	hello, ack, request := conversation()
	return fmt.Sprintf("(printf '%s'; sleep 1; printf '%s'; sleep 1) | %s", octal(hello), octal(append(ack, request...)), nc)
}

// echoDatagrams is the same over UDP, where a datagram holds one package before the ack.
func (p place) echoDatagrams() string {
	hello, ack, request := conversation()
	return fmt.Sprintf("(printf '%s'; sleep 1; printf '%s'; sleep 1; printf '%s'; sleep 1) | nc -u -w 2 %s %d",
		octal(hello), octal(ack), octal(request), p.host, p.port)
}

// ask is a shell line that asks lobby.echo by MQTT.
func (p place) ask() string {
	return fmt.Sprintf(`mosquitto_rr -h %s -p %d -V 5 -t lobby/echo -e my/reply -m '{"hi":1}'`, p.host, p.port)
}

// conversation is what a client sends: the handshake, and once that is answered
// the ack and a request.
func conversation() (hello, ack, request []byte) {
	const echo = "\x00\x01\x0alobby.echo" + `{"hi":1}`
	hello = bytesOf(pomelo.Package{Type: pomelo.TypeHandshake, Body: []byte(`{"sys":{"type":"sh"}}`)})
	ack = bytesOf(pomelo.Package{Type: pomelo.TypeAck})
	request = bytesOf(pomelo.Package{Type: pomelo.TypeData, Body: []byte(echo)})
	return hello, ack, request
}

func bytesOf(p pomelo.Package) []byte {
	b, _ := p.Append(nil) // fails only over 16 MiB
	return b
}

// octal writes bytes so that every shell's printf makes them again.
func octal(bytes []byte) string {
	var b strings.Builder
	for _, c := range bytes {
		switch {
		case c < ' ' || c > '~':
			fmt.Fprintf(&b, `\%03o`, c)
		case strings.IndexByte(`\%'`, c) >= 0:
			panic("demo: a byte that printf or the shell would take for its own")
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}
