package tykmetrics

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"weak"

	"github.com/tykmetrics/tykmetrics/bindings-go/internal/native"
)

// ask has the engine ask for the custom collectors at every scrape. The caller holds the registry's lock.
func (r *Registry) ask() error {
	if r.asked {
		return nil
	}
	// Not a reference to the registry, which would keep it for ever.
	weakly := weak.Make(r)
	_, err := native.Collect(r.native, func(into *native.CFamilies) {
		if r := weakly.Value(); r != nil {
			r.collect(into)
		}
	})
	r.asked = err == nil
	return failure(err)
}

// collect is called by the engine, on the thread of the scrape. No panic may leave it.
func (r *Registry) collect(into *native.CFamilies) {
	var failed []error
	defer func() {
		if p := recover(); p != nil {
			failed = append(failed, fmt.Errorf("collecting: %v", p))
		}
		r.failures.Lock()
		r.failed = failed
		r.failures.Unlock()
	}()
	r.mu.Lock()
	custom := r.custom
	r.mu.Unlock()
	var all groups
	for _, c := range yieldingLast(custom) {
		metrics, err := collected(c.collector)
		if err != nil {
			failed = append(failed, err)
		}
		for _, m := range r.besides(c.collector, all.byName, metrics) {
			if err := all.take(m); err != nil {
				failed = append(failed, err)
			}
		}
	}
	for _, g := range all.list {
		if err := g.push(into); err != nil {
			failed = append(failed, failure(err))
		}
	}
}

// collectFailures is what went wrong when collectors were last asked.
func (r *Registry) collectFailures() error {
	r.failures.Lock()
	defer r.failures.Unlock()
	return errors.Join(r.failed...)
}

// collected are the metrics of one collector; of one that panics, those that came before.
func collected(c Collector) (metrics []Metric, err error) {
	to := make(chan Metric, 64)
	done := make(chan error, 1)
	go func() {
		defer close(to)
		defer func() {
			if p := recover(); p != nil {
				done <- fmt.Errorf("a collector panicked: %v", p)
			}
		}()
		c.Collect(to)
		done <- nil
	}()
	for m := range to {
		metrics = append(metrics, m)
	}
	return metrics, <-done
}

// The samples of one name.
type group struct {
	desc    *Desc
	kind    Kind
	names   []string
	bounds  []float64
	samples []Sample
	seen    map[string]bool
}

type groups struct {
	list   []*group
	byName map[string]*group
}

func (gs *groups) take(m Metric) error {
	desc := m.Desc()
	sample, err := m.read()
	if err == nil {
		err = desc.err
	}
	if err != nil {
		return err
	}
	if gs.byName == nil {
		gs.byName = map[string]*group{}
	}
	g := gs.byName[desc.fqName]
	if g == nil {
		g = &group{desc: desc, kind: sample.Kind, seen: map[string]bool{}}
		for _, bucket := range sample.Buckets {
			g.bounds = append(g.bounds, bucket.UpperBound)
		}
		gs.byName[desc.fqName] = g
		gs.list = append(gs.list, g)
	}
	if g.kind != sample.Kind {
		return fail(Conflict, "metric %q was collected as %v and as %v: all metrics of a name are of one kind", desc.fqName, g.kind, sample.Kind)
	}
	for _, label := range sample.Labels {
		if !slices.Contains(g.names, label.Name) {
			g.names = append(g.names, label.Name)
		}
	}
	sorted := slices.Clone(sample.Labels)
	slices.SortFunc(sorted, func(a, b Label) int { return strings.Compare(a.Name, b.Name) })
	if key := fmt.Sprintf("%q", sorted); g.seen[key] {
		return fail(Conflict, "metric %q was collected twice with the labels %v", desc.fqName, sorted)
	} else {
		g.seen[key] = true
	}
	g.samples = append(g.samples, sample)
	return nil
}

func (g *group) push(into *native.CFamilies) error {
	kind := uint32(g.kind)
	if g.kind == KindInfo || g.kind == KindStateSet || g.kind == KindUpDown {
		kind = native.Gauge
	}
	options := &native.Options{Name: g.desc.fqName, Help: g.desc.help, LabelNames: g.names}
	if g.kind == KindHistogram {
		options.Buckets = g.bounds
		if len(g.bounds) == 0 {
			options.Flags |= native.NoBuckets
		}
	}
	family, err := native.AddFamily(into, kind, options)
	if err != nil {
		return err
	}
	for _, sample := range g.samples {
		pushed := g.pushOne(into, family, sample)
		if pushed == nil {
			pushed = g.pushMore(into, family, sample)
		}
		err = errors.Join(err, pushed)
	}
	return err
}

func (g *group) pushOne(into *native.CFamilies, family uint64, s Sample) error {
	values := make([]string, len(g.names))
	for _, label := range s.Labels {
		values[slices.Index(g.names, label.Name)] = label.Value
	}
	switch g.kind {
	case KindHistogram:
		counts, before := make([]uint64, 0, len(s.Buckets)+1), uint64(0)
		for i, bucket := range s.Buckets {
			if i >= len(g.bounds) || bucket.UpperBound != g.bounds[i] {
				return fail(InvalidBuckets, "metric %q was collected with different buckets: all series of a histogram have the same", g.desc.fqName)
			}
			counts = append(counts, bucket.CumulativeCount-before)
			before = bucket.CumulativeCount
		}
		return failure(native.PushHistogram(into, family, values, append(counts, s.Count-before), s.Sum))
	case KindSummary:
		var quantiles, at []float64
		for _, q := range s.Quantiles {
			quantiles, at = append(quantiles, q.Quantile), append(at, q.Value)
		}
		return failure(native.PushSummary(into, family, values, quantiles, at, s.Count, s.Sum))
	}
	return failure(native.Push(into, family, values, s.Value))
}

// pushMore pushes what few samples have: a start and exemplars.
func (g *group) pushMore(into *native.CFamilies, family uint64, s Sample) (err error) {
	if !s.Created.IsZero() {
		err = failure(native.Began(into, family, s.Created.UnixMilli()))
	}
	for _, e := range s.Exemplars {
		ms := int64(0)
		if !e.At.IsZero() {
			ms = e.At.UnixMilli()
		}
		err = errors.Join(err, failure(native.PushExemplar(into, family, pairs(e.Labels, nil), e.Value, ms)))
	}
	return err
}
