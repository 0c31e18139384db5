// Package vectors packs arrays of numbers in JSON, such as embeddings, into 4 or 8 bytes a number. It
// needs no host, so the tests run it as it is.
//
// An array is packed only if the same bytes can be written again. All else stays as it is, so it does not
// matter whether the bytes are JSON at all.
//
// The packed form has the length of the original, and then parts. Text is 0, its length, and its bytes. An
// array is its layout, the count of its numbers, and the numbers, lowest byte first. Lengths and counts are
// unsigned varints.
package vectors

import (
	"bytes"
	"encoding/binary"
	"math"
)

// shortest is the least count of numbers that are packed.
const shortest = 8

// longestNumber is the length of the longest text that is read as a number.
const longestNumber = 32

// Pack returns the packed form, and whether there is an array in it.
func Pack(original []byte) (packed []byte, hasArray bool) {
	packed = binary.AppendUvarint(nil, uint64(len(original)))
	text := 0
	for at := 0; at < len(original); {
		bracket := bytes.IndexByte(original[at:], '[')
		if bracket < 0 {
			break
		}
		at += bracket + 1
		array, size := read(original[at:])
		if array == nil {
			continue
		}
		packed = appendText(packed, original[text:at])
		packed = append(packed, array...)
		at += size
		text = at
		hasArray = true
	}
	return appendText(packed, original[text:]), hasArray
}

func appendText(to, text []byte) []byte {
	to = append(to, 0)
	to = binary.AppendUvarint(to, uint64(len(text)))
	return append(to, text...)
}

// read packs the numbers up to the next bracket, and returns their length as text. It returns nil if no
// layout writes the same bytes, or none is smaller.
func read(text []byte) (packed []byte, size int) {
	count, spaced, size := measure(text)
	if count < shortest {
		return nil, 0
	}
	for _, layout := range layouts() {
		if spaced {
			layout |= isSpaced
		}
		// Beside the numbers there are the layout, the count, and the start of the text behind.
		if count*layout.width()+16 >= size {
			continue
		}
		if packed := layout.pack(text[:size], count); packed != nil {
			return packed, size
		}
	}
	return nil, 0
}

// measure returns the count of numbers up to a closing bracket, and their length with the separators between
// them, which are all alike. It returns 0 if there is anything else.
func measure(text []byte) (count int, spaced bool, size int) {
	for at := 0; ; {
		length := numberLength(text[at:])
		at += length
		if length == 0 || at == len(text) {
			return 0, false, 0
		}
		count++
		if text[at] == ']' {
			return count, spaced, at
		}
		if text[at] != ',' || at+1 == len(text) {
			return 0, false, 0
		}
		hasSpace := text[at+1] == ' '
		if count == 1 {
			spaced = hasSpace
		}
		if spaced != hasSpace {
			return 0, false, 0
		}
		at++
		if spaced {
			at++
		}
	}
}

// pack returns an array of so many numbers in this layout, or nil if it writes other bytes.
func (l layout) pack(text []byte, count int) []byte {
	packed := make([]byte, 0, count*l.width()+16)
	packed = append(packed, byte(l))
	packed = binary.AppendUvarint(packed, uint64(count))
	var scratch [2 * longestNumber]byte
	for range count {
		length := numberLength(text)
		number, same := l.parse(text[:length], scratch[:])
		if !same {
			return nil
		}
		if l&isSingle != 0 {
			packed = binary.LittleEndian.AppendUint32(packed, math.Float32bits(float32(number)))
		} else {
			packed = binary.LittleEndian.AppendUint64(packed, math.Float64bits(number))
		}
		text = text[min(len(text), length+len(l.separator())):]
	}
	return packed
}

// numberLength returns how many bytes could be a number, or 0 if they are too many for one.
func numberLength(text []byte) int {
	for length, character := range text {
		isPart := character >= '0' && character <= '9' || bytes.IndexByte([]byte("+-.e"), character) >= 0
		if !isPart {
			return length
		}
		if length == longestNumber {
			return 0
		}
	}
	return len(text)
}
