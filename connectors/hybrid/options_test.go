package hybrid

import (
	"reflect"
	"testing"
	"time"

	"github.com/fairlead-go/fairlead/connectors/wire/pomelo"
	"github.com/fairlead-go/fairlead/messages"
)

// What is said of the conversation reaches it, whose own tests show what it does there.
func TestEveryOptionOfTheConversationReachesIt(t *testing.T) {
	c := &Connector{
		Heartbeat: 1 * time.Second, Timeout: 2 * time.Second, HandshakeTime: 3 * time.Second,
		CheckClient: func(string, string) bool { return true },
		Dict:        &pomelo.Dictionary{}, Protos: &pomelo.Schemas{}, Crypto: true, Encoding: messages.Raw,
		Decode:   func([]byte) (*messages.Request, error) { return nil, nil },
		Encode:   func(uint64, string, []byte) ([]byte, error) { return nil, nil },
		MaxHello: 4, MaxPackage: 5,
	}
	given, got := reflect.ValueOf(c).Elem(), reflect.ValueOf(configured(c))
	for i := range got.NumField() {
		name := got.Type().Field(i).Name
		from := given.FieldByName(name)
		switch {
		case name == "Unannounced": // over UDP alone
		case !from.IsValid():
			t.Errorf("a Connector has no %s", name)
		case from.IsZero():
			t.Errorf("the test does not set %s", name)
		case got.Field(i).IsZero(), from.Comparable() && !from.Equal(got.Field(i)):
			t.Errorf("%s is %v, want %v", name, got.Field(i), from)
		}
	}
}

func configured(c *Connector) pomelo.Config { return c.pomeloConfig() }
