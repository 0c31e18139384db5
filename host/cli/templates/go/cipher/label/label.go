// Package label is the metadata of a sealed payload. It needs no host, so the tests run it as it is.
package label

import "unicode/utf8"

// Encoding is written into every payload, and a history keeps it for years. Never reuse it for other
// bytes.
const Encoding = "binary/{{name}}"

// Key names the key which opens a payload. It stands in the clear.
const Key = "{{name}}-key"

// KeyID returns the id of a key, and whether these bytes are one.
func KeyID(value []byte) (string, bool) {
	return string(value), len(value) > 0 && utf8.Valid(value)
}
