package lm_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/perkdb/perk/internal/kernel"
	"github.com/perkdb/perk/internal/lm"
	"github.com/perkdb/perk/internal/lora"
)

var benchConfig = lm.Config{Arch: "nano", Vocab: 2048, Dim: 128, Layers: 4, Heads: 4, KVHeads: 4, FF: 512, Context: 2048, Conv: 4, RopeTheta: 10000, NormEps: 1e-5, LogitScale: 1, TieEmbeddings: true}

// gemmRate is the machine's own f32 rate: large products on as many threads, in GFLOPS.
func gemmRate(threads int) float64 {
	const m, n, k = 1024, 1024, 1024
	run := func(times int) {
		var wg sync.WaitGroup
		for range threads {
			wg.Go(func() {
				a, b, c := make([]float32, m*k), make([]float32, k*n), make([]float32, m*n)
				for range times {
					kernel.Gemm(false, false, m, n, k, a, k, b, n, 0, c, n)
				}
			})
		}
		wg.Wait()
	}
	run(1)
	const times = 8
	start := time.Now()
	run(times)
	return 2 * m * n * k * times * float64(threads) / time.Since(start).Seconds() / 1e9
}

// BenchmarkPass is the work of one encode: a NewPass over 8,192 tokens and one Gradient.
func BenchmarkPass(b *testing.B) {
	m := randomModel(b, benchConfig)
	batch := randomBatch(benchConfig, 64, 128)
	for i := range batch.Targets {
		if i%128 > 2 {
			batch.Targets[i] = batch.Tokens[i]
		}
	}
	fast := randomAdapter(m, 128, true, lastDown(benchConfig))
	fast.Pairs[lastDown(benchConfig)].TrainA = false
	for _, threads := range []int{1, 2} {
		for _, recipe := range []struct {
			name string
			ad   *lora.Adapter
		}{{"fast", fast}, {"perk", randomAdapter(m, 64, false)}} {
			ad := recipe.ad
			b.Run(fmt.Sprintf("recipe=%s/threads=%d", recipe.name, threads), func(b *testing.B) {
				rate := gemmRate(threads)
				grad := ad.Zeros()
				b.ReportAllocs()
				flops := 0.0
				for b.Loop() {
					p := newPass(b, m, batch, ad, threads)
					if _, err := p.Gradient(b.Context(), ad, nil, grad); err != nil {
						b.Fatal(err)
					}
					trunk, per := p.FLOPs()
					flops += trunk + per
				}
				s := b.Elapsed().Seconds()
				b.ReportMetric(8192*float64(b.N)/s, "tok/s")
				b.ReportMetric(flops/s/1e9, "GFLOPS")
				b.ReportMetric(100*flops/s/1e9/rate, "%gemm")
			})
		}
	}
}

// BenchmarkPassWide is one gradient of 1,024 tokens with rank 16 on all linear layers, for two layers and the head of GPT-2 small.
func BenchmarkPassWide(b *testing.B) {
	c := lm.Config{Arch: "gpt2", Vocab: 50257, Dim: 768, Layers: 2, Heads: 12, KVHeads: 12, FF: 3072, Context: 1024, NormEps: 1e-5, TieEmbeddings: true}
	m := randomModel(b, c)
	ad := randomAdapter(m, 16, false)
	batch := randomBatch(c, 8, 128)
	copy(batch.Targets, batch.Tokens)
	for _, v := range []struct {
		name string
		m    *lm.Model
	}{{"float32", m}, {"bfloat16", m.BFloat16()}} {
		b.Run("precision="+v.name, func(b *testing.B) {
			p := newPass(b, v.m, batch, ad, 1)
			grad := ad.Zeros()
			b.ReportAllocs()
			flops := 0.0
			for b.Loop() {
				if _, err := p.Gradient(b.Context(), ad, nil, grad); err != nil {
					b.Fatal(err)
				}
				_, per := p.FLOPs()
				flops += per
			}
			b.ReportMetric(flops/b.Elapsed().Seconds()/1e9, "GFLOPS")
			b.ReportMetric(1024*float64(b.N)/b.Elapsed().Seconds(), "tok/s")
		})
	}
}

func BenchmarkDecode(b *testing.B) {
	m := randomModel(b, benchConfig)
	s := newSession(b, m, randomAdapter(m, 128, true, lastDown(benchConfig)))
	prompt := make([]int32, 64)
	b.ReportAllocs()
	for b.Loop() {
		if s.Len() >= 128 || s.Len() == 0 {
			s.Reset()
			if _, err := s.Prefill(b.Context(), prompt); err != nil {
				b.Fatal(err)
			}
		}
		if _, err := s.Step(7); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "tok/s")
}

func BenchmarkPrefill(b *testing.B) {
	m := randomModel(b, benchConfig)
	s := newSession(b, m, randomAdapter(m, 128, true, lastDown(benchConfig)))
	prompt := make([]int32, 512)
	for b.Loop() {
		s.Reset()
		if _, err := s.Prefill(b.Context(), prompt); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(512*float64(b.N)/b.Elapsed().Seconds(), "tok/s")
}
