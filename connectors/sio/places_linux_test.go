package sio_test

import (
	"strings"
	"testing"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/sio"
)

// Nobody takes all places: a quarter of them is what an address may hold without a session.
func TestAnAddressHoldsAQuarterOfThePlaces(t *testing.T) {
	r := startOn(t, &sio.Connector{Addr: "127.0.0.1:0", MaxIdle: 8})
	defer func() {
		r.listener.Close()
		<-r.listener.(connectors.Lingerer).Gone()
	}()
	for i, want := range []string{"200", "200", "503"} {
		fd := dial(t, r.listener.Addr())
		send(t, fd, openPoll)
		if got := until(t, fd, "\r\n\r\n"); !strings.HasPrefix(got, "HTTP/1.1 "+want) {
			t.Errorf("handshake %d: %.40q, want %s", i, got, want)
		}
	}
}
