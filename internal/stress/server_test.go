//go:build linux

package stress_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/admit"
	"github.com/fairlead-go/fairlead/connectors/hybrid"
	"github.com/fairlead-go/fairlead/supervisor"
)

// setup is what a test chooses of its server. What is zero has the server's own default.
type setup struct {
	Limits        supervisor.Limits
	Faults        supervisor.Faults
	MaxConns      int
	Rate          admit.Rate
	Pending       int
	FirstByte     time.Duration
	Head          time.Duration
	HandshakeTime time.Duration
	PackageTime   time.Duration
}

// heartbeat is longer than any test: silence is nobody's fault here.
const heartbeat = 5 * time.Minute

// server is the process under stress. Its fields are the command loop's, which is the
// process's main goroutine; a witness and a metronome look after their own.
type server struct {
	system  *actor.ActorSystem
	game    *game
	hybrid  *hybrid.Connector
	fl      *supervisor.Fairlead
	witness *witness
	beat    *metronome
	eaten   []*os.File
}

// serve is the process: it obeys commands from stdin, one JSON object a line, and answers
// each on stdout, until stdin ends.
func serve(env string) (code int) {
	var s setup
	if err := json.Unmarshal([]byte(env), &s); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	srv := &server{game: newGame(), witness: newWitness()}
	srv.system = actor.NewActorSystem(actor.WithLoggerFactory(func(*actor.ActorSystem) *slog.Logger { return log }))
	srv.system.EventStream.Subscribe(srv.witness.event)
	srv.hybrid = &hybrid.Connector{
		Addr: "127.0.0.1:0", Heartbeat: heartbeat, Logger: log,
		Admit:   admit.Limits{MaxConns: s.MaxConns, Rate: s.Rate},
		Pending: s.Pending, FirstByte: s.FirstByte, Head: s.Head,
		HandshakeTime: s.HandshakeTime, PackageTime: s.PackageTime,
	}
	fl, err := supervisor.Start(srv.system, supervisor.Config{
		Connectors: []connectors.Source{srv.hybrid}, Routes: srv.game.routes(), Limits: s.Limits, Faults: s.Faults, Logger: log,
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	srv.fl = fl
	srv.game.crowd = fl.Group("crowd")
	srv.beat = newMetronome(srv.system, srv.game.crowd)
	srv.obey()
	return 0
}

// obey runs the commands.
func (s *server) obey() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	out := json.NewEncoder(os.Stdout)
	_ = out.Encode(answer{Addr: s.fl.Addrs("hybrid")[0].String()})
	for lines.Scan() {
		var c command
		var a answer
		err := json.Unmarshal(lines.Bytes(), &c)
		if err == nil {
			a, err = s.do(c)
		}
		if err != nil {
			a.Error = err.Error()
		}
		_ = out.Encode(a)
	}
}
