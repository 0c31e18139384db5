// Handles, as the bindings of jco make them.

import { running } from "./instance.js";

/** A number that stands for a value in the host. */
export class Handle {
  #number;
  #isLent;

  /** Makes a handle for a value, or one that borrows the handle with this number. */
  constructor(value, borrowed) {
    this.#isLent = borrowed !== undefined;
    this.#number = this.#isLent ? borrowed : running().put(value);
  }

  /** Returns a handle of this kind for a value. */
  static of(kind, value) {
    return Reflect.construct(Handle, [value], kind);
  }

  /** Returns a borrowed handle, which does not release what it stands for. */
  static lent(kind, number) {
    return Reflect.construct(Handle, [undefined, number], kind);
  }

  /** Returns the value that a handle of this kind stands for. */
  static value(handle, kind) {
    const instance = running();
    if (!(handle instanceof kind) || handle.#number === undefined) unknown(instance);
    return instance.get(handle.#number);
  }

  /** Returns the value, and releases the handle: it is passed on. */
  static take(handle, kind) {
    const value = Handle.value(handle, kind);
    handle[Symbol.dispose]();
    return value;
  }

  [Symbol.dispose]() {
    const instance = running();
    if (this.#number === undefined) unknown(instance);
    if (!this.#isLent) instance.release(this.#number);
    this.#number = undefined;
  }

  /** Ends a borrow, as the bindings do when the call ends. */
  static giveBack(handle) {
    handle.#number = undefined;
  }
}

function unknown(instance) {
  instance.end("protocol", "broke the component model: unknown handle index #");
}
