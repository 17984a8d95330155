// Package metrics gives the figures of a running server to Prometheus. It is the only importer of client_golang.
//
// # Main types
//
// Metrics: New makes a registry of its own over the indexers' overviews; Asked counts questions; Handler serves the text form.
//
// # Figures
//
//	perk_documents{collection, state}            documents by state: pending, encoding, ready, stale, failed
//	perk_hints_waiting{collection}               hints that are not dealt with
//	perk_paused{collection}                      1 while encoding is paused
//	perk_trouble{collection}                     1 while the last pass or hint did not come to its end
//	perk_encoded_total{collection}               adapters written; likewise perk_removed_total, perk_encoded_tokens_total, perk_encode_seconds_total, perk_passes_total
//	perk_questions_total{outcome}                prompts by outcome: ok, pending, stale, not_found, forbidden, late ...
//	perk_question_seconds{outcome}               a histogram of how long they took
//
// Beside these are the figures of the Go runtime and of the process. Names of documents or tenants are in none of them.
package metrics

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/perkdb/perk/integration/indexer"
)

// Metrics collects the figures. It may be used by several goroutines.
type Metrics struct {
	registry  *prometheus.Registry
	overviews func() []indexer.Overview
	questions *prometheus.HistogramVec
	counted   *prometheus.CounterVec
}

// Descriptions of what is read from overviews. They never change.
var (
	documents = describe("perk_documents", "Documents by the state of their adapters.", "state")
	waiting   = describe("perk_hints_waiting", "Hints of changed documents that are not dealt with.")
	paused    = describe("perk_paused", "1 while encoding is paused.")
	trouble   = describe("perk_trouble", "1 while the last pass or hint did not come to its end.")
	encoded   = describe("perk_encoded_total", "Adapters written.")
	removed   = describe("perk_removed_total", "Documents whose adapters were removed.")
	tokens    = describe("perk_encoded_tokens_total", "Tokens of the documents written.")
	seconds   = describe("perk_encode_seconds_total", "Time spent on encoding.")
	passes    = describe("perk_passes_total", "Whole passes over the collection.")
)

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, append([]string{"collection"}, labels...), nil)
}

// New makes the figures of the collections that overviews tells of, which is called at each scrape.
func New(overviews func() []indexer.Overview) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(), overviews: overviews,
		questions: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "perk_question_seconds", Help: "How long prompts took.", Buckets: prometheus.ExponentialBuckets(0.001, 2, 15),
		}, []string{"outcome"}),
		counted: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "perk_questions_total", Help: "Prompts by outcome."}, []string{"outcome"}),
	}
	m.registry.MustRegister(m, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Asked counts a prompt.
func (m *Metrics) Asked(outcome string, took time.Duration) {
	m.counted.WithLabelValues(outcome).Inc()
	m.questions.WithLabelValues(outcome).Observe(took.Seconds())
}

// Handler serves the figures as text.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// Describe implements prometheus.Collector: Metrics may be registered elsewhere too.
func (m *Metrics) Describe(out chan<- *prometheus.Desc) {
	m.questions.Describe(out)
	m.counted.Describe(out)
	for _, d := range []*prometheus.Desc{documents, waiting, paused, trouble, encoded, removed, tokens, seconds, passes} {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (m *Metrics) Collect(out chan<- prometheus.Metric) {
	m.questions.Collect(out)
	m.counted.Collect(out)
	for _, o := range m.overviews() {
		send := func(d *prometheus.Desc, kind prometheus.ValueType, v float64, labels ...string) {
			out <- prometheus.MustNewConstMetric(d, kind, v, append([]string{o.Collection}, labels...)...)
		}
		for state, n := range map[indexer.State]int{
			indexer.Pending: o.Pending, indexer.Encoding: o.Encoding, indexer.Ready: o.Ready, indexer.Stale: o.Stale, indexer.Failed: o.Failed,
		} {
			send(documents, prometheus.GaugeValue, float64(n), string(state))
		}
		send(waiting, prometheus.GaugeValue, float64(o.Waiting))
		send(paused, prometheus.GaugeValue, flag(o.Paused))
		send(trouble, prometheus.GaugeValue, flag(o.Trouble != ""))
		send(encoded, prometheus.CounterValue, float64(o.Encoded))
		send(removed, prometheus.CounterValue, float64(o.Removed))
		send(tokens, prometheus.CounterValue, float64(o.Tokens))
		send(seconds, prometheus.CounterValue, o.Seconds)
		send(passes, prometheus.CounterValue, float64(o.Passes))
	}
}

func flag(on bool) float64 {
	if on {
		return 1
	}
	return 0
}
