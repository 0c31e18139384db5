package vectors

import (
	"encoding/binary"
	"errors"
	"math"
)

// ErrMalformed says that Pack has not made these bytes.
var ErrMalformed = errors.New("the packed form is cut off or changed")

// piece is the size at which bytes are handed on.
const piece = 1 << 16

// unpacker writes an original of a known length, piece by piece.
type unpacker struct {
	write func([]byte)
	// left is what is not written yet of the length of the original.
	left   uint64
	buffer []byte
}

// Unpack writes the original of a packed form, of no more bytes than most. The pieces are valid until write
// returns.
func Unpack(packed []byte, most uint64, write func([]byte)) error {
	length, packed, ok := uvarint(packed)
	if !ok || length > most {
		return ErrMalformed
	}
	u := unpacker{write: write, left: length, buffer: make([]byte, 0, piece+2*longestNumber)}
	for len(packed) > 0 {
		kind := layout(packed[0])
		count, rest, ok := uvarint(packed[1:])
		if !ok || kind != 0 && (!kind.isKnown() || count == 0) {
			return ErrMalformed
		}
		if kind == 0 {
			packed, ok = u.text(rest, count)
		} else {
			packed, ok = u.array(rest, count, kind)
		}
		if !ok {
			return ErrMalformed
		}
	}
	if u.left != 0 {
		return ErrMalformed
	}
	u.write(u.buffer)
	return nil
}

func (u *unpacker) text(packed []byte, length uint64) (rest []byte, ok bool) {
	if length > uint64(len(packed)) {
		return nil, false
	}
	for text := packed[:length]; len(text) > 0; {
		next := text[:min(len(text), piece)]
		if !u.append(next) {
			return nil, false
		}
		text = text[len(next):]
	}
	return packed[length:], true
}

func (u *unpacker) array(packed []byte, count uint64, kind layout) (rest []byte, ok bool) {
	width := kind.width()
	if count > uint64(len(packed)/width) {
		return nil, false
	}
	var scratch [2 * longestNumber]byte
	for index := range count {
		text := scratch[:0]
		if index > 0 {
			text = append(text, kind.separator()...)
		}
		if !u.append(kind.append(text, number(packed[:width]))) {
			return nil, false
		}
		packed = packed[width:]
	}
	return packed, true
}

// number reads a packed number, of 4 or 8 bytes.
func number(packed []byte) float64 {
	if len(packed) == 4 {
		return float64(math.Float32frombits(binary.LittleEndian.Uint32(packed)))
	}
	return math.Float64frombits(binary.LittleEndian.Uint64(packed))
}

// append returns false if the original would be longer than it says.
func (u *unpacker) append(text []byte) bool {
	if uint64(len(text)) > u.left {
		return false
	}
	u.left -= uint64(len(text))
	if len(u.buffer)+len(text) > cap(u.buffer) {
		u.write(u.buffer)
		u.buffer = u.buffer[:0]
	}
	u.buffer = append(u.buffer, text...)
	return true
}

func uvarint(packed []byte) (value uint64, rest []byte, ok bool) {
	value, length := binary.Uvarint(packed)
	if length <= 0 {
		return 0, nil, false
	}
	return value, packed[length:], true
}
