// Package objectkey has the keys of objects. They need no host, so the tests run them as they are.
package objectkey

import (
	"fmt"
	"strings"
)

// Of returns the key of an object. Operators grant and expire objects by the namespace in it.
func Of(namespace string, digest []byte) string {
	if namespace == "" {
		return fmt.Sprintf("v0/d/sha256/%x", digest)
	}
	return fmt.Sprintf("v0/ns/%s/d/sha256/%x", segment(namespace), digest)
}

// segment escapes a name, so that it is one segment of a key in every store.
func segment(name string) string {
	if name == "." || name == ".." {
		// Clients on the way would resolve these as paths.
		return strings.ReplaceAll(name, ".", "%2E")
	}
	var out strings.Builder
	for _, c := range []byte(name) {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if letter || strings.IndexByte("!-_.*'()", c) >= 0 {
			out.WriteByte(c)
		} else {
			fmt.Fprintf(&out, "%%%02X", c)
		}
	}
	return out.String()
}
