import sys
import unittest

sys.path.insert(0, "src")

from keys import is_digest, object_key


class KeysTest(unittest.TestCase):
    def test_namespaces_are_one_segment(self):
        self.assertEqual(object_key("a/b ü~", "00"), "v0/ns/a%2Fb%20%C3%BC%7E/d/sha256/00")
        self.assertEqual(object_key("..", "00"), "v0/ns/%2E%2E/d/sha256/00")
        self.assertEqual(object_key(None, "00"), "v0/d/sha256/00")

    def test_only_a_digest_is_one(self):
        self.assertTrue(is_digest(b"0f" * 32))
        for text in [b"", b"0F" * 32, b"0f" * 33, b"0f" * 32 + b"\n", b"../" + b"0f" * 32]:
            self.assertFalse(is_digest(text))
