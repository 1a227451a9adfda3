// The text of Engine.IO 4 and, inside its messages, of Socket.IO: packets without
// bytes, in the main namespace. Pure functions; nothing here knows of sockets or time.

export const Engine = { open: "0", close: "1", ping: "2", pong: "3", message: "4" };
export const Packet = { connect: "0", disconnect: "1", event: "2", ack: "3", refusal: "4" };

/** encodeConnect asks to come in, and says who does. */
export const encodeConnect = (auth) => Engine.message + Packet.connect + JSON.stringify(auth);

/** encodeEvent makes an event named by its route; one with an id wants an acknowledgement. */
export const encodeEvent = (id, route, value) =>
  Engine.message + Packet.event + (id || "") + JSON.stringify([route, value ?? {}]);

/** decodePacket reads what a server sends: data is JSON, or undefined where there is none. */
export function decodePacket(text) {
  if (typeof text !== "string") throw new Error("socket.io: bytes");
  const engine = text.charAt(0);
  if (!/^[0-6]$/.test(engine)) throw new Error("socket.io: unknown packet");
  if (engine !== Engine.message) return { engine, data: parse(text.slice(1)) };
  const parts = /^([0-4])(\d*)([[{"].*)?$/s.exec(text.slice(1));
  if (!parts) throw new Error("socket.io: unknown message");
  const [, type, id, json] = parts;
  return { engine, type, id: Number(id), data: parse(json) };
}

const parse = (json) => (json ? JSON.parse(json) : undefined);
