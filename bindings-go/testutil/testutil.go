// Package testutil reads metrics in tests. Its functions panic where client_golang's do: what is asked of them is wrong, so
// the test is.
package testutil

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

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
func GatherAndCount(g tykmetrics.Gatherer, metricNames ...string) (int, error) {
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

// GatherAndCompare says how what the registry shows differs from an expected text, in the classic text format. Lines are
// compared, whatever their order; with names only those of these families.
func GatherAndCompare(r *tykmetrics.Registry, expected io.Reader, metricNames ...string) error {
	want, err := io.ReadAll(expected)
	if err != nil {
		return err
	}
	var got bytes.Buffer
	if err := r.Render(&got, "text"); err != nil {
		return err
	}
	gotLines, wantLines := lines(got.String(), metricNames), lines(string(want), metricNames)
	var differ []error
	for _, line := range wantLines {
		if !slices.Contains(gotLines, line) {
			differ = append(differ, fmt.Errorf("missing: %s", line))
		}
	}
	for _, line := range gotLines {
		if !slices.Contains(wantLines, line) {
			differ = append(differ, fmt.Errorf("not expected: %s", line))
		}
	}
	return errors.Join(differ...)
}

// lines are those of a text, of the families asked for. A family's samples follow its TYPE line.
func lines(text string, names []string) []string {
	var out []string
	wanted := len(names) == 0
	for line := range strings.SplitSeq(text, "\n") {
		line = strings.TrimSpace(line)
		if words := strings.Fields(line); len(words) > 2 && words[0] == "#" && (words[1] == "HELP" || words[1] == "TYPE") {
			wanted = len(names) == 0 || slices.Contains(names, words[2])
		}
		if line != "" && wanted {
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
