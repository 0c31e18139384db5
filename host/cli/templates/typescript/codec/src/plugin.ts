// A codec that writes payloads backwards.

import { Writer, type Buffer } from "cloakroom:plugin/buffers@0.1.1";
import { get, names } from "cloakroom:plugin/settings@0.1.1";
import { Payload, type Context, type Error } from "cloakroom:plugin/types@0.1.1";

import { pieces, reverse } from "./reverse.js";

// It is written into every payload, and a history keeps it for years. Never reuse it for other bytes.
const ENCODING = "binary/{{name}}";

// The engine collects no garbage while a call runs, so all pieces of a payload stay in memory, of which
// an instance has 64 MiB.
const LARGEST = 8n << 20n;

/** An error that says who must act. An exception of another kind ends the instance. */
function misconfigured(val: string): Error {
  return { tag: "misconfigured", val };
}

function tooLarge(val: string): Error {
  return { tag: "too-large", val };
}

/** Returns the smallest envelope that is encoded. */
function least(): bigint {
  const text = get("least") ?? "0";
  if (!/^[0-9]+$/.test(text)) throw misconfigured("setting `least` is not a whole number");
  return BigInt(text);
}

/** Reverses in pieces, so that memory stays small whatever the payload's size. */
function reversed(buffer: Buffer): Buffer {
  const writer = new Writer();
  for (const [offset, size] of pieces(Number(buffer.length()))) {
    writer.write(reverse(buffer.read(BigInt(offset), size)));
  }
  return Writer.finish(writer);
}

export const codec = {
  describe() {
    for (const name of names()) {
      if (name !== "least") throw misconfigured(`there is no setting \`${name}\`; there is \`least\``);
    }
    least();
    return { encodings: [ENCODING], purpose: "conversion" };
  },

  encode(_ctx: Context, payload: Payload): Payload | undefined {
    const envelope = payload.envelope();
    // `undefined` leaves a payload as it is.
    if (envelope.length() < least()) return undefined;
    if (envelope.length() > LARGEST) throw tooLarge("a payload of more than 8 MiB");
    return new Payload([["encoding", new TextEncoder().encode(ENCODING)]], reversed(envelope));
  },

  decode(_ctx: Context, payload: Payload): Payload {
    return Payload.fromEnvelope(reversed(payload.data()));
  },
};
