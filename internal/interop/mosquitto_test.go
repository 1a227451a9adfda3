package interop_test

import (
	"context"
	"errors"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fairlead-go/fairlead/connectors/mqtt"
	"github.com/fairlead-go/fairlead/internal/need"
)

// mosquitto is where Debian's mosquitto-clients are, and the server to speak to.
type mosquitto struct{ folder, host, port string }

// TestMosquittoClients runs mosquitto_rr, mosquitto_pub and mosquitto_sub against our server.
func TestMosquittoClients(t *testing.T) {
	t.Parallel()
	m := mosquitto{folder: filepath.Dir(need.Program(t, "mosquitto_rr"))}
	m.host, m.port = serveMQTT(t, func(*mqtt.Connector) {})
	for name, c := range map[string]struct {
		line string // the program and what is special
		want string // what it prints, in whatever case
		end  ending // as its exit code tells
	}{
		"a request in 5":     {`mosquitto_rr -V 5 -t interop/echo -e my/reply -m {"a":1}`, `{"a":1}`, well},
		"a request at QoS 2": {`mosquitto_rr -V 5 -q 2 -t interop/echo -e my/reply -m {"a":2}`, `{"a":2}`, well},
		"with correlation data": {
			`mosquitto_rr -V 5 -t interop/echo -e my/reply -D publish correlation-data abc -F %D=%p -m {"a":3}`, `abc={"a":3}`, well,
		},
		"a failed request":         {`mosquitto_rr -V 5 -t interop/fail -e my/reply -F %P -m {}`, "code:500", well},
		"a request in 3.1.1":       {`mosquitto_rr -V 311 -t pomelo/req/7/interop/echo -e pomelo/res/7 -m {"a":4}`, `{"a":4}`, well},
		"a request in 3.1":         {`mosquitto_rr -V 31 -i old -t pomelo/req/7/interop/echo -e pomelo/res/7 -m {"a":5}`, `{"a":5}`, well},
		"who it is":                {`mosquitto_rr -V 5 -i me -u ann -P secret -t interop/whoami -e my/reply -m {}`, `{"client":"me","user":"ann"}`, well},
		"a push in 5":              {`mosquitto_sub -V 5 -u greet -t pomelo/push/# -C 1 -v`, `pomelo/push/onGreeting {"hello":1}`, well},
		"a push in 3.1.1":          {`mosquitto_sub -V 311 -u greet -t pomelo/push/onGreeting -C 1`, `{"hello":1}`, well},
		"a push in 3.1":            {`mosquitto_sub -V 31 -i older -u greet -t pomelo/push/+ -C 1`, `{"hello":1}`, well},
		"a notify at QoS 0":        {`mosquitto_pub -V 5 -t interop/note -m {}`, "", well},
		"a notify at QoS 1":        {`mosquitto_pub -V 311 -q 1 -t interop/note -m {}`, "", well},
		"a notify at QoS 2":        {`mosquitto_pub -V 31 -i oldest -q 2 -t interop/note -m {}`, "", well},
		"100 of them":              {`mosquitto_pub -V 5 -q 2 -t interop/note -m {} --repeat 100`, "", well},
		"a filter that is refused": {`mosquitto_sub -V 5 -t other/# -W 5`, "all subscription requests were denied.", anyhow},
		"the same in 3.1.1":        {`mosquitto_sub -V 311 -t other/# -W 5`, "all subscription requests were denied.", anyhow},
		"bad credentials in 5":     {`mosquitto_pub -V 5 -u bad -t interop/note -m {}`, "bad user name or password", badly},
		"bad credentials in 3.1.1": {`mosquitto_pub -V 311 -u bad -t interop/note -m {}`, "bad user name or password", badly},
		"not authorized in 3.1.1":  {`mosquitto_pub -V 311 -u banned -t interop/note -m {}`, "not authori", badly},
		"what cannot be kept in 5": {`mosquitto_pub -V 5 -r -q 1 -t interop/note -m {}`, "", well}, // the CONNACK says so, and it heeds that
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out, end := m.run(t, strings.Fields(c.line))
			if !strings.Contains(strings.ToLower(out), strings.ToLower(c.want)) || end != c.end && c.end != anyhow {
				t.Errorf("%s ends %s with %q, want %s with %q", c.line, end, out, c.end, c.want)
			}
		})
	}
}

// ending is how a program ends. Where its releases differ, anyhow will do.
type ending string

const (
	well   ending = "well"
	badly  ending = "badly"
	anyhow ending = "anyhow"
)

// run runs a program of the folder, and returns what it prints.
func (m mosquitto) run(t *testing.T, line []string) (out string, end ending) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	args := append([]string{"-h", m.host, "-p", m.port}, line[1:]...)
	b, err := exec.CommandContext(ctx, filepath.Join(m.folder, line[0]), args...).CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	if exit != nil {
		return string(b), badly
	}
	return string(b), well
}
