package tokenizer

// maxPiece bounds a piece, and with it the work of merging one (quadratic in its length).
const maxPiece = maxToken

type class byte

const (
	other class = iota // control bytes
	letter
	digit
	punct
	space
	newline
	high // bytes >= 0x80
)

func classOf(c byte) class {
	switch {
	case c >= 0x80:
		return high
	case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z':
		return letter
	case c >= '0' && c <= '9':
		return digit
	case c == ' ':
		return space
	case c == '\n':
		return newline
	case c < 0x20, c == 0x7f:
		return other
	}
	return punct
}

// pieceLen says how many bytes the first piece of s has; s is not empty. The rules stand in doc.go.
func pieceLen(s string) int {
	start := 0
	if s[0] == ' ' {
		n := run(s, 0, func(c byte) bool { return c == ' ' })
		joins := n < len(s) && n < maxPiece && (classOf(s[n]) == letter || classOf(s[n]) == punct)
		switch {
		case !joins:
			return n
		case n > 1:
			return n - 1 // the last space belongs to the word
		}
		start = 1
	}
	switch c := s[start]; classOf(c) {
	case letter:
		return run(s, start, func(c byte) bool { return classOf(c) == letter })
	case punct:
		if n := contraction(s); n > 0 {
			return n
		}
		return min(run(s, start, func(d byte) bool { return d == c }), start+3)
	case high:
		return min(run(s, start, func(c byte) bool { return c >= 0x80 }), 8)
	}
	return 1
}

// run gives the end of the run of bytes after start for which in holds, at most maxPiece.
func run(s string, start int, in func(byte) bool) int {
	n := start
	for n < len(s) && n < maxPiece && in(s[n]) {
		n++
	}
	return n
}

// contraction gives the length of 's, 't, 'd, 'm, 'll, 're or 've at the start of s, 0 where there is none.
func contraction(s string) int {
	if s[0] != '\'' {
		return 0
	}
	n := run(s, 1, func(c byte) bool { return classOf(c) == letter })
	switch s[1:n] {
	case "s", "t", "d", "m", "ll", "re", "ve":
		return n
	}
	return 0
}
