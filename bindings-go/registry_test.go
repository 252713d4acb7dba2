package tykmetrics_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	tykmetrics "github.com/tykmetrics/tykmetrics/bindings-go"
)

// text is a rendering of the registry.
func text(t testing.TB, r *tykmetrics.Registry) string {
	t.Helper()
	var out strings.Builder
	if err := r.Render(&out, "text"); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func shows(t testing.TB, r *tykmetrics.Registry, want ...string) {
	t.Helper()
	if got, want := text(t, r), strings.Join(want, "\n")+"\n"; got != want {
		t.Errorf("the registry shows\n%s\nwanted\n%s", got, want)
	}
}

func TestWhatIsMadeByItselfShowsOnceItIsRegistered(t *testing.T) {
	r := tykmetrics.NewRegistry()
	c := tykmetrics.NewCounter(tykmetrics.CounterOpts{Name: "c_total", Help: "Help."})
	c.Inc()
	if got := text(t, r); got != "" {
		t.Errorf("before: %q", got)
	}
	r.MustRegister(c)
	c.Inc()
	shows(t, r, "# HELP c_total Help.", "# TYPE c_total counter", "c_total 2")
	other := tykmetrics.NewRegistry()
	other.MustRegister(c)
	shows(t, other, "# HELP c_total Help.", "# TYPE c_total counter", "c_total 2")
	if !r.Unregister(c) || r.Unregister(c) || text(t, r) != "" {
		t.Errorf("after Unregister: %q", text(t, r))
	}
	c.Inc()
	r.MustRegister(c)
	shows(t, r, "# HELP c_total Help.", "# TYPE c_total counter", "c_total 3")
}

func TestRegisteringAnEqualCollectorNamesTheExistingOne(t *testing.T) {
	r := tykmetrics.NewRegistry()
	opts := tykmetrics.CounterOpts{Name: "c_total", ConstLabels: tykmetrics.Labels{"zone": "eu"}}
	first, second := tykmetrics.NewCounter(opts), tykmetrics.NewCounter(opts)
	r.MustRegister(first)
	for _, again := range []tykmetrics.Collector{first, second} {
		var already tykmetrics.AlreadyRegisteredError
		err := r.Register(again)
		if !errors.As(err, &already) || already.ExistingCollector != first || already.NewCollector != again {
			t.Errorf("%v", err)
		}
		if !errors.Is(err, tykmetrics.Conflict) || !strings.Contains(err.Error(), "c_total") {
			t.Errorf("%v", err)
		}
	}
	made := r.MustNewGauge(tykmetrics.GaugeOpts{Name: "g"})
	var already tykmetrics.AlreadyRegisteredError
	if err := r.Register(tykmetrics.NewGauge(tykmetrics.GaugeOpts{Name: "g"})); !errors.As(err, &already) || already.ExistingCollector != made {
		t.Errorf("%v", err)
	}
}

func TestOneNameMeansOneThing(t *testing.T) {
	r := tykmetrics.NewRegistry()
	r.MustRegister(tykmetrics.NewCounter(tykmetrics.CounterOpts{Name: "c_total", Help: "One."}))
	for _, c := range []tykmetrics.Collector{
		tykmetrics.NewCounter(tykmetrics.CounterOpts{Name: "c_total", Help: "Another.", ConstLabels: tykmetrics.Labels{"a": "b"}}),
		tykmetrics.NewCounter(tykmetrics.CounterOpts{Name: "c", Help: "One."}),
		tykmetrics.NewCounterVec(tykmetrics.CounterOpts{Name: "c_total", Help: "One."}, []string{"a"}),
		custom{tykmetrics.MustNewConstMetric(tykmetrics.NewDesc("c_total", "One.", nil, nil), tykmetrics.CounterValue, 1)},
	} {
		if err := r.Register(c); !errors.Is(err, tykmetrics.Conflict) {
			t.Errorf("%T: %v", c, err)
		}
	}
	shows(t, r, "# HELP c_total One.", "# TYPE c_total counter", "c_total 0")
}

func TestInvalidOptionsAreWhatRegisterSays(t *testing.T) {
	r := tykmetrics.NewRegistry()
	for code, c := range map[tykmetrics.Code]tykmetrics.Collector{
		tykmetrics.InvalidName:    tykmetrics.NewCounter(tykmetrics.CounterOpts{}),
		tykmetrics.InvalidLabel:   tykmetrics.NewGaugeVec(tykmetrics.GaugeOpts{Name: "g"}, []string{"__a"}),
		tykmetrics.InvalidBuckets: tykmetrics.NewHistogram(tykmetrics.HistogramOpts{Name: "h", Buckets: []float64{2, 1}}),
		tykmetrics.InvalidOption:  tykmetrics.NewSummary(tykmetrics.SummaryOpts{Name: "s", Objectives: map[float64]float64{2: 0}}),
	} {
		if err := r.Register(c); !errors.Is(err, code) || err.Error() == "" {
			t.Errorf("%v: %v", code, err)
		}
		func() {
			defer func() {
				if p := recover(); p == nil {
					t.Errorf("MustRegister took what is %v", code)
				}
			}()
			r.MustRegister(c)
		}()
	}
	if got := text(t, r); got != "" {
		t.Errorf("what was refused shows: %q", got)
	}
}

func TestInvalidMetricsTakeRecords(t *testing.T) {
	shard, err := tykmetrics.OpenShard()
	if err != nil {
		t.Fatal(err)
	}
	defer shard.Release()
	c := tykmetrics.NewCounter(tykmetrics.CounterOpts{})
	c.Inc()
	c.Add(0.5)
	c.AddUint64(1 << 60)
	c.AddOn(shard, 1)
	c.(tykmetrics.ExemplarAdder).AddWithExemplar(1, tykmetrics.Labels{"a": "b"})
	g := tykmetrics.NewGauge(tykmetrics.GaugeOpts{})
	g.Set(1)
	g.Inc()
	g.SetMax(3)
	g.SetMin(3)
	g.SetToCurrentTime()
	u := tykmetrics.NewUpDown(tykmetrics.UpDownOpts{})
	u.Dec()
	u.AddOn(shard, 1)
	h := tykmetrics.NewHistogram(tykmetrics.HistogramOpts{})
	h.Observe(1)
	h.Observe(math.NaN())
	h.ObserveOn(shard, 1)
	h.(tykmetrics.ExemplarObserver).ObserveWithExemplar(1, tykmetrics.Labels{"a": "b"})
	s := tykmetrics.NewSummary(tykmetrics.SummaryOpts{})
	s.Observe(1)
	s.ObserveOn(shard, math.Inf(1))
	if err := tykmetrics.NewInfo(tykmetrics.InfoOpts{}).Set(); !errors.Is(err, tykmetrics.InvalidName) {
		t.Error(err)
	}
	if err := tykmetrics.NewStateSet(tykmetrics.StateSetOpts{}).Enter("on"); err == nil {
		t.Error("a state set without a name has a state")
	}
	v := tykmetrics.NewCounterVec(tykmetrics.CounterOpts{}, []string{"a"})
	v.WithLabelValues("b").Inc()
	v.With(tykmetrics.Labels{"a": "b"}).Inc()
	if _, err := v.GetMetricWithLabelValues("b"); !errors.Is(err, tykmetrics.InvalidName) {
		t.Error(err)
	}
	v.Reset()
	if v.DeleteLabelValues("b") || v.DeletePartialMatch(tykmetrics.Labels{"a": "b"}) != 0 || v.Len() != 0 {
		t.Error("a family without a name has series")
	}
	tykmetrics.NewHistogramVec(tykmetrics.HistogramOpts{}, []string{"a"}).WithLabelValues("b").Observe(1)
	for _, m := range []tykmetrics.Metric{c, g, u, h, s} {
		if _, err := tykmetrics.Read(m); !errors.Is(err, tykmetrics.InvalidName) {
			t.Errorf("%T: %v", m, err)
		}
	}
}

func TestConstructorsThatPanicSayWhatTheOthersReturn(t *testing.T) {
	r := tykmetrics.NewRegistry()
	opts := tykmetrics.CounterOpts{Name: "c_total", Namespace: "a\x00b"}
	_, err := r.NewCounter(opts)
	if err == nil {
		t.Fatal("a namespace with a NUL byte was taken")
	}
	defer func() {
		if p := recover(); p != err.Error() {
			t.Errorf("%v, and %v", p, err)
		}
	}()
	r.MustNewCounter(opts)
}

func TestANegativeAmountPanicsAsInClientGolang(t *testing.T) {
	c := tykmetrics.NewCounter(tykmetrics.CounterOpts{Name: "c_total"})
	for _, v := range []float64{-1, -0.5, math.Inf(-1)} {
		refuses(t, func() { c.Add(v) })
		refuses(t, func() { c.(tykmetrics.ExemplarAdder).AddWithExemplar(v, tykmetrics.Labels{}) })
	}
	c.Add(math.NaN())
	c.Add(math.Inf(1))
	c.Add(math.Copysign(0, -1))
	if s, err := tykmetrics.Read(c); err != nil || s.Value != 0 {
		t.Errorf("%v, %v", s, err)
	}
}

// custom is a collector of one metric.
type custom struct{ tykmetrics.Metric }

func (c custom) Describe(to chan<- *tykmetrics.Desc) { to <- c.Desc() }
func (c custom) Collect(to chan<- tykmetrics.Metric) { to <- c.Metric }

// several is a collector of many, which says nothing of them before.
type several func(chan<- tykmetrics.Metric)

func (several) Describe(chan<- *tykmetrics.Desc)      {}
func (f several) Collect(to chan<- tykmetrics.Metric) { f(to) }

func TestCollectorsAreAskedAtEveryScrape(t *testing.T) {
	r := tykmetrics.NewRegistry()
	asked := 0.0
	counts := tykmetrics.NewDesc("asked_total", "How often.", []string{"who"}, tykmetrics.Labels{"zone": "eu"})
	sizes := tykmetrics.NewDesc("sizes", "", nil, nil)
	waits := tykmetrics.NewDesc("waits", "", []string{"who"}, nil)
	r.MustRegister(several(func(to chan<- tykmetrics.Metric) {
		asked++
		to <- tykmetrics.MustNewConstMetric(counts, tykmetrics.CounterValue, asked, "me")
		to <- tykmetrics.MustNewConstMetric(counts, tykmetrics.CounterValue, 7, "you")
		to <- tykmetrics.MustNewConstHistogram(sizes, 6, 20, map[float64]uint64{1: 2, 5: 5})
		to <- tykmetrics.MustNewConstSummary(waits, 3, 4, map[float64]float64{0.5: 1, 0.9: 2}, "me")
		to <- tykmetrics.MustNewConstMetric(tykmetrics.NewDesc("odd", "", nil, nil), tykmetrics.UntypedValue, math.Inf(1))
	}))
	want := func(n string) {
		t.Helper()
		shows(t, r,
			"# HELP asked_total How often.", "# TYPE asked_total counter",
			`asked_total{who="me",zone="eu"} `+n, `asked_total{who="you",zone="eu"} 7`,
			"# TYPE sizes histogram", `sizes_bucket{le="1"} 2`, `sizes_bucket{le="5"} 5`, `sizes_bucket{le="+Inf"} 6`, "sizes_sum 20", "sizes_count 6",
			"# TYPE waits summary", `waits{who="me",quantile="0.5"} 1`, `waits{who="me",quantile="0.9"} 2`, `waits_sum{who="me"} 4`, `waits_count{who="me"} 3`,
			"# TYPE odd untyped", "odd +Inf")
	}
	want("1")
	want("2")
}

func TestWhatACollectorDoesWrongCostsNothingElse(t *testing.T) {
	r := tykmetrics.NewRegistry()
	good := func(name string) tykmetrics.Metric {
		return tykmetrics.MustNewConstMetric(tykmetrics.NewDesc(name, "", nil, nil), tykmetrics.GaugeValue, 1)
	}
	r.MustNewGauge(tykmetrics.GaugeOpts{Name: "own"})
	r.MustRegister(
		several(func(to chan<- tykmetrics.Metric) { to <- good("before"); panic("no luck") }),
		several(func(to chan<- tykmetrics.Metric) {
			to <- tykmetrics.NewInvalidMetric(tykmetrics.NewDesc("bad", "", nil, nil), errors.New("no number"))
			to <- tykmetrics.NewInvalidMetric(tykmetrics.NewInvalidDesc(errors.New("no name")), nil)
			to <- good("twice")
			to <- good("twice")
			to <- good("after")
		}),
	)
	var out strings.Builder
	err := r.Render(&out, "text")
	for _, want := range []string{"no luck", "no number", "no name", `"twice" was collected twice`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not said: %v", want, err)
		}
	}
	want := "# TYPE own gauge\nown 0\n# TYPE before gauge\nbefore 1\n# TYPE twice gauge\ntwice 1\n# TYPE after gauge\nafter 1\n"
	if out.String() != want {
		t.Errorf("%s", out.String())
	}
}

func TestFunctionsAreAskedAtEveryScrape(t *testing.T) {
	r := tykmetrics.NewRegistry()
	n := 0.0
	next := func() float64 { n++; return n }
	r.MustRegister(
		tykmetrics.NewCounterFunc(tykmetrics.CounterOpts{Name: "c_total"}, next),
		tykmetrics.NewGaugeFunc(tykmetrics.GaugeOpts{Name: "g", ConstLabels: tykmetrics.Labels{"a": "b"}}, func() float64 { return -1.5 }),
		tykmetrics.NewGaugeFunc(tykmetrics.GaugeOpts{Name: "p"}, func() float64 { panic("no luck") }),
		tykmetrics.NewUntypedFunc(tykmetrics.UntypedOpts{Name: "u"}, func() float64 { return 3 }),
	)
	for _, count := range []string{"1", "2"} {
		shows(t, r, "# TYPE c_total counter", "c_total "+count, "# TYPE g gauge", `g{a="b"} -1.5`, "# TYPE p gauge", "p NaN", "# TYPE u untyped", "u 3")
	}
}

func TestWrappedRegisterersAddLabelsAndAPrefix(t *testing.T) {
	r := tykmetrics.NewRegistry()
	c := tykmetrics.NewCounterVec(tykmetrics.CounterOpts{Name: "c_total", Help: "Help."}, []string{"path"})
	wrapping := tykmetrics.WrapRegistererWithPrefix("app_", tykmetrics.WrapRegistererWith(tykmetrics.Labels{"zone": "eu"}, r))
	wrapping.MustRegister(c)
	c.WithLabelValues("/").Inc()
	shows(t, r, "# HELP app_c_total Help.", "# TYPE app_c_total counter", `app_c_total{path="/",zone="eu"} 1`)
	// The same name with another constant label is another collector.
	tykmetrics.WrapRegistererWithPrefix("app_", tykmetrics.WrapRegistererWith(tykmetrics.Labels{"zone": "us"}, r)).MustRegister(c)
	shows(t, r, "# HELP app_c_total Help.", "# TYPE app_c_total counter", `app_c_total{path="/",zone="eu"} 1`, `app_c_total{path="/",zone="us"} 1`)
	var already tykmetrics.AlreadyRegisteredError
	if err := wrapping.Register(c); !errors.As(err, &already) || already.ExistingCollector != c {
		t.Errorf("%v", err)
	}
	if err := tykmetrics.WrapRegistererWith(tykmetrics.Labels{"path": "/"}, r).Register(c); !errors.Is(err, tykmetrics.InvalidLabel) {
		t.Errorf("%v", err)
	}
	if !wrapping.Unregister(c) || wrapping.Unregister(c) {
		t.Error("what was registered through a wrapper cannot be unregistered through it")
	}
}

func TestTheDefaultRegistryShowsGoAndTheProcess(t *testing.T) {
	got := scrape(t, tykmetrics.DefaultRegisterer.(*tykmetrics.Registry))
	for _, sample := range []string{
		"go_goroutines", "go_threads", "go_memstats_alloc_bytes", "go_memstats_mallocs_total", "go_gc_gogc_percent",
		`go_gc_duration_seconds{quantile="0.5"}`, "process_cpu_seconds_total", "process_resident_memory_bytes", "process_open_fds",
	} {
		if _, ok := got[sample]; !ok {
			t.Errorf("there is no %s", sample)
		}
	}
	if got["go_goroutines"] < 1 || got["go_memstats_heap_sys_bytes"] < got["go_memstats_heap_inuse_bytes"] {
		t.Errorf("%v goroutines, %v bytes of heap of which %v in use", got["go_goroutines"], got["go_memstats_heap_sys_bytes"], got["go_memstats_heap_inuse_bytes"])
	}
	var already tykmetrics.AlreadyRegisteredError
	for _, c := range []tykmetrics.Collector{tykmetrics.NewGoCollector(), tykmetrics.NewProcessCollector(tykmetrics.ProcessCollectorOpts{})} {
		if err := tykmetrics.Register(c); !errors.As(err, &already) {
			t.Errorf("%v", err)
		}
	}
	r := tykmetrics.NewRegistry()
	build, process := tykmetrics.NewBuildInfoCollector(), tykmetrics.NewProcessCollector(tykmetrics.ProcessCollectorOpts{Namespace: "app"})
	r.MustRegister(build, process)
	if got := text(t, r); !strings.Contains(got, "go_build_info{") || !strings.Contains(got, "app_process_open_fds") {
		t.Errorf("%s", got)
	}
	if !r.Unregister(process) || !r.Unregister(build) || text(t, r) != "" {
		t.Errorf("after Unregister: %s", text(t, r))
	}
}

// byValue is a collector that cannot be compared.
type byValue []tykmetrics.Metric

func (c byValue) Describe(to chan<- *tykmetrics.Desc) { to <- c[0].Desc() }
func (c byValue) Collect(to chan<- tykmetrics.Metric) { to <- c[0] }

func TestCollectorsNeedNotBeComparable(t *testing.T) {
	r := tykmetrics.NewRegistry()
	c := byValue{tykmetrics.MustNewConstMetric(tykmetrics.NewDesc("g", "", nil, nil), tykmetrics.GaugeValue, 1)}
	r.MustRegister(c)
	shows(t, r, "# TYPE g gauge", "g 1")
	if !r.Unregister(c) || r.Unregister(c) || text(t, r) != "" {
		t.Errorf("after Unregister: %s", text(t, r))
	}
}
