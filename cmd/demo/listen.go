package main

import (
	"log/slog"
	"net/http"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/hybrid"
	"github.com/fairlead-go/fairlead/connectors/mqtt"
	"github.com/fairlead-go/fairlead/connectors/port"
	"github.com/fairlead-go/fairlead/connectors/sio"
	"github.com/fairlead-go/fairlead/connectors/udp"
)

// connectors are where clients come in: pomelo's, socket.io's and MQTT's on one port, which has the
// page for all other requests; or each on its own, then with the page on those of HTTP. UDP has a port of its own.
func (o options) connectors(page http.Handler, log *slog.Logger) []connectors.Source {
	shared := &port.Port{Addr: o.addr, HTTP: page, UserTimeout: 2 * o.heartbeat, Logger: log}
	all := []connectors.Source{
		&hybrid.Connector{ID: hybridName, Port: shared, Heartbeat: orOff(o.heartbeat), Tick: orOff(o.tick)},
	}
	if o.udp != off {
		all = append(all, &udp.Connector{ID: udpName, Addr: o.udp, Heartbeat: orOff(o.heartbeat), Tick: orOff(o.tick), Logger: log})
	}
	if o.sio != off {
		c := &sio.Connector{ID: sioName, PingInterval: o.heartbeat, Tick: orOff(o.tick)}
		if o.sio == same {
			c.Port = shared
		} else {
			c.Addr, c.HTTP, c.Logger = o.sio, page, log
		}
		all = append(all, c)
	}
	if o.mqtt != off {
		c := &mqtt.Connector{ID: mqttName, KeepAlive: orOff(o.heartbeat), Tick: orOff(o.tick)}
		if o.mqtt == same {
			c.Port = shared
		} else {
			c.Addr, c.Logger = o.mqtt, log
		}
		all = append(all, c)
	}
	return all
}
