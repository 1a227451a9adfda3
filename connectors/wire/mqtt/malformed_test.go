package mqtt_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/wire/mqtt"
)

// Heads of a CONNECT up to its keep alive, which the flags follow.
const (
	mqisdp = "\x00\x06MQIsdp\x03"
	mqtt4  = "\x00\x04MQTT\x04"
	mqtt5  = "\x00\x04MQTT\x05"
)

// wire is a packet with the body.
func wire(first byte, body string) string {
	b := append([]byte{first}, appendVar(nil, len(body))...)
	return string(b) + body
}

// appendVar is how the standard writes a number of variable length.
func appendVar(b []byte, n int) []byte {
	for ; n > 127; n /= 128 {
		b = append(b, byte(n%128)|128)
	}
	return append(b, byte(n))
}

// props are properties with their length.
func props(p string) string { return string(appendVar(nil, len(p))) + p }

var malformed = map[string]struct {
	decoder mqtt.Decoder
	wire    string
	want    error
}{
	"a length of five bytes":            {client311, "\x30\xff\xff\xff\xff\x01", mqtt.ErrLength},
	"a length without end":              {client311, "\x30\x80\x80\x80\x80", mqtt.ErrLength},
	"a longer form of a length":         {client311, "\xc0\x80\x00", mqtt.ErrLength},
	"a longer form of another":          {client311, "\x30\xff\x80\x00", mqtt.ErrLength},
	"type 0":                            {client311, "\x00\x00", mqtt.ErrType},
	"AUTH in 3.1.1":                     {client311, "\xf0\x00", mqtt.ErrType},
	"AUTH in 3.1":                       {client31, "\xf0\x00", mqtt.ErrType},
	"anything before a version":         {mqtt.Decoder{}, "\xc0\x00", mqtt.ErrVersion},
	"anything of a version not known":   {mqtt.Decoder{Version: 6}, "\xc0\x00", mqtt.ErrVersion},
	"CONNACK of a client":               {client311, "\x20\x02\x00\x00", mqtt.ErrDirection},
	"SUBACK of a client":                {client5, "\x90\x04\x00\x05\x00\x01", mqtt.ErrDirection},
	"UNSUBACK of a client":              {client311, "\xb0\x02\x00\x06", mqtt.ErrDirection},
	"PINGRESP of a client":              {client5, "\xd0\x00", mqtt.ErrDirection},
	"CONNECT of a server":               {server311, wire(0x10, mqtt4+"\x02\x00\x00\x00\x00"), mqtt.ErrDirection},
	"SUBSCRIBE of a server":             {server5, "\x82\x07\x00\x01\x00\x00\x01a\x00", mqtt.ErrDirection},
	"UNSUBSCRIBE of a server":           {server311, "\xa2\x05\x00\x01\x00\x01a", mqtt.ErrDirection},
	"PINGREQ of a server":               {server311, "\xc0\x00", mqtt.ErrDirection},
	"DISCONNECT of an old server":       {server311, "\xe0\x00", mqtt.ErrDirection},
	"CONNECT with flags":                {client311, wire(0x11, mqtt4+"\x02\x00\x00\x00\x00"), mqtt.ErrFlags},
	"PUBACK with flags":                 {client311, "\x42\x02\x00\x01", mqtt.ErrFlags},
	"PUBREC with flags":                 {client311, "\x52\x02\x00\x01", mqtt.ErrFlags},
	"PUBREL without":                    {client311, "\x60\x02\x00\x01", mqtt.ErrFlags},
	"PUBREL repeated in 3.1.1":          {client311, "\x6a\x02\x00\x01", mqtt.ErrFlags},
	"PUBREL without in 3.1":             {client31, "\x60\x02\x00\x01", mqtt.ErrFlags},
	"PUBCOMP with flags":                {client311, "\x72\x02\x00\x01", mqtt.ErrFlags},
	"SUBSCRIBE without":                 {client311, "\x80\x06\x00\x01\x00\x01a\x00", mqtt.ErrFlags},
	"SUBSCRIBE repeated in 5":           {client5, "\x8a\x07\x00\x01\x00\x00\x01a\x00", mqtt.ErrFlags},
	"UNSUBSCRIBE without":               {client311, "\xa0\x05\x00\x01\x00\x01a", mqtt.ErrFlags},
	"PINGREQ with flags":                {client311, "\xc1\x00", mqtt.ErrFlags},
	"DISCONNECT with flags":             {client311, "\xe8\x00", mqtt.ErrFlags},
	"AUTH with flags":                   {client5, "\xf2\x00", mqtt.ErrFlags},
	"CONNACK with flags":                {server311, "\x21\x02\x00\x00", mqtt.ErrFlags},
	"SUBACK with flags":                 {server311, "\x92\x03\x00\x05\x00", mqtt.ErrFlags},
	"UNSUBACK with flags":               {server311, "\xb2\x02\x00\x06", mqtt.ErrFlags},
	"PINGRESP with flags":               {server311, "\xd1\x00", mqtt.ErrFlags},
	"CONNECT with nothing in it":        {client311, "\x10\x00", mqtt.ErrShort},
	"another protocol":                  {client311, wire(0x10, "\x00\x04AMQP\x04\x02\x00\x00\x00\x00"), mqtt.ErrName},
	"level 3 by the new name":           {client311, wire(0x10, "\x00\x04MQTT\x03\x02\x00\x00\x00\x00"), mqtt.ErrVersion},
	"level 4 by the old name":           {client311, wire(0x10, "\x00\x06MQIsdp\x04\x02\x00\x00\x00\x00"), mqtt.ErrVersion},
	"level 6":                           {client5, wire(0x10, "\x00\x04MQTT\x06"), mqtt.ErrVersion},
	"the level of a bridge":             {client5, wire(0x10, "\x00\x04MQTT\x84\x02\x00\x00\x00\x00"), mqtt.ErrVersion},
	"CONNECT with the reserved bit":     {client311, wire(0x10, mqtt4+"\x03\x00\x00\x00\x00"), mqtt.ErrReserved},
	"CONNECT with it in 3.1":            {client31, wire(0x10, mqisdp+"\x03\x00\x00\x00\x01a"), mqtt.ErrReserved},
	"a will of QoS 3":                   {client311, wire(0x10, mqtt4+"\x1e\x00\x00\x00\x00\x00\x01w\x00\x00"), mqtt.ErrQoS},
	"the QoS of no will":                {client311, wire(0x10, mqtt4+"\x0a\x00\x00\x00\x00"), mqtt.ErrWill},
	"no will, to be kept":               {client5, wire(0x10, mqtt5+"\x22\x00\x00\x00\x00\x00"), mqtt.ErrWill},
	"a will without a topic":            {client311, wire(0x10, mqtt4+"\x06\x00\x00\x00\x00\x00\x00\x00\x00"), mqtt.ErrTopic},
	"a will for all topics":             {client311, wire(0x10, mqtt4+"\x06\x00\x00\x00\x00\x00\x01#\x00\x00"), mqtt.ErrTopic},
	"a will that is missing":            {client311, wire(0x10, mqtt4+"\x06\x00\x00\x00\x00"), mqtt.ErrShort},
	"a password alone":                  {client311, wire(0x10, mqtt4+"\x42\x00\x00\x00\x00\x00\x01p"), mqtt.ErrPassword},
	"a password alone in 3.1":           {client31, wire(0x10, mqisdp+"\x42\x00\x00\x00\x01a\x00\x01p"), mqtt.ErrPassword},
	"a user name that is missing":       {client311, wire(0x10, mqtt4+"\x82\x00\x00\x00\x00"), mqtt.ErrShort},
	"a user name that is cut in 3.1":    {client31, wire(0x10, mqisdp+"\x82\x00\x00\x00\x01a\x00\x02u"), mqtt.ErrShort},
	"a user name that is not UTF-8":     {client311, wire(0x10, mqtt4+"\x82\x00\x00\x00\x00\x00\x01\xff"), mqtt.ErrText},
	"a client id that is not UTF-8":     {client311, wire(0x10, mqtt4+"\x02\x00\x00\x00\x02\xc3("), mqtt.ErrText},
	"a client id with U+0000":           {client311, wire(0x10, mqtt4+"\x02\x00\x00\x00\x02a\x00"), mqtt.ErrText},
	"no client id for a session":        {client311, wire(0x10, mqtt4+"\x00\x00\x00\x00\x00"), mqtt.ErrClientID},
	"no client id for one in 3.1":       {client31, wire(0x10, mqisdp+"\x00\x00\x00\x00\x00"), mqtt.ErrClientID},
	"CONNECT with more behind it":       {client311, wire(0x10, mqtt4+"\x02\x00\x00\x00\x00x"), mqtt.ErrTrailing},
	"properties longer than CONNECT":    {client5, wire(0x10, mqtt5+"\x02\x00\x00\x7f\x00\x00"), mqtt.ErrShort},
	"a longer form of their length":     {client5, wire(0x10, mqtt5+"\x02\x00\x00\x80\x00\x00\x00"), mqtt.ErrLength},
	"a property that is not known":      {client5, wire(0x10, mqtt5+"\x02\x00\x00"+props("\x00")+"\x00\x00"), mqtt.ErrProperty},
	"another, with bits of one":         {client5, wire(0x10, mqtt5+"\x02\x00\x00"+props("\x51\x00\x00\x00\x01")+"\x00\x00"), mqtt.ErrProperty},
	"one of another packet":             {client5, wire(0x10, mqtt5+"\x02\x00\x00"+props("\x24\x01")+"\x00\x00"), mqtt.ErrProperty},
	"one that is cut":                   {client5, wire(0x10, mqtt5+"\x02\x00\x00"+props("\x11\x00\x00")+"\x00\x00"), mqtt.ErrShort},
	"text that is longer than all":      {client5, wire(0x10, mqtt5+"\x02\x00\x00"+props("\x15\x00\x05m")+"\x00\x00"), mqtt.ErrShort},
	"a property twice":                  {client5, wire(0x10, mqtt5+"\x02\x00\x00"+props("\x21\x00\x01\x21\x00\x01")+"\x00\x00"), mqtt.ErrTwice},
	"a receive maximum of 0":            {client5, wire(0x10, mqtt5+"\x02\x00\x00"+props("\x21\x00\x00")+"\x00\x00"), mqtt.ErrValue},
	"a maximum packet size of 0":        {client5, wire(0x10, mqtt5+"\x02\x00\x00"+props("\x27\x00\x00\x00\x00")+"\x00\x00"), mqtt.ErrValue},
	"problem information of 2":          {client5, wire(0x10, mqtt5+"\x02\x00\x00"+props("\x17\x02")+"\x00\x00"), mqtt.ErrValue},
	"response information of 2":         {client5, wire(0x10, mqtt5+"\x02\x00\x00"+props("\x19\x02")+"\x00\x00"), mqtt.ErrValue},
	"authentication without a method":   {client5, wire(0x10, mqtt5+"\x02\x00\x00"+props("\x16\x00\x01d")+"\x00\x00"), mqtt.ErrMethod},
	"a will with a topic alias":         {client5, wire(0x10, mqtt5+"\x06\x00\x00\x00\x00\x00"+props("\x23\x00\x01")+"\x00\x01w\x00\x00"), mqtt.ErrProperty},
	"user names that are no text":       {client5, wire(0x10, mqtt5+"\x02\x00\x00"+props("\x26\x00\x01\xff\x00\x00")+"\x00\x00"), mqtt.ErrText},
	"a maximum QoS of 2":                {server5, wire(0x20, "\x00\x00"+props("\x24\x02")), mqtt.ErrValue},
	"CONNACK with reserved bits":        {server311, "\x20\x02\x02\x00", mqtt.ErrReserved},
	"a session in 3.1":                  {server31, "\x20\x02\x01\x00", mqtt.ErrReserved},
	"CONNACK with a code over 5":        {server311, "\x20\x02\x00\x06", mqtt.ErrReason},
	"CONNACK with a code of others":     {server5, "\x20\x03\x00\x8e\x00", mqtt.ErrReason},
	"a session of who is refused":       {server311, "\x20\x02\x01\x05", mqtt.ErrSession},
	"CONNACK with more behind it":       {server311, "\x20\x03\x00\x00\x00", mqtt.ErrTrailing},
	"CONNACK without properties":        {server5, "\x20\x02\x00\x00", mqtt.ErrShort},
	"QoS 3":                             {client311, "\x36\x05\x00\x01a\x00\x01", mqtt.ErrQoS},
	"a repeat of QoS 0":                 {client311, "\x38\x03\x00\x01a", mqtt.ErrDup},
	"PUBLISH with nothing in it":        {client311, "\x30\x00", mqtt.ErrShort},
	"a topic that is cut":               {client311, "\x30\x03\x00\x02a", mqtt.ErrShort},
	"no topic":                          {client311, "\x30\x03\x00\x00x", mqtt.ErrTopic},
	"a topic with +":                    {client311, "\x30\x05\x00\x03a/+", mqtt.ErrTopic},
	"a topic with #":                    {client5, "\x30\x04\x00\x01#\x00", mqtt.ErrTopic},
	"a topic with U+0000":               {client311, "\x30\x04\x00\x02a\x00", mqtt.ErrText},
	"a topic that is not UTF-8":         {client311, "\x30\x03\x00\x01\x80", mqtt.ErrText},
	"a topic with half a pair":          {client311, "\x30\x05\x00\x03\xed\xa0\x80", mqtt.ErrText},
	"U+0000 behind other text":          {client311, "\x30\x05\x00\x03\xc3\xa9\x00", mqtt.ErrText},
	"a packet id of 0":                  {client311, "\x32\x05\x00\x01a\x00\x00", mqtt.ErrPacketID},
	"no packet id":                      {client311, "\x32\x03\x00\x01a", mqtt.ErrShort},
	"no topic and no alias":             {client5, "\x30\x03\x00\x00\x00", mqtt.ErrNoTopic},
	"an alias of 0":                     {client5, wire(0x30, "\x00\x01a"+props("\x23\x00\x00")), mqtt.ErrAlias},
	"a payload format of 2":             {client5, wire(0x30, "\x00\x01a"+props("\x01\x02")), mqtt.ErrValue},
	"a response topic for all":          {client5, wire(0x30, "\x00\x01a"+props("\x08\x00\x03a/#")), mqtt.ErrResponse},
	"a response topic of nothing":       {client5, wire(0x30, "\x00\x01a"+props("\x08\x00\x00")), mqtt.ErrResponse},
	"two response topics":               {client5, wire(0x30, "\x00\x01a"+props("\x08\x00\x01a\x08\x00\x01b")), mqtt.ErrTwice},
	"a subscription id of a client":     {client5, wire(0x30, "\x00\x01a"+props("\x0b\x01")), mqtt.ErrDirection},
	"a subscription id of 0":            {server5, wire(0x30, "\x00\x01a"+props("\x0b\x00")), mqtt.ErrValue},
	"a subscription id without end":     {server5, wire(0x30, "\x00\x01a"+props("\x0b\xff\xff\xff\xff\x01")), mqtt.ErrLength},
	"a subscription id that is cut":     {server5, wire(0x30, "\x00\x01a"+props("\x0b\xff")), mqtt.ErrShort},
	"PUBLISH 5 without properties":      {client5, "\x30\x03\x00\x01a", mqtt.ErrShort},
	"PUBACK of id 0":                    {client311, "\x40\x02\x00\x00", mqtt.ErrPacketID},
	"PUBREL of id 0":                    {client5, "\x62\x02\x00\x00", mqtt.ErrPacketID},
	"PUBACK with half an id":            {client311, "\x40\x01\x01", mqtt.ErrShort},
	"PUBACK with a code in 3.1.1":       {client311, "\x40\x03\x00\x01\x00", mqtt.ErrTrailing},
	"PUBACK with a code of others":      {client5, "\x40\x03\x00\x01\x92", mqtt.ErrReason},
	"PUBCOMP with a code of others":     {client5, "\x70\x03\x00\x01\x80", mqtt.ErrReason},
	"PUBACK with properties of others":  {client5, wire(0x40, "\x00\x01\x00"+props("\x1c\x00\x01s")), mqtt.ErrProperty},
	"PUBACK with two reasons":           {client5, wire(0x40, "\x00\x01\x00"+props("\x1f\x00\x00\x1f\x00\x00")), mqtt.ErrTwice},
	"PUBACK with more behind it":        {client5, wire(0x40, "\x00\x01\x00\x00x"), mqtt.ErrTrailing},
	"SUBSCRIBE of id 0":                 {client311, "\x82\x06\x00\x00\x00\x01a\x00", mqtt.ErrPacketID},
	"SUBSCRIBE without filters":         {client311, "\x82\x02\x00\x01", mqtt.ErrEmpty},
	"SUBSCRIBE 5 without":               {client5, "\x82\x03\x00\x01\x00", mqtt.ErrEmpty},
	"a filter without options":          {client311, "\x82\x05\x00\x01\x00\x01a", mqtt.ErrShort},
	"a filter without options in 5":     {client5, "\x82\x06\x00\x01\x00\x00\x01a", mqtt.ErrShort},
	"a filter of nothing":               {client311, "\x82\x05\x00\x01\x00\x00\x00", mqtt.ErrFilter},
	"a filter a#":                       {client311, "\x82\x07\x00\x01\x00\x02a#\x00", mqtt.ErrFilter},
	"a filter that is not UTF-8":        {client311, "\x82\x06\x00\x01\x00\x01\xff\x00", mqtt.ErrText},
	"SUBSCRIBE to QoS 3":                {client311, "\x82\x06\x00\x01\x00\x01a\x03", mqtt.ErrQoS},
	"SUBSCRIBE to QoS 3 in 3.1":         {client31, "\x82\x06\x00\x01\x00\x01a\x03", mqtt.ErrQoS},
	"SUBSCRIBE to QoS 3 in 5":           {client5, "\x82\x07\x00\x01\x00\x00\x01a\x03", mqtt.ErrValue},
	"reserved options in 3.1.1":         {client311, "\x82\x06\x00\x01\x00\x01a\x04", mqtt.ErrReserved},
	"reserved options in 5":             {client5, "\x82\x07\x00\x01\x00\x00\x01a\x40", mqtt.ErrReserved},
	"retain handling of 3":              {client5, "\x82\x07\x00\x01\x00\x00\x01a\x30", mqtt.ErrValue},
	"no local on a shared one":          {client5, wire(0x82, "\x00\x01\x00\x00\x0a$share/g/a\x04"), mqtt.ErrNoLocal},
	"a shared one of no group":          {client5, wire(0x82, "\x00\x01\x00\x00\x09$share//a\x00"), mqtt.ErrFilter},
	"a shared one of many groups":       {client5, wire(0x82, "\x00\x01\x00\x00\x0a$share/+/a\x00"), mqtt.ErrFilter},
	"a shared one of nothing":           {client5, wire(0x82, "\x00\x01\x00\x00\x09$share/g/\x00"), mqtt.ErrFilter},
	"two subscription ids":              {client5, wire(0x82, "\x00\x01"+props("\x0b\x01\x0b\x02")+"\x00\x01a\x00"), mqtt.ErrTwice},
	"SUBSCRIBE with a reason":           {client5, wire(0x82, "\x00\x01"+props("\x1f\x00\x00")+"\x00\x01a\x00"), mqtt.ErrProperty},
	"SUBACK with no code":               {server311, "\x90\x02\x00\x01", mqtt.ErrEmpty},
	"SUBACK with code 3":                {server311, "\x90\x03\x00\x01\x03", mqtt.ErrReason},
	"SUBACK with a reason in 3.1":       {server31, "\x90\x03\x00\x01\x81", mqtt.ErrReason},
	"SUBACK with a reason in 3.1.1":     {server311, "\x90\x03\x00\x01\x87", mqtt.ErrReason},
	"SUBACK with a code of others":      {server5, "\x90\x04\x00\x01\x00\x11", mqtt.ErrReason},
	"UNSUBSCRIBE of id 0":               {client311, "\xa2\x05\x00\x00\x00\x01a", mqtt.ErrPacketID},
	"UNSUBSCRIBE without filters":       {client311, "\xa2\x02\x00\x01", mqtt.ErrEmpty},
	"UNSUBSCRIBE from half a filter":    {client311, "\xa2\x05\x00\x01\x00\x02a", mqtt.ErrShort},
	"UNSUBSCRIBE from a/#/b":            {client311, wire(0xa2, "\x00\x01\x00\x05a/#/b"), mqtt.ErrFilter},
	"UNSUBACK with codes in 3.1.1":      {server311, "\xb0\x03\x00\x01\x00", mqtt.ErrTrailing},
	"UNSUBACK without codes in 5":       {server5, "\xb0\x03\x00\x01\x00", mqtt.ErrEmpty},
	"UNSUBACK with a code of others":    {server5, "\xb0\x04\x00\x01\x00\x01", mqtt.ErrReason},
	"PINGREQ with something in it":      {client311, "\xc0\x01\x00", mqtt.ErrTrailing},
	"DISCONNECT with a code in 3.1.1":   {client311, "\xe0\x01\x00", mqtt.ErrTrailing},
	"DISCONNECT of a client that stops": {client5, "\xe0\x01\x8b", mqtt.ErrReason},
	"DISCONNECT with a will of servers": {server5, "\xe0\x01\x04", mqtt.ErrReason},
	"another server, said by a client":  {client5, wire(0xe0, "\x00"+props("\x1c\x00\x01s")), mqtt.ErrDirection},
	"an expiry, said by a server":       {server5, wire(0xe0, "\x00"+props("\x11\x00\x00\x00\x00")), mqtt.ErrDirection},
	"AUTH with a code of servers":       {client5, wire(0xf0, "\x00"+props("\x15\x00\x01m")), mqtt.ErrReason},
	"AUTH without a method":             {client5, "\xf0\x02\x18\x00", mqtt.ErrMethod},
	"AUTH of a code alone":              {client5, "\xf0\x01\x18", mqtt.ErrMethod},
}

func TestMalformedPackets(t *testing.T) { // P20.2
	for name, c := range malformed {
		_, err := decode(c.decoder, []byte(c.wire))
		if !errors.Is(err, c.want) || !errors.Is(err, connectors.ErrMalformed) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func TestTheCodesOfErrors(t *testing.T) { // P20.2
	for err, want := range map[error]mqtt.ReasonCode{
		nil: 0, io.EOF: 0x80,
		connectors.ErrMalformed: 0x81, connectors.ErrTooLarge: 0x95, connectors.ErrSilent: 0x8d, connectors.ErrReplaced: 0x8e,
		mqtt.ErrType: 0x81, mqtt.ErrLength: 0x81, mqtt.ErrShort: 0x81, mqtt.ErrTrailing: 0x81, mqtt.ErrFlags: 0x81,
		mqtt.ErrReserved: 0x81, mqtt.ErrQoS: 0x81, mqtt.ErrDup: 0x81, mqtt.ErrText: 0x81, mqtt.ErrTopic: 0x81,
		mqtt.ErrFilter: 0x81, mqtt.ErrWill: 0x81, mqtt.ErrPassword: 0x81, mqtt.ErrProperty: 0x81,
		mqtt.ErrSession: 0x82, mqtt.ErrPacketID: 0x82, mqtt.ErrEmpty: 0x82, mqtt.ErrNoTopic: 0x82, mqtt.ErrTwice: 0x82,
		mqtt.ErrValue: 0x82, mqtt.ErrReason: 0x82, mqtt.ErrDirection: 0x82, mqtt.ErrNoLocal: 0x82, mqtt.ErrMethod: 0x82,
		mqtt.ErrResponse: 0x82,
		mqtt.ErrName:     0x84, mqtt.ErrVersion: 0x84, mqtt.ErrClientID: 0x85,
		mqtt.ErrAlias: 0x94, mqtt.ErrTooLarge: 0x95, mqtt.ErrRetain: 0x9a, mqtt.ErrMaximumQoS: 0x9b, mqtt.ErrShared: 0x9e,
		mqtt.ErrSubscriptionID: 0xa1,
	} {
		if err != nil {
			err = fmt.Errorf("while reading: %w", err)
		}
		if got := mqtt.Code(err); got != want {
			t.Errorf("%v has code %v, want %v", err, got, want)
		}
	}
	if !errors.Is(mqtt.ErrTooLarge, connectors.ErrTooLarge) {
		t.Error("ErrTooLarge is not the contract's")
	}
}

// What 3.1 leaves open, its clients may do.
func TestClientsOfTheFirstVersionAreTolerated(t *testing.T) { // P20.1
	for name, packet := range map[string]string{
		"PUBREL repeated":             "\x6a\x02\x00\x01",
		"SUBSCRIBE repeated":          "\x8a\x06\x00\x01\x00\x01a\x01",
		"UNSUBSCRIBE repeated":        "\xaa\x05\x00\x01\x00\x01a",
		"unused bits of options":      "\x82\x06\x00\x01\x00\x01a\xfd",
		"QoS of no will":              wire(0x10, mqisdp+"\x3a\x00\x00\x00\x01a"),
		"no user name":                wire(0x10, mqisdp+"\x82\x00\x00\x00\x01a"),
		"no user name, no password":   wire(0x10, mqisdp+"\xc2\x00\x00\x00\x01a"),
		"a user name, no password":    wire(0x10, mqisdp+"\xc2\x00\x00\x00\x01a\x00\x01u"),
		"a client id of 30 bytes":     wire(0x10, mqisdp+"\x00\x00\x00\x00\x1e012345678901234567890123456789"),
		"no client id, clean session": wire(0x10, mqisdp+"\x02\x00\x00\x00\x00"),
	} {
		if _, err := decode(client31, []byte(packet)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWhatIsRefusedIsKnownForItsAnswer(t *testing.T) { // P20.2
	p, _, err := mqtt.Cut([]byte(wire(0x10, "\x00\x04MQTT\x06\x02\x00\x00\x00\x00")))
	if err != nil {
		t.Fatal(err)
	}
	if c, err := client5.Connect(p); !errors.Is(err, mqtt.ErrVersion) || c.Version != 6 {
		t.Errorf("level 6: %v, %v", c.Version, err)
	}
	p, _, _ = mqtt.Cut([]byte(wire(0x10, mqtt4+"\x00\x00\x3c\x00\x00")))
	if c, err := client5.Connect(p); !errors.Is(err, mqtt.ErrClientID) || c.Version != mqtt.V311 || c.KeepAlive != 60 {
		t.Errorf("no client id: %+v, %v", c, err)
	}
}

func TestWhatIsNotOffered(t *testing.T) { // P20.2
	for name, c := range map[string]struct {
		packet  mqtt.Publish
		version mqtt.Version
		want    error
	}{
		"a plain message":          {mqtt.Publish{QoS: 1}, mqtt.V5, nil},
		"QoS 2":                    {mqtt.Publish{QoS: 2}, mqtt.V5, mqtt.ErrMaximumQoS},
		"QoS 2 in 3.1.1":           {mqtt.Publish{QoS: 2}, mqtt.V311, nil},
		"a message to keep":        {mqtt.Publish{Retain: true}, mqtt.V5, mqtt.ErrRetain},
		"one to keep in 3.1.1":     {mqtt.Publish{Retain: true}, mqtt.V311, nil},
		"a topic alias":            {mqtt.Publish{Properties: mqtt.Properties{TopicAlias: 1}}, mqtt.V5, mqtt.ErrAlias},
		"an alias that is to keep": {mqtt.Publish{Retain: true, Properties: mqtt.Properties{TopicAlias: 1}}, mqtt.V5, mqtt.ErrAlias},
	} {
		if err := c.packet.Check(c.version, 1); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	subscribe := func(filter string, ids ...uint32) mqtt.Subscribe {
		return mqtt.Subscribe{Filters: []mqtt.Subscription{{Filter: []byte("a")}, {Filter: []byte(filter)}}, Properties: mqtt.Properties{SubscriptionIDs: ids}}
	}
	for err, s := range map[error]mqtt.Subscribe{
		nil: subscribe("$sharex/g/a"), mqtt.ErrShared: subscribe("$share/g/a"), mqtt.ErrSubscriptionID: subscribe("b", 1),
	} {
		if got := s.Check(); !errors.Is(got, err) {
			t.Errorf("%v: %v, want %v", s, got, err)
		}
	}
}

func TestAMethodReadsItsOwnTypes(t *testing.T) {
	for name, read := range map[string]func(mqtt.Packet) error{
		"Connect":     func(p mqtt.Packet) error { _, err := client5.Connect(p); return err },
		"Connack":     func(p mqtt.Packet) error { _, err := server5.Connack(p); return err },
		"Publish":     func(p mqtt.Packet) error { _, err := client5.Publish(p); return err },
		"Ack":         func(p mqtt.Packet) error { _, err := client5.Ack(p); return err },
		"Subscribe":   func(p mqtt.Packet) error { _, err := client5.Subscribe(p); return err },
		"Suback":      func(p mqtt.Packet) error { _, err := server5.Suback(p); return err },
		"Unsubscribe": func(p mqtt.Packet) error { _, err := client5.Unsubscribe(p); return err },
		"Unsuback":    func(p mqtt.Packet) error { _, err := server5.Unsuback(p); return err },
		"Ping":        func(p mqtt.Packet) error { return client5.Ping(p) },
		"Disconnect":  func(p mqtt.Packet) error { _, err := client5.Disconnect(p); return err },
		"Auth":        func(p mqtt.Packet) error { _, err := client5.Auth(p); return err },
	} {
		for typ := mqtt.Type(0); typ < 18; typ++ {
			p := mqtt.Packet{Type: typ}
			if err := read(p); name != own(typ) && !errors.Is(err, mqtt.ErrType) {
				t.Errorf("%s reads %v: %v", name, typ, err)
			}
		}
	}
}

// own is the name of the method that reads a type.
func own(t mqtt.Type) string {
	switch t {
	case mqtt.TypePuback, mqtt.TypePubrec, mqtt.TypePubrel, mqtt.TypePubcomp:
		return "Ack"
	case mqtt.TypePingreq, mqtt.TypePingresp:
		return "Ping"
	}
	name := t.String()
	return name[:1] + strings.ToLower(name[1:])
}
