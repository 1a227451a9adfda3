package supervisor_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fairlead-go/fairlead/actors"
	"github.com/fairlead-go/fairlead/supervisor"
)

func TestTheFiltersOfTheGuideKeepTheirWord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		log := slog.New(slog.NewTextHandler(&out, nil))
		door := actors.NewRoute("door")
		actors.On(door, "knock", func(c *actors.Context, in *time.Duration) error {
			time.Sleep(*in)
			return nil
		})
		w := play(supervisor.Config{
			Routes:  []actors.Route{door},
			Filters: []actors.Filter{timing(log, time.Second), overdue(log, 3*time.Second), tooBusy(10*time.Second, 2*time.Second)},
		})
		defer settled(w)
		ann, bob := w.join(), w.join()
		if got := ann.ask("door.knock", time.Second); got != "{}" || out.Len() > 0 {
			t.Errorf("a knock of one second was answered %s and logged %q", got, out.String())
		}
		slow := make(chan string, 1)
		go func() { slow <- ann.ask("door.knock", 4*time.Second) }()
		synctest.Wait()
		if got := bob.ask("door.knock", time.Duration(0)); got != `{"code":503,"msg":"try again"}` {
			t.Errorf("who had to wait for four seconds was answered %s", got)
		}
		if got := <-slow; got != "{}" {
			t.Errorf("the slow one was answered %s", got)
		}
		first, rest, _ := strings.Cut(out.String(), "\n")
		if !strings.Contains(first, "handler does not return") || !strings.Contains(rest, "slow handler") || !strings.Contains(rest, "took=4s") {
			t.Errorf("logged %q", out.String())
		}
	})
}

// settled stops w, and lets what the engine keeps running end before its bubble does.
func settled(w *world) {
	w.Stop()
	synctest.Wait()
	time.Sleep(2 * w.system.Config.DeadLetterThrottleInterval)
}
