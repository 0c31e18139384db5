import unittest

from object_keys import object_key


class ObjectKeysTest(unittest.TestCase):
    def test_namespaces_are_one_segment(self):
        self.assertEqual(object_key("a/b ü~", "00"), "v0/ns/a%2Fb%20%C3%BC%7E/d/sha256/00")
        self.assertEqual(object_key("..", "00"), "v0/ns/%2E%2E/d/sha256/00")

    def test_without_a_namespace_there_is_none_in_the_key(self):
        self.assertEqual(object_key(None, "00"), "v0/d/sha256/00")
