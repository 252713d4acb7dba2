package tykmetrics

import (
	"io"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/tykmetrics/tykmetrics/bindings-go/internal/native"
)

// MetricFamily is a family as plain data.
type MetricFamily struct {
	Name, Help, Unit string
	Kind             Kind
	Series           []Sample
}

// Snapshot is what a registry held at a moment. It can be kept, rendered, and compared with a later one.
type Snapshot struct {
	native   *native.CSnapshot
	families func() ([]*MetricFamily, error)
}

func snapshotOf(c *native.CSnapshot) *Snapshot {
	s := &Snapshot{native: c}
	runtime.AddCleanup(s, native.FreeSnapshot, c)
	// The families are read when they are asked for, and once.
	s.families = sync.OnceValues(func() ([]*MetricFamily, error) { return copied(c) })
	return s
}

// Snapshot is what all metrics of the registry hold now. If collectors failed there is both, a snapshot of all else and an
// error that says what they did.
func (r *Registry) Snapshot() (*Snapshot, error) {
	if r.err != nil {
		return nil, r.err
	}
	defer runtime.KeepAlive(r)
	c, collecting, err := native.NewSnapshot(r.native)
	if err != nil {
		return nil, beside(collecting, err)
	}
	return snapshotOf(c), collecting
}

// Gather is Snapshot's families, beside an error too if collectors failed.
func (r *Registry) Gather() ([]*MetricFamily, error) {
	s, collecting := r.Snapshot()
	if s == nil {
		return nil, collecting
	}
	families, err := s.Families()
	return families, beside(collecting, err)
}

// Families are the families in the order of their registration. They are not copied again at the next call.
func (s *Snapshot) Families() ([]*MetricFamily, error) {
	defer runtime.KeepAlive(s)
	return s.families()
}

// Family is the family of this name, or nil.
func (s *Snapshot) Family(name string) *MetricFamily {
	families, _ := s.Families()
	for _, f := range families {
		if f.Name == name {
			return f
		}
	}
	return nil
}

// Find is the series with these labels, all of them, or nil.
func (f *MetricFamily) Find(labels Labels) *Sample {
	for i := range f.Series {
		if f.Series[i].has(labels) {
			return &f.Series[i]
		}
	}
	return nil
}

func (s *Sample) has(labels Labels) bool {
	return len(s.Labels) == len(labels) && !slices.ContainsFunc(s.Labels, func(l Label) bool {
		value, ok := labels[l.Name]
		return !ok || value != l.Value
	})
}

// Delta is what came since the snapshot before: counts and sums less those of before, gauges as they are. Since nil is all,
// the snapshot itself.
func (s *Snapshot) Delta(before *Snapshot) (*Snapshot, error) {
	if before == nil {
		return s, nil
	}
	defer runtime.KeepAlive(s)
	defer runtime.KeepAlive(before)
	c, err := native.Delta(s.native, before.native)
	if err != nil {
		return nil, failure(err)
	}
	return snapshotOf(c), nil
}

// Quantile is the quantile q of a histogram's or a summary's series, within 1.6 % of the value. It is an error of code
// NotFound if there is no such series.
func (s *Snapshot) Quantile(family string, labels Labels, q float64) (float64, error) {
	defer runtime.KeepAlive(s)
	families, err := s.Families()
	if err != nil {
		return 0, err
	}
	for i, f := range families {
		if f.Name != family {
			continue
		}
		for j := range f.Series {
			if f.Series[j].has(labels) {
				d, err := native.SnapshotDistribution(s.native, i, j)
				if err != nil {
					return 0, failure(err)
				}
				v, err := d.Quantile(q)
				return v, failure(err)
			}
		}
	}
	return 0, fail(NotFound, "the snapshot has no series of %q with the labels %v", family, labels)
}

// Render writes the snapshot in a format: text, openmetrics, protobuf, json and so on; see Registry.Render.
func (s *Snapshot) Render(w io.Writer, format string) error {
	defer runtime.KeepAlive(s)
	e, err := native.ExpositionOf(format)
	if err != nil {
		return failure(err)
	}
	return rendered(w, func(into *native.Bytes) error { return native.RenderSnapshot(s.native, e, into) })
}

func copied(c *native.CSnapshot) ([]*MetricFamily, error) {
	views, err := native.SnapshotFamilies(c)
	if err != nil {
		return nil, failure(err)
	}
	out := make([]*MetricFamily, 0, len(views))
	for i, view := range views {
		f := &MetricFamily{Name: view.Name, Help: view.Help, Unit: view.Unit, Kind: Kind(view.Kind), Series: make([]Sample, view.Series)}
		for j := range f.Series {
			if f.Series[j], err = sampleOf(c, i, j, f.Kind); err != nil {
				return nil, err
			}
		}
		out = append(out, f)
	}
	return out, nil
}

func sampleOf(c *native.CSnapshot, family, series int, kind Kind) (Sample, error) {
	view, err := native.SnapshotSeries(c, family, series)
	if err != nil {
		return Sample{}, failure(err)
	}
	s := Sample{Kind: kind, Labels: labelsOf(view.Pairs), Value: view.Value, Count: view.Count, Sum: view.Sum}
	if view.CreatedMs != 0 {
		s.Created = time.UnixMilli(int64(view.CreatedMs))
	}
	for _, q := range view.Quantiles {
		s.Quantiles = append(s.Quantiles, Quantile{q[0], q[1]})
	}
	for _, state := range view.States {
		s.States = append(s.States, State(state))
	}
	for _, e := range view.Exemplars {
		s.Exemplars = append(s.Exemplars, Exemplar{e.Value, labelsOf(e.Pairs), time.UnixMilli(int64(e.AtMs))})
	}
	if kind == KindInfo {
		s.Value = 1
	}
	if kind == KindHistogram {
		d, err := native.SnapshotDistribution(c, family, series)
		if err != nil {
			return s, failure(err)
		}
		return s, fill(&s, d, nil)
	}
	return s, nil
}

// fill puts a distribution's numbers into the sample.
func fill(s *Sample, d *native.Distribution, quantiles []float64) error {
	var err error
	if s.Count, s.Sum, err = d.Totals(); err != nil {
		return failure(err)
	}
	bounds, counts, err := d.Cumulative()
	if err != nil {
		return failure(err)
	}
	for i, bound := range bounds {
		s.Buckets = append(s.Buckets, Bucket{bound, counts[i]})
	}
	for _, q := range quantiles {
		v, err := d.Quantile(q)
		if err != nil {
			return failure(err)
		}
		s.Quantiles = append(s.Quantiles, Quantile{q, v})
	}
	return nil
}

// samples are the series of the family, registered or not: a registry of its own shows it.
func (f *family) samples() ([]Sample, error) {
	if f.err != nil {
		return nil, f.err
	}
	r, err := NewRegistryWith(RegistryOpts{})
	if err != nil {
		return nil, err
	}
	defer runtime.KeepAlive(f)
	if err := native.List(r.native, f.native); err != nil {
		return nil, failure(err)
	}
	families, err := r.Gather()
	if err != nil || len(families) == 0 {
		return nil, err
	}
	return families[0].Series, nil
}

// shown is the series of these label values as a scrape has it.
func (f *family) shown(values []string) (Sample, error) {
	samples, err := f.samples()
	if err != nil {
		return Sample{}, err
	}
	for _, s := range samples {
		matches := true
		for i, value := range values {
			at := slices.IndexFunc(s.Labels, func(l Label) bool { return l.Name == f.desc.labels[i] })
			matches = matches && at >= 0 && s.Labels[at].Value == value
		}
		if matches {
			return s, nil
		}
	}
	return Sample{}, fail(NotFound, "metric %q has no series %q any more", f.desc.fqName, values)
}
