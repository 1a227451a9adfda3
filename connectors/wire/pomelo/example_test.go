package pomelo_test

import (
	"fmt"

	"github.com/fairlead-go/fairlead/connectors/wire/pomelo"
)

func ExampleParseSchemas() {
	protos, err := pomelo.ParseSchemas(
		[]byte(`{"room.move": {"required sInt32 x": 1, "required sInt32 y": 2}}`),
		[]byte(`{"onMove": {"required string who": 1, "optional uInt32 x": 2}}`),
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	body, _ := protos.Server().AppendBody(nil, "onMove", []byte(`{"who":"ann","x":300}`))
	text, _ := protos.Server().AppendJSON(nil, "onMove", body)
	fmt.Printf("%x\n%s\n", body, text)
	// Output:
	// 0a03616e6e10ac02
	// {"who":"ann","x":300}
}

func ExampleNewDictionary() {
	dict, err := pomelo.NewDictionary([]string{"room.say", "room.move"}, []string{"onMove"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(dict.JSON())
	// Output: {"room.move":1,"room.say":2,"onMove":3}
}
