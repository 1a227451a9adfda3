// The same checks from a real browser: the npm bundles of each client in headless chromium, page on another origin.
// This is the only place where EIO3 binary payloads, XHR and CORS are exercised by real clients.
// usage: node browser.mjs --url http://127.0.0.1:3950 [--clients 4,3,2,1.7] [--skip REGEX] [--chromium PATH] [--timeout SECONDS]
import http from "node:http";
import { readFileSync, mkdtempSync, rmSync } from "node:fs";
import { spawn } from "node:child_process";
import { tmpdir } from "node:os";
import { join, dirname } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const arg = (n, d) => { const i = process.argv.indexOf("--" + n); return i < 0 ? d : process.argv[i + 1]; };
const target = arg("url", "http://127.0.0.1:3950");
const skip = arg("skip") && new RegExp(arg("skip"));
const DIST = { 4: ["sio4", "socket.io.js"], 3: ["sio3", "socket.io.js"], 2: ["sio2", "socket.io.js"], 1.7: ["sio17", "socket.io.js"] };
const clients = arg("clients", "4,3,2,1.7").split(",");
const versionOf = (c) => JSON.parse(readFileSync(join(here, "node_modules", DIST[c][0], "package.json"))).version;

let passed = 0, failed = 0, skipped = 0, finish;
const done = new Promise((r) => { finish = r; });
const send = (res, type, body) => { res.writeHead(200, { "Content-Type": type }); res.end(body); };

const server = http.createServer((req, res) => {
  const u = new URL(req.url, "http://x");
  if (u.pathname === "/") {
    const frames = clients.map((c) => `/frame?c=${c}&client=${versionOf(c)}&modern=${c >= "3" ? 1 : 0}&url=${encodeURIComponent(target)}`);
    return send(res, "text/html; charset=utf-8", `<!doctype html><body><script>
      const list=${JSON.stringify(frames)};let f;
      function next(){ if(f)f.remove(); const s=list.shift(); if(!s){fetch("/done",{method:"POST"});return;} f=document.createElement("iframe"); f.src=s; document.body.append(f); }
      addEventListener("message",next); next();</script>`);
  }
  if (u.pathname === "/frame") return send(res, "text/html; charset=utf-8", `<!doctype html><script src="/bundle/${u.searchParams.get("c")}.js"></script><script type="module" src="/page.mjs"></script>`);
  if (u.pathname.startsWith("/bundle/")) {
    const [pkg, file] = DIST[u.pathname.slice(8, -3)];
    return send(res, "text/javascript; charset=utf-8", readFileSync(join(here, "node_modules", pkg, "dist", file)));
  }
  if (u.pathname === "/page.mjs") return send(res, "text/javascript; charset=utf-8", readFileSync(join(here, "browser/page.mjs")));
  if (u.pathname === "/lib/pomelo.mjs") return send(res, "text/javascript; charset=utf-8", readFileSync(join(here, "lib/pomelo.mjs")));
  if (u.pathname === "/done") { res.end(); return finish(true); }
  if (u.pathname === "/report") {
    let b = "";
    req.on("data", (d) => { b += d; });
    return req.on("end", () => {
      if (skip && skip.test(b)) { skipped++; b = "SKIP " + b.slice(5); } else if (b.startsWith("PASS")) passed++; else failed++;
      console.log(b);
      res.end();
    });
  }
  res.writeHead(404); res.end();
});
server.listen(0, "127.0.0.1", async () => {
  const profile = mkdtempSync(join(tmpdir(), "sio-browser-"));
  const br = spawn(arg("chromium", "chromium"), ["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", `--user-data-dir=${profile}`, `http://127.0.0.1:${server.address().port}/`], { stdio: "ignore" });
  const timer = setTimeout(() => finish(false), Number(arg("timeout", 240)) * 1000);
  br.on("error", (e) => { console.log(`FAIL cannot start chromium: ${e.message}`); failed++; finish(true); });
  if (!(await done)) { failed++; console.log("FAIL the browser did not finish in time"); }
  clearTimeout(timer);
  br.kill();
  await new Promise((r) => { br.once("exit", r); setTimeout(r, 3000); });
  for (let i = 0; i < 50; i++) { // chromium's children may still write
    try { rmSync(profile, { recursive: true, force: true }); break; } catch { await new Promise((r) => { setTimeout(r, 100); }); }
  }
  if (skipped) console.log(`${skipped} skipped`);
  console.log(`${passed} passed, ${failed} failed`);
  process.exit(failed ? 1 : 0);
});
