package bpe_test

import "testing"

func BenchmarkEncode(b *testing.B) {
	prose := string(data(b, "prose/english_novels_97.txt.gz")[:1<<20])
	for name, text := range map[string]string{"prose": prose, "unicode": mixed(1 << 20)} {
		tok := qwen(b)
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				tok.Encode(text)
			}
		})
	}
}
