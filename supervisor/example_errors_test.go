package supervisor_test

import (
	"errors"
	"fmt"

	"github.com/fairlead-go/fairlead/actors"
	"github.com/fairlead-go/fairlead/connectors/client"
	"github.com/fairlead-go/fairlead/messages"
	"github.com/fairlead-go/fairlead/supervisor"
)

type Buy struct{ Item string }

type Bought struct {
	Code int    `json:"code,omitempty"`
	Item string `json:"item,omitempty"`
	Gold int    `json:"gold"`
}

var errPoor = messages.NewError(402, "not enough gold")

func Example_errors() {
	shop := actors.NewRoute("shop")
	actors.Handle(shop, "buy", func(c *actors.Context, in *Buy) (*Bought, error) {
		switch in.Item {
		case "crown":
			return nil, fmt.Errorf("buy %s: %w", in.Item, errPoor) // the client gets code and msg
		case "horse":
			return &Bought{Code: 402, Gold: 12}, errPoor // the client gets this body
		case "moon":
			return nil, errors.New("the bank's database is on fire") // the log gets it, the client 500
		case "void":
			panic("nobody sells that") // so here; the connection stays
		}
		return &Bought{Item: in.Item, Gold: 3}, nil
	})

	w := play(supervisor.Config{Routes: []actors.Route{shop}})
	defer w.Stop()
	ann := w.join()
	defer ann.Close()
	for _, item := range []string{"apple", "crown", "horse", "moon", "void"} {
		fmt.Println(item, ann.ask("shop.buy", Buy{item}))
	}
	fmt.Println(ann.ask("shop.buy", []byte(`{"Item":7}`))[:11])
	fmt.Println(client.Failure([]byte(ann.ask("shop.buy", Buy{"crown"}))))
	// Output:
	// apple {"item":"apple","gold":3}
	// crown {"code":402,"msg":"not enough gold"}
	// horse {"code":402,"gold":12}
	// moon {"code":500}
	// void {"code":500}
	// {"code":400
	// code 402: not enough gold
}
