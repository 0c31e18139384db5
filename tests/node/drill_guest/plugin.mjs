// A codec that runs the program in its payload. Built with jco, and run on the stand-ins.

import * as blobs from "cloakroom:plugin/blobs@0.1.1";
import { Buffer, Writer } from "cloakroom:plugin/buffers@0.1.1";
import * as http from "cloakroom:plugin/http@0.1.1";
import * as keys from "cloakroom:plugin/keys@0.1.1";
import * as log from "cloakroom:plugin/log@0.1.1";
import * as random from "cloakroom:plugin/random@0.1.1";
import * as secrets from "cloakroom:plugin/secrets@0.1.1";
import * as settings from "cloakroom:plugin/settings@0.1.1";
import * as subkeys from "cloakroom:plugin/subkeys@0.1.1";
import { Payload } from "cloakroom:plugin/types@0.1.1";

const ENCODING = "binary/drill";

// Handles that a program keeps for a later call, which no plugin should.
const KEPT = new Map();

const bytes = (text) => new TextEncoder().encode(text);
const text = (data) => new TextDecoder().decode(data);
const hex = (data) => Array.from(data, (byte) => byte.toString(16).padStart(2, "0")).join("");

/** A handle that an operation made, and what it told besides. */
class Made {
  constructor(handle, told = "handle") {
    Object.assign(this, { handle, told });
  }
}

const sealed = (made) => new Made(made.data, made.key);

const OPERATIONS = {
  buffer: (contents) => new Made(new Buffer(bytes(contents))),
  zeros: (count) => new Made(new Buffer(new Uint8Array(count))),
  length: (buffer) => buffer.length(),
  read: (buffer, offset, count) => buffer.read(BigInt(offset), count),
  slice: (buffer, offset, count) => new Made(buffer.slice(BigInt(offset), BigInt(count))),
  sha256: (buffer) => buffer.sha256(),
  writer: () => new Made(new Writer()),
  write: (writer, contents) => writer.write(bytes(contents)),
  append: (writer, buffer) => writer.append(buffer),
  finish: (writer) => new Made(Writer.finish(writer)),
  payload: (metadata, data) =>
    new Made(new Payload(metadata.map(([name, value]) => [name, bytes(value)]), data)),
  parse: (envelope) => new Made(Payload.fromEnvelope(envelope)),
  envelope: (payload) => new Made(payload.envelope()),
  data: (payload) => new Made(payload.data()),
  metadata: (payload) => payload.metadata().map(([name, value]) => [name, text(value)]),
  entry: (payload, name) => payload.get(name),
  namespace: (ctx) => ctx.namespace(),
  id: (ctx) => ctx.id(),
  setting: (name) => settings.get(name),
  settings: () => settings.names(),
  random: (count) => random.draw(count).length,
  log: (line) => log.write("info", line),
  seal: (ring, data, bound) => sealed(keys.seal(ring, data, bytes(bound))),
  seal_repeatably: (ring, data, bound) => sealed(keys.sealRepeatably(ring, data, bytes(bound))),
  open: (ring, key, data, bound) => new Made(keys.open(ring, key, data, bytes(bound))),
  seal_aes_gcm: (ring, data, bound) => sealed(keys.sealAesGcm(ring, data, bytes(bound))),
  open_aes_gcm: (ring, key, data, bound) => new Made(keys.openAesGcm(ring, key, data, bytes(bound))),
  subkey: (ring, id, purpose, salt, length) => {
    const made = subkeys.derive(ring, id ?? undefined, purpose, bytes(salt), length);
    return [made.id, made.bytes.length];
  },
  bucket: (name) => new Made(blobs.open(name)),
  find_bucket: (name) => new Made(blobs.find(name)),
  bucket_name: (bucket) => bucket.name(),
  put: (bucket, key, body, mode) => bucket.put(key, body, mode),
  object: (bucket, key, limit) => new Made(bucket.get(key, BigInt(limit))),
  size: (bucket, key) => bucket.size(key),
  remove: (bucket, key) => bucket.remove(key),
  list: (bucket, prefix, after) => bucket.list(prefix, after ?? undefined),
  service: (name) => new Made(http.open(name)),
  request: (service, method, path, headers, body, limit) => {
    const answer = service.request(method, path, headers, body ?? undefined, BigInt(limit));
    return new Made(answer.body, answer.status);
  },
  secret: (name) => secrets.get(name),
  drop: (handle) => handle[Symbol.dispose](),
};

/** Returns a result as JSON has it. */
function plain(value) {
  // No `instanceof`: in a component, arrays of bytes come from another realm.
  if (ArrayBuffer.isView(value)) return hex(value);
  return typeof value === "bigint" ? Number(value) : (value ?? null);
}

/** A program, and the handles that it made in this call. */
class Program {
  constructor(ctx, payload) {
    this.handles = { ctx, payload };
  }

  step(name, operation, ...given) {
    const args = given.map((arg) =>
      typeof arg === "string" && arg.startsWith("$") ? this.handles[arg.slice(1)] : arg,
    );
    switch (operation) {
      case "keep":
        KEPT.set(args[0], args[1]);
        return null;
      case "kept":
        this.handles[name] = KEPT.get(args[0]);
        return null;
      case "fail":
        throw new Error(args[0]);
      case "hold":
      case "let_go":
        for (let number = 0; number < args[0]; number += 1) {
          this.step(operation === "hold" ? `hold ${number}` : "let go", ...args[1]);
        }
        return null;
    }
    const made = OPERATIONS[operation](...args);
    if (!(made instanceof Made)) return plain(made);
    this.handles[name] = made.handle;
    return made.told;
  }

  run(steps) {
    return steps.map((step) => {
      try {
        return this.step(...step);
      } catch (error) {
        if (typeof error?.payload?.tag !== "string") throw error;
        return { error: error.payload.tag };
      }
    });
  }
}

export const codec = {
  describe() {
    return { encodings: [ENCODING], purpose: "conversion" };
  },

  encode(ctx, payload) {
    const data = payload.data();
    const request = JSON.parse(text(data.read(0n, Number(data.length()))));
    data[Symbol.dispose]();
    if (request.steps === "nothing") return undefined;
    const results = new Program(ctx, payload).run(request.steps);
    const metadata = [["encoding", bytes(request.encoding ?? ENCODING)]];
    return new Payload(metadata, new Buffer(bytes(JSON.stringify(results))));
  },

  decode(_ctx, payload) {
    return Payload.fromEnvelope(payload.data());
  },
};
