package tykmetrics

// Gatherers are several registries as one: a Handler shows the metrics of all. A scrape copies the metrics, so native
// buckets and units stay behind; a registry alone is served as it is.
type Gatherers []Gatherer

// Gather is what the metrics of all hold now. Metrics of one name and kind become one family.
func (gs Gatherers) Gather() ([]*MetricFamily, error) {
	var all []*MetricFamily
	var errs MultiError
	at := map[string]*MetricFamily{}
	for _, g := range gs {
		families, err := g.Gather()
		errs.Append(err)
		for _, f := range families {
			known := at[f.Name]
			switch {
			case known == nil:
				// A copy: a snapshot gives the same families to all who ask.
				of := *f
				of.Series = append([]Sample(nil), f.Series...)
				at[f.Name] = &of
				all = append(all, &of)
			case known.Kind != f.Kind:
				errs.Append(fail(Conflict, "metric %q was gathered as %v and as %v: all metrics of a name are of one kind", f.Name, known.Kind, f.Kind))
			default:
				known.Series = append(known.Series, f.Series...)
			}
		}
	}
	return all, errs.MaybeUnwrap()
}

func (gs Gatherers) registry() *Registry {
	if len(gs) == 1 {
		return gs[0].registry()
	}
	r := NewRegistry()
	r.copies = "Gatherers"
	for _, g := range gs {
		of := g.registry()
		r.MustRegister(&gathering{of.Gather})
	}
	return r
}

// GathererFunc is a function as a Gatherer, which a Handler can serve.
type GathererFunc func() ([]*MetricFamily, error)

// Gather calls the function.
func (f GathererFunc) Gather() ([]*MetricFamily, error) { return f() }

func (f GathererFunc) registry() *Registry {
	r := NewRegistry()
	r.copies = "a GathererFunc"
	r.MustRegister(&gathering{f})
	return r
}

// gathering is plain data as a Collector.
type gathering struct {
	gather func() ([]*MetricFamily, error)
}

// Describe says nothing: metrics may come later.
func (*gathering) Describe(chan<- *Desc) {}

// Collect sends every series.
func (g *gathering) Collect(to chan<- Metric) {
	families, err := g.gather()
	for _, f := range families {
		desc := &Desc{fqName: f.Name, help: f.Help}
		for _, sample := range f.Series {
			to <- &taken{desc: desc, sample: sample}
		}
	}
	if err != nil {
		to <- NewInvalidMetric(NewInvalidDesc(err), err)
	}
}
