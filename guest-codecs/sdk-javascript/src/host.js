// The host of a test: what it grants, and how it loads a plugin.

import { Instance } from "./instance.js";
import { checkSettings, Codec, Driver } from "./plugin.js";

/** A host that grants what it is given, and nothing else. */
export class Host {
  #grants;
  #limits;

  constructor({ settings, rings, buckets, services, secrets, limits } = {}) {
    const granted = Object.entries(buckets ?? {}).map(([name, storeName]) => [
      name,
      { storeName, objects: new Map() },
    ]);
    this.#grants = {
      settings: new Map(Object.entries(settings ?? {})),
      rings: new Map(Object.entries(rings ?? {})),
      buckets: new Map(granted),
      services: new Map(Object.entries(services ?? {})),
      secrets: new Map(Object.entries(secrets ?? {})),
      log: [],
    };
    this.#limits = limits ?? {};
  }

  async codec(module) {
    const loaded = await import(module);
    const instance = new Instance(this.#grants, this.#limits);
    return new Codec(instance, loaded.codec, checkSettings(instance, loaded));
  }

  async driver(module) {
    const loaded = await import(module);
    const instance = new Instance(this.#grants, this.#limits);
    checkSettings(instance, loaded);
    return new Driver(instance, loaded.driver);
  }

  rotate(ring, ids) {
    this.#grants.rings.set(ring, ids);
  }

  objects(bucket) {
    return this.#grants.buckets.get(bucket).objects;
  }

  get log() {
    return [...this.#grants.log];
  }
}
