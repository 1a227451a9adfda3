package mqtt_test

import (
	"strings"
	"testing"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/wire/mqtt"
)

// publishes are what benchmarks read and write.
var publishes = map[string]struct {
	version mqtt.Version
	packet  mqtt.Publish
}{
	"version=3.1.1/qos=0/payload=64": {mqtt.V311, mqtt.Publish{Topic: []byte("chat/room/send"), Payload: payload(64)}},
	"version=3.1.1/qos=1/payload=1k": {mqtt.V311, mqtt.Publish{QoS: 1, ID: 7, Topic: []byte("chat/room/send"), Payload: payload(1 << 10)}},
	"version=5.0/request/payload=64": {mqtt.V5, mqtt.Publish{
		Topic: []byte("chat/room/send"), Payload: payload(64),
		Properties: mqtt.Properties{ResponseTopic: []byte("my/reply"), CorrelationData: []byte{1, 2, 3, 4}, User: mqtt.UserProperties(nil).With("trace", "abc")},
	}},
}

func payload(n int) []byte { return []byte(strings.Repeat("x", n)) }

func BenchmarkDecodePublish(b *testing.B) {
	for name, c := range publishes {
		wire, err := c.packet.Append(nil, c.version)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			d := mqtt.Decoder{Version: c.version}
			for b.Loop() {
				p, _, err := mqtt.Cut(wire)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := d.Publish(p); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkAppendPublish(b *testing.B) {
	for name, c := range publishes {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			var dst []byte
			for b.Loop() {
				var err error
				if dst, err = c.packet.Append(dst[:0], c.version); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkAppendAck(b *testing.B) {
	b.ReportAllocs()
	var dst []byte
	for b.Loop() {
		dst, _ = mqtt.Ack{Type: mqtt.TypePuback, ID: 7}.Append(dst[:0], mqtt.V5)
	}
}

func BenchmarkStream(b *testing.B) {
	var wire []byte
	for range 16 {
		wire, _ = publishes["version=3.1.1/qos=0/payload=64"].packet.Append(wire, mqtt.V311)
	}
	b.Run("packets=16/segments=1", func(b *testing.B) {
		b.ReportAllocs()
		var s mqtt.Stream
		frames := make([]connectors.Frame, 0, 16)
		for b.Loop() {
			frames, _ = s.Feed(wire, frames[:0])
		}
	})
	b.Run("packets=16/segments=2", func(b *testing.B) {
		b.ReportAllocs()
		var s mqtt.Stream
		frames := make([]connectors.Frame, 0, 16)
		for b.Loop() {
			frames, _ = s.Feed(wire[:100], frames[:0])
			frames, _ = s.Feed(wire[100:], frames[:0])
		}
	})
}
