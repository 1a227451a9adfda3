package hybrid_test

import (
	"errors"
	"net"
	"testing"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/admit"
	"github.com/fairlead-go/fairlead/connectors/hybrid"
)

func TestWhoDidNotComeInIsCounted(t *testing.T) {
	c := &hybrid.Connector{Admit: admit.Limits{MaxConns: 1}}
	l := listen(t, c)
	_, _ = dialStream(t, l)
	for range 2 {
		refused, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer refused.Close()
	}
	eventually(t, time.Millisecond, func() bool { return c.Counts() == connectors.Counts{Refused: 2} })
	if err := l.(connectors.Health).Health(); err != nil {
		t.Errorf("health = %v: who is refused shows that others come in", err)
	}
}

func TestHealthOfAListenerThatIsLost(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &hybrid.Connector{Listener: ln}
	l := listen(t, c)
	_ = ln.Close()
	if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Accept = %v", err)
	}
	if err := l.(connectors.Health).Health(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("health = %v, want the error", err)
	}
	if got, want := c.Counts(), (connectors.Counts{AcceptErrors: 1}); got != want {
		t.Errorf("counts = %+v, want %+v", got, want)
	}
}
