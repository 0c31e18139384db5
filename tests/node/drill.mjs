// Runs the cases of `tests/data/contract_cases.json` on the stand-ins of `cloakroom-testing`.

import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [folder, plugin] = process.argv.slice(2);
const { Host, Trap } = await import(pathToFileURL(folder + "/src/index.js"));

/** Returns the answers of a service that keeps objects under their paths. */
function objects() {
  const kept = new Map();
  return ({ method, path, body }) => {
    if (method === "PUT") {
      kept.set(path, body);
      return { status: 200 };
    }
    if (method === "DELETE") return { status: kept.delete(path) ? 200 : 404 };
    if (!kept.has(path)) return { status: 404 };
    return { status: 200, headers: [["Content-Type", "x"]], body: kept.get(path) };
  };
}

const encoder = new TextEncoder();
const request = JSON.parse(readFileSync(0, "utf8"));
const host = new Host({
  settings: request.settings,
  rings: { main: ["test-key"] },
  buckets: { b: "payloads" },
  services: { store: objects() },
  secrets: { word: encoder.encode("open sesame") },
  limits: request.limits,
});
const load = () => host.codec(pathToFileURL(plugin));

let codec = await load();
const answers = [];
for (const { calls } of request.cases) {
  const outcomes = [];
  for (const program of calls) {
    const data = encoder.encode(JSON.stringify(program));
    const sent = { metadata: { encoding: encoder.encode("json/plain") }, data };
    try {
      const encoded = codec.encode(sent, { namespace: "payments prod" });
      outcomes.push(encoded ? JSON.parse(new TextDecoder().decode(encoded.data)) : null);
    } catch (error) {
      if (!(error instanceof Trap)) throw error;
      outcomes.push({ trap: error.kind, text: error.message });
      codec = await load();
    }
  }
  answers.push(outcomes);
}
process.stdout.write(JSON.stringify(answers));
