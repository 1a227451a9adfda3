package client_test

import (
	"context"
	"fmt"

	"github.com/fairlead-go/fairlead/connectors/client"
)

func Example() {
	ctx := context.Background()
	c, err := client.Dial(ctx, client.Config{Addr: "ws://127.0.0.1:3010/"})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()

	c.On("onChat", func(body []byte) { fmt.Printf("heard %s\n", body) })
	body, err := c.Request(ctx, "lobby.join", map[string]string{"name": "ann"})
	if err == nil {
		err = client.Failure(body)
	}
	if err != nil {
		fmt.Println(err)
		return
	}
	c.Notify("lobby.chat", map[string]string{"text": "hi"})
}
