package udp_test

import (
	"testing"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/udp"
)

// BenchmarkStranger is what a datagram of a stranger's costs where cookies are required: what a flood does.
func BenchmarkStranger(b *testing.B) {
	for name, said := range map[string]string{
		"garbage":       "\xff\x00",
		"handshake":     plainHello,
		"cookie/asked":  withCookie("", 80),
		"cookie/forged": withCookie("AAAAAAAAAAAAAAAAAAAAAA", 80),
	} {
		b.Run(name, func(b *testing.B) {
			r := start(b, &udp.Connector{RequireCookies: true})
			defer r.stop()
			last := r.net.join(host(2))
			b.ReportAllocs()
			for b.Loop() {
				r.net.send(host(1), said)
			}
			last.say(withCookie("", 80))
			<-last.in // all before it have been seen
		})
	}
}

// BenchmarkRequest is a request and its answer on a network in memory, one at a time.
func BenchmarkRequest(b *testing.B) {
	r := start(b, &udp.Connector{})
	defer r.stop()
	p := r.net.join(host(1))
	r.shake(p)
	s := <-r.sessions
	defer s.end(connectors.Reason{})
	said := ask(1, `{"a":1}`)
	b.ReportAllocs()
	for b.Loop() {
		p.say(said)
		<-p.in
	}
}
