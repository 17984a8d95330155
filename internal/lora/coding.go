package lora

import (
	"fmt"

	"github.com/klauspost/compress/fse"
)

// How a tensor's codes are stored.
const (
	codingRaw = "raw" // so many bits a code, rows beginning at bytes
	codingFSE = "fse" // finite state entropy (tANS): one table a tensor, then its codes
)

// fseTableLog is the largest table that the coder takes, 4096 states: it must tell up to 256 levels apart.
const fseTableLog = 12

// shorter stores a tensor's codes, one a byte, in the way that takes fewer bytes.
func shorter(codes []byte, rows, cols, bits int) (body []byte, coding string) {
	raw := rows * rowBytes(cols, bits)
	// Its errors say that the codes are too few, all the same, or spread too evenly to gain anything.
	if b, err := fse.Compress(codes, &fse.Scratch{TableLog: fseTableLog}); err == nil && len(b) < raw {
		return b, codingFSE
	}
	return packCodes(codes, rows, cols, bits), codingRaw
}

// decode is the reverse. It never makes more than rows*cols bytes and some kilobytes.
func decode(body []byte, coding string, rows, cols, bits int) ([]byte, error) {
	switch coding {
	case codingRaw:
		return unpackCodes(body, rows, cols, bits)
	case codingFSE:
		return expand(body, rows*cols, bits)
	}
	return nil, fmt.Errorf("coding is %q, want %q or %q", coding, codingRaw, codingFSE)
}

// expand decodes n entropy-coded codes.
func expand(body []byte, n, bits int) ([]byte, error) {
	// The limit is looked at every 256 codes, and reaching it is an error: it must lie above n.
	codes, err := fse.Decompress(body, &fse.Scratch{DecompressLimit: n + 256, Out: make([]byte, 0, n)})
	if err != nil {
		return nil, fmt.Errorf("decode entropy-coded levels: %w", err)
	}
	if len(codes) != n {
		return nil, fmt.Errorf("%d entropy-coded levels, want %d", len(codes), n)
	}
	for i, c := range codes {
		if int(c) >= levels(bits) {
			return nil, fmt.Errorf("level %d is %d, %d bits end at %d", i, c, bits, levels(bits)-1)
		}
	}
	return codes, nil
}

func rowBytes(cols, bits int) int { return (cols*bits + 7) / 8 }

// packCodes writes so many bits a code, the first in the low bits; a row begins at a byte.
func packCodes(codes []byte, rows, cols, bits int) []byte {
	width := rowBytes(cols, bits)
	out := make([]byte, rows*width)
	for i, c := range codes {
		row, at := out[i/cols*width:], i%cols*bits
		row[at/8] |= c << (at % 8)
		if at%8+bits > 8 {
			row[at/8+1] = c >> (8 - at%8)
		}
	}
	return out
}

// unpackCodes is the reverse; it refuses bytes that packCodes does not write.
func unpackCodes(b []byte, rows, cols, bits int) ([]byte, error) {
	width := rowBytes(cols, bits)
	if len(b) != rows*width {
		return nil, fmt.Errorf("%d bytes of levels, want %d", len(b), rows*width)
	}
	codes := make([]byte, rows*cols)
	for i := range codes {
		row, at := b[i/cols*width:], i%cols*bits
		c := int(row[at/8]) >> (at % 8)
		if at%8+bits > 8 {
			c |= int(row[at/8+1]) << (8 - at%8)
		}
		codes[i] = byte(c & (levels(bits) - 1))
	}
	if used := cols * bits % 8; used != 0 {
		for r := range rows {
			if b[(r+1)*width-1]>>used != 0 {
				return nil, fmt.Errorf("row %d has bits behind its end", r)
			}
		}
	}
	return codes, nil
}
