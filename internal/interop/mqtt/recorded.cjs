// The recorded session of the client that pomelo's mqttconnector was written for: node recorded.cjs HOST PORT.
// Each thing that happens is a line of JSON.
const mqtt = require("mqtt-recorded");

const [host, port] = process.argv.slice(2);
const say = (what) => console.log(JSON.stringify(what));
const client = mqtt.createClient(Number(port), host, { clientId: "real" });

client.on("error", (e) => say({ error: String(e) }));
client.on("message", (topic, payload) => {
  say({ recv_topic: topic, recv_payload: String(payload) });
  if (topic === "reply/some/topic") client.publish("push/me", "yo");
  if (topic === "from/server") client.end();
});
client.on("connect", () => {
  say({ event: "connect" });
  client.subscribe("a/b", { qos: 1 }, (_, granted) => {
    say({ granted });
    client.publish("some/topic", "hello", { qos: 1 }, () => say({ acknowledged: true }));
  });
});
