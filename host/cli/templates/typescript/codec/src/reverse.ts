// The transformation. It needs no host, so the tests run it as it is. Replace it with your own.

const PIECE = 1 << 16;

/** Yields offset and size of each piece of a body, from its end to its start. */
export function* pieces(length: number): Generator<[offset: number, size: number]> {
  for (let end = length; end > 0; ) {
    const start = Math.max(0, end - PIECE);
    yield [start, end - start];
    end = start;
  }
}

/** Returns a piece backwards. */
export function reverse(piece: Uint8Array): Uint8Array {
  return piece.toReversed();
}
