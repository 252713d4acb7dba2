package tykprom_test

import (
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/tykmetrics/tykmetrics/bindings-go"
	tykprom "github.com/tykmetrics/tykmetrics/bindings-go/integrations/clientgolang"
	ours "github.com/tykmetrics/tykmetrics/bindings-go/promhttp"
)

// everything is a registry of ours with a metric of each kind.
func everything() *tykmetrics.Registry {
	registry := tykmetrics.NewRegistry()
	requests := registry.MustNewCounterVec(tykmetrics.CounterOpts{Name: "ours_requests_total", Help: "With \"quotes\"\nand lines."},
		[]string{"method", "code"})
	requests.WithLabelValues("GET", "200").Add(12)
	requests.WithLabelValues("POST", "5\"00\n").Add(0.5)
	requests.WithLabelValues("GET", "404").(tykmetrics.ExemplarAdder).AddWithExemplar(1, tykmetrics.Labels{"trace_id": "7f"})
	registry.MustNewGauge(tykmetrics.GaugeOpts{Name: "ours_temperature", Help: "Degrees."}).Set(-3.25)
	registry.MustNewUpDown(tykmetrics.UpDownOpts{Name: "ours_in_flight", Help: "Now."}).Add(3)
	latency := registry.MustNewHistogramVec(tykmetrics.HistogramOpts{Name: "ours_latency_seconds", Help: "Latency."}, []string{"route"})
	for i := range 1000 {
		latency.WithLabelValues("/").Observe(float64(i) / 999)
	}
	latency.WithLabelValues("/").(tykmetrics.ExemplarObserver).ObserveWithExemplar(0.3, tykmetrics.Labels{"trace_id": "8a"})
	summary := tykmetrics.NewSummary(tykmetrics.SummaryOpts{
		Name: "ours_size_bytes", Help: "Sizes.", Objectives: map[float64]float64{0.5: 0.05, 0.9: 0.01},
	})
	registry.MustRegister(summary)
	for i := range 100 {
		summary.Observe(float64(i))
	}
	registry.MustRegister(tykmetrics.NewUntypedFunc(tykmetrics.UntypedOpts{Name: "ours_untyped", Help: "Whatever."}, func() float64 { return 42 }))
	return registry
}

// theirs is a registry of client_golang with a metric of each kind.
func theirs() *prometheus.Registry {
	registry := prometheus.NewRegistry()
	requests := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "their_requests_total", Help: "With \"quotes\"\nand lines."},
		[]string{"method", "code"})
	requests.WithLabelValues("GET", "200").Add(12)
	requests.WithLabelValues("POST", "5\"00\n").Add(0.5)
	gauge := prometheus.NewGauge(prometheus.GaugeOpts{Name: "their_temperature", Help: "Degrees.", ConstLabels: prometheus.Labels{"room": "7"}})
	gauge.Set(-3.25)
	histogram := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "their_latency_seconds", Help: "Latency."}, []string{"route"})
	summary := prometheus.NewSummary(prometheus.SummaryOpts{
		Name: "their_size_bytes", Help: "Sizes.", Objectives: map[float64]float64{0.5: 0.05, 0.9: 0.01},
	})
	for i := range 1000 {
		histogram.WithLabelValues("/").Observe(float64(i) / 100)
		summary.Observe(float64(i))
	}
	untyped := prometheus.NewUntypedFunc(prometheus.UntypedOpts{Name: "their_untyped", Help: "Whatever."}, func() float64 { return 42 })
	registry.MustRegister(requests, gauge, histogram, summary, untyped)
	return registry
}

// parsed reads the text format with the reference parser.
func parsed(t *testing.T, text string) map[string]*dto.MetricFamily {
	t.Helper()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(text))
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	for _, family := range families {
		for _, metric := range family.Metric {
			slices.SortFunc(metric.Label, func(a, b *dto.LabelPair) int { return strings.Compare(a.GetName(), b.GetName()) })
		}
		slices.SortFunc(family.Metric, func(a, b *dto.Metric) int { return strings.Compare(a.String(), b.String()) })
	}
	return families
}

// written is what client_golang's encoder makes of families.
func written(t *testing.T, families []*dto.MetricFamily) string {
	t.Helper()
	var text strings.Builder
	encoder := expfmt.NewEncoder(&text, expfmt.NewFormat(expfmt.TypeTextPlain))
	for _, family := range families {
		if err := encoder.Encode(family); err != nil {
			t.Fatal(err)
		}
	}
	return text.String()
}

func rendered(t *testing.T, registry *tykmetrics.Registry) string {
	t.Helper()
	var text strings.Builder
	if err := registry.Render(&text, "text"); err != nil {
		t.Fatal(err)
	}
	return text.String()
}

func gathered(t *testing.T, from prometheus.Gatherer) []*dto.MetricFamily {
	t.Helper()
	families, err := from.Gather()
	if err != nil {
		t.Fatal(err)
	}
	return families
}

func equal(t *testing.T, got, want map[string]*dto.MetricFamily) {
	t.Helper()
	if g, w := slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want)); !slices.Equal(g, w) {
		t.Fatalf("there are %v, not %v", g, w)
	}
	for name := range want {
		if !proto.Equal(got[name], want[name]) {
			t.Errorf("%s is\n%v\nnot\n%v", name, got[name], want[name])
		}
	}
}

func byName(families []*dto.MetricFamily) map[string]*dto.MetricFamily {
	names := map[string]*dto.MetricFamily{}
	for _, family := range families {
		names[family.GetName()] = family
	}
	return names
}

func TestWhatIsGatheredIsWhatIsRendered(t *testing.T) {
	registry := everything()
	families := gathered(t, tykprom.NewGatherer(registry))
	if len(families) != 6 {
		t.Errorf("there are %d families", len(families))
	}
	equal(t, parsed(t, written(t, families)), parsed(t, rendered(t, registry)))
}

func TestNativeHistogramsAndExemplarsCross(t *testing.T) {
	latency := byName(gathered(t, tykprom.NewGatherer(everything())))["ours_latency_seconds"].Metric[0].Histogram
	native := latency.GetZeroCount()
	count := int64(0)
	for _, delta := range latency.PositiveDelta {
		count += delta
		native += uint64(count)
	}
	if native != 1001 || latency.GetSampleCount() != 1001 || latency.Schema == nil {
		t.Errorf("%d observations, %d in native buckets: %v", latency.GetSampleCount(), native, latency)
	}
	found := 0
	for _, bucket := range latency.Bucket {
		if label := bucket.GetExemplar().GetLabel(); len(label) == 1 && label[0].GetValue() == "8a" && bucket.GetExemplar().GetValue() == 0.3 {
			found++
		}
	}
	if found != 1 {
		t.Errorf("the exemplar is there %d times", found)
	}
	if latency.CreatedTimestamp == nil {
		t.Error("there is no start time")
	}
}

func TestACollectorGivesWhatAGathererGives(t *testing.T) {
	registry := everything()
	host := prometheus.NewPedanticRegistry()
	host.MustRegister(tykprom.NewCollector(registry))
	got, want := byName(gathered(t, host)), byName(gathered(t, tykprom.NewGatherer(registry)))
	for _, families := range []map[string]*dto.MetricFamily{got, want} {
		for _, family := range families {
			slices.SortFunc(family.Metric, func(a, b *dto.Metric) int {
				return strings.Compare(labels(a), labels(b))
			})
		}
	}
	equal(t, got, want)
}

func labels(m *dto.Metric) string {
	var all strings.Builder
	for _, label := range m.Label {
		all.WriteString(label.String())
	}
	return all.String()
}

func scrape(t *testing.T, handler http.Handler) string {
	t.Helper()
	server := httptest.NewServer(handler)
	defer server.Close()
	answer, err := http.Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%s (%v):\n%s", answer.Status, err, body)
	}
	return string(body)
}

func TestEitherHandlerServesBoth(t *testing.T) {
	our, their := everything(), theirs()
	want := parsed(t, rendered(t, our)+written(t, gathered(t, their)))

	equal(t, parsed(t, scrape(t, promhttp.HandlerFor(
		prometheus.Gatherers{their, tykprom.NewGatherer(our)}, promhttp.HandlerOpts{}))), want)

	host := theirs()
	host.MustRegister(tykprom.NewCollector(our))
	equal(t, parsed(t, scrape(t, promhttp.HandlerFor(host, promhttp.HandlerOpts{}))), want)

	our.MustRegister(tykprom.FromGatherer(their))
	equal(t, parsed(t, scrape(t, ours.HandlerFor(our, ours.HandlerOpts{}))), want)
}

func TestAFailureIsToldAndTheRestShown(t *testing.T) {
	their := prometheus.NewRegistry()
	desc := prometheus.NewDesc("their_failing", "Fails.", nil, nil)
	good := prometheus.NewGauge(prometheus.GaugeOpts{Name: "their_good"})
	their.MustRegister(good, failing{desc})
	var told []error
	registry := tykmetrics.NewRegistry()
	registry.MustRegister(tykprom.FromGatherer(their).OnError(func(err error) { told = append(told, err) }))
	if text := rendered(t, registry); !strings.Contains(text, "their_good 0\n") {
		t.Errorf("the rest is not there:\n%s", text)
	}
	if len(told) != 1 || !strings.Contains(told[0].Error(), "nothing to say") {
		t.Errorf("told %v", told)
	}
}

type failing struct{ desc *prometheus.Desc }

func (f failing) Describe(out chan<- *prometheus.Desc) { out <- f.desc }
func (f failing) Collect(out chan<- prometheus.Metric) {
	out <- prometheus.NewInvalidMetric(f.desc, errors.New("nothing to say"))
}

func TestABigFamilyCrosses(t *testing.T) {
	registry := tykmetrics.NewRegistry()
	vec := registry.MustNewCounterVec(tykmetrics.CounterOpts{Name: "big_total", Help: "Big.", Limit: 10_000}, []string{"path"})
	// More than the 4 MiB that a delimited message has by default.
	long := strings.Repeat("x", 1000)
	for i := range 5000 {
		vec.WithLabelValues(long + string(rune('a'+i%26)) + strings.Repeat("y", i/26)).Inc()
	}
	families := gathered(t, tykprom.NewGatherer(registry))
	if len(families) != 1 || len(families[0].Metric) != 5000 {
		t.Errorf("there are %d families", len(families))
	}
}

// What theirs say of starts and exemplars is in what ours show of them.
func TestStartsAndExemplarsComeAlong(t *testing.T) {
	from := prometheus.NewRegistry()
	counter := prometheus.NewCounter(prometheus.CounterOpts{Name: "their_total"})
	histogram := prometheus.NewHistogram(prometheus.HistogramOpts{Name: "their_seconds", Buckets: []float64{0.1, 1}})
	from.MustRegister(counter, histogram)
	counter.(prometheus.ExemplarAdder).AddWithExemplar(2, prometheus.Labels{"trace_id": "7f"})
	histogram.(prometheus.ExemplarObserver).ObserveWithExemplar(0.05, prometheus.Labels{"trace_id": "8a"})
	histogram.(prometheus.ExemplarObserver).ObserveWithExemplar(5, prometheus.Labels{"trace_id": "9b"})

	registry := tykmetrics.NewRegistry()
	registry.MustRegister(tykprom.FromGatherer(from).OnError(func(err error) { t.Error(err) }))
	shown := map[string]*dto.Metric{}
	for _, family := range gathered(t, tykprom.NewGatherer(registry)) {
		shown[family.GetName()] = family.Metric[0]
	}
	for _, family := range gathered(t, from) {
		theirs, ours := family.Metric[0], shown[family.GetName()]
		if ours == nil {
			t.Fatalf("%s is not shown", family.GetName())
		}
		if theirs.Counter != nil {
			same(t, theirs.Counter.Exemplar, ours.Counter.Exemplar)
			sameMoment(t, theirs.Counter.CreatedTimestamp, ours.Counter.CreatedTimestamp)
			continue
		}
		sameMoment(t, theirs.Histogram.CreatedTimestamp, ours.Histogram.CreatedTimestamp)
		for i, bucket := range theirs.Histogram.Bucket {
			same(t, bucket.Exemplar, ours.Histogram.Bucket[i].Exemplar)
		}
		// client_golang shows the one above all bounds in a bucket of +Inf, which only it has.
		if last := ours.Histogram.Bucket[len(ours.Histogram.Bucket)-1]; last.GetExemplar().GetValue() != 5 {
			t.Errorf("the last bucket is %v", last)
		}
	}
}

func same(t *testing.T, theirs, ours *dto.Exemplar) {
	t.Helper()
	if (theirs == nil) != (ours == nil) {
		t.Fatalf("theirs is %v, ours %v", theirs, ours)
	}
	if theirs == nil {
		return
	}
	sameMoment(t, theirs.Timestamp, ours.Timestamp)
	if theirs.GetValue() != ours.GetValue() || theirs.Label[0].String() != ours.Label[0].String() {
		t.Errorf("theirs is %v, ours %v", theirs, ours)
	}
}

func sameMoment(t *testing.T, theirs, ours *timestamppb.Timestamp) {
	t.Helper()
	// Ours are whole milliseconds.
	if theirs.AsTime().UnixMilli() != ours.AsTime().UnixMilli() {
		t.Errorf("theirs is of %v, ours of %v", theirs.AsTime(), ours.AsTime())
	}
}
