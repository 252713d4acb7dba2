package testutil

import (
	"math"
	"strings"

	tykmetrics "github.com/tykmetrics/tykmetrics/bindings-go"
)

// kinds are the types of the classic text format.
var kinds = map[tykmetrics.Kind]string{
	tykmetrics.KindUntyped: "untyped", tykmetrics.KindCounter: "counter", tykmetrics.KindGauge: "gauge", tykmetrics.KindUpDown: "gauge",
	tykmetrics.KindHistogram: "histogram", tykmetrics.KindSummary: "summary", tykmetrics.KindInfo: "gauge", tykmetrics.KindStateSet: "gauge",
}

// families adds what plain data says, as the classic text format says it.
func (f *facts) families(all []*tykmetrics.MetricFamily) {
	for _, family := range all {
		name := family.Name
		if family.Kind == tykmetrics.KindInfo && !strings.HasSuffix(name, "_info") {
			name += "_info"
		}
		f.help(name, family.Help)
		f.kind(name, kinds[family.Kind])
		for _, s := range family.Series {
			f.series(name, family.Kind, s)
		}
	}
}

func (f *facts) series(name string, kind tykmetrics.Kind, s tykmetrics.Sample) {
	with := func(label, value string) []tykmetrics.Label {
		return append(append([]tykmetrics.Label(nil), s.Labels...), tykmetrics.Label{Name: label, Value: value})
	}
	switch kind {
	case tykmetrics.KindHistogram, tykmetrics.KindSummary:
		for _, bucket := range s.Buckets {
			f.sample(name, name+"_bucket", with("le", number(bucket.UpperBound)), float64(bucket.CumulativeCount), "")
		}
		if kind == tykmetrics.KindHistogram {
			f.sample(name, name+"_bucket", with("le", number(math.Inf(1))), float64(s.Count), "")
		}
		for _, q := range s.Quantiles {
			f.sample(name, name, with("quantile", number(q.Quantile)), q.Value, "")
		}
		f.sample(name, name+"_sum", s.Labels, s.Sum, "")
		f.sample(name, name+"_count", s.Labels, float64(s.Count), "")
	case tykmetrics.KindStateSet:
		for _, state := range s.States {
			holds := 0.0
			if state.Holds {
				holds = 1
			}
			f.sample(name, name, with(name, state.Name), holds, "")
		}
	case tykmetrics.KindInfo:
		f.sample(name, name, s.Labels, 1, "")
	default:
		f.sample(name, name, s.Labels, s.Value, "")
	}
}
