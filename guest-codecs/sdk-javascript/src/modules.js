// Leads imports of the contract to the stand-ins, in this process and before a plugin is imported.

import { register } from "node:module";

const contract = new URL("./contract/", import.meta.url).href;

// The hook runs in a thread of Node's own, so it is a module that needs nothing of this one.
const hook = `
export function resolve(specifier, context, next) {
  const found = /^cloakroom:plugin\\/([a-z-]+)@0\\.1\\.[0-9]+$/.exec(specifier);
  if (!found) return next(specifier, context);
  return { url: ${JSON.stringify(contract)} + found[1] + ".js", format: "module", shortCircuit: true };
}
`;

register(`data:text/javascript,${encodeURIComponent(hook)}`);
