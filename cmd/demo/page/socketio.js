// A small socket.io client for browsers: Engine.IO 4 over WebSocket, JSON bodies.
// It is used like Pomelo's, and speaks as pages with the client of socket.io do:
//
//   const client = new SocketIO("ws://127.0.0.1:3010/socket.io/");
//   client.on("onChat", (said) => …);
//   client.addEventListener("close", ({ detail }) => …); // { kicked, back, reason, opened }
//   await client.open({ name: "Ada" });
//   client.emit("lobby.echo", { hello: "wire" }, (answer) => …);
//   await client.request("lobby.echo", { hello: "wire" }); // the same, as a promise

import { Engine, Packet, decodePacket, encodeConnect, encodeEvent } from "./packets.js";
import { Refused } from "./pomelo.js";

const openWithin = 10_000; // ms until we are let in
const answerWithin = 15_000; // ms for a request
const grace = 1_000; // ms a ping may be late

/** SocketIO is one connection. It opens once; to connect again, make another. */
export class SocketIO extends EventTarget {
  #url;
  #socket;
  #lastID = 0;
  #waiting = new Map(); // id → { answered, lost, timer }
  #handlers = new Map(); // route → function
  #patience = 0; // ms the server may say nothing, 0: for ever
  #silence; // timer: it has said nothing for too long
  #opened; // { resolve, reject } of open
  #auth;
  #working = false;
  #end; // { kicked, back, reason, opened } once it is over; back: ms, when the server says when to return

  constructor(url) {
    super();
    this.#url = url;
  }

  get working() {
    return this.#working;
  }

  /** open connects and says who comes. It resolves once the server has let us in. */
  open(auth = {}) {
    this.#auth = { ...auth, mode: "event" };
    const opened = new Promise((resolve, reject) => (this.#opened = { resolve, reject }));
    this.#silence = setTimeout(() => this.#finish("the server does not answer"), openWithin);
    this.#socket = new WebSocket(`${this.#url}?EIO=4&transport=websocket`);
    this.#socket.onmessage = ({ data }) => this.#receive(data);
    this.#socket.onclose = ({ reason }) => this.#finish(reason);
    return opened;
  }

  /** emit sends an event, and calls ack, if there is one, with the answer's body. */
  emit(route, body, ack) {
    if (!this.#working) return;
    if (ack) this.#ask(route, body, { answered: ack, lost() {} });
    else this.#send(encodeEvent(0, route, body));
  }

  /** request is emit with a promise of the answer's body; it rejects what is refused, or late. */
  request(route, body) {
    if (!this.#working) return Promise.reject(new Error("not connected"));
    return new Promise((resolve, lost) => {
      const answered = (answer) => (answer?.code && answer.code !== 200 ? lost(new Refused(answer)) : resolve(answer));
      this.#ask(route, body, { answered, lost });
    });
  }

  /** notify is emit without an answer. */
  notify(route, body) {
    this.emit(route, body);
  }

  /** on calls handler with the body of each push of that route. */
  on(route, handler) {
    this.#handlers.set(route, handler);
  }

  /** close hangs up. */
  close(reason = "closed by this page") {
    this.#finish(reason);
  }

  #ask(route, body, waiting) {
    const id = ++this.#lastID;
    const late = () => this.#settle(id, (w) => w.lost(new Error(`${route}: no answer`)));
    this.#waiting.set(id, { ...waiting, timer: setTimeout(late, answerWithin) });
    this.#send(encodeEvent(id, route, body));
  }

  #send(text) {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(text);
  }

  #receive(text) {
    if (this.#end) return;
    try {
      this.#take(decodePacket(text));
    } catch (err) {
      this.#finish(err.message);
    }
  }

  #take(packet) {
    this.#heard();
    switch (packet.engine) {
      case Engine.open: return this.#hello(packet.data);
      case Engine.ping: return this.#send(Engine.pong);
      case Engine.close: return this.#finish();
      case Engine.message: return this.#message(packet);
    }
  }

  #hello({ pingInterval, pingTimeout }) {
    this.#patience = pingInterval + pingTimeout + grace;
    this.#send(encodeConnect(this.#auth));
  }

  /** Any packet is a sign of life; it is the server that pings. */
  #heard() {
    if (!this.#working) return;
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => this.#finish("the server fell silent"), this.#patience);
  }

  #message({ type, id, data }) {
    switch (type) {
      case Packet.connect: return this.#welcome();
      case Packet.refusal: return this.#finish(data?.message || "the server refused this page");
      case Packet.disconnect: return this.#finish("the server closed the connection", true);
      case Packet.ack: return this.#settle(id, (w) => w.answered(data[0]));
      case Packet.event: return this.#event(...data);
    }
  }

  #welcome() {
    this.#working = true;
    this.#heard();
    this.#opened.resolve();
  }

  #event(route, body) {
    if (route === "onKick") this.#kicked(body);
    else this.#handlers.get(route)?.(body);
  }

  #settle(id, act) {
    const waiting = this.#waiting.get(id);
    if (!waiting) return; // it gave up before
    this.#waiting.delete(id);
    clearTimeout(waiting.timer);
    act(waiting);
  }

  /** A kick may say when to come back: then it is no farewell for good. */
  #kicked({ reason, retryAfterMs, spreadMs = 0 }) {
    const back = retryAfterMs === undefined ? undefined : retryAfterMs + Math.random() * spreadMs;
    this.#finish(reason || "kick", true, back);
  }

  #finish(reason, kicked = false, back = undefined) {
    if (this.#end) return;
    this.#end = { kicked, back, reason: reason || "the connection closed", opened: this.#working };
    this.#working = false;
    clearTimeout(this.#silence);
    this.#socket.close();
    const gone = new Error(this.#end.reason);
    this.#opened.reject(gone);
    for (const id of [...this.#waiting.keys()]) this.#settle(id, (w) => w.lost(gone));
    this.dispatchEvent(new CustomEvent("close", { detail: this.#end }));
  }
}
