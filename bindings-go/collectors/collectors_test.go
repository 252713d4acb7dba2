package collectors_test

import (
	"errors"
	"os"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/tykmetrics/tykmetrics/bindings-go"
	"github.com/tykmetrics/tykmetrics/bindings-go/collectors"
)

func shown(t *testing.T, c tykmetrics.Collector) *tykmetrics.Snapshot {
	t.Helper()
	registry := tykmetrics.NewRegistry()
	registry.MustRegister(c)
	snapshot, err := registry.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	return snapshot
}

func TestWithoutOptionsTheGoCollectorIsTheDefaultRegistrys(t *testing.T) {
	if !tykmetrics.Unregister(collectors.NewGoCollector()) {
		t.Error("the default registry has another one")
	}
	more := collectors.NewGoCollector(collectors.WithGoCollectorRuntimeMetrics(collectors.MetricsScheduler))
	if err := tykmetrics.Register(more); err != nil {
		t.Error(err)
	}
	if !tykmetrics.Unregister(collectors.NewProcessCollector(collectors.ProcessCollectorOpts{})) {
		t.Error("the default registry has another process collector")
	}
}

func TestTheLastRuleDecides(t *testing.T) {
	runtime.GC()
	all := shown(t, collectors.NewGoCollector(
		collectors.WithGoCollectorMemStatsMetricsDisabled(),
		collectors.WithGoCollectorRuntimeMetrics(collectors.MetricsGC),
		collectors.WithoutGoCollectorRuntimeMetrics(regexp.MustCompile("^/gc/cycles/"), regexp.MustCompile("/gc/gogc:percent")),
		collectors.WithGoCollectorRuntimeMetrics(collectors.GoRuntimeMetricsRule{Matcher: regexp.MustCompile("^/gc/cycles/total:")}),
	))
	for name, want := range map[string]bool{
		"go_goroutines": true, "go_memstats_alloc_bytes": false, "go_gc_heap_allocs_bytes_total": true,
		"go_gc_cycles_total_gc_cycles_total": true, "go_gc_cycles_forced_gc_cycles_total": false,
		"go_gc_gogc_percent": false, "go_gc_gomemlimit_bytes": true, "go_sched_latencies_seconds": false,
	} {
		if got := all.Family(name) != nil; got != want {
			t.Errorf("%s is shown: %t", name, got)
		}
	}
	if cycles := all.Family("go_gc_cycles_total_gc_cycles_total"); cycles == nil || cycles.Series[0].Value < 1 {
		t.Errorf("the cycles are %v", cycles)
	}
	sizes := all.Family("go_gc_heap_allocs_by_size_bytes")
	if sizes == nil || sizes.Kind != tykmetrics.KindHistogram || sizes.Series[0].Count == 0 {
		t.Fatalf("the sizes are %v", sizes)
	}
	last := uint64(0)
	for _, bucket := range sizes.Series[0].Buckets {
		if bucket.CumulativeCount < last {
			t.Errorf("the buckets fall: %v", sizes.Series[0].Buckets)
		}
		last = bucket.CumulativeCount
	}
	if last > sizes.Series[0].Count || last == 0 {
		t.Errorf("%d of %d are in buckets", last, sizes.Series[0].Count)
	}
}

func TestAProcessIsThisOneOrNone(t *testing.T) {
	own := func() (int, error) { return os.Getpid(), nil }
	if shown(t, collectors.NewProcessCollector(collectors.ProcessCollectorOpts{PidFn: own, Namespace: "n"})).Family("n_process_cpu_seconds_total") == nil {
		t.Error("the process itself is not shown")
	}
	for name, pid := range map[string]func() (int, error){
		"another": func() (int, error) { return os.Getpid() + 1, nil },
		"unknown": func() (int, error) { return 0, errors.New("no such file") },
	} {
		registry := tykmetrics.NewRegistry()
		registry.MustRegister(collectors.NewProcessCollector(collectors.ProcessCollectorOpts{PidFn: pid, ReportErrors: true}))
		err := tykmetrics.WriteToTextfile(t.TempDir()+"/x", registry)
		if err == nil || !strings.Contains(err.Error(), "process") && !strings.Contains(err.Error(), "no such file") {
			t.Errorf("%s: the error is %v", name, err)
		}
		quiet := collectors.NewProcessCollector(collectors.ProcessCollectorOpts{PidFn: pid})
		if families, err := shown(t, quiet).Families(); err != nil || len(families) != 0 {
			t.Errorf("%s: there are %v (%v)", name, families, err)
		}
	}
}
