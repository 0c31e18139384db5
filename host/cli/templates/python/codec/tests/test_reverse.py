import unittest

from reverse import PIECE, pieces, reverse


def reversed_bytes(data):
    return b"".join(reverse(data[at : at + size]) for at, size in pieces(len(data)))


class ReverseTest(unittest.TestCase):
    def test_what_is_encoded_is_decoded(self):
        for length in (0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE):
            data = bytes(n % 251 for n in range(length))
            self.assertEqual(reversed_bytes(data), data[::-1])
            self.assertEqual(reversed_bytes(reversed_bytes(data)), data)
