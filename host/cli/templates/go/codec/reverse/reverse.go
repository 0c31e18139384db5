// Package reverse is the transformation. It needs no host, so the tests run it as it is. Replace it
// with your own.
package reverse

import "slices"

const pieceSize = 1 << 16

// Pieces calls visit with offset and size of each piece of a body, from its end to its start.
func Pieces(length uint64, visit func(offset uint64, size uint32)) {
	for end := length; end > 0; {
		start := end - min(end, pieceSize)
		visit(start, uint32(end-start))
		end = start
	}
}

// Reverse turns a piece round, in place.
func Reverse(piece []byte) {
	slices.Reverse(piece)
}
