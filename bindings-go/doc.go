// Package tykmetrics counts what a program does and tells it to whoever asks: counters, gauges, histograms, summaries,
// rendered for Prometheus, OpenMetrics and JSON. Names, types and behaviour are those of client_golang wherever the same is
// meant, so that changing the import is the migration:
//
//	import prometheus "github.com/tykmetrics/tykmetrics/bindings-go"
//
// To record is an addition to memory that no other thread writes: it takes no lock, allocates nothing, and costs the same
// however many goroutines do it at once. The engine is a C library; records do not cross into it.
//
// # Making metrics
//
// NewCounter and its like make a metric that Register shows; the methods of a Registry make and show in one go, return
// errors, and give the same metric to whoever asks again. Hold on to what WithLabelValues returns where you can: a record
// through it costs a third of one that looks the labels up.
//
// # What differs from client_golang
//
//   - A Metric has no Write: Read says what it holds, and Gather and Snapshot what a registry holds, as plain data.
//   - An exemplar that is not valid never panics: the record is made without it, and AddExemplar says why.
//   - One name is one family: collectors of one name with different constant labels can be registered together only if
//     they are custom collectors or registered through WrapRegistererWith.
//   - Quantiles of summaries are within 1.6 % of the value, whatever error an objective names.
package tykmetrics
