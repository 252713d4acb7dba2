package collectors

import (
	"math"
	"regexp"
	"runtime/metrics"
	"slices"
	"strings"
	"sync"

	"github.com/tykmetrics/tykmetrics/bindings-go"
)

// GoRuntimeMetricsRule picks numbers of runtime/metrics by their names there.
type GoRuntimeMetricsRule struct {
	// Matcher is what the name matches, such as /sched/latencies:seconds.
	Matcher *regexp.Regexp
}

// Rules for the groups that there are.
var (
	MetricsAll       = GoRuntimeMetricsRule{regexp.MustCompile("/.*")}
	MetricsGC        = GoRuntimeMetricsRule{regexp.MustCompile(`^/gc/.*`)}
	MetricsMemory    = GoRuntimeMetricsRule{regexp.MustCompile(`^/memory/.*`)}
	MetricsScheduler = GoRuntimeMetricsRule{regexp.MustCompile(`^/sched/.*`)}
	MetricsDebug     = GoRuntimeMetricsRule{regexp.MustCompile(`^/godebug/.*`)}
)

// GoCollectorOption changes what a Go collector shows.
type GoCollectorOption = func(*goOptions)

type goOptions struct {
	withoutMemStats bool
	rules           []rule
}

// The last rule that matches decides.
type rule struct {
	matcher *regexp.Regexp
	deny    bool
}

// WithGoCollectorMemStatsMetricsDisabled leaves go_memstats_* out.
func WithGoCollectorMemStatsMetricsDisabled() GoCollectorOption {
	return func(o *goOptions) { o.withoutMemStats = true }
}

// WithGoCollectorRuntimeMetrics adds the numbers of runtime/metrics that match one of the rules, under the names that
// client_golang gives them: /sched/latencies:seconds is go_sched_latencies_seconds. Of histograms, the runtime does not
// keep the sum, which is 0 here.
func WithGoCollectorRuntimeMetrics(rules ...GoRuntimeMetricsRule) GoCollectorOption {
	return func(o *goOptions) {
		for _, r := range rules {
			o.rules = append(o.rules, rule{r.Matcher, false})
		}
	}
}

// WithoutGoCollectorRuntimeMetrics leaves out the numbers of runtime/metrics that match one of the expressions, be they
// added by WithGoCollectorRuntimeMetrics before or there from the start.
func WithoutGoCollectorRuntimeMetrics(matchers ...*regexp.Regexp) GoCollectorOption {
	return func(o *goOptions) {
		for _, m := range matchers {
			o.rules = append(o.rules, rule{m, true})
		}
	}
}

// What is there from the start under the runtime's own names, as in client_golang.
var atFirst = regexp.MustCompile(`^(/gc/gogc:percent|/gc/gomemlimit:bytes|/sched/gomaxprocs:threads)$`)

func (o *goOptions) picks(name string) bool {
	picked := atFirst.MatchString(name)
	for _, r := range o.rules {
		if r.matcher.MatchString(name) {
			picked = !r.deny
		}
	}
	return picked
}

// NewGoCollector shows the numbers of the Go runtime. Without options it is tykmetrics.NewGoCollector.
func NewGoCollector(opts ...GoCollectorOption) tykmetrics.Collector {
	base := tykmetrics.NewGoCollector()
	if len(opts) == 0 {
		return base
	}
	var o goOptions
	for _, option := range opts {
		option(&o)
	}
	c := &goCollector{base: base, without: map[*tykmetrics.Desc]bool{}}
	descs := described(base)
	has := map[string]bool{}
	for _, desc := range descs {
		has[desc.Name()] = true
	}
	for _, d := range metrics.All() {
		name, ok := nameFor(d)
		if !ok {
			continue
		}
		switch picked := o.picks(d.Name); {
		case has[name] && !picked:
			c.hide(descs, func(of string) bool { return of == name })
		case !has[name] && picked:
			has[name] = true
			c.more = append(c.more, number{d, tykmetrics.NewDesc(name, d.Description, nil, nil)})
			c.samples = append(c.samples, metrics.Sample{Name: d.Name})
		}
	}
	if o.withoutMemStats {
		c.hide(descs, func(of string) bool { return strings.HasPrefix(of, "go_memstats_") })
	}
	return c
}

type goCollector struct {
	base    tykmetrics.Collector
	without map[*tykmetrics.Desc]bool
	more    []number

	mu      sync.Mutex
	samples []metrics.Sample
}

type number struct {
	of   metrics.Description
	desc *tykmetrics.Desc
}

func (c *goCollector) hide(descs []*tykmetrics.Desc, which func(string) bool) {
	for _, desc := range descs {
		if which(desc.Name()) {
			c.without[desc] = true
		}
	}
}

// Describe sends the descriptions of what is shown.
func (c *goCollector) Describe(to chan<- *tykmetrics.Desc) {
	for _, desc := range described(c.base) {
		if !c.without[desc] {
			to <- desc
		}
	}
	for _, m := range c.more {
		to <- m.desc
	}
}

// Collect sends the numbers.
func (c *goCollector) Collect(to chan<- tykmetrics.Metric) {
	base := make(chan tykmetrics.Metric)
	go func() {
		defer close(base)
		c.base.Collect(base)
	}()
	for m := range base {
		if !c.without[m.Desc()] {
			to <- m
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	metrics.Read(c.samples)
	for i, m := range c.more {
		kind := tykmetrics.GaugeValue
		if m.of.Cumulative {
			kind = tykmetrics.CounterValue
		}
		switch value := c.samples[i].Value; value.Kind() {
		case metrics.KindUint64:
			to <- tykmetrics.MustNewConstMetric(m.desc, kind, float64(value.Uint64()))
		case metrics.KindFloat64:
			to <- tykmetrics.MustNewConstMetric(m.desc, kind, value.Float64())
		case metrics.KindFloat64Histogram:
			count, buckets := cumulative(value.Float64Histogram(), baseOf(m.of.Name))
			to <- tykmetrics.MustNewConstHistogram(m.desc, count, 0, buckets)
		}
	}
}

// baseOf is how far apart the bounds are that are shown: the runtime has hundreds. client_golang takes the same.
func baseOf(name string) float64 {
	if strings.HasSuffix(name, ":seconds") {
		return 10
	}
	return 2
}

// cumulative are the counts of the runtime's histogram, of some of its bounds.
func cumulative(h *metrics.Float64Histogram, base float64) (count uint64, buckets map[float64]uint64) {
	buckets = map[float64]uint64{}
	last := math.Inf(-1)
	for i, n := range h.Counts {
		count += n
		// Bucket i is of values below bound i+1.
		bound := h.Buckets[i+1]
		if math.IsInf(bound, 0) || bound <= 0 || last > 0 && bound < last*base {
			continue
		}
		buckets[bound], last = count, bound
	}
	return count, buckets
}

// nameFor is the name that client_golang gives a number of runtime/metrics.
func nameFor(d metrics.Description) (string, bool) {
	path, unit, ok := strings.Cut(strings.TrimPrefix(d.Name, "/"), ":")
	if !ok || d.Kind == metrics.KindBad {
		return "", false
	}
	name := "go_" + strings.NewReplacer("/", "_", "-", "_").Replace(path) +
		"_" + strings.NewReplacer("/", "_per_", "-", "_", "*", "_").Replace(unit)
	if d.Cumulative && d.Kind != metrics.KindFloat64Histogram {
		name += "_total"
	}
	return name, valid.MatchString(name)
}

var valid = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*$`)

func described(c tykmetrics.Collector) []*tykmetrics.Desc {
	to := make(chan *tykmetrics.Desc)
	go func() {
		defer close(to)
		c.Describe(to)
	}()
	return slices.Collect(func(yield func(*tykmetrics.Desc) bool) {
		for desc := range to {
			yield(desc)
		}
	})
}
