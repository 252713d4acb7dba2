package tykmetrics

import (
	"slices"
	"sync"
)

// YieldingCollector is a Collector that gives way: of its metrics, those of a name that the registry shows already, from
// a family or another collector, are left out and are no conflict. Bridges to other registries are such.
type YieldingCollector interface {
	Collector
	// Yields says whether it does.
	Yields() bool
}

func yields(c Collector) bool {
	y, ok := c.(YieldingCollector)
	return ok && y.Yields()
}

// Yields says whether the collector does whose metrics are renamed or labelled.
func (w *wrapped) Yields() bool { return yields(w.of) }

// yieldingLast puts those that give way behind the others.
func yieldingLast(custom []registered) []registered {
	if !slices.ContainsFunc(custom, func(c registered) bool { return yields(c.collector) }) {
		return custom
	}
	sorted := slices.Clone(custom)
	slices.SortStableFunc(sorted, func(a, b registered) int {
		switch ya, yb := yields(a.collector), yields(b.collector); {
		case ya == yb:
			return 0
		case yb:
			return -1
		}
		return 1
	})
	return sorted
}

// besides are the metrics of c, if it gives way without those of names that were collected before or that the engine's
// process collectors show. Names of families need no look: the engine shows the family.
func (r *Registry) besides(c Collector, before map[string]*group, metrics []Metric) []Metric {
	if !yields(c) {
		return metrics
	}
	taken := r.processNames()
	for name := range before {
		taken[name] = true
	}
	return slices.DeleteFunc(metrics, func(m Metric) bool { return taken[m.Desc().fqName] })
}

func (r *Registry) processNames() map[string]bool {
	names := map[string]bool{}
	r.mu.Lock()
	defer r.mu.Unlock()
	for identity := range r.process {
		if of, ok := r.collectors[identity].(*processCollector); ok {
			for _, name := range namesOfProcess() {
				names[BuildFQName("", of.namespace, name)] = true
			}
		}
	}
	return names
}

// namesOfProcess are the names that process collectors show, asked of the engine once.
var namesOfProcess = sync.OnceValue(func() []string {
	to := make(chan Metric, 64)
	go func() {
		defer close(to)
		NewProcessCollector(ProcessCollectorOpts{}).Collect(to)
	}()
	var names []string
	for m := range to {
		names = append(names, m.Desc().fqName)
	}
	return names
})
