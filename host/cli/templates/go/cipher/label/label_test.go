package label

import "testing"

func TestWhatIsNoKeyIsRefused(t *testing.T) {
	for _, value := range []string{"", "\xff"} {
		if _, ok := KeyID([]byte(value)); ok {
			t.Errorf("%q is no key's id", value)
		}
	}
	if id, ok := KeyID([]byte("2026-11")); !ok || id != "2026-11" {
		t.Errorf("%q", id)
	}
}
