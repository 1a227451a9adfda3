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

const helpText = `Many clients in one process, against any Pomelo server: a load generator.

Scenarios
%s
Which server
  -addr list          where it is: tcp://host:port, tls://host:port, ws://host:port/path, wss://…,
                      for socket.io sio://host:port/path, sios://… (no path: /socket.io/), for MQTT
                      mqtt://host:port, mqtts://…, udp://host:port, or unix:/path; of several, with
                      commas between, the clients take turns
                      (default ws://127.0.0.1:{port}/)
  -port number        what {port} stands for in -addr and -server (default 3010)
  -insecure           believe any TLS certificate
  -user json          the application's part of the handshake, in socket.io an object, in MQTT one
                      with username and password (default none)
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
  -rounds number      how often, each time with a new server if -server is given (default 1)
  -size bytes         what a body holds (default 32, of slow 1024)
  -rate number        a second: chats in broadcast and slow (default 50), moves of each player in
                      game (default 10), requests of each client in echo (default: a closed loop)

What to show
  -json file          write the result as JSON too; "-" writes only that, to stdout
  -compare old new    compare two such files; the exit code is 1 when something got worse
  -progress duration  how often to tell what is going on, on stderr; 0: never (default 5s)

echo
  -echo route         a request whose answer holds the body (default lobby.echo)
  -depth number       requests each client keeps in flight, without -rate (default 1)
  -expect duration    how long a request should take: make up for those that one which took longer
                      has kept from being sent (default: do not)

broadcast, slow, game
  -join route         a request, {"name":…}, after which the client gets what is chatted;
                      empty: connecting is enough (default lobby.join)
  -chat route         a request, {"name":…,"content":…}, that is pushed to all (default lobby.chat)
  -chat-notify        chat with notifies, which are not answered

slow
  -slow part          how many of the clients read slowly (default 0.1)
  -pause duration     how long one waits after each push (default 100ms)

game
  -move route         a request, {"x":…,"y":…}; empty: nobody moves (default lobby.move)
  -silence duration   from one chat of a player to the next (default 10s)
  -visit part         how many of the clients come and go (default 0.1)
  -stay duration      how long such a one stays (default 5s)

storm
  -conns number       how many stay: who comes then has the oldest one leave
  -dial number        how many come at the same time

Examples, the first two with "go run ./cmd/demo" in another terminal
  robot
  robot -scenario broadcast -conns 500 -rate 200 -addr tcp://127.0.0.1:3010,sio://127.0.0.1:3010
  robot -scenario idle -conns 10000 -server './demo -addr 127.0.0.1:{port}' -port 4010
  robot -addr ws://game.example:3010/ -echo connector.entryHandler.echo -rate 20 -json new.json
  robot -compare old.json new.json

The exit code is 1 after any error, and when less than 100 %% was delivered.
`
