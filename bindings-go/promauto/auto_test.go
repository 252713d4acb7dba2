package promauto_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tykmetrics/tykmetrics/bindings-go"
	"github.com/tykmetrics/tykmetrics/bindings-go/promauto"
)

func rendered(registry *tykmetrics.Registry) string {
	var text strings.Builder
	if err := registry.Render(&text, "text"); err != nil {
		return err.Error()
	}
	return text.String()
}

func Example() {
	registry := tykmetrics.NewRegistry()
	requests := promauto.With(registry).NewCounterVec(
		tykmetrics.CounterOpts{Name: "requests_total", Help: "Requests."}, []string{"method"})
	requests.WithLabelValues("GET").Inc()
	fmt.Print(rendered(registry))
	// Output:
	// # HELP requests_total Requests.
	// # TYPE requests_total counter
	// requests_total{method="GET"} 1
}

func TestAFactoryMakesEveryKind(t *testing.T) {
	registry := tykmetrics.NewRegistry()
	make := promauto.With(registry)
	label := []string{"l"}
	make.NewCounter(tykmetrics.CounterOpts{Name: "a_total"}).Inc()
	make.NewCounterVec(tykmetrics.CounterOpts{Name: "b_total"}, label).WithLabelValues("v").Inc()
	make.NewCounterFunc(tykmetrics.CounterOpts{Name: "c_total"}, func() float64 { return 3 })
	make.NewGauge(tykmetrics.GaugeOpts{Name: "d"}).Set(4)
	make.NewGaugeVec(tykmetrics.GaugeOpts{Name: "e"}, label).WithLabelValues("v").Set(5)
	make.NewGaugeFunc(tykmetrics.GaugeOpts{Name: "f"}, func() float64 { return 6 })
	make.NewHistogram(tykmetrics.HistogramOpts{Name: "g"}).Observe(7)
	make.NewHistogramVec(tykmetrics.HistogramOpts{Name: "h"}, label).WithLabelValues("v").Observe(8)
	make.NewSummary(tykmetrics.SummaryOpts{Name: "i"}).Observe(9)
	make.NewSummaryVec(tykmetrics.SummaryOpts{Name: "j"}, label).WithLabelValues("v").Observe(10)
	make.NewUntypedFunc(tykmetrics.UntypedOpts{Name: "k"}, func() float64 { return 11 })
	text := "\n" + rendered(registry)
	for _, sample := range []string{
		`a_total 1`, `b_total{l="v"} 1`, `c_total 3`, `d 4`, `e{l="v"} 5`, `f 6`,
		`g_sum 7`, `h_sum{l="v"} 8`, `i_sum 9`, `j_sum{l="v"} 10`, `k 11`,
	} {
		if !strings.Contains(text, "\n"+sample+"\n") {
			t.Errorf("%s is not in%s", sample, text)
		}
	}
}

func TestTheSameNameTwiceIsAPanic(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("there is no panic")
		}
	}()
	for range 2 {
		promauto.NewGauge(tykmetrics.GaugeOpts{Name: "twice"})
	}
}

func TestWithoutARegistryNothingIsRegistered(t *testing.T) {
	for range 2 {
		promauto.With(nil).NewCounter(tykmetrics.CounterOpts{Name: "nowhere_total"}).Inc()
	}
}
