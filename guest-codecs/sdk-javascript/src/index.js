// SPDX-License-Identifier: Apache-2.0
//
// Tests of Cloakroom plugins in plain Node.

import "./modules.js";

export { PluginError } from "./component_error.js";
export { Host } from "./host.js";
export { Trap } from "./instance.js";
export { payload } from "./values.js";
