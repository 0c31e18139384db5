// The instance that a plugin runs in: its handles, and what its calls have used.

const MIB = 1 << 20;

/** Limits of one call, as the host has them by default. */
export const DEFAULTS = { handles: 1024, output: 128 * MIB, log: 16 << 10, entries: 4096 };

/** The end of a call and of its instance. */
export class Trap extends Error {
  /** `kind` is `protocol`, `limit` or `trapped`. */
  constructor(kind, text, options) {
    super(text, options);
    this.kind = kind;
  }
}

// The instance whose call runs. One at a time: a plugin has no threads.
let current;

/** Returns the instance whose call runs. */
export function running() {
  if (!current) throw new Error("only a call of a plugin can use the contract: call it with Host");
  // A plugin may catch what was thrown, but nothing answers it any more.
  if (current.trap) throw current.trap;
  return current;
}

/** Handles and meters of one instance. Numbers of handles are never used again. */
export class Instance {
  #next = 1;
  #values = new Map();
  #uncounted = 0;
  #output = 0;
  #log = 0;

  constructor(grants, limits) {
    Object.assign(this, { grants, limits: { ...DEFAULTS, ...limits } });
    // True while a codec encodes: what it finds in a bucket must be its own.
    this.movesParts = false;
    this.describing = false;
    this.trap = undefined;
  }

  /** Runs a call of the plugin. All its handles are void when it ends. */
  call(work, describing = false) {
    if (this.trap) throw new Error("the instance ended with a Trap: make another with the host");
    [this.#values, this.#uncounted, this.#output, this.#log] = [new Map(), 0, 0, 0];
    const outer = current;
    [current, this.describing] = [this, describing];
    try {
      const answer = work();
      if (this.trap) throw this.trap;
      return answer;
    } finally {
      current = outer;
      this.#values = new Map();
    }
  }

  /** Ends the call and the instance. */
  end(kind, text, cause) {
    this.trap ??= new Trap(kind, text, { cause });
    throw this.trap;
  }

  /** Adds a value, and returns the number of its handle. */
  put(value) {
    if (this.#values.size - this.#uncounted >= this.limits.handles) {
      this.end("limit", `held more than ${this.limits.handles} handles`);
    }
    this.#values.set(this.#next, value);
    return this.#next++;
  }

  /** Adds the context of the call, which does not count as a handle. */
  putContext(target) {
    this.#uncounted = 1;
    this.#values.set(this.#next, target);
    return this.#next++;
  }

  /** Returns the value of a handle. */
  get(number) {
    if (!this.#values.has(number)) {
      this.end("protocol", "used a handle that is not of this call");
    }
    return this.#values.get(number);
  }

  /** Drops a handle. One of an earlier call is gone already, which is no fault. */
  release(number) {
    this.#values.delete(number);
  }

  /** Counts bytes that the plugin has the host make. */
  countOutput(size) {
    this.#output += size;
    if (this.#output > this.limits.output) {
      this.end("limit", `produced more than ${sizeText(this.limits.output)} in one call`);
    }
  }

  /** Counts a line. An empty one costs a byte. */
  countLog(size) {
    this.#log += size + 1;
    if (this.#log > this.limits.log) {
      this.end("limit", `logged more than ${sizeText(this.limits.log)} in one call`);
    }
  }
}

/** Returns a size in the largest unit that has no fraction. */
function sizeText(size) {
  const units = [[2 ** 30, "GiB"], [MIB, "MiB"], [2 ** 10, "KiB"]];
  const fits = units.find(([unit]) => size > 0 && size % unit === 0);
  return fits ? `${size / fits[0]}${fits[1]}` : `${size}B`;
}
