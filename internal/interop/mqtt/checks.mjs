// The checks: name -> async (url, version). Each opens and closes its own clients.
import { Client, Fail, dial, freshId, refused, sleep, within } from "./client.mjs";

const TEXT = 'Zoë € 漢字 😀 \u0080\u00ff "\\\n\u2028';
const eq = (got, want, what) => {
  const a = JSON.stringify(got), b = JSON.stringify(want);
  if (a !== b) throw new Fail(`${what}: got ${a?.slice(0, 160)} want ${b?.slice(0, 160)}`);
};
const ok = (v, what) => { if (!v) throw new Fail(what); };

// one gives a check a client of its own.
const one = (check, options) => async (url, version) => {
  const c = await Client.open(url, version, options);
  try { await check(c, url); } finally { await c.end(); }
};
const wills = async (c, topic) => (await c.request("interop/wills")).filter((w) => w.topic === topic);

export const checks = (want) => ({
  connect: one(async (c) => {
    eq([c.connack.cmd, c.connack.sessionPresent], ["connack", false], "CONNACK");
    if (!c.v5) return;
    const p = c.connack.properties;
    eq([p.sessionExpiryInterval, p.retainAvailable, p.sharedSubscriptionAvailable, p.subscriptionIdentifiersAvailable, p.topicAliasMaximum ?? 0],
      [0, false, false, false, 0], "what is not offered");
    ok(p.receiveMaximum > 0 && p.maximumPacketSize === want.limit, `receive maximum ${p.receiveMaximum}, packet size ${p.maximumPacketSize}`);
  }),
  "request and response": one(async (c) => {
    eq(await c.request("interop/echo", { a: 1, t: TEXT }), { a: 1, t: TEXT }, "slashes");
    eq(await c.request("interop.echo", { b: 2 }), { b: 2 }, "dots");
  }),
  "requests of every QoS": one(async (c) => {
    for (const qos of [0, 1, 2]) eq(await c.request("interop/echo", { qos }, { qos }), { qos }, `QoS ${qos}`);
  }),
  "answers come at the server's QoS": one(async (c) => {
    await c.publish("pomelo/req/x/interop/echo", {});
    eq((await c.take("pomelo/res/x")).packet.qos, want.qos, "QoS of the answer");
  }),
  "100 pipelined requests": one(async (c) => {
    const all = await Promise.all(Array.from({ length: 100 }, (_, i) => c.request("interop/echo", { i }, { qos: i % 3 })));
    eq(all.map((b) => b.i), Array.from({ length: 100 }, (_, i) => i), "answers");
  }),
  "failed request": one(async (c) => {
    await c.publish("pomelo/req/7/interop/fail", {});
    const { text, packet } = await c.take("pomelo/res/7");
    eq(JSON.parse(text).code, 500, "code in the answer");
    if (c.v5) eq(packet.properties?.userProperties?.code, "500", "user property");
  }),
  "unknown route": one(async (c) => { eq((await c.request("nobody/here")).code, 500, "code in the answer"); }),
  "publishes of every QoS": one(async (c) => {
    for (const qos of [0, 1, 2]) await c.publish("interop/note", { qos }, { qos });
    eq(await c.request("interop/lastNote"), { note: { qos: 2 }, notes: 3 }, "notes taken");
    eq(c.messages, [], "a notify is not answered");
  }),
  pushes: one(async (c) => {
    eq(await c.request("interop/push", { n: 20 }), { code: 200, sent: 20 }, "response");
    await c.until(() => c.pushes("onTest").length >= 20, "20 pushes");
    eq(c.pushes("onTest").map((p) => p.seq), Array.from({ length: 20 }, (_, i) => i), "order");
  }),
  batch: one(async (c) => {
    eq(await c.request("interop/batch", { n: 5 }), { code: 200 }, "response");
    eq(c.pushes("onTest").map((p) => p.seq), [0, 1, 2, 3, 4], "pushes ahead of it");
  }),
  "subscribe granted": one(async (c) => {
    const granted = await c.m.subscribeAsync({ "pomelo/push/#": { qos: 0 }, "pomelo/res/+": { qos: 2 } });
    eq(granted.map((g) => [g.topic, g.qos]), [["pomelo/push/#", 0], ["pomelo/res/+", 1]], "granted");
    eq(await c.request("interop/push", { n: 1 }), { code: 200, sent: 1 }, "a request after it");
  }),
  "subscribe refused": one(async (c) => {
    const suback = new Promise((r) => { c.m.on("packetreceive", (p) => { if (p.cmd === "suback") r(p); }); });
    await c.m.subscribeAsync("other/#", { qos: 1 }).catch(() => {});
    eq((await within(suback, 6000, "SUBACK")).granted, [{ "3.1": 0x80, "3.1.1": 0x80, 5: 0x87 }[c.version]], "SUBACK");
  }),
  unsubscribe: one(async (c) => {
    await c.m.subscribeAsync("pomelo/push/#");
    const unsuback = new Promise((r) => { c.m.on("packetreceive", (p) => { if (p.cmd === "unsuback") r(p); }); });
    await c.m.unsubscribeAsync(["pomelo/push/#", "pomelo/never"]).catch(() => {});
    const p = await within(unsuback, 6000, "UNSUBACK");
    if (c.v5) eq(p.granted, [0, 0x11], "UNSUBACK");
  }),
  "credentials reach the application": async (url, version) => {
    const clientId = freshId();
    await one(async (c) => {
      eq(await c.request("interop/whoami"), { client: clientId, user: "ann" }, "who");
    }, { clientId, username: "ann", password: "secret" })(url, version);
  },
  "bad credentials": async (url, version) => {
    const v5 = version === "5";
    eq(await refused(url, version, { username: "bad", password: "x" }), v5 ? 0x86 : 4, "bad password");
    eq(await refused(url, version, { username: "banned", password: "x" }), v5 ? 0x87 : 5, "not authorized");
  },
  "kick": one(async (c) => {
    await c.publish("interop/kick", { reason: "interop" });
    await within(c.closed, 6000, "the end after a kick");
    eq(c.pushes("onKick"), [{ reason: "interop" }], "onKick before the end");
    if (c.v5) eq([c.goodbye?.reasonCode, c.goodbye?.properties?.reasonString], [0x98, "interop"], "DISCONNECT");
  }),
  "take-over": async (url, version) => {
    const clientId = freshId();
    const older = await Client.open(url, version, { clientId });
    const newer = await Client.open(url, version, { clientId });
    try {
      await within(older.closed, 6000, "the end of the older client");
      if (older.v5) eq(older.goodbye?.reasonCode, 0x8e, "DISCONNECT");
      eq(await newer.request("interop/echo", { mine: 1 }), { mine: 1 }, "the newer client");
    } finally { await older.end(); await newer.end(); }
  },
  "200 KB payload": one(async (c) => {
    const big = "0123456789abcdef".repeat(12800);
    ok((await c.request("interop/echo", { big }, { qos: 1 })).big === big, "came back changed");
  }),
  "payload over the limit": one(async (c) => {
    c.publish("interop/note", "x".repeat(want.limit), { qos: 1 }).catch(() => {});
    await within(c.closed, 6000, "the end of who sends too much");
    if (c.v5) eq(c.goodbye?.reasonCode, 0x95, "DISCONNECT");
  }),
  "will of a client that is lost": one(async (c, url) => {
    const topic = `will/${freshId()}`;
    const lost = await Client.open(url, c.version, { will: { topic, payload: TEXT, qos: 1, retain: false } });
    await lost.break();
    for (let i = 0; i < 50 && (await wills(c, topic)).length === 0; i++) await sleep(50);
    eq(await wills(c, topic), [{ topic, payload: TEXT }], "wills");
  }),
  "no will of a client that leaves": one(async (c, url) => {
    const topic = `will/${freshId()}`;
    const gone = await Client.open(url, c.version, { will: { topic, payload: "x", qos: 0, retain: false } });
    await gone.end();
    await sleep(200);
    eq(await wills(c, topic), [], "wills");
  }),
  "reconnect": async (url, version) => {
    const m = dial(url, version, { reconnectPeriod: 100 });
    m.on("error", () => {});
    try {
      await within(new Promise((r) => { m.once("connect", r); }), 6000, "CONNACK");
      const again = new Promise((r) => { m.once("connect", r); });
      m.publish("interop/kick", "{}");
      await within(again, 6000, "a second CONNACK");
      const c = new Client(m, version);
      eq(await c.request("interop/echo", { back: true }), { back: true }, "request after it");
    } finally { await m.endAsync(true); }
  },
  "a message to be kept": one(async (c) => {
    c.publish("interop/note", { n: 1 }, { qos: 0, retain: true }).catch(() => {});
    if (!c.v5) return eq((await c.request("interop/lastNote")).notes, 1, "notes");
    await within(c.closed, 6000, "the end");
    return eq(c.goodbye?.reasonCode, 0x9a, "DISCONNECT");
  }),
  "keepalive": one(async (c) => {
    let pings = 0;
    c.m.on("packetreceive", (p) => { if (p.cmd === "pingresp") pings++; });
    await sleep(4000);
    ok(c.m.connected && pings >= 2, `connected ${c.m.connected}, ${pings} pings answered`);
    eq(await c.request("interop/echo", { alive: 1 }), { alive: 1 }, "request after the pause");
  }, { keepalive: 1 }),
});

// newer are checks of what the first version, or the first two, do not have.
export const newer = () => ({
  "3.1.1": {
    "a client id is made": one(async (c) => {
      const { client } = await c.request("interop/whoami");
      ok(client.length > 0, "no client id");
      if (c.v5) eq(c.connack.properties.assignedClientIdentifier, client, "Assigned Client Identifier");
    }, { clientId: "" }),
  },
  5: {
    "response topic and correlation data": one(async (c) => {
      const data = Buffer.from([0, 1, 2, 255]);
      await c.publish("interop/echo", { a: 1 }, { qos: 1, properties: { responseTopic: "my/reply", correlationData: data } });
      const { text, packet } = await c.take("my/reply");
      eq([JSON.parse(text), packet.properties?.correlationData?.toString("hex")], [{ a: 1 }, data.toString("hex")], "response");
    }),
    "response topic alone": one(async (c) => {
      await c.m.subscribeAsync("my/reply");
      await c.publish("interop/echo", { a: 1 }, { properties: { responseTopic: "my/reply" } });
      const { text, packet } = await c.take("my/reply");
      eq([JSON.parse(text), packet.properties?.correlationData], [{ a: 1 }, undefined], "response");
    }),
    "failure on a response topic": one(async (c) => {
      await c.publish("interop/fail", {}, { properties: { responseTopic: "my/reply" } });
      const { text, packet } = await c.take("my/reply");
      eq([JSON.parse(text).code, packet.properties?.userProperties?.code], [500, "500"], "response");
    }),
    "DISCONNECT with the will": one(async (c, url) => {
      const topic = `will/${freshId()}`;
      const gone = await Client.open(url, "5", { will: { topic, payload: "x", qos: 0, retain: false } });
      await gone.m.endAsync(false, { reasonCode: 4 });
      for (let i = 0; i < 50 && (await wills(c, topic)).length === 0; i++) await sleep(50);
      eq(await wills(c, topic), [{ topic, payload: "x" }], "wills");
    }),
  },
});
