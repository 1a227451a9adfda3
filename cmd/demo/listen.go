package main

import (
	"log/slog"
	"net/http"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/hybrid"
	"github.com/fairlead-go/fairlead/connectors/port"
	"github.com/fairlead-go/fairlead/connectors/sio"
)

// connectors are where clients come in: pomelo's and socket.io's on one port, which has the
// page for all other requests; or each on its own, then with the page on both.
func (o options) connectors(page http.Handler, log *slog.Logger) []connectors.Source {
	shared := &port.Port{Addr: o.addr, HTTP: page, UserTimeout: 2 * o.heartbeat, Logger: log}
	all := []connectors.Source{
		&hybrid.Connector{ID: hybridName, Port: shared, Heartbeat: orOff(o.heartbeat), Tick: orOff(o.tick)},
	}
	if o.sio == sioOff {
		return all
	}
	c := &sio.Connector{ID: sioName, PingInterval: o.heartbeat, Tick: orOff(o.tick)}
	if o.sio == sioSame {
		c.Port = shared
	} else {
		c.Addr, c.HTTP, c.Logger = o.sio, page, log
	}
	return append(all, c)
}
