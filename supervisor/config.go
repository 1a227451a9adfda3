package supervisor

import (
	"fmt"
	"log/slog"
	"math"
	"time"

	"github.com/fairlead-go/fairlead/actors"
	"github.com/fairlead-go/fairlead/connectors"
)

func (c Config) withDefaults() Config {
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	orDuration(&c.Tick, 20*time.Millisecond)
	orDuration(&c.RequestTimeout, 10*time.Second)
	c.RequestTimeout = max(c.RequestTimeout, 0)
	orInt(&c.InFlight, 32)
	orInt(&c.InFlightBytes, 256<<10)
	orInt(&c.OutboxBytes, 256<<10)
	orInt(&c.RouteQueue, 65536)
	return c
}

func orDuration(d *time.Duration, zero time.Duration) {
	if *d == 0 {
		*d = zero
	}
}

func orInt(n *int, zero int) {
	if *n == 0 {
		*n = zero
	}
}

// tree checks the configuration and fills in its defaults.
func (c Config) tree() (actors.Tree, error) {
	c = c.withDefaults()
	for _, f := range []struct {
		name      string
		value, to int
	}{
		{"InFlight", c.InFlight, math.MaxUint16},
		{"InFlightBytes", c.InFlightBytes, math.MaxInt32},
		{"OutboxBytes", c.OutboxBytes, math.MaxInt32},
		{"RouteQueue", c.RouteQueue, math.MaxInt32},
	} {
		if f.value < 1 || f.value > f.to {
			return actors.Tree{}, fmt.Errorf("%s is %d: want 1 to %d, or 0 for the default", f.name, f.value, f.to)
		}
	}
	list, err := c.connectors()
	return actors.Tree{
		Connectors:     list,
		Routes:         c.Routes,
		Filters:        c.Filters,
		Logins:         c.Logins,
		Handshake:      c.Handshake,
		Events:         c.Events,
		Log:            c.Logger,
		Tick:           c.Tick,
		RequestTimeout: c.RequestTimeout,
		InFlight:       c.InFlight,
		InFlightBytes:  c.InFlightBytes,
		OutboxBytes:    c.OutboxBytes,
		RouteQueue:     c.RouteQueue,
	}, err
}

// connectors makes the connector of each source; their names must differ.
func (c Config) connectors() (list []connectors.Connector, err error) {
	seen := map[string]int{}
	for i, source := range c.Connectors {
		var one connectors.Connector
		switch s := source.(type) {
		case connectors.Factory:
			if s.New == nil {
				return nil, fmt.Errorf("Connectors[%d]: Factory.New is nil", i)
			}
			one = s.New(s.Host, s.Port)
		case connectors.Connector:
			one = s
		}
		if one == nil {
			return nil, fmt.Errorf("Connectors[%d] is a %T: want a connectors.Connector or a connectors.Factory", i, source)
		}
		if other, twice := seen[one.Name()]; twice {
			return nil, fmt.Errorf("Connectors[%d]: name %q is taken by Connectors[%d]", i, one.Name(), other)
		}
		seen[one.Name()] = i
		list = append(list, one)
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("Connectors is empty: nobody could connect")
	}
	return list, nil
}
