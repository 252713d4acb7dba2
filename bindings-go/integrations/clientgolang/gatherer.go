package tykprom

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/encoding/protodelim"

	"github.com/tykmetrics/tykmetrics/bindings-go"
)

// Gatherer is a registry of ours as a prometheus.Gatherer.
type Gatherer struct {
	registry *tykmetrics.Registry
}

var _ prometheus.Gatherer = Gatherer{}

// NewGatherer shows registry to whatever takes a prometheus.Gatherer.
func NewGatherer(registry *tykmetrics.Registry) Gatherer { return Gatherer{registry} }

// Gather returns the families in the order of their names.
func (g Gatherer) Gather() ([]*dto.MetricFamily, error) {
	var rendered bytes.Buffer
	if err := g.registry.Render(&rendered, "protobuf"); err != nil {
		return nil, err
	}
	// A family has as many bytes as its series need: the usual limit of 4 MiB for
	// one message is too small.
	limits := protodelim.UnmarshalOptions{MaxSize: -1}
	from := bufio.NewReader(&rendered)
	var families []*dto.MetricFamily
	for {
		family := new(dto.MetricFamily)
		err := limits.UnmarshalFrom(from, family)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("tykmetrics: family %d of the exposition is no MetricFamily: %w", len(families), err)
		}
		for _, metric := range family.Metric {
			slices.SortFunc(metric.Label, func(a, b *dto.LabelPair) int {
				return cmp.Compare(a.GetName(), b.GetName())
			})
		}
		families = append(families, family)
	}
	slices.SortFunc(families, func(a, b *dto.MetricFamily) int {
		return cmp.Compare(a.GetName(), b.GetName())
	})
	return families, nil
}
