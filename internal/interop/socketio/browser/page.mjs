// Runs inside one frame per client version; window.io comes from that version's browser bundle.
import { PomeloClient } from "/lib/pomelo.mjs";

const q = new URLSearchParams(location.search);
const url = q.get("url"), client = q.get("client"), modern = q.get("modern") === "1";
const P = "connector.interopHandler.";
const TEXT = 'Zoë € 漢字 😀 \u0080\u00ff "\\\n';
const report = (line) => fetch("/report", { method: "POST", body: line });
const sleep = (ms) => new Promise((r) => setTimeout(r, ms));
const within = (p, ms, what) => Promise.race([p, sleep(ms).then(() => { throw new Error("timed out: " + what); })]);
const eq = (a, b, what) => { a = JSON.stringify(a); b = JSON.stringify(b); if (a !== b) throw new Error(`${what}: got ${String(a).slice(0, 120)} want ${String(b).slice(0, 120)}`); };
const units = (s) => s.split("").map((c) => c.charCodeAt(0));

function open(tr) {
  return new Promise((resolve, reject) => {
    const s = window.io(url, { transports: tr === "upgrade" ? ["polling", "websocket"] : [tr], forceNew: true, reconnection: false, timeout: 6000 });
    s.closed = new Promise((r) => s.once("disconnect", r));
    s.once("connect", () => resolve(s));
    for (const e of ["connect_error", "error"]) s.once(e, (x) => reject(new Error(`${e}: ${x && x.message ? x.message : x}`)));
    setTimeout(() => reject(new Error("no connect event")), 8000);
  });
}

const tests = {
  async "connect across origins"(tr) {
    const s = await open(tr);
    const e = s.io.engine;
    if (tr === "upgrade") for (let i = 0; i < 60 && e.transport.name !== "websocket"; i++) await sleep(50);
    eq(e.transport.name, tr === "polling" ? "polling" : "websocket", "transport");
    s.close();
  },
  async "text both ways"(tr) {
    const s = await open(tr), p = new PomeloClient(s);
    eq(await p.request(P + "echo", { text: TEXT }), { text: TEXT }, "echo");
    eq((await p.request(P + "inspect", { text: TEXT })).units, units(TEXT), "as the server sees it");
    eq((await p.request(P + "hello")).text, "Zoë € 漢字 😀", "text of the server");
    s.close();
  },
  async "ids, push, batch"(tr) {
    const s = await open(tr), p = new PomeloClient(s);
    for (const id of [127, 128, 255, 256, 0xc280, 0x01020304]) eq(await p.request(P + "echo", { id }, { id }), { id }, `id ${id}`);
    await p.request(P + "push", { n: 5 }, { id: 9 });
    await p.request(P + "batch", { n: 3 }, { id: 10 });
    await p.until(() => p.pushes.length >= 8, "pushes");
    eq(p.batches.at(-1), 4, "size of the batch"); // pushes before it may have shared one as well
    s.close();
  },
  async "binary attachments"(tr) {
    const s = await open(tr);
    const bin = Uint8Array.from({ length: 256 }, (_, i) => i).buffer;
    const r = await within(new Promise((res) => s.emit(P + "echo", { bin, text: TEXT }, res)), 6000, "ack");
    eq(Array.from(new Uint8Array(r.bin)), Array.from(new Uint8Array(bin)), "bytes");
    eq(r.text, TEXT, "text beside the bytes");
    s.close();
  },
  async kick(tr) {
    const s = await open(tr), p = new PomeloClient(s);
    p.notify(P + "kick", { reason: "browser" });
    eq(await within(s.closed, 6000, "disconnect"), "io server disconnect", "reason");
    eq(p.pushes.map((m) => [m.route, m.reason]), [["onKick", "browser"]], "onKick");
  },
};

for (const tr of ["websocket", "polling", "upgrade"]) {
  for (const [name, fn] of Object.entries(tests)) {
    let line;
    try { await fn(tr); line = `PASS ${name} [browser, client ${client}, ${tr}]`; }
    catch (e) { line = `FAIL ${name} [browser, client ${client}, ${tr}]: ${e.message}`; }
    await report(line);
  }
}
parent.postMessage("done", "*");
