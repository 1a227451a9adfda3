package supervisor

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/fairlead-go/fairlead/actors"
	"github.com/fairlead-go/fairlead/connectors"
)

func (c Config) withDefaults() Config {
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	if c.Tick == 0 {
		c.Tick = 20 * time.Millisecond
	}
	c.Limits = c.Limits.WithDefaults()
	c.Faults = c.Faults.WithDefaults()
	c.Drain = c.Drain.WithDefaults()
	if c.Limits.Memory == 0 {
		c.Limits.Memory = memoryLimit()
	}
	return c
}

// tree checks the configuration and fills in its defaults.
func (c Config) tree() (actors.Tree, error) {
	c = c.withDefaults()
	if err := c.Limits.Check(); err != nil {
		return actors.Tree{}, err
	}
	list, err := c.connectors()
	return actors.Tree{
		Connectors: list,
		Routes:     c.Routes,
		Filters:    c.Filters,
		Logins:     c.Logins,
		Handshake:  c.Handshake,
		Events:     c.Events,
		Log:        c.Logger,
		Tick:       c.Tick,
		Limits:     c.Limits,
		Faults:     c.Faults,
		Drain:      c.Drain,
		Cluster:    c.Cluster,
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
	if len(list) == 0 && c.Cluster == nil {
		return nil, fmt.Errorf("Connectors is empty: nobody could connect")
	}
	return list, nil
}
