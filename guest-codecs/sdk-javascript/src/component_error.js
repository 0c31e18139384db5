// Errors of the contract, as they pass between a plugin and its host.

/** An error that a call of the contract throws. The engine of a component has its contents in `payload`. */
export class ComponentError extends Error {
  constructor(tag, val) {
    super(`${tag}: ${val}`);
    this.payload = { tag, val };
  }
}

/** Returns the error of a plugin that asked for what it was not granted. */
export function notGranted(kind, name) {
  const text = `the ${kind} \`${name}\` is not granted: in a test, grant it with \`Host\``;
  return new ComponentError("denied", text);
}

/** An error of the contract that the plugin threw. */
export class PluginError extends Error {
  constructor({ tag, val }) {
    super(`${tag}: ${val}`);
    Object.assign(this, { tag, val });
  }
}
