// Package testutil reads metrics in tests. Its functions panic where client_golang's do: what is asked of them is wrong, so
// the test is.
package testutil

import (
	"errors"
	"fmt"
	"io"
	"slices"

	tykmetrics "github.com/tykmetrics/tykmetrics/bindings-go"
)

// ToFloat64 is the number of the one metric that c collects: a counter, a gauge, an up-down or an untyped metric.
func ToFloat64(c tykmetrics.Collector) float64 {
	metrics := collect(c)
	if len(metrics) != 1 {
		panic(fmt.Errorf("collected %d metrics instead of exactly 1", len(metrics)))
	}
	sample, err := tykmetrics.Read(metrics[0])
	if err != nil {
		panic(fmt.Errorf("error happened while collecting metrics: %w", err))
	}
	switch sample.Kind {
	case tykmetrics.KindCounter, tykmetrics.KindGauge, tykmetrics.KindUpDown, tykmetrics.KindUntyped:
		return sample.Value
	}
	panic(fmt.Errorf("collected a %v, which has no single number", sample.Kind))
}

// CollectAndCount is how many metrics c collects, those of the given names if there are any. A metric that cannot be
// collected is a panic.
func CollectAndCount(c tykmetrics.Collector, metricNames ...string) int {
	r := tykmetrics.NewRegistry()
	r.MustRegister(c)
	n, err := GatherAndCount(r, metricNames...)
	if err != nil {
		panic(err)
	}
	return n
}

// GatherAndCount is how many series the registry shows, those of the given names if there are any.
func GatherAndCount(g Gatherer, metricNames ...string) (int, error) {
	families, err := g.Gather()
	if err != nil {
		return 0, err
	}
	n := 0
	for _, family := range families {
		if len(metricNames) == 0 || slices.Contains(metricNames, family.Name) {
			n += len(family.Series)
		}
	}
	return n, nil
}

// CollectAndCompare says how what c collects differs from an expected text, in the classic text format.
func CollectAndCompare(c tykmetrics.Collector, expected io.Reader, metricNames ...string) error {
	r := tykmetrics.NewRegistry()
	if err := r.Register(c); err != nil {
		return fmt.Errorf("registering collector failed: %w", err)
	}
	return GatherAndCompare(r, expected, metricNames...)
}

// Gatherer is whatever shows metrics as plain data: a *tykmetrics.Registry, and code of a test.
type Gatherer interface {
	Gather() ([]*tykmetrics.MetricFamily, error)
}

// GatherAndCompare says how what g shows differs from an expected text, in the classic text format. What the text means is
// compared, whatever the order of lines and labels and the form of numbers; with names only these families.
func GatherAndCompare(g Gatherer, expected io.Reader, metricNames ...string) error {
	text, err := io.ReadAll(expected)
	if err != nil {
		return err
	}
	want, got := facts{names: metricNames}, facts{names: metricNames}
	if err := want.parse(string(text)); err != nil {
		return fmt.Errorf("the expected text is not in the text format: %w", err)
	}
	families, err := g.Gather()
	if err != nil {
		return fmt.Errorf("gathering metrics failed: %w", err)
	}
	got.families(families)
	var differ []error
	for _, line := range less(want.lines, got.lines) {
		differ = append(differ, fmt.Errorf("missing: %s", line))
	}
	for _, line := range less(got.lines, want.lines) {
		differ = append(differ, fmt.Errorf("not expected: %s", line))
	}
	return errors.Join(differ...)
}

// less are the lines of all that are not in other, as often as they are not.
func less(all, other []string) (out []string) {
	count := map[string]int{}
	for _, line := range other {
		count[line]++
	}
	for _, line := range all {
		if count[line]--; count[line] < 0 {
			out = append(out, line)
		}
	}
	return out
}

func collect(c tykmetrics.Collector) (metrics []tykmetrics.Metric) {
	to := make(chan tykmetrics.Metric)
	go func() {
		defer close(to)
		c.Collect(to)
	}()
	for m := range to {
		metrics = append(metrics, m)
	}
	return metrics
}
