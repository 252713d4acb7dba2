// Package tykmetrics counts what a program does and tells it to whoever asks: counters, gauges, histograms, summaries,
// rendered for Prometheus, OpenMetrics and JSON. Names, types and behaviour are those of client_golang wherever the same is
// meant, so that changing the import is the migration:
//
//	import prometheus "github.com/tykmetrics/tykmetrics/bindings-go"
//
// To record is an addition to memory that no other thread writes: it takes no lock, allocates nothing, and costs the same
// however many goroutines do it at once. The engine is a C library; counts, whole amounts and observations do not cross into
// it. What does, at some 40 ns each: fractions added to a counter, exemplars, SetMax, SetMin and SetToCurrentTime of a gauge,
// observations that are not finite, a thread's first record, and one now and then of a busy series that is beyond the
// private ones.
//
// # Making metrics
//
// NewCounter and its like make a metric that Register shows; the methods of a Registry make and show in one go, return
// errors, and give the same metric to whoever asks again. Hold on to what WithLabelValues returns where you can: a record
// through it costs a sixth of one that looks two labels up (3 ns and 18 ns).
//
// # What differs from client_golang
//
//   - A Metric has no Write: Read says what it holds, and Gather and Snapshot what a registry holds, as plain data.
//   - An exemplar that is not valid never panics: the record is made without it, and AddExemplar says why.
//   - One name is one family: collectors of one name with different constant labels can be registered together only if
//     they are custom collectors or registered through WrapRegistererWith.
//   - Names that one of the formats shows alike are one name: a gauge jobs beside a counter jobs_total is a Conflict, since
//     OpenMetrics calls the counter's family jobs.
//   - Render, Gather and Snapshot give what there is beside an error if a collector failed.
//   - A label value is never an error: one that is no UTF-8 is mended and one of more than 64 KiB is cut, so that all of
//     those that become the same text are one series.
//   - Copies have no native buckets: what a wrapping Registerer or WrapCollectorWith shows of a histogram are its classic
//     ones, and infos and state sets show as gauges there.
//   - Quantiles of summaries are within 1.6 % of the value, whatever error an objective names.
package tykmetrics
