"""The transformation. It needs no host, so the tests run it as it is. Replace it with your own."""

PIECE = 1 << 16


def pieces(length):
    """Yields offset and size of each piece of a body, from its end to its start."""
    end = length
    while end:
        start = max(0, end - PIECE)
        yield start, end - start
        end = start


def reverse(piece):
    """Returns a piece backwards."""
    return piece[::-1]
