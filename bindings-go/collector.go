package tykmetrics

import (
	"errors"
	"fmt"
	"reflect"
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
	_, err := native.Collect(r.native, func(into *native.CFamilies) []error {
		if r := weakly.Value(); r != nil {
			return r.collect(into)
		}
		return nil
	}, func(failed []error) {
		if r := weakly.Value(); r != nil {
			r.unheard(failed)
		}
	})
	r.asked = err == nil
	return failure(err)
}

// collect is called by the engine, on the thread of the scrape, and says what went wrong. No panic may leave it.
func (r *Registry) collect(into *native.CFamilies) (failed []error) {
	defer func() {
		if p := recover(); p != nil {
			failed = append(failed, fmt.Errorf("collecting: %v", p))
		}
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
	return failed
}

// collected are the metrics of one collector; of one that panics or ends its goroutine, those that came before.
func collected(c Collector) (metrics []Metric, err error) {
	to := make(chan Metric, 64)
	done := make(chan error, 1)
	go func() {
		returned := false
		defer close(to)
		defer func() {
			// Without a panic to recover, what does not return has called runtime.Goexit.
			switch p := recover(); {
			case p != nil:
				done <- fmt.Errorf("collector %T panicked: %v", c, p)
			case !returned:
				done <- fmt.Errorf("collector %T ended its goroutine (runtime.Goexit, which t.FailNow calls): Collect must return", c)
			default:
				done <- nil
			}
		}()
		c.Collect(to)
		returned = true
	}()
	none := 0
	for m := range to {
		if absent(m) {
			none++
			continue
		}
		metrics = append(metrics, m)
	}
	if err = <-done; none > 0 {
		err = errors.Join(err, fmt.Errorf("collector %T sent nil %d times instead of a metric: send what NewConstMetric and its like return", c, none))
	}
	return metrics, err
}

// absent says whether m is nil, or a nil pointer to a metric of this package.
func absent(m Metric) bool {
	if m == nil {
		return true
	}
	of := reflect.ValueOf(m)
	return of.Kind() == reflect.Pointer && of.IsNil()
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

// read is what a metric holds. A panic, of an embedded metric that is nil say, costs no other one.
func read(m Metric) (desc *Desc, sample Sample, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("metric %T panicked: %v", m, p)
		}
	}()
	desc = m.Desc()
	if sample, err = m.read(); err == nil {
		err = desc.err
	}
	return desc, sample, err
}

func (gs *groups) take(m Metric) error {
	desc, sample, err := read(m)
	if err != nil {
		return err
	}
	switch sample.Kind {
	case KindInfo:
		// What collectors make has no infos: it shows as the gauge that the classic text format has for one.
		if !strings.HasSuffix(desc.fqName, "_info") {
			named := *desc
			named.fqName += "_info"
			desc = &named
		}
		sample.Kind, sample.Value = KindGauge, 1
	case KindStateSet:
		// A gauge for each state, likewise.
		for _, state := range sample.States {
			one := Sample{Kind: KindGauge, Labels: append(slices.Clone(sample.Labels), Label{desc.fqName, state.Name})}
			if state.Holds {
				one.Value = 1
			}
			err = errors.Join(err, gs.put(desc, one))
		}
		return err
	case KindUpDown:
		sample.Kind = KindGauge
	}
	return gs.put(desc, sample)
}

func (gs *groups) put(desc *Desc, sample Sample) error {
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
	options := &native.Options{Name: g.desc.fqName, Help: g.desc.help, LabelNames: g.names}
	if g.kind == KindHistogram {
		options.Buckets = g.bounds
		if len(g.bounds) == 0 {
			options.Flags |= native.NoBuckets
		}
	}
	family, err := native.AddFamily(into, uint32(g.kind), options)
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
	if !s.Created.IsZero() && g.kind != KindGauge && g.kind != KindUntyped {
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
