package tykmetrics_test

import (
	"testing"

	"github.com/tykmetrics/tykmetrics/bindings-go"
)

func TestAHandleSaysWhetherItsSeriesIsListed(t *testing.T) {
	r := tykmetrics.NewRegistry()
	counters := r.MustNewCounterVec(tykmetrics.CounterOpts{Name: "c_total"}, []string{"l"})
	histograms := r.MustNewHistogramVec(tykmetrics.HistogramOpts{Name: "h_seconds"}, []string{"l"})
	gauges := r.MustNewGaugeVec(tykmetrics.GaugeOpts{Name: "g"}, []string{"l"})
	handles := []any{counters.WithLabelValues("a"), histograms.WithLabelValues("a"), gauges.WithLabelValues("a")}
	for _, series := range handles {
		if !series.(tykmetrics.Listable).Listed() {
			t.Errorf("a new %T is not listed", series)
		}
	}
	counters.Reset()
	histograms.DeleteLabelValues("a")
	gauges.Reset()
	for _, series := range handles {
		if series.(tykmetrics.Listable).Listed() {
			t.Errorf("a removed %T is listed", series)
		}
	}
	invalid := tykmetrics.NewCounter(tykmetrics.CounterOpts{})
	if invalid.(tykmetrics.Listable).Listed() {
		t.Error("a counter without a family is listed")
	}
}
