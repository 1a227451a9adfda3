package udp_test

import (
	"net"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/admit"
	"github.com/fairlead-go/fairlead/connectors/udp"
	"github.com/fairlead-go/fairlead/messages"
)

// TestWhomLimitsKeepOutTakesNobodysPlace is P19.2: one address, with all its ports, does not fill the table of
// those that are on their way in.
func TestWhomLimitsKeepOutTakesNobodysPlace(t *testing.T) {
	bubble(t, &udp.Connector{HalfOpen: 3, Admit: admit.Limits{PerAddress: 1}}, func(r *rig) {
		first := r.net.join(host(1))
		first.say(plainHello)
		r.answered(first)
		for port := range 10 {
			r.net.send(netip.AddrPortFrom(host(1).Addr(), uint16(5000+port)), plainHello)
		}
		second := r.net.join(host(2))
		second.say(plainHello)
		r.answered(second)
		if got := r.connector.Stats().PerAddress; got != 10 {
			t.Errorf("PerAddress = %d, want 10", got)
		}
	})
}

// TestTheSocketWaitsForWhoIsRefused: the answer is under way, though the address is a stranger's again.
func TestTheSocketWaitsForWhoIsRefused(t *testing.T) {
	bubble(t, &udp.Connector{}, func(r *rig) {
		held := make(chan struct{})
		r.slow = held
		p := r.net.join(host(1))
		p.say(plainHello)
		s := <-r.sessions
		if err := s.Write(net.Buffers{[]byte(pkg(1, `{"code":401}`))}); err != nil {
			t.Fatal(err)
		}
		r.listener.Close()
		synctest.Wait()
		select {
		case <-r.net.closed:
			t.Error("the socket is closed before the client is")
		default:
		}
		s.end(connectors.Reason{Cause: messages.CauseRefused})
		close(held)
		<-r.listener.(connectors.Lingerer).Gone()
	})
}

// TestAHandshakeMayBeLongerThanAMessage: MaxHello holds until the ack, MaxPackage after it.
func TestAHandshakeMayBeLongerThanAMessage(t *testing.T) {
	bubble(t, &udp.Connector{MaxPackage: 40}, func(r *rig) {
		p := r.net.join(host(1))
		p.say(withCookie(r.cookie(p), 4000))
		r.answered(p)
		p.say(ack)
		r.expect(p, heartbeat)
		p.say(ask(1, strings.Repeat("1", 36)))
		r.expect(p, answer(1, strings.Repeat("1", 36)))
	})
}
