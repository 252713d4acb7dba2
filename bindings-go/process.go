package tykmetrics

import "github.com/tykmetrics/tykmetrics/bindings-go/internal/native"

// ProcessCollectorOpts are the options of a process collector.
type ProcessCollectorOpts struct {
	// Namespace stands before the names, with an underscore.
	Namespace string
}

type processCollector struct{ namespace string }

// NewProcessCollector shows what the process uses: process_cpu_seconds_total, process_resident_memory_bytes,
// process_open_fds and so on. The engine reads them.
func NewProcessCollector(opts ProcessCollectorOpts) Collector {
	return &processCollector{opts.Namespace}
}

// Describe sends the description that tells process collectors apart.
func (c *processCollector) Describe(to chan<- *Desc) {
	to <- NewDesc(BuildFQName("", c.namespace, "process_cpu_seconds_total"), "Total user and system CPU time spent in seconds.", nil, nil)
}

// Collect sends the numbers.
func (c *processCollector) Collect(to chan<- Metric) {
	r := NewRegistry()
	if _, err := native.CollectProcess(r.native, c.namespace); err != nil {
		return
	}
	families, _ := r.Gather()
	for _, f := range families {
		for _, sample := range f.Series {
			to <- &taken{desc: NewDesc(f.Name, f.Help, nil, nil), sample: sample}
		}
	}
}
