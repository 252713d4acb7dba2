package tykmetrics

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"time"
)

// A number of the Go runtime: the sum of what runtime/metrics has under some names.
type runtimeMetric struct {
	name, help string
	kind       ValueType
	of         []string
}

// The names are those of client_golang's Go collector. Nothing here stops the world, as runtime.ReadMemStats does.
var runtimeMetrics = []runtimeMetric{
	{"go_goroutines", "Number of goroutines that currently exist.", GaugeValue, []string{"/sched/goroutines:goroutines"}},
	{"go_sched_gomaxprocs_threads", "How many OS threads run Go code at once: GOMAXPROCS.", GaugeValue, []string{"/sched/gomaxprocs:threads"}},
	{"go_gc_gogc_percent", "Heap growth that starts a garbage collection, in percent: GOGC.", GaugeValue, []string{"/gc/gogc:percent"}},
	{"go_gc_gomemlimit_bytes", "Memory that the runtime tries to stay below: GOMEMLIMIT.", GaugeValue, []string{"/gc/gomemlimit:bytes"}},
	{"go_memstats_alloc_bytes", "Bytes of heap objects.", GaugeValue, []string{"/memory/classes/heap/objects:bytes"}},
	{"go_memstats_alloc_bytes_total", "Bytes of heap objects that were ever allocated.", CounterValue, []string{"/gc/heap/allocs:bytes"}},
	{"go_memstats_sys_bytes", "Bytes obtained from the system.", GaugeValue, []string{"/memory/classes/total:bytes"}},
	{"go_memstats_mallocs_total", "Heap objects that were ever allocated.", CounterValue, []string{"/gc/heap/allocs:objects", "/gc/heap/tiny/allocs:objects"}},
	{"go_memstats_frees_total", "Heap objects that were freed.", CounterValue, []string{"/gc/heap/frees:objects", "/gc/heap/tiny/allocs:objects"}},
	{"go_memstats_heap_alloc_bytes", "Bytes of heap objects, as go_memstats_alloc_bytes.", GaugeValue, []string{"/memory/classes/heap/objects:bytes"}},
	{"go_memstats_heap_sys_bytes", "Bytes of heap obtained from the system.", GaugeValue, []string{
		"/memory/classes/heap/objects:bytes", "/memory/classes/heap/unused:bytes", "/memory/classes/heap/released:bytes", "/memory/classes/heap/free:bytes"}},
	{"go_memstats_heap_idle_bytes", "Bytes of heap that wait to be used.", GaugeValue, []string{"/memory/classes/heap/released:bytes", "/memory/classes/heap/free:bytes"}},
	{"go_memstats_heap_inuse_bytes", "Bytes of heap that are in use.", GaugeValue, []string{"/memory/classes/heap/objects:bytes", "/memory/classes/heap/unused:bytes"}},
	{"go_memstats_heap_released_bytes", "Bytes of heap given back to the system.", GaugeValue, []string{"/memory/classes/heap/released:bytes"}},
	{"go_memstats_heap_objects", "Heap objects that currently exist.", GaugeValue, []string{"/gc/heap/objects:objects"}},
	{"go_memstats_stack_inuse_bytes", "Bytes of stacks in use.", GaugeValue, []string{"/memory/classes/heap/stacks:bytes"}},
	{"go_memstats_stack_sys_bytes", "Bytes of stacks obtained from the system.", GaugeValue, []string{"/memory/classes/heap/stacks:bytes", "/memory/classes/os-stacks:bytes"}},
	{"go_memstats_mspan_inuse_bytes", "Bytes of mspan structures in use.", GaugeValue, []string{"/memory/classes/metadata/mspan/inuse:bytes"}},
	{"go_memstats_mspan_sys_bytes", "Bytes of mspan structures obtained from the system.", GaugeValue, []string{
		"/memory/classes/metadata/mspan/inuse:bytes", "/memory/classes/metadata/mspan/free:bytes"}},
	{"go_memstats_mcache_inuse_bytes", "Bytes of mcache structures in use.", GaugeValue, []string{"/memory/classes/metadata/mcache/inuse:bytes"}},
	{"go_memstats_mcache_sys_bytes", "Bytes of mcache structures obtained from the system.", GaugeValue, []string{
		"/memory/classes/metadata/mcache/inuse:bytes", "/memory/classes/metadata/mcache/free:bytes"}},
	{"go_memstats_buck_hash_sys_bytes", "Bytes of the profiling bucket hash table.", GaugeValue, []string{"/memory/classes/profiling/buckets:bytes"}},
	{"go_memstats_gc_sys_bytes", "Bytes of garbage collection metadata.", GaugeValue, []string{"/memory/classes/metadata/other:bytes"}},
	{"go_memstats_other_sys_bytes", "Bytes of other runtime allocations.", GaugeValue, []string{"/memory/classes/other:bytes"}},
	{"go_memstats_next_gc_bytes", "Heap size at which the next garbage collection takes place.", GaugeValue, []string{"/gc/heap/goal:bytes"}},
}

type goCollector struct {
	descs                     []*Desc
	info                      Metric
	threads, pauses, lastTime *Desc

	mu      sync.Mutex
	samples []metrics.Sample
	at      map[string]int
}

// NewGoCollector shows the numbers of the Go runtime, under the names that client_golang gives them.
func NewGoCollector() Collector {
	c := &goCollector{at: map[string]int{}}
	for _, m := range runtimeMetrics {
		c.descs = append(c.descs, NewDesc(m.name, m.help, nil, nil))
		for _, name := range m.of {
			if _, ok := c.at[name]; !ok {
				c.at[name] = len(c.samples)
				c.samples = append(c.samples, metrics.Sample{Name: name})
			}
		}
	}
	c.threads = NewDesc("go_threads", "Number of OS threads created.", nil, nil)
	c.pauses = NewDesc("go_gc_duration_seconds", "Pauses of the world in garbage collections, in seconds of wall time.", nil, nil)
	c.lastTime = NewDesc("go_memstats_last_gc_time_seconds", "When the last garbage collection ended, in seconds since 1970.", nil, nil)
	c.info = MustNewConstMetric(NewDesc("go_info", "Information about the Go environment.", nil, Labels{"version": runtime.Version()}), GaugeValue, 1)
	return c
}

// Describe sends all descriptions.
func (c *goCollector) Describe(to chan<- *Desc) {
	for _, desc := range c.descs {
		to <- desc
	}
	to <- c.threads
	to <- c.pauses
	to <- c.lastTime
	to <- c.info.Desc()
}

// Collect sends the numbers.
func (c *goCollector) Collect(to chan<- Metric) {
	c.mu.Lock()
	defer c.mu.Unlock()
	metrics.Read(c.samples)
	for i, m := range runtimeMetrics {
		var sum uint64
		for _, name := range m.of {
			// A runtime that does not know the name says so by the value's kind.
			if value := c.samples[c.at[name]].Value; value.Kind() == metrics.KindUint64 {
				sum += value.Uint64()
			}
		}
		to <- MustNewConstMetric(c.descs[i], m.kind, float64(sum))
	}
	threads, _ := runtime.ThreadCreateProfile(nil)
	to <- MustNewConstMetric(c.threads, GaugeValue, float64(threads))

	stats := debug.GCStats{PauseQuantiles: make([]time.Duration, 5)}
	debug.ReadGCStats(&stats)
	quantiles := map[float64]float64{}
	for i, pause := range stats.PauseQuantiles {
		quantiles[float64(i)/4] = pause.Seconds()
	}
	to <- MustNewConstSummary(c.pauses, uint64(stats.NumGC), stats.PauseTotal.Seconds(), quantiles)
	to <- MustNewConstMetric(c.lastTime, GaugeValue, float64(stats.LastGC.UnixNano())/1e9)
	to <- c.info
}

// NewBuildInfoCollector shows go_build_info: the path, the version and the checksum of the main module.
func NewBuildInfoCollector() Collector {
	labels := Labels{"path": "unknown", "version": "unknown", "checksum": "unknown"}
	if info, ok := debug.ReadBuildInfo(); ok {
		labels = Labels{"path": info.Main.Path, "version": info.Main.Version, "checksum": info.Main.Sum}
	}
	desc := NewDesc("go_build_info", "Build information about the main Go module.", nil, labels)
	return constant{MustNewConstMetric(desc, GaugeValue, 1)}
}

// constant is a metric that never changes, as a Collector.
type constant struct{ Metric }

func (c constant) Describe(to chan<- *Desc) { to <- c.Desc() }

func (c constant) Collect(to chan<- Metric) { to <- c.Metric }
