package reverse

import (
	"bytes"
	"slices"
	"testing"
)

func reversed(data []byte) (out []byte) {
	Pieces(uint64(len(data)), func(offset uint64, size uint32) {
		piece := slices.Clone(data[offset : offset+uint64(size)])
		Reverse(piece)
		out = append(out, piece...)
	})
	return out
}

func TestWhatIsEncodedIsDecoded(t *testing.T) {
	for _, length := range []int{0, 1, pieceSize - 1, pieceSize, pieceSize + 1} {
		data := make([]byte, length)
		for at := range data {
			data[at] = byte(at % 251)
		}
		expect := slices.Clone(data)
		slices.Reverse(expect)
		if !bytes.Equal(reversed(data), expect) || !bytes.Equal(reversed(expect), data) {
			t.Errorf("%d bytes", length)
		}
	}
}
