package tykprom

import (
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/proto"

	"github.com/tykmetrics/tykmetrics/bindings-go"
)

// Collector is a registry of ours as a prometheus.Collector.
type Collector struct {
	gatherer Gatherer
}

var _ prometheus.Collector = Collector{}

// NewCollector shows registry in whatever prometheus.Registry the collector is
// registered with. Units stay behind: the versions of client_golang for Go 1.24
// have none in their descriptions. [NewGatherer] shows them.
func NewCollector(registry *tykmetrics.Registry) Collector { return Collector{NewGatherer(registry)} }

// Describe says nothing, which makes the collector an unchecked one: metrics may
// come later.
func (Collector) Describe(chan<- *prometheus.Desc) {}

// Collect sends every series.
func (c Collector) Collect(out chan<- prometheus.Metric) {
	families, err := c.gatherer.Gather()
	if err != nil {
		out <- prometheus.NewInvalidMetric(prometheus.NewInvalidDesc(err), err)
		return
	}
	for _, family := range families {
		desc := prometheus.NewDesc(family.GetName(), family.GetHelp(), nil, nil)
		for _, metric := range family.Metric {
			out <- gathered{desc, metric}
		}
	}
}

// gathered is a series with its numbers.
type gathered struct {
	desc   *prometheus.Desc
	metric *dto.Metric
}

func (g gathered) Desc() *prometheus.Desc { return g.desc }

func (g gathered) Write(into *dto.Metric) error {
	proto.Reset(into)
	proto.Merge(into, g.metric)
	return nil
}
