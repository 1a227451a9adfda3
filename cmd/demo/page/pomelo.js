// A small Pomelo client for browsers: WebSocket, binary packages, JSON bodies.
//
//   const client = new Pomelo("ws://127.0.0.1:3010/");
//   client.on("onChat", (said) => …);
//   client.addEventListener("close", ({ detail }) => …); // { kicked, back, reason, opened }
//   await client.open({ name: "Ada" });
//   await client.request("lobby.echo", { hello: "wire" });

import { Message, Package, decodeJSON, decodeMessage, decodePackages, encodeJSON, encodeMessage, encodePackage } from "./wire.js";

const openWithin = 10_000; // ms for socket and handshake together
const answerWithin = 15_000; // ms for a request
const grace = 1_000; // ms a heartbeat may be late

/** Refused is what a request rejects with when the server answers a code other than 200. */
export class Refused extends Error {
  constructor(body) {
    super(body.msg || `the server answered code ${body.code}`);
    this.code = body.code;
  }
}

/** Pomelo is one connection. It opens once; to connect again, make another. */
export class Pomelo extends EventTarget {
  #url;
  #socket;
  #lastID = 0;
  #waiting = new Map(); // id → { resolve, reject, timer }
  #handlers = new Map(); // route → function
  #heartbeat = 0; // ms, 0: none
  #beat; // timer: our next heartbeat
  #silence; // timer: the server has said nothing for too long
  #opened; // { resolve, reject } of open
  #user;
  #working = false;
  #end; // { kicked, back, reason, opened } once it is over; back: ms, when the server says when to return

  constructor(url) {
    super();
    this.#url = url;
  }

  get working() {
    return this.#working;
  }

  /** open connects and shakes hands. It resolves to what the server said about the user. */
  open(user = {}) {
    this.#user = user;
    const opened = new Promise((resolve, reject) => (this.#opened = { resolve, reject }));
    this.#silence = setTimeout(() => this.#finish("the server does not answer"), openWithin);
    this.#socket = new WebSocket(this.#url);
    this.#socket.binaryType = "arraybuffer";
    this.#socket.onopen = () => this.#hello();
    this.#socket.onmessage = ({ data }) => this.#receive(new Uint8Array(data));
    this.#socket.onclose = ({ reason }) => this.#finish(reason);
    return opened;
  }

  /** request resolves to the body of the answer, or rejects. */
  request(route, body) {
    if (!this.#working) return Promise.reject(new Error("not connected"));
    const id = ++this.#lastID;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#answer(id, (w) => w.reject(new Error(`${route}: no answer`))), answerWithin);
      this.#waiting.set(id, { resolve, reject, timer });
      this.#send(Package.data, encodeMessage(id, route, body));
    });
  }

  /** notify sends and wants no answer. */
  notify(route, body) {
    if (this.#working) this.#send(Package.data, encodeMessage(0, route, body));
  }

  /** on calls handler with the body of each push of that route. */
  on(route, handler) {
    this.#handlers.set(route, handler);
  }

  /** close hangs up. */
  close(reason = "closed by this page") {
    this.#finish(reason);
  }

  #hello() {
    const sys = { type: "fairlead-demo", version: "1.0.0" };
    this.#send(Package.handshake, encodeJSON({ sys, user: this.#user }));
  }

  #send(type, body) {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(encodePackage(type, body));
  }

  /** One message may hold several packages: the server gathers what it sends. */
  #receive(bytes) {
    try {
      for (const { type, body } of decodePackages(bytes)) {
        if (this.#end) return;
        this.#take(type, body);
      }
    } catch (err) {
      this.#finish(err.message);
    }
  }

  #take(type, body) {
    this.#heard();
    switch (type) {
      case Package.handshake: return this.#welcome(decodeJSON(body));
      case Package.heartbeat: return this.#scheduleBeat();
      case Package.data: return this.#message(decodeMessage(body));
      case Package.kick: return this.#kicked(decodeJSON(body));
      default: throw new Error(`pomelo: unknown package ${type}`);
    }
  }

  #welcome({ code, sys, user }) {
    if (code !== 200) return this.#finish(code === 501 ? "this page is too old for the server" : "the server refused this page");
    this.#heartbeat = (sys?.heartbeat ?? 0) * 1000;
    this.#send(Package.ack);
    this.#working = true;
    this.#heard();
    this.#opened.resolve(user);
  }

  /** The server answers each heartbeat at once; we wait one interval before the next. */
  #scheduleBeat() {
    clearTimeout(this.#beat);
    this.#beat = setTimeout(() => this.#send(Package.heartbeat), this.#heartbeat);
  }

  /** Any package is a sign of life. */
  #heard() {
    if (!this.#working) return;
    clearTimeout(this.#silence);
    if (this.#heartbeat) {
      this.#silence = setTimeout(() => this.#finish("the server fell silent"), 2 * this.#heartbeat + grace);
    }
  }

  #message({ type, id, route, body }) {
    if (type === Message.push) {
      this.#handlers.get(route)?.(body);
      return;
    }
    const refused = body?.code && body.code !== 200;
    this.#answer(id, (w) => (refused ? w.reject(new Refused(body)) : w.resolve(body)));
  }

  #answer(id, settle) {
    const waiting = this.#waiting.get(id);
    if (!waiting) return; // it gave up before
    this.#waiting.delete(id);
    clearTimeout(waiting.timer);
    settle(waiting);
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
    clearTimeout(this.#beat);
    clearTimeout(this.#silence);
    this.#socket.close();
    const gone = new Error(this.#end.reason);
    this.#opened.reject(gone);
    for (const id of [...this.#waiting.keys()]) this.#answer(id, (w) => w.reject(gone));
    this.dispatchEvent(new CustomEvent("close", { detail: this.#end }));
  }
}
