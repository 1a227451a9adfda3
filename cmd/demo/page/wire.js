// The bytes of Pomelo: packages and the messages inside data packages.
// Pure functions; nothing here knows of sockets or time.

export const Package = { handshake: 1, ack: 2, heartbeat: 3, data: 4, kick: 5 };
export const Message = { request: 0, notify: 1, response: 2, push: 3 };

const utf8 = new TextEncoder();
const text = new TextDecoder();
const nothing = new Uint8Array(0);

/** encodePackage makes type (1 byte), body length (3 bytes), body. */
export function encodePackage(type, body = nothing) {
  if (body.length > 0xffffff) throw new RangeError("pomelo: body over 16 MiB");
  const out = new Uint8Array(4 + body.length);
  out.set([type, body.length >> 16, body.length >> 8, body.length]);
  out.set(body, 4);
  return out;
}

/** decodePackages cuts one WebSocket message into the packages it holds. */
export function decodePackages(bytes) {
  const packages = [];
  for (let at = 0; at < bytes.length;) {
    const body = at + 4;
    if (body > bytes.length) throw new Error("pomelo: short package");
    const end = body + (bytes[at + 1] << 16 | bytes[at + 2] << 8 | bytes[at + 3]);
    if (end > bytes.length) throw new Error("pomelo: short package");
    packages.push({ type: bytes[at], body: bytes.subarray(body, end) });
    at = end;
  }
  return packages;
}

/** encodeMessage makes a request, or a notify when id is 0. */
export function encodeMessage(id, route, value) {
  const name = utf8.encode(route);
  if (name.length > 255) throw new RangeError("pomelo: route over 255 bytes");
  const head = id ? [Message.request << 1, ...varint(id)] : [Message.notify << 1];
  const body = encodeJSON(value);
  const out = new Uint8Array(head.length + 1 + name.length + body.length);
  out.set(head);
  out[head.length] = name.length;
  out.set(name, head.length + 1);
  out.set(body, head.length + 1 + name.length);
  return out;
}

/** decodeMessage reads what a server may send: a response or a push. */
export function decodeMessage(bytes) {
  if (bytes.length === 0) throw new Error("pomelo: empty message");
  const type = bytes[0] >> 1 & 7;
  if (type === Message.response) {
    const { value, next } = readVarint(bytes, 1);
    return { type, id: value, body: decodeJSON(bytes.subarray(next)) };
  }
  if (type !== Message.push || bytes[0] & 1) throw new Error("pomelo: unexpected message");
  const end = 2 + bytes[1];
  if (!(end <= bytes.length)) throw new Error("pomelo: short message");
  return { type, route: text.decode(bytes.subarray(2, end)), body: decodeJSON(bytes.subarray(end)) };
}

export const encodeJSON = (value) => utf8.encode(JSON.stringify(value ?? {}));

export const decodeJSON = (bytes) => (bytes.length ? JSON.parse(text.decode(bytes)) : {});

/** varint writes n in groups of seven bits, the lowest first. */
function varint(n) {
  const out = [];
  for (; n > 127; n = Math.floor(n / 128)) out.push(n % 128 | 128);
  return [...out, n];
}

function readVarint(bytes, at) {
  let value = 0;
  for (let scale = 1; ; scale *= 128) {
    if (at >= bytes.length || scale > 128 ** 4) throw new Error("pomelo: endless id");
    const b = bytes[at++];
    value += (b & 127) * scale;
    if (b < 128) return { value, next: at };
  }
}
