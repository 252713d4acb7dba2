// Package tykprom joins registries of tykmetrics and of
// github.com/prometheus/client_golang, both ways, so that a program can move from
// one to the other metric by metric.
//
// Where client_golang's handler is what is scraped, it shows ours too:
//
//	prometheus.MustRegister(tykprom.NewCollector(registry))
//	promhttp.HandlerFor(prometheus.Gatherers{prometheus.DefaultGatherer, tykprom.NewGatherer(registry)}, …)
//
// either of the two. They go through the protobuf format, so native histograms,
// exemplars and start times arrive as they are; units do through the Gatherer.
//
// Where our handler is what is scraped, it shows client_golang's metrics too:
//
//	registry.MustRegister(tykprom.FromGatherer(prometheus.DefaultGatherer))
//
// Constant metrics have no native histograms and no unit: classic buckets, counts,
// sums, exemplars and start times cross, the rest stays behind.
package tykprom
