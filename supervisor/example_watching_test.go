package supervisor_test

import (
	"fmt"
	"io"
	"net/http"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/hybrid"
	"github.com/fairlead-go/fairlead/messages"
	"github.com/fairlead-go/fairlead/supervisor"
)

func Example_watching() {
	system := quietSystem()
	events := system.Root.Spawn(actor.PropsFromFunc(func(ctx actor.Context) {
		switch m := ctx.Message().(type) {
		case *messages.Connected: // the handshake is done
			fmt.Println("in:", m.Session.Id)
		case *messages.Closed: // and how it ended
			fmt.Println("out:", m.Session.Id, m.Cause.Word(), m.Reason, m.BytesIn, m.BytesOut, m.Unsent)
		}
	}))
	pages := http.NewServeMux()
	fl, err := supervisor.Start(system, supervisor.Config{
		Connectors: []connectors.Source{&hybrid.Connector{Addr: "127.0.0.1:0", HTTP: pages}},
		Events:     events,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer fl.Stop()
	pages.Handle("/ready", fl) // 200 while clients can come in on every address, else 503

	web := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := web.Get("http://" + fl.Addrs("hybrid")[0].String() + "/ready")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	word, _ := io.ReadAll(resp.Body)
	fmt.Print(resp.StatusCode, " ", string(word))

	s := fl.Stats()
	fmt.Println(s.Connections, s.Ready, s.Users, s.Accepted, s.Closed[messages.CauseSlow])
	for _, l := range s.Listeners {
		fmt.Println(l.Connector, l.Accepting, l.Connections, l.Accepted)
	}
	// Output:
	// 200 ready
	// 0 0 0 0 0
	// hybrid true 0 0
}
