package vectors

import (
	"math"
	"strconv"
)

// layout says how the numbers of an array are packed, and how they were written.
type layout byte

const (
	// isArray stands in each layout, because 0 stands before text.
	isArray layout = 1 << iota
	// isSingle packs 4 bytes for a number instead of 8.
	isSingle
	// isShort writes a number with as few digits as its 4 bytes need. Without it, with as few as the
	// same number needs in 8 bytes: a program that has widened it writes more.
	isShort
	// isPython writes `1.0` and `1e-05` where JavaScript and Go write `1` and `0.00001`.
	isPython
	// isSpaced has a space behind each comma.
	isSpaced
	end
)

// layouts returns all layouts, the smaller ones first.
func layouts() []layout {
	var all []layout
	for _, size := range []layout{isSingle | isShort, isSingle, 0} {
		for _, style := range []layout{0, isPython} {
			all = append(all, isArray|size|style)
		}
	}
	return all
}

// isKnown returns whether this package packs in such a layout.
func (l layout) isKnown() bool {
	return l < end && l&isArray != 0 && (l&isShort == 0 || l&isSingle != 0)
}

// width returns the bytes of a packed number.
func (l layout) width() int {
	if l&isSingle != 0 {
		return 4
	}
	return 8
}

// separator returns what stands between numbers.
func (l layout) separator() string {
	if l&isSpaced != 0 {
		return ", "
	}
	return ","
}

// parse returns the number that a text means, and whether this layout writes it with the same bytes.
func (l layout) parse(text []byte, scratch []byte) (float64, bool) {
	bits := 64
	if l&isShort != 0 {
		bits = 32
	}
	number, err := strconv.ParseFloat(string(text), bits)
	if err != nil || l&isSingle != 0 && float64(float32(number)) != number {
		return 0, false
	}
	return number, string(l.append(scratch[:0], number)) == string(text)
}

// append writes a number.
func (l layout) append(to []byte, number float64) []byte {
	bits := 64
	if l&isShort != 0 {
		bits = 32
	}
	size := math.Abs(number)
	if l&isPython != 0 {
		return appendPython(to, number, size, bits)
	}
	if size != 0 && (size < least(bits) || size >= 1e21) {
		return shortenExponent(strconv.AppendFloat(to, number, 'e', -1, bits))
	}
	return strconv.AppendFloat(to, number, 'f', -1, bits)
}

// least returns the smallest number that JavaScript and Go write without an exponent.
func least(bits int) float64 {
	if bits == 32 {
		return float64(float32(1e-6))
	}
	return 1e-6
}

func appendPython(to []byte, number, size float64, bits int) []byte {
	if size != 0 && (size < 1e-4 || size >= 1e16) {
		return strconv.AppendFloat(to, number, 'e', -1, bits)
	}
	start := len(to)
	to = strconv.AppendFloat(to, number, 'f', -1, bits)
	for _, digit := range to[start:] {
		if digit == '.' {
			return to
		}
	}
	return append(to, '.', '0')
}

// shortenExponent makes `e-9` of the `e-09` at the end.
func shortenExponent(text []byte) []byte {
	last := len(text) - 1
	if last >= 3 && text[last-1] == '0' && text[last-2] == '-' && text[last-3] == 'e' {
		text[last-1] = text[last]
		return text[:last]
	}
	return text
}
