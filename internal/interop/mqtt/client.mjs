// A game's client on top of the npm mqtt client: requests, pushes, and what ends it.
import mqtt from "mqtt";

export class Fail extends Error {}
export const sleep = (ms) => new Promise((r) => { setTimeout(r, ms); });
export const within = (p, ms, what) => {
  let timer;
  const late = new Promise((_, reject) => { timer = setTimeout(() => reject(new Fail(`timed out: ${what}`)), ms); });
  return Promise.race([p, late]).finally(() => clearTimeout(timer));
};

export const VERSIONS = { "3.1": { protocolVersion: 3, protocolId: "MQIsdp" }, "3.1.1": { protocolVersion: 4 }, "5": { protocolVersion: 5 } };
let made = 0;
export const freshId = () => `kit-${process.pid}-${++made}`;

// dial starts a client that does not come back by itself.
export function dial(url, version, options = {}) {
  return mqtt.connect(url, { ...VERSIONS[version], clientId: freshId(), clean: true, reconnectPeriod: 0, connectTimeout: 6000, keepalive: 30, ...options });
}

// refused resolves to the code of the CONNACK that refuses the client.
export async function refused(url, version, options) {
  const m = dial(url, version, options);
  try {
    return await within(new Promise((resolve, reject) => {
      m.once("connect", () => reject(new Fail("let in")));
      m.once("error", (e) => resolve(e.code));
    }), 6000, "a refusal");
  } finally { m.end(true); }
}

export class Client {
  static async open(url, version, options) {
    const c = new Client(dial(url, version, options), version);
    c.connack = await within(new Promise((resolve, reject) => {
      c.m.once("connect", resolve);
      c.m.once("error", reject);
      c.m.once("close", () => reject(new Fail("closed instead of a CONNACK")));
    }), 6000, "CONNACK");
    return c;
  }

  constructor(m, version) {
    Object.assign(this, { m, version, v5: version === "5", next: 0, messages: [], waiting: [], goodbye: undefined });
    m.on("error", () => {});
    m.on("message", (topic, payload, packet) => { this.messages.push({ topic, text: payload.toString(), packet }); this.look(); });
    m.on("disconnect", (packet) => { this.goodbye = packet; });
    this.closed = new Promise((r) => { m.once("close", () => r(this)); });
  }

  look() { this.waiting = this.waiting.filter((w) => !w()); }

  // until resolves when the messages are as they should be.
  until(done, what) {
    return within(new Promise((resolve) => {
      this.waiting.push(() => { if (!done()) return false; resolve(); return true; });
      this.look();
    }), 6000, what);
  }

  // take waits for the next message of a topic and takes it out.
  async take(topic) {
    let taken;
    await this.until(() => {
      const i = this.messages.findIndex((m) => m.topic === topic);
      if (i >= 0) [taken] = this.messages.splice(i, 1);
      return i >= 0;
    }, `a message on ${topic}`);
    return taken;
  }

  publish(topic, body, options = {}) { return this.m.publishAsync(topic, typeof body === "string" ? body : JSON.stringify(body), options); }

  async request(route, body = {}, options = {}) {
    const id = ++this.next;
    await this.publish(`pomelo/req/${id}/${route}`, body, options);
    return JSON.parse((await this.take(`pomelo/res/${id}`)).text);
  }

  pushes(route) { return this.messages.filter((m) => m.topic === `pomelo/push/${route}`).map((m) => JSON.parse(m.text)); }

  // break cuts the wire without a DISCONNECT.
  break() { this.m.stream.destroy(); return this.closed; }

  end() { return this.m.endAsync(!this.m.connected); }
}
