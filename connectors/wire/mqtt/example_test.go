package mqtt_test

import (
	"fmt"

	"github.com/fairlead-go/fairlead/connectors/wire/mqtt"
)

func ExampleStream() {
	var s mqtt.Stream
	s.SetLimit(64 << 10)
	for _, segment := range []string{"\x30\x0d\x00\x08chat/", "say", "hi!\xc0\x00\xe0"} {
		frames, err := s.Feed([]byte(segment), nil)
		for _, f := range frames {
			p, _, _ := mqtt.Cut(f.Data)
			fmt.Println(p.Type, len(p.Body))
		}
		if err != nil {
			fmt.Println(mqtt.Code(err), err)
		}
	}
	fmt.Println("more to come:", s.Pending())
	// Output:
	// PUBLISH 13
	// PINGREQ 0
	// more to come: true
}

func ExampleDecoder_Publish() {
	request := mqtt.Publish{
		QoS: 1, ID: 7, Topic: []byte("chat/room/say"), Payload: []byte(`{"text":"hi"}`),
		Properties: mqtt.Properties{ResponseTopic: []byte("my/answers"), User: mqtt.UserProperties(nil).With("trace", "1")},
	}
	wire, err := request.Append(nil, mqtt.V5)
	if err != nil {
		fmt.Println(err)
		return
	}
	packet, _, _ := mqtt.Cut(wire)
	m, err := mqtt.Decoder{Version: mqtt.V5}.Publish(packet)
	fmt.Printf("%s to %s, answer to %s, %v\n", m.Payload, mqtt.Route(m.Topic), m.Properties.ResponseTopic, err)
	for name, value := range m.Properties.User.All() {
		fmt.Printf("%s=%s\n", name, value)
	}
	// Output:
	// {"text":"hi"} to chat.room.say, answer to my/answers, <nil>
	// trace=1
}

func ExampleCode() {
	packet, _, _ := mqtt.Cut([]byte("\x32\x05\x00\x01a\x00\x00"))
	_, err := mqtt.Decoder{Version: mqtt.V311}.Publish(packet)
	fmt.Println(mqtt.Code(err), err)
	// Output: 0x82 mqtt: packet id 0: connectors: malformed frame
}
