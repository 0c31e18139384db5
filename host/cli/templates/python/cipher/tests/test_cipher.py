"""Tests of the whole codec, on stand-ins for its host."""

import unittest

from cloakroom_testing import Host, payload
from componentize_py_types import Err
from wit_world.imports.types import Error_Denied, Error_Malformed


class CipherTest(unittest.TestCase):
    def setUp(self):
        self.host = Host(settings={"ring": "main"}, rings={"main": ["key-1"]})
        self.codec = self.host.codec("app")

    def test_what_is_encrypted_is_decrypted(self):
        encrypted = self.codec.encode(payload(b"coat"))
        self.assertNotIn(b"coat", encrypted.data)
        # An older key still opens.
        self.host.rotate("main", ["key-2", "key-1"])
        self.assertEqual(self.codec.decode(encrypted), payload(b"coat"))

    def test_equal_payloads_differ(self):
        first, second = (self.codec.encode(payload(b"coat")) for _ in range(2))
        self.assertNotEqual(first.data, second.data)

    def test_changed_bytes_are_refused(self):
        encrypted = self.codec.encode(payload(b"coat"))
        encrypted.data = encrypted.data[:-1] + bytes([encrypted.data[-1] ^ 1])
        with self.assertRaises(Err) as refused:
            self.codec.decode(encrypted)
        self.assertIsInstance(refused.exception.value, Error_Malformed)

    def test_a_ring_must_be_granted(self):
        with self.assertRaises(Err) as refused:
            Host(settings={"ring": "main"}).codec("app").encode(payload(b"coat"))
        self.assertIsInstance(refused.exception.value, Error_Denied)
