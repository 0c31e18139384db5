// Description of the plugin. The host refuses other settings by it, with the line in the operator's file.

import type { Facts, Setting } from "cloakroom:plugin/about@0.1.1";

export const about = {
  describe(): Facts {
    return {
      name: "webdav-driver",
      version: "0.1.0",
      licence: "Apache-2.0",
      summary: "Stores objects on a WebDAV server, or in any service that answers PUT and GET.",
      homepage: undefined,
    };
  },

  settings(): Setting[] {
    return [
      {
        name: "service",
        description: "service to store in",
        kind: { tag: "name-of", val: "services" },
        default: undefined,
        required: true,
      },
    ];
  },

  metadataNames(): string[] {
    return [];
  },
};
