package supervisor_test

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/fairlead-go/fairlead/actors"
	"github.com/fairlead-go/fairlead/messages"
	"github.com/fairlead-go/fairlead/supervisor"
)

// members lets nobody pass who is not bound to a user.
func members(next actors.Handler) actors.Handler {
	return func(c *actors.Context, body []byte) ([]byte, error) {
		if c.Session().Uid == "" {
			return nil, messages.NewError(401, "log in first")
		}
		return next(c, body)
	}
}

// timing logs the handlers that take longer than they should.
func timing(log *slog.Logger, should time.Duration) actors.Filter {
	return func(next actors.Handler) actors.Handler {
		return func(c *actors.Context, body []byte) ([]byte, error) {
			begin := time.Now()
			answer, err := next(c, body)
			if took := time.Since(begin); took > should {
				log.Warn("slow handler", "route", c.Request().Route, "took", took)
			}
			return answer, err
		}
	}
}

// overdue logs the handlers that have not come back in time, while they are still away.
func overdue(log *slog.Logger, limit time.Duration) actors.Filter {
	return func(next actors.Handler) actors.Handler {
		return func(c *actors.Context, body []byte) ([]byte, error) {
			route := c.Request().Route
			watch := time.AfterFunc(limit, func() { log.Warn("handler does not return", "route", route) })
			defer watch.Stop()
			return next(c, body)
		}
	}
}

// tooBusy refuses requests that have waited too long for their turn. timeout is
// the Config's RequestTimeout, from which it tells when a request came.
func tooBusy(timeout, patience time.Duration) actors.Filter {
	return func(next actors.Handler) actors.Handler {
		return func(c *actors.Context, body []byte) ([]byte, error) {
			due := c.Request().Expires()
			if waited := timeout - time.Until(due); !due.IsZero() && waited > patience {
				return nil, messages.NewError(messages.CodeBusy, "try again")
			}
			return next(c, body)
		}
	}
}

func Example_filters() {
	log := slog.New(slog.DiscardHandler)
	account := actors.NewRoute("account")
	actors.On(account, "login", func(c *actors.Context, in *string) error { return c.Bind(*in) })
	guild := actors.NewRoute("guild")
	guild.Use(members) // this route's own, inside those of all routes
	actors.HandleRaw(guild, "motto", func(c *actors.Context, body []byte) ([]byte, error) {
		return []byte(`"all for one"`), nil
	})

	w := play(supervisor.Config{
		Routes:  []actors.Route{account, guild},
		Filters: []actors.Filter{timing(log, time.Second), overdue(log, 3*time.Second), tooBusy(10*time.Second, 2*time.Second)},
	})
	defer w.Stop()
	ann := w.join()
	defer ann.Close()
	fmt.Println(ann.ask("guild.motto", nil))
	ann.ask("account.login", "ann")
	fmt.Println(ann.ask("guild.motto", nil))
	// Output:
	// {"code":401,"msg":"log in first"}
	// "all for one"
}
