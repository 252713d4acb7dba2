package collectors

import (
	"fmt"
	"os"

	"github.com/tykmetrics/tykmetrics/bindings-go"
)

// ProcessCollectorOpts are the options of a process collector.
type ProcessCollectorOpts struct {
	// PidFn says which process is meant; nil is this one. There are no numbers of another.
	PidFn func() (int, error)
	// Namespace stands before the names, with an underscore.
	Namespace string
	// ReportErrors has scrapes fail if PidFn fails or means another process; else nothing is shown then.
	ReportErrors bool
}

// NewProcessCollector shows what the process uses; see tykmetrics.NewProcessCollector. PidFn is called once, here.
func NewProcessCollector(opts ProcessCollectorOpts) tykmetrics.Collector {
	if opts.PidFn == nil {
		return own(opts)
	}
	pid, err := opts.PidFn()
	if err == nil && pid == os.Getpid() {
		return own(opts)
	}
	if err == nil {
		err = fmt.Errorf("collectors: process %d is not this one (%d), and there are numbers of this one alone: "+
			"leave PidFn out, or have the other process serve its own", pid, os.Getpid())
	}
	return &foreign{own(opts), err, opts.ReportErrors}
}

func own(opts ProcessCollectorOpts) tykmetrics.Collector {
	return tykmetrics.NewProcessCollector(tykmetrics.ProcessCollectorOpts{Namespace: opts.Namespace})
}

// foreign is the collector of a process that cannot be asked.
type foreign struct {
	of      tykmetrics.Collector
	err     error
	reports bool
}

// Describe sends the description that tells process collectors apart.
func (f *foreign) Describe(to chan<- *tykmetrics.Desc) { f.of.Describe(to) }

// Collect says what is wrong, if that is wanted.
func (f *foreign) Collect(to chan<- tykmetrics.Metric) {
	if f.reports {
		to <- tykmetrics.NewInvalidMetric(tykmetrics.NewInvalidDesc(f.err), f.err)
	}
}

// NewBuildInfoCollector shows go_build_info: the path, the version and the checksum of the main module.
func NewBuildInfoCollector() tykmetrics.Collector { return tykmetrics.NewBuildInfoCollector() }
