"""Tests of the whole codec, on stand-ins for its host."""

import unittest

from cloakroom_testing import Host, payload
from componentize_py_types import Err
from wit_world.imports.types import Error_Misconfigured


class CodecTest(unittest.TestCase):
    def test_what_is_encoded_is_decoded(self):
        codec = Host().codec("app")
        for data in (b"", b"coat", bytes(200_000)):
            encoded = codec.encode(payload(data))
            self.assertEqual(encoded.metadata, {"encoding": b"binary/{{name}}"})
            self.assertEqual(codec.decode(encoded), payload(data))

    def test_small_payloads_are_left(self):
        codec = Host(settings={"least": "1000"}).codec("app")
        self.assertIsNone(codec.encode(payload(b"coat")))

    def test_wrong_settings_are_refused(self):
        for settings in ({"leest": "1"}, {"least": "many"}):
            with self.assertRaises(Err) as refused:
                Host(settings=settings).codec("app")
            self.assertIsInstance(refused.exception.value, Error_Misconfigured)
