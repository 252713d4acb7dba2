package tykmetrics

import "time"

// Metric is one series: a counter, a gauge and so on, or a sample that a Collector made. Read says what it holds.
type Metric interface {
	// Desc describes the metric.
	Desc() *Desc
	// read is what the metric holds now. Only this package implements it: NewConstMetric and its like make metrics.
	read() (Sample, error)
}

// Collector is what a Registry takes: a metric, a family of them, or code that finds out numbers when it is asked.
//
// Collect is called once for each scrape, maybe by several at once and on any thread. A panic in it ends its own metrics of
// that scrape and nothing else.
type Collector interface {
	// Describe sends the descriptions of all metrics that Collect may send. None at all means that nothing is checked.
	Describe(chan<- *Desc)
	// Collect sends the metrics.
	Collect(chan<- Metric)
}

// Kind is what a metric is.
type Kind uint32

// The kinds of metrics.
const (
	KindUntyped Kind = iota
	KindCounter
	KindGauge
	KindUpDown
	KindHistogram
	KindSummary
	KindInfo
	KindStateSet
)

var kindNames = [...]string{"untyped", "counter", "gauge", "up_down", "histogram", "summary", "info", "state_set"}

// String is the kind's name.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "unknown"
}

// Sample is what one series holds at a moment, as plain data.
type Sample struct {
	// Kind is that of the metric.
	Kind Kind
	// Labels are the series' labels, the constant ones included.
	Labels []Label
	// Value is that of a counter, a gauge, an up-down or an untyped metric; 1 for an info.
	Value float64
	// Count and Sum are those of a histogram or a summary.
	Count uint64
	Sum   float64
	// Buckets are the classic buckets of a histogram, without that of +Inf, which is Count.
	Buckets []Bucket
	// Quantiles are those that a summary shows.
	Quantiles []Quantile
	// States are those of a state set.
	States []State
	// Exemplars are examples of what was recorded.
	Exemplars []Exemplar
	// Created is when the series began, if that is known.
	Created time.Time
}

// Bucket is a classic bucket: how many observations are at most UpperBound.
type Bucket struct {
	UpperBound      float64
	CumulativeCount uint64
}

// Quantile is a quantile and the value it has.
type Quantile struct {
	Quantile float64
	Value    float64
}

// State is a state of a state set, and whether it holds.
type State struct {
	Name  string
	Holds bool
}

// Exemplar is an example of what was recorded.
type Exemplar struct {
	Value  float64
	Labels []Label
	At     time.Time
}

// Read is what a metric holds now.
func Read(m Metric) (Sample, error) { return m.read() }

// DescribeByCollect sends the descriptions of whatever c collects now, for Collectors that always collect the same.
func DescribeByCollect(c Collector, descs chan<- *Desc) {
	metrics := make(chan Metric)
	go func() {
		defer close(metrics)
		c.Collect(metrics)
	}()
	for m := range metrics {
		descs <- m.Desc()
	}
}
