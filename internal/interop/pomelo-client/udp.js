'use strict';
// A client over UDP that speaks with the npm package pomelo-protocol. See README.md.
const assert = require('assert');
const dgram = require('dgram');
const { Package, Message, strencode, strdecode } = require('pomelo-protocol');

const [host, port] = process.argv.slice(2);
const prefix = 'connector.entryHandler.';
const tests = [];
const test = (name, fn) => tests.push({ name, fn });

const within = (what, promise) => {
  let timer;
  const late = new Promise((_, reject) => { timer = setTimeout(() => reject(new Error('no ' + what + ' within 5 s')), 5000); });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
};

// Client is one socket, and what has come over it: packages, in order.
class Client {
  constructor() {
    this.socket = dgram.createSocket('udp4');
    this.queue = [];
    this.waiting = [];
    this.id = 0;
    this.datagrams = 0;
    this.socket.on('message', (bytes) => {
      this.datagrams++;
      [].concat(Package.decode(bytes)).forEach((p) => this.take(p));
    });
  }

  take(p) {
    const next = this.waiting.shift();
    if (next) next(p); else this.queue.push(p);
  }

  next(what) {
    if (this.queue.length) return Promise.resolve(this.queue.shift());
    return within(what, new Promise((resolve) => this.waiting.push(resolve)));
  }

  raw(bytes) { this.socket.send(bytes, Number(port), host); }
  send(type, body) { this.raw(Package.encode(type, body)); }

  async enter(sys) {
    this.send(Package.TYPE_HANDSHAKE, strencode(JSON.stringify({ sys: Object.assign({ type: 'dgram', version: '1' }, sys) })));
    const p = await this.next('answer to the handshake');
    assert.strictEqual(p.type, Package.TYPE_HANDSHAKE);
    return JSON.parse(strdecode(p.body));
  }

  async join(sys) {
    const answer = await this.enter(sys);
    assert.strictEqual(answer.code, 200);
    this.send(Package.TYPE_HANDSHAKE_ACK);
    assert.strictEqual((await this.next('heartbeat')).type, Package.TYPE_HEARTBEAT);
    return answer;
  }

  ask(name, body) {
    this.id++;
    this.send(Package.TYPE_DATA, Message.encode(this.id, Message.TYPE_REQUEST, 0, prefix + name, strencode(JSON.stringify(body))));
    return this.id;
  }

  async message(what) {
    const p = await this.next(what);
    assert.strictEqual(p.type, Package.TYPE_DATA);
    const m = Message.decode(p.body);
    return { id: m.id, type: m.type, route: m.route, body: JSON.parse(strdecode(m.body)) };
  }

  async answered(name, body) {
    const id = this.ask(name, body);
    const m = await this.message('answer of ' + name);
    assert.strictEqual(m.type, Message.TYPE_RESPONSE);
    assert.strictEqual(m.id, id);
    return m.body;
  }
}

async function using(fn) {
  const c = new Client();
  try { await fn(c); } finally { c.socket.close(); }
}

test('handshake, ack and heartbeat', () => using(async (c) => {
  assert.strictEqual((await c.join()).sys.heartbeat, 3);
  c.send(Package.TYPE_HEARTBEAT);
  assert.strictEqual((await c.next('heartbeat')).type, Package.TYPE_HEARTBEAT);
}));

test('request and response', () => using(async (c) => {
  await c.join();
  for (const body of [{ a: 1 }, {}, { s: 'é中文', n: null, list: [1, 'x', { y: true }] }]) {
    assert.deepStrictEqual(await c.answered('echo', body), body);
  }
}));

test('errors', () => using(async (c) => {
  await c.join();
  assert.deepStrictEqual(await c.answered('fail', {}), { code: 500 });
  assert.deepStrictEqual(await c.answered('big', { n: 70000 }), { code: 500 });
  assert.strictEqual((await c.answered('big', { n: 20000 })).s.length, 20000);
}));

test('pushes leave in one datagram', () => using(async (c) => {
  await c.join();
  await c.answered('bind', { uid: 'dgram-' + process.pid });
  const before = c.datagrams;
  c.ask('push', { n: 5 });
  for (let i = 0; i < 5; i++) {
    const m = await c.message('push');
    assert.deepStrictEqual([m.type, m.route, m.body], [Message.TYPE_PUSH, 'onPush', { i }]);
  }
  assert.deepStrictEqual((await c.message('answer')).body, { pushed: 5 });
  assert.strictEqual(c.datagrams - before, 1);
}));

test('kick with its reason', () => using(async (c) => {
  await c.join();
  assert.deepStrictEqual(await c.answered('kick', { reason: 'out' }), { ok: true });
  const p = await c.next('kick');
  assert.strictEqual(p.type, Package.TYPE_KICK);
  assert.deepStrictEqual(JSON.parse(strdecode(p.body)), { reason: 'out' });
}));

test('a cookie proves the address', () => using(async (c) => {
  const asked = await c.enter({ cookie: '', rsa: {} });
  assert.strictEqual(asked.code, 428);
  assert.strictEqual((await c.join({ cookie: asked.sys.cookie })).code, 200);
  assert.deepStrictEqual(await c.answered('echo', { a: 1 }), { a: 1 });
}));

test('garbage changes nothing', () => using(async (c) => {
  c.raw(Buffer.from('ff00', 'hex'));
  await c.join();
  c.raw(Buffer.alloc(0));
  c.raw(Buffer.from('ff00', 'hex'));
  assert.deepStrictEqual(await c.answered('echo', { a: 1 }), { a: 1 });
}));

async function main() {
  let failed = 0;
  console.log('TAP version 13');
  for (const [i, t] of tests.entries()) {
    try {
      await t.fn();
      console.log('ok ' + (i + 1) + ' - ' + t.name);
    } catch (e) {
      failed++;
      console.log('not ok ' + (i + 1) + ' - ' + t.name);
      console.log('  # ' + String(e.stack).split('\n').slice(0, 12).join('\n  # '));
    }
  }
  console.log('1..' + tests.length);
  process.exit(failed ? 1 : 0);
}

main();
