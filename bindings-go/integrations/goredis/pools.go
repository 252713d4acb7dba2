package tykredis

import (
	"maps"
	"slices"
	"sync"

	"github.com/redis/go-redis/v9"

	"github.com/tykmetrics/tykmetrics/bindings-go"
)

// Pool is what has connections: every client of go-redis.
type Pool interface {
	PoolStats() *redis.PoolStats
}

// Pools is a tykmetrics.Collector of connection pools.
type Pools struct {
	metrics []poolMetric

	mu    sync.Mutex
	pools map[string]Pool
}

type poolMetric struct {
	desc *tykmetrics.Desc
	kind tykmetrics.ValueType
	read func(*redis.PoolStats) float64
}

// NewPools makes a collector without pools. It is to be registered once; of o,
// it takes the namespace and the constant labels.
func NewPools(o Options) *Pools {
	p := &Pools{pools: map[string]Pool{}}
	add := func(kind tykmetrics.ValueType, name, help string, read func(*redis.PoolStats) float64) {
		desc := tykmetrics.NewDesc(tykmetrics.BuildFQName(o.Namespace, subsystem, name), help,
			[]string{"type"}, o.ConstLabels)
		p.metrics = append(p.metrics, poolMetric{desc, kind, read})
	}
	gauge, counter := tykmetrics.GaugeValue, tykmetrics.CounterValue
	add(gauge, "pool_size", "Redis connection pool size",
		func(s *redis.PoolStats) float64 { return float64(s.TotalConns) })
	add(gauge, "active_connections", "Number of active Redis connections",
		func(s *redis.PoolStats) float64 {
			// The two are not read at once, so the difference can be below zero.
			return max(0, float64(s.TotalConns)-float64(s.IdleConns))
		})
	add(gauge, "idle_connections", "Connections that wait for work.",
		func(s *redis.PoolStats) float64 { return float64(s.IdleConns) })
	add(gauge, "pool_pending_requests", "Operations that wait for a connection.",
		func(s *redis.PoolStats) float64 { return float64(s.PendingRequests) })
	add(counter, "pool_hits_total", "Times that a free connection was found.",
		func(s *redis.PoolStats) float64 { return float64(s.Hits) })
	add(counter, "pool_misses_total", "Times that no free connection was found.",
		func(s *redis.PoolStats) float64 { return float64(s.Misses) })
	add(counter, "pool_timeouts_total", "Times that no connection came free in time.",
		func(s *redis.PoolStats) float64 { return float64(s.Timeouts) })
	add(counter, "pool_stale_total", "Connections that were removed because they were stale.",
		func(s *redis.PoolStats) float64 { return float64(s.StaleConns) })
	add(counter, "pool_unusable_total", "Connections that were found to be unusable.",
		func(s *redis.PoolStats) float64 { return float64(s.Unusable) })
	add(counter, "pool_waits_total", "Times that an operation waited for a connection.",
		func(s *redis.PoolStats) float64 { return float64(s.WaitCount) })
	add(counter, "pool_wait_seconds_total", "Seconds that operations waited for a connection.",
		func(s *redis.PoolStats) float64 { return float64(s.WaitDurationNs) / 1e9 })
	return p
}

// Add lists a pool under a type such as "default", "cache" or "analytics", in the
// place of the one that had it.
func (p *Pools) Add(kind string, pool Pool) *Pools {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pools[kind] = pool
	return p
}

// Remove takes a pool off the list.
func (p *Pools) Remove(kind string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.pools, kind)
}

// Describe is part of tykmetrics.Collector.
func (p *Pools) Describe(out chan<- *tykmetrics.Desc) {
	for _, m := range p.metrics {
		out <- m.desc
	}
}

// Collect is part of tykmetrics.Collector.
func (p *Pools) Collect(out chan<- tykmetrics.Metric) {
	p.mu.Lock()
	pools := maps.Clone(p.pools)
	p.mu.Unlock()
	for _, kind := range slices.Sorted(maps.Keys(pools)) {
		stats := pools[kind].PoolStats()
		if stats == nil {
			continue
		}
		for _, m := range p.metrics {
			out <- tykmetrics.MustNewConstMetric(m.desc, m.kind, m.read(stats), kind)
		}
	}
}
