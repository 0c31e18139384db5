package objectkey

import "testing"

func TestNamespacesAreOneSegment(t *testing.T) {
	for namespace, expect := range map[string]string{
		"a/b ü~": "v0/ns/a%2Fb%20%C3%BC%7E/d/sha256/0f",
		"..":     "v0/ns/%2E%2E/d/sha256/0f",
		"":       "v0/d/sha256/0f",
	} {
		if key := Of(namespace, []byte{0x0f}); key != expect {
			t.Errorf("%q has the key %s", namespace, key)
		}
	}
}
