package vectors

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

// unpacked returns the original, as at most this many bytes.
func unpacked(packed []byte, most int) ([]byte, error) {
	var original []byte
	err := Unpack(packed, uint64(most), func(piece []byte) { original = append(original, piece...) })
	return original, err
}

// ratio packs and unpacks a text, and returns how many times smaller it became: 0 if it stayed.
func ratio(t testing.TB, text string) float64 {
	t.Helper()
	packed, hasArray := Pack([]byte(text))
	original, err := unpacked(packed, len(text))
	if err != nil || string(original) != text {
		t.Fatalf("%.80q came back as %.80q, %v", text, original, err)
	}
	if !hasArray {
		return 0
	}
	return float64(len(text)) / float64(len(packed))
}

// python writes a number as Python does.
func python(number float64) string {
	return string((isArray | isPython).append(nil, number))
}

func join(count int, separator string, number func(int) string) string {
	texts := make([]string, count)
	for index := range texts {
		texts[index] = number(index)
	}
	return `{"vector":[` + strings.Join(texts, separator) + `],"model":"m"}`
}

func TestVectorsOfEveryWriterArePacked(t *testing.T) {
	source := rand.New(rand.NewPCG(1, 2))
	single := make([]float32, 1536)
	double := make([]float64, 1536)
	for index := range single {
		single[index] = float32(source.NormFloat64() / 40)
		double[index] = source.NormFloat64() / 40
	}
	ofGo, _ := json.Marshal(single)
	wide, _ := json.Marshal(double)
	for name, sample := range map[string]struct {
		text  string
		least float64
	}{
		"float32 by Go":                 {`{"v":` + string(ofGo) + `}`, 2.5},
		"float64 by Go":                 {`{"v":` + string(wide) + `}`, 2.4},
		"float32 by Python, spaced":     {join(1536, ", ", func(i int) string { return python(float64(single[i])) }), 5},
		"float64 by Python":             {join(1536, ",", func(i int) string { return python(double[i]) }), 2.4},
		"numbers of both signs and 0":   {join(99, ", ", func(i int) string { return python(float64(i-50) / 1024) }), 2},
		"small numbers by Python":       {join(99, ",", func(i int) string { return python(1.2345678e-9 * float64(i)) }), 1.5},
		"small numbers by JavaScript":   {join(99, ",", func(i int) string { return fmt.Sprintf("%d.2345678e-9", i%9+1) }), 1.5},
		"numbers of 1e21 by JavaScript": {join(99, ",", func(i int) string { return fmt.Sprintf("%d.2345678e+21", i%9+1) }), 1.5},
	} {
		if got := ratio(t, sample.text); got < sample.least {
			t.Errorf("%s: %.2f times smaller", name, got)
		}
	}
}

func TestWhatCannotBeWrittenAgainStays(t *testing.T) {
	for _, number := range []string{
		"0.10", "1.50e3", "+1.2345678", "01.234567", "1.2345678E-9", ".12345678", "1.2345678901234567890",
		"1e999999", "e.e.e.e.e.e", "------------", "1.5\t", `"1.2345678"`, "null", strings.Repeat("1", 99),
	} {
		text := join(20, ", ", func(int) string { return number })
		if got := ratio(t, text); got != 0 {
			t.Errorf("%s was packed", number)
		}
	}
	for _, text := range []string{
		"", "[", "[]", "[1.2345678,", "[[[[", "[1.2345678, 1.2345678,1.2345678]",
		// Integers take less space as text.
		join(99, ",", func(index int) string { return fmt.Sprint(index) }),
		join(shortest-1, ",", func(int) string { return "1.2345678901234567" }),
	} {
		if got := ratio(t, text); got != 0 {
			t.Errorf("%q was packed", text)
		}
	}
}

func TestNumbersAreWrittenAsGoWritesThem(t *testing.T) {
	source := rand.New(rand.NewPCG(3, 4))
	for range 100_000 {
		bits := source.Uint64()
		number, single := math.Float64frombits(bits), math.Float32frombits(uint32(bits))
		if math.IsNaN(number) || math.IsInf(number, 0) || single != single || math.IsInf(float64(single), 0) {
			continue
		}
		expect, _ := json.Marshal(number)
		if got := isArray.append(nil, number); !bytes.Equal(got, expect) {
			t.Fatalf("%s is written as %s", expect, got)
		}
		expect, _ = json.Marshal(single)
		if got := (isArray | isSingle | isShort).append(nil, float64(single)); !bytes.Equal(got, expect) {
			t.Fatalf("%s is written as %s", expect, got)
		}
	}
}

func TestChangedFormsAreRefused(t *testing.T) {
	text := "[" + strings.Repeat("[0.12345678,", 3) + join(20, ",", func(int) string { return "0.12345678" })
	packed, _ := Pack([]byte(text))
	for length := range packed {
		if _, err := unpacked(packed[:length], len(text)); err == nil {
			t.Errorf("the first %d bytes of %d are taken", length, len(packed))
		}
	}
	if _, err := unpacked(packed, len(text)-1); err == nil {
		t.Error("the original has more bytes than the caller takes")
	}
	if _, err := unpacked(append(packed, 0, 1, 'x'), len(text)); err == nil {
		t.Error("a form that is longer than it says is taken")
	}
	for _, packed := range []string{
		"\x01", "\x01\x00", "\x01\x00\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "\x01\x02\x01\x00\x00\x00\x00",
		"\x01\x01\x00", "\x01\x05\x01\x00\x00\x00\x00\x00\x00\x00\x00", "\x01\x40\x01\x00\x00\x00\x00\x00\x00\x00\x00",
		"\x01\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x00\x00\x00\x00\x00\x00\x00\x00",
	} {
		if got, err := unpacked([]byte(packed), 1<<20); err == nil {
			t.Errorf("%q is taken as %q", packed, got)
		}
	}
}

func FuzzPack(f *testing.F) {
	f.Add([]byte(join(20, ", ", func(int) string { return "0.12345678" })))
	f.Fuzz(func(t *testing.T, text []byte) { ratio(t, string(text)) })
}

func FuzzUnpack(f *testing.F) {
	packed, _ := Pack([]byte(join(20, ", ", func(int) string { return "0.12345678" })))
	f.Add(packed)
	f.Fuzz(func(t *testing.T, packed []byte) {
		original, err := unpacked(packed, 1<<20)
		if err == nil && len(original) > 1<<20 {
			t.Fatalf("%d bytes", len(original))
		}
	})
}
