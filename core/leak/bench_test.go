package leak

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

const benchSize = 32 << 20

// drawn returns n bytes that look random and are the same for the same seed.
func drawn(seed uint64, n int) []byte {
	p := make([]byte, n)
	var key [32]byte
	binary.LittleEndian.PutUint64(key[:], seed)
	_, _ = rand.NewChaCha8(key).Read(p)
	return p
}

type benchText struct {
	name string
	data []byte
}

// benchTexts are kinds of data that repositories hold, and some that were made to be slow.
func benchTexts(size int) []benchText {
	code := strings.Repeat("\tfor index, text := range expected { if err := fixture.Exec(ctx, text[index:]); err != nil { return fmt.Errorf(\"exec %d: %w\", index, err) } }\n", 200)
	random := drawn(1, size)
	var list, array, numbers strings.Builder
	for i := 0; i+32 <= min(size, 4<<20); i += 32 {
		fmt.Fprintf(&list, "%x  file-%d.txt\n", random[i:i+32], i)
		fmt.Fprintf(&array, "0x%02x, 0x%02x, 0x%02x,\n", random[i], random[i+1], random[i+2])
		fmt.Fprintf(&numbers, "%d,%d.%d\n", random[i], uint64(random[i])*7919*104729*1299709, random[i+1])
	}
	sparse := make([]byte, size) // as executables are: zeros between bytes
	for i := 0; i < len(sparse); i += 1 + int(random[i])%5 {
		sparse[i] = random[i]
	}
	repeat := func(s string) []byte { return bytes.Repeat([]byte(s), 1+size/len(s)) }
	return []benchText{
		{"code", repeat(code)},
		{"random", random},
		{"sparse", sparse},
		{"base64", []byte(base64.StdEncoding.EncodeToString(random))},
		{"sums", repeat(list.String())},
		{"array", repeat(array.String())},
		{"numbers", repeat(numbers.String())},
		{"one-hex-run", []byte(hex.EncodeToString(random))},
		{"base64-of-hex", []byte(base64.StdEncoding.EncodeToString([]byte(hex.EncodeToString(random))))},
		{"base64-of-runs", repeat(base64.StdEncoding.EncodeToString([]byte(hex.EncodeToString(random[:3000])[:6000])) + "\n")},
		{"prefixes", repeat("hxtp_")},
		{"near-misses", repeat("hxtp_" + hex.EncodeToString(random[:19]) + " ")},
		{"names", repeat("HEX_API_KEY=" + hex.EncodeToString(random[:31]) + " ")},
		{"bearers", repeat("Bearer " + hex.EncodeToString(random[:32]) + " ")},
	}
}

func BenchmarkFind(b *testing.B) {
	for _, text := range benchTexts(benchSize) {
		b.Run(text.name, func(b *testing.B) {
			b.SetBytes(int64(len(text.data)))
			for b.Loop() {
				Find(text.data)
			}
		})
	}
}

func BenchmarkScan(b *testing.B) {
	for _, text := range benchTexts(benchSize) {
		b.Run(text.name, func(b *testing.B) {
			var s Scanner
			r := bytes.NewReader(nil)
			b.SetBytes(int64(len(text.data)))
			for b.Loop() {
				r.Reset(text.data)
				if _, err := s.Scan(r); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkScanSmall is a stream of git objects: many, and most of them short.
func BenchmarkScanSmall(b *testing.B) {
	data := benchTexts(4096)[0].data[:4096]
	var s Scanner
	r := bytes.NewReader(nil)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		r.Reset(data)
		if _, err := s.Scan(r); err != nil {
			b.Fatal(err)
		}
	}
}
