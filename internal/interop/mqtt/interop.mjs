// Runs the real npm mqtt client against one server.
// usage: node interop.mjs --url mqtt://127.0.0.1:1883 --ws ws://127.0.0.1:1883/mqtt
//          [--versions 3.1,3.1.1,5]  [--limit BYTES]  [--qos 0|1]  [--only REGEX]  [--skip REGEX]
// Each test prints one PASS or FAIL line; the last line is "N passed, N failed"; exit code 1 when anything failed.
import { checks, newer } from "./checks.mjs";
import { Fail, within } from "./client.mjs";

const arg = (n, d) => { const i = process.argv.indexOf(`--${n}`); return i < 0 ? d : process.argv[i + 1]; };
const urls = { tcp: arg("url"), websocket: arg("ws") };
const versions = arg("versions", "3.1,3.1.1,5").split(",");
const only = arg("only") && new RegExp(arg("only"));
const skip = arg("skip") && new RegExp(arg("skip"));
const want = { limit: Number(arg("limit", 262144)), qos: Number(arg("qos", 0)) };

let passed = 0, failed = 0;
async function run(label, check) {
  if (only && !only.test(label) || skip && skip.test(label)) return;
  try {
    await within(check(), 20000, "the check itself");
    passed++;
    console.log(`PASS ${label}`);
  } catch (e) {
    failed++;
    console.log(`FAIL ${label}: ${e instanceof Fail ? e.message : String(e?.stack ?? e).replaceAll("\n", " ")}`);
  }
}

// checksOf are those of a version.
function checksOf(version) {
  const more = newer();
  return Object.entries({ ...checks(want), ...(version === "3.1" ? {} : more["3.1.1"]), ...(version === "5" ? more["5"] : {}) });
}

process.on("uncaughtException", (e) => { failed++; console.log(`FAIL uncaught: ${e.stack}`); });
// Each version and transport has its own clients, and they do not wait for one another.
await Promise.all(Object.entries(urls).filter(([, url]) => url).flatMap(([transport, url]) => versions.map(async (version) => {
  for (const [name, check] of checksOf(version)) await run(`${name} [${version}, ${transport}]`, () => check(url, version));
})));
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
