import unittest

from labels import KEY, key_of, metadata


class LabelsTest(unittest.TestCase):
    def test_the_key_that_is_written_is_read(self):
        self.assertEqual(key_of(dict(metadata("2026-11"))[KEY]), "2026-11")

    def test_what_is_no_key_is_refused(self):
        for value in (None, b"", b"\xff"):
            self.assertIsNone(key_of(value))
