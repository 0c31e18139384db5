// Calls of a plugin, as the host makes them.

import { PluginError } from "./component_error.js";
import { Buffer } from "./contract/buffers.js";
import { Context, Payload } from "./contract/types.js";
import { Handle } from "./handle.js";
import { Trap } from "./instance.js";
import { copy } from "./values.js";

/** Runs a call. What is thrown and is no error of the contract ends the instance, as in a host. */
function call(instance, work, describing = false) {
  const guarded = () => {
    try {
      return work();
    } catch (error) {
      if (error instanceof Trap) throw error;
      // As the bindings of jco read it: the contents of an error, or what was thrown.
      const thrown = error && Object.hasOwn(error, "payload") ? error.payload : error;
      if (typeof thrown?.tag === "string" && !(thrown instanceof Error)) {
        throw new PluginError(thrown);
      }
      return instance.end("trapped", `trapped: the plugin threw ${error?.name ?? "a value"}`, error);
    }
  };
  return instance.call(guarded, describing);
}

/** Runs a call with the context of its target. */
function callFor(instance, target, work) {
  return call(instance, () => {
    const ctx = Handle.lent(Context, instance.putContext(target ?? {}));
    try {
      return work(ctx);
    } finally {
      Handle.giveBack(ctx);
    }
  });
}

/** A loaded codec. */
export class Codec {
  #instance;
  #plugin;
  #metadataNames;

  constructor(instance, plugin, metadataNames) {
    [this.#instance, this.#plugin, this.#metadataNames] = [instance, plugin, metadataNames];
    const described = call(instance, () => plugin.describe(), true);
    this.encodings = [...described.encodings];
    this.purpose = described.purpose;
  }

  encode(payload, target) {
    this.#instance.movesParts = true;
    return this.#run("encode", payload, target);
  }

  decode(payload, target) {
    if (!this.#owns(payload)) return payload;
    this.#instance.movesParts = false;
    return this.#run("decode", payload, target);
  }

  #owns({ metadata }) {
    const encoding = new TextDecoder().decode(metadata.encoding);
    const isMarked = this.#metadataNames.some((name) => Object.hasOwn(metadata, name));
    return isMarked || this.encodings.includes(encoding);
  }

  #run(name, payload, target) {
    const instance = this.#instance;
    const metadata = new Map(Object.entries(payload.metadata));
    const message = { metadata, data: copy(payload.data), rest: new Uint8Array() };
    return callFor(instance, target, (ctx) => {
      const lent = Handle.lent(Payload, instance.put(message));
      try {
        const answer = this.#plugin[name](ctx, lent);
        if (answer === undefined || answer === null) {
          if (name === "encode") return undefined;
          throw new TypeError("`decode` returned nothing");
        }
        return this.#checked(name, Handle.take(answer, Payload));
      } finally {
        Handle.giveBack(lent);
      }
    });
  }

  #checked(name, { metadata, data }) {
    const result = { metadata: Object.fromEntries(metadata), data };
    if (name === "encode" && !this.#owns(result)) {
      this.#instance.end("protocol", "wrote an encoding that it did not declare");
    }
    return result;
  }
}

/** A loaded driver. */
export class Driver {
  #instance;
  #plugin;

  constructor(instance, plugin) {
    [this.#instance, this.#plugin] = [instance, plugin];
    this.kind = call(instance, () => plugin.describe(), true).kind;
  }

  store(object, target) {
    return callFor(this.#instance, target, (ctx) => {
      const given = Handle.of(Buffer, copy(object));
      const claim = this.#plugin.store(ctx, given);
      if (new Map(claim).size !== claim.length) {
        this.#instance.end("protocol", "gave a claim with two entries of one name");
      }
      return Object.fromEntries(claim);
    });
  }

  retrieve(claim, target) {
    return callFor(this.#instance, target, (ctx) => {
      const found = this.#plugin.retrieve(ctx, Object.entries(claim));
      return copy(Handle.take(found, Buffer));
    });
  }
}

/** Refuses settings as the host does for a plugin that describes itself. Returns its metadata names. */
export function checkSettings(instance, { about }) {
  if (!about) return [];
  const [known, names] = call(instance, () => [about.settings(), about.metadataNames()], true);
  const given = instance.grants.settings;
  for (const name of given.keys()) {
    if (!known.some((setting) => setting.name === name)) {
      const all = known.map((setting) => setting.name).join(", ");
      throw new Error(`there is no setting \`${name}\`; there are: ${all}`);
    }
  }
  const missing = known.find((setting) => setting.required && !given.has(setting.name));
  if (missing) throw new Error(`setting \`${missing.name}\` is needed`);
  return names;
}
