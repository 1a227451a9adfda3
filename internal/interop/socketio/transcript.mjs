// Plays a recorded session through socket.io-client 1.7: each line of the input, a JSON string, is sent as one message.
// Prints a line of JSON for each event that the application sees.
// usage: node transcript.mjs --url http://127.0.0.1:3950
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const url = process.argv[process.argv.indexOf("--url") + 1];
const socket = createRequire(import.meta.url)("sio17")(url, {
  transports: ["websocket"], forceNew: true, reconnection: false,
});
const see = (event) => console.log(JSON.stringify(event));
socket.on("connect", () => see({ event: "connect" }));
// Messages that wait for each other come as one array: how many is a matter of time.
const apart = (text) => { const all = JSON.parse(text); return Array.isArray(all) ? all.map((one) => JSON.stringify(one)) : [text]; };
socket.on("message", (text) => apart(text).forEach((one) => see({ recv_message: one })));
for (const event of ["disconnect", "connect_error", "error"]) {
  socket.on(event, (reason) => { see({ event, reason: String(reason) }); process.exit(event === "disconnect" ? 0 : 1); });
}
createInterface({ input: process.stdin }).on("line", (line) => socket.send(JSON.parse(line)));
