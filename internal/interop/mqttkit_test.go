package interop_test

import (
	"net"
	"strconv"
	"testing"

	"github.com/fairlead-go/fairlead/connectors/mqtt"
	"github.com/fairlead-go/fairlead/internal/need"
)

// mqttKit is the folder of the real MQTT client and its checks, with packages of npm that
// .ci/run installs.
const mqttKit = "mqtt"

// TestMQTTClients runs mqtt 5.16 of npm against our server, in all versions of the protocol, over TCP and over
// WebSocket: once with answers that need no acknowledgement, and once with such that do.
func TestMQTTClients(t *testing.T) {
	t.Parallel()
	node := need.Program(t, "node")
	need.Packages(t, mqttKit)
	for _, qos := range []byte{0, 1} {
		t.Run("QoS "+strconv.Itoa(int(qos)), func(t *testing.T) {
			t.Parallel()
			addr := net.JoinHostPort(serveMQTT(t, func(c *mqtt.Connector) { c.QoS = qos }))
			checklist{mqttKit, "156 passed, 0 failed"}.run(t, node, "interop.mjs", "--url", "mqtt://"+addr, "--ws", "ws://"+addr, "--qos", strconv.Itoa(int(qos)))
		})
	}
}
