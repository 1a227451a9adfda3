package sio_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/sio"
)

// A request that names a session is answered until interval and timeout are over, and not behind (P16.5).
func TestRequestsThatComeTooLate(t *testing.T) {
	for name, tt := range map[string]struct {
		query, method, body string
	}{
		"4, GET":  {"EIO=4", "GET", ""}, // with the ping of meanwhile
		"4, POST": {"EIO=4", "POST", "42[1]"},
		"3, GET":  {"EIO=3", "GET", ""},
		"3, POST": {"EIO=3", "POST", "5:42[1]"},
	} {
		for late, want := range map[time.Duration]int{-time.Millisecond: 200, time.Millisecond: 400} {
			bubble(t, &sio.Connector{PingInterval: 3 * time.Second, PingTimeout: 2 * time.Second}, func(r *rig) {
				c, s := r.polling(tt.query)
				s.say("2[1]") // for a GET
				time.Sleep(5*time.Second + late)
				if status, body := c.do(tt.method, tt.body); status != want {
					t.Errorf("%s, %v behind the deadline: %d %q, want %d", name, late, status, body, want)
				}
				synctest.Wait()
				if err := s.end(); (want == 400) != errors.Is(err, connectors.ErrSilent) {
					t.Errorf("%s, %v behind the deadline: ended with %v", name, late, err)
				}
				s.Close(connectors.Reason{})
			})
		}
	}
}
