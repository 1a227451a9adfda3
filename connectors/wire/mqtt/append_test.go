package mqtt_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/fairlead-go/fairlead/connectors/wire/mqtt"
)

func TestWhatCannotBeAppended(t *testing.T) {
	long := []byte(strings.Repeat("x", 65536))
	topic := []byte("a")
	filters := []mqtt.Subscription{{Filter: topic}}
	for name, c := range map[string]struct {
		packet  content
		version mqtt.Version
		want    error
	}{
		"a version that is not there":   {ping31{}, 2, mqtt.ErrVersion},
		"no topic":                      {mqtt.Publish{}, mqtt.V311, mqtt.ErrTopic},
		"an alias in 3.1.1":             {mqtt.Publish{Properties: mqtt.Properties{TopicAlias: 1}}, mqtt.V311, mqtt.ErrTopic},
		"a topic of wildcards":          {mqtt.Publish{Topic: []byte("a/+")}, mqtt.V5, mqtt.ErrTopic},
		"a topic that is not UTF-8":     {mqtt.Publish{Topic: []byte("\xff")}, mqtt.V5, mqtt.ErrText},
		"a topic that is too long":      {mqtt.Publish{Topic: long}, mqtt.V311, mqtt.ErrTooLong},
		"a payload that is too long":    {mqtt.Publish{Topic: topic, Payload: make([]byte, mqtt.MaxBody-2)}, mqtt.V311, mqtt.ErrTooLong},
		"QoS 3":                         {mqtt.Publish{Topic: topic, QoS: 3, ID: 1}, mqtt.V311, mqtt.ErrQoS},
		"a repeat of QoS 0":             {mqtt.Publish{Topic: topic, Dup: true}, mqtt.V311, mqtt.ErrDup},
		"no packet id":                  {mqtt.Publish{Topic: topic, QoS: 1}, mqtt.V311, mqtt.ErrPacketID},
		"a property of others":          {mqtt.Publish{Topic: topic, Properties: mqtt.Properties{ReasonString: topic}}, mqtt.V5, mqtt.ErrProperty},
		"a response topic of wildcards": {mqtt.Publish{Topic: topic, Properties: mqtt.Properties{ResponseTopic: []byte("#")}}, mqtt.V5, mqtt.ErrResponse},
		"a user property, not UTF-8":    {mqtt.Publish{Topic: topic, Properties: mqtt.Properties{User: user("a", "\xff")}}, mqtt.V5, mqtt.ErrText},
		"a user property, too long":     {mqtt.Publish{Topic: topic, Properties: mqtt.Properties{User: user(string(long), "", "a", "b")}}, mqtt.V5, mqtt.ErrTooLong},
		"a subscription id of 0":        {mqtt.Publish{Topic: topic, Properties: mqtt.Properties{SubscriptionIDs: []uint32{0}}}, mqtt.V5, mqtt.ErrValue},
		"one over four bytes":           {mqtt.Publish{Topic: topic, Properties: mqtt.Properties{SubscriptionIDs: []uint32{1 << 28}}}, mqtt.V5, mqtt.ErrValue},
		"an Ack of another type":        {mqtt.Ack{Type: mqtt.TypePublish, ID: 1}, mqtt.V5, mqtt.ErrType},
		"an Ack of nothing":             {mqtt.Ack{Type: mqtt.TypePuback}, mqtt.V311, mqtt.ErrPacketID},
		"a code of other packets":       {mqtt.Ack{Type: mqtt.TypePuback, ID: 1, Code: mqtt.Banned}, mqtt.V5, mqtt.ErrReason},
		"a session of who is refused":   {mqtt.Connack{SessionPresent: true, Code: mqtt.Banned}, mqtt.V5, mqtt.ErrSession},
		"a maximum QoS of 2":            {mqtt.Connack{Properties: mqtt.Properties{MaximumQoS: mqtt.Some[byte](2)}}, mqtt.V5, mqtt.ErrValue},
		"a password alone":              {mqtt.Connect{CleanStart: true, Password: topic}, mqtt.V311, mqtt.ErrPassword},
		"no client id for a session":    {mqtt.Connect{}, mqtt.V311, mqtt.ErrClientID},
		"a will of QoS 3":               {mqtt.Connect{CleanStart: true, Will: &mqtt.Will{QoS: 3, Topic: topic}}, mqtt.V311, mqtt.ErrQoS},
		"a will without a topic":        {mqtt.Connect{CleanStart: true, Will: &mqtt.Will{}}, mqtt.V311, mqtt.ErrTopic},
		"data without a method":         {mqtt.Connect{Properties: mqtt.Properties{AuthData: topic}}, mqtt.V5, mqtt.ErrMethod},
		"no filter":                     {mqtt.Subscribe{ID: 1}, mqtt.V311, mqtt.ErrEmpty},
		"a bad filter":                  {mqtt.Subscribe{ID: 1, Filters: []mqtt.Subscription{{Filter: []byte("a#")}}}, mqtt.V311, mqtt.ErrFilter},
		"options out of range":          {mqtt.Subscribe{ID: 1, Filters: []mqtt.Subscription{{Filter: topic, QoS: 3}}}, mqtt.V311, mqtt.ErrValue},
		"no local on a shared one":      {mqtt.Subscribe{ID: 1, Filters: []mqtt.Subscription{{Filter: []byte("$share/g/a"), NoLocal: true}}}, mqtt.V5, mqtt.ErrNoLocal},
		"two subscription ids":          {mqtt.Subscribe{ID: 1, Filters: filters, Properties: mqtt.Properties{SubscriptionIDs: []uint32{1, 2}}}, mqtt.V5, mqtt.ErrTwice},
		"SUBACK without codes":          {mqtt.Suback{ID: 1}, mqtt.V311, mqtt.ErrEmpty},
		"no filter to take back":        {mqtt.Unsubscribe{ID: 1}, mqtt.V5, mqtt.ErrEmpty},
		"UNSUBACK without codes":        {mqtt.Unsuback{ID: 1}, mqtt.V5, mqtt.ErrEmpty},
		"a reason that is not UTF-8":    {mqtt.Disconnect{Properties: mqtt.Properties{ReasonString: []byte("\xff")}}, mqtt.V5, mqtt.ErrText},
		"a reason that is too long":     {mqtt.Disconnect{Properties: mqtt.Properties{ReasonString: long}}, mqtt.V5, mqtt.ErrTooLong},
		"AUTH in 3.1.1":                 {mqtt.Auth{}, mqtt.V311, mqtt.ErrType},
		"AUTH without a method":         {mqtt.Auth{Code: mqtt.ReAuthenticate}, mqtt.V5, mqtt.ErrMethod},
	} {
		got, err := c.packet.Append([]byte("before"), c.version)
		if !errors.Is(err, c.want) || string(got) != "before" {
			t.Errorf("%s: %d bytes, %v, want %v", name, len(got), err, c.want)
		}
	}
}

// ping31 appends what has a version and nothing else.
type ping31 struct{}

func (ping31) Append(dst []byte, v mqtt.Version) ([]byte, error) {
	return mqtt.Disconnect{}.Append(dst, v)
}

// What a version has no word for is told as well as it can be, or left out.
func TestOlderVersionsAreToldWhatTheyKnow(t *testing.T) { // P20.1
	why := mqtt.Properties{ReasonString: []byte("why")}
	for name, c := range map[string]struct {
		packet  content
		version mqtt.Version
		want    string
	}{
		"a CONNACK":                  {mqtt.Connack{Code: mqtt.Banned, Properties: why}, mqtt.V311, "\x20\x02\x00\x05"},
		"a CONNACK of a busy server": {mqtt.Connack{Code: mqtt.ServerBusy}, mqtt.V31, "\x20\x02\x00\x03"},
		"a session in 3.1":           {mqtt.Connack{SessionPresent: true}, mqtt.V31, "\x20\x02\x00\x00"},
		"a failed PUBACK":            {mqtt.Ack{Type: mqtt.TypePuback, ID: 1, Code: mqtt.QuotaExceeded, Properties: why}, mqtt.V311, "\x40\x02\x00\x01"},
		"a refused subscription":     {mqtt.Suback{ID: 1, Codes: []mqtt.ReasonCode{mqtt.NotAuthorized, mqtt.GrantedQoS1}}, mqtt.V311, "\x90\x04\x00\x01\x80\x01"},
		"a refused one in 3.1":       {mqtt.Suback{ID: 1, Codes: []mqtt.ReasonCode{mqtt.NotAuthorized, mqtt.GrantedQoS1}}, mqtt.V31, "\x90\x04\x00\x01\x80\x01"},
		"UNSUBACK":                   {mqtt.Unsuback{ID: 1, Codes: []mqtt.ReasonCode{mqtt.NoSubscriptionExisted}}, mqtt.V311, "\xb0\x02\x00\x01"},
		"options of a subscription":  {mqtt.Subscribe{ID: 1, Filters: []mqtt.Subscription{{Filter: []byte("a"), QoS: 1, RetainHandling: 2, NoLocal: true}}}, mqtt.V311, "\x82\x06\x00\x01\x00\x01a\x01"},
		"DISCONNECT":                 {mqtt.Disconnect{Code: mqtt.AdministrativeAction, Properties: why}, mqtt.V311, "\xe0\x00"},
		"properties of a message":    {mqtt.Publish{Topic: []byte("a"), Properties: mqtt.Properties{ContentType: []byte("t")}}, mqtt.V31, "\x30\x03\x00\x01a"},
	} {
		got, err := c.packet.Append(nil, c.version)
		if err != nil || string(got) != c.want {
			t.Errorf("%s: %x, %v, want %x", name, got, err, c.want)
		}
	}
}

func TestLengthsHaveAsManyBytesAsTheyNeed(t *testing.T) { // P20.1
	for n, want := range map[int]string{
		127: "\x30\x7f", 128: "\x30\x80\x01", 16383: "\x30\xff\x7f", 16384: "\x30\x80\x80\x01",
		2097151: "\x30\xff\xff\x7f", 2097152: "\x30\x80\x80\x80\x01",
	} {
		b, err := mqtt.Publish{Topic: []byte("a"), Payload: make([]byte, n-3)}.Append(nil, mqtt.V311)
		if err != nil || !strings.HasPrefix(string(b[:16]), want+"\x00\x01a\x00") || len(b) != len(want)+n {
			t.Errorf("a body of %d bytes: %x, %d bytes, %v", n, b[:16], len(b), err)
			continue
		}
		h, size, err := mqtt.DecodeHeader(b)
		if h.Length != n || size != len(want) || err != nil {
			t.Errorf("a body of %d bytes: %+v, %d, %v", n, h, size, err)
		}
	}
	if h, size, err := mqtt.DecodeHeader([]byte("\x30\xff\xff\xff\x7f")); h.Length != mqtt.MaxBody || size != mqtt.MaxHeader || err != nil {
		t.Errorf("the longest body: %+v, %d, %v", h, size, err)
	}
}

func TestLongPropertiesMove(t *testing.T) {
	long := strings.Repeat("x", 300)
	want := mqtt.Publish{Topic: []byte("a"), Payload: []byte("p"), Properties: mqtt.Properties{
		SubscriptionIDs: []uint32{1, 1 << 21, mqtt.MaxBody}, ContentType: []byte(long), User: user(long, long),
	}}
	b, err := want.Append(nil, mqtt.V5)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := decode(server5, b); err != nil || !same(got, want) {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestReadingAndWritingDoNotAllocate(t *testing.T) {
	for name, c := range publishes {
		wire, err := c.packet.Append(nil, c.version)
		if err != nil {
			t.Fatal(err)
		}
		dst := make([]byte, 0, 2*len(wire))
		if n := testing.AllocsPerRun(100, func() {
			p, _, _ := mqtt.Cut(wire)
			m, err := mqtt.Decoder{Version: c.version}.Publish(p)
			if err != nil {
				t.Fatal(err)
			}
			dst, _ = m.Append(dst[:0], c.version)
			dst, _ = mqtt.Ack{Type: mqtt.TypePuback, ID: 1}.Append(dst[:0], c.version)
		}); n != 0 {
			t.Errorf("%s: %v allocations, want none", name, n)
		}
	}
}
