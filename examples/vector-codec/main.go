// The module that build.sh makes a plugin of. What the host calls is in export_cloakroom_plugin_….
package main

import _ "example.com/vector-codec/bindings/wit_exports"

// The host calls exports, and never main.
func main() {}
