package main

import (
	"fmt"
	"strings"
)

// help is what -h shows.
func help() string {
	var list strings.Builder
	for _, s := range scenarios {
		fmt.Fprintf(&list, "  %-10s %s\n", s.name, s.about)
	}
	return fmt.Sprintf(helpText, list.String())
}

const helpText = `Many Pomelo clients in one process, against any Pomelo server.

Scenarios
%s
Which server
  -addr list          where it is: tcp://host:port, tls://host:port, ws://host:port/path, wss://…,
                      for socket.io sio://host:port/path, sios://… (no path: /socket.io/),
                      udp://host:port, or unix:/path; of several, with commas between, the clients
                      take turns
                      (default ws://127.0.0.1:{port}/)
  -port number        what {port} stands for in -addr and -server (default 3010)
  -insecure           believe any TLS certificate
  -user json          the application's part of the handshake, in socket.io an object (default none)
  -server command     start the server with this command, account it, stop it at the end
  -v                  show what that server prints
  -pid number         account the CPU time and memory of this process and its children (Linux)

How much
  -scenario name      which scenario (default echo)
  -conns number       how many clients (default 100)
  -dial number        how many of them connect at the same time (default 64)
  -warm duration      how long to run before measuring (default 1s)
  -dur duration       how long to measure (default 4s)
  -wait duration      how long to wait for a client to come in, and at the end for what is
                      under way (default 10s)

echo
  -echo route         a request whose answer holds the body (default lobby.echo)
  -depth number       requests each client keeps in flight (default 1)
  -size bytes         what a body holds (default 32); also of broadcast

broadcast
  -join route         a request, {"name":…}, after which the client gets what is chatted;
                      empty: connecting is enough (default lobby.join)
  -chat route         a request, {"name":…,"content":…}, that is pushed to all (default lobby.chat)
  -chat-notify        chat with notifies, which are not answered
  -rate number        chats per second, all by one client (default 50)

Examples, the first two with "go run ./cmd/demo" in another terminal
  robot
  robot -scenario broadcast -conns 500 -rate 200 -addr tcp://127.0.0.1:3010,sio://127.0.0.1:3010
  robot -scenario idle -conns 10000 -server './demo -addr 127.0.0.1:{port}' -port 4010
  robot -addr ws://game.example:3010/ -echo connector.entryHandler.echo -depth 16

The exit code is 1 after any error, and when less than 100 %% was delivered.
`
