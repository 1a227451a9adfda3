// Package interop holds fairlead against the original. Its tests replay
// recorded sessions of a Pomelo server, run Pomelo's own browser client and
// those of socket.io, in node and in a browser, and MQTT clients of npm and of
// Debian against our server, hold what socket.io's protocol suites check, and
// send what no client would.
package interop
