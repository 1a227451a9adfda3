// The page: one connection, one player, and the views that show what the
// server says. Everything on the wire is in pomelo.js and wire.js, or where the
// address ends in ?client=socket.io in socketio.js and packets.js.

import { Chat } from "./chat.js";
import { Curtain } from "./curtain.js";
import { Field } from "./field.js";
import { rememberName, rememberedName } from "./names.js";
import { Players } from "./players.js";
import { Pomelo } from "./pomelo.js";
import { SocketIO } from "./socketio.js";
import { Status } from "./status.js";

const socketIO = new URLSearchParams(location.search).get("client") === "socket.io";
const url = new URL(socketIO ? "./socket.io/" : "./", location.href.replace(/^http/, "ws")).href;
const pingEvery = 3_000; // ms between two looks at the latency; the first, while the page warms up, count little
const warmUp = [200, 400];
const askAgain = 500; // ms until what nobody could answer is asked once more
const retryWithin = [500, 1_000, 2_000, 4_000, 5_000]; // ms, the last for ever

let client; // the connection there is, or was last
let { name, asked: playing } = rememberedName(); // playing: this window wants to be in the lobby
let tries = 0;
let retry; // timer of the next try
let joining; // the join that is under way
let life = 0; // of the lobby: players of an earlier one go when we are in the next
const seen = new Map(); // id of a player → the life they were seen in

const status = new Status();
const curtain = new Curtain();
const chat = new Chat((content) => aboard(() => client.request("lobby.chat", { name, content })));
const field = new Field((x, y) => client.notify("lobby.move", { x, y }));
const players = new Players((id, reason) => aboard(() => client.request("lobby.kick", { id, reason })));

async function connect() {
  clearTimeout(retry);
  status.connecting();
  client = socketIO ? new SocketIO(url) : new Pomelo(url);
  window[socketIO ? "socket" : "pomelo"] = client; // to play with in the console
  listen(client);
  try {
    await client.open({ name });
    tries = 0;
    status.connected();
    ping(client);
    if (playing) await join();
    else curtain.welcome(name, play);
  } catch {
    // what went wrong came as the close event
  }
}

/** listen shows each push; a chat's body is what its sender wrote, so it is taken with care. */
function listen(client) {
  client.on("onJoin", (player) => {
    show(player);
    chat.note(`${player.name} came aboard`);
  });
  client.on("onLeave", ({ id, name, why }) => {
    hide(id);
    chat.note(why ? `${name} left: ${why}` : `${name} left`);
  });
  client.on("onAnew", () => {
    if (playing) join();
  });
  client.on("onMove", ({ id, x, y }) => field.move(id, x, y));
  client.on("onChat", (said) => {
    const from = players.named(String(said?.name));
    const content = String(said?.content ?? "");
    chat.line(String(said?.name), content, from?.hue);
    if (from) field.say(from.id, content);
  });
  client.addEventListener("close", ({ detail }) => closed(client, detail));
}

function play(chosen) {
  name = chosen;
  rememberName(name);
  playing = true;
  if (client.working) join();
  else connect();
}

/** join takes this window into the lobby: the first, or the one that has come in place of one that is gone. */
function join() {
  return (joining ??= enter().finally(() => (joining = undefined)));
}

/** Whoever joins meanwhile may be told of before we have our own answer, which comes another way. */
async function enter() {
  const at = field.start();
  const before = field.me;
  players.me = field.me = undefined; // the next lobby may give our id to another
  life++;
  try {
    const joined = await patiently(() => client.request("lobby.join", { name, ...at }));
    name = joined.name;
    for (const [id, then] of [...seen]) if (then < life) hide(id);
    curtain.open();
    players.me = field.me = joined.id;
    joined.players.forEach(show);
    chat.enable(true);
    if (before !== undefined) chat.note("The lobby has moved, and you with it");
    else field.focus();
  } catch (err) {
    if (!client.working) return;
    if (before !== undefined && err.code === 400) {
      players.me = field.me = before; // we were aboard already
      return;
    }
    playing = false;
    curtain.welcome(name, play, err.message);
  }
}

/** aboard asks the lobby, and once more when it is another one, which does not know us yet. */
async function aboard(ask) {
  try {
    return await patiently(ask);
  } catch (err) {
    if (!playing || err.code !== 400 || !err.message.startsWith("join first")) throw err;
    await join();
    return ask();
  }
}

/** patiently asks until there is somebody to answer: while the lobby moves, nobody has it. */
async function patiently(ask) {
  for (const to = client; ; ) {
    try {
      return await ask();
    } catch (err) {
      if ((err.code !== 502 && err.code !== 503) || !to.working) throw err;
    }
    await new Promise((resolve) => setTimeout(resolve, askAgain));
  }
}

function show(player) {
  seen.set(player.id, life);
  players.add(player);
  if (player.x !== undefined) field.add(player);
}

function hide(id) {
  seen.delete(id);
  field.remove(id);
  players.remove(id);
}

function closed(gone, { kicked, back, reason }) {
  if (gone !== client) return;
  field.clear();
  players.clear();
  seen.clear();
  chat.enable(false);
  if (kicked && back === undefined) {
    playing = false;
    status.kicked(reason);
    curtain.kicked(reason, name, play);
    return;
  }
  const wait = retryWithin[Math.min(tries++, retryWithin.length - 1)];
  retry = setTimeout(connect, back ?? wait * (0.75 + Math.random() / 2));
  status.lost(reason);
  curtain.lost(reason, connect);
}

/** ping measures what a request costs, there and back. */
async function ping(client) {
  const waits = [...warmUp];
  while (client.working) {
    const begin = performance.now();
    try {
      await client.request("lobby.echo", { ping: begin });
      status.latency(performance.now() - begin);
    } catch {
      waits.unshift(askAgain); // nobody has the lobby: the first who asks wakes the next one
    }
    await new Promise((resolve) => setTimeout(resolve, waits.shift() ?? pingEvery));
  }
}

connect();
