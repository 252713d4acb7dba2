package tykmetrics

import "slices"

// WrapRegistererWith is a Registerer that adds labels to everything it registers with reg. What is registered through it
// is copied at each scrape; constant labels in the options cost less. A copy has no native buckets: histograms show their
// classic ones alone. Infos and state sets show as gauges, as the classic text format has them.
func WrapRegistererWith(labels Labels, reg Registerer) Registerer {
	return &wrappingRegisterer{reg, "", labels}
}

// WrapRegistererWithPrefix is a Registerer that puts prefix before the name of everything it registers with reg. What is
// registered through it is copied at each scrape, as by WrapRegistererWith.
func WrapRegistererWithPrefix(prefix string, reg Registerer) Registerer {
	return &wrappingRegisterer{reg, prefix, nil}
}

// WrapCollectorWith is the collector with labels added to its metrics.
func WrapCollectorWith(labels Labels, c Collector) Collector { return &wrapped{c, "", labels} }

// WrapCollectorWithPrefix is the collector with a prefix before the names of its metrics.
func WrapCollectorWithPrefix(prefix string, c Collector) Collector { return &wrapped{c, prefix, nil} }

type wrappingRegisterer struct {
	reg    Registerer
	prefix string
	labels Labels
}

func (w *wrappingRegisterer) wrap(c Collector) Collector { return &wrapped{c, w.prefix, w.labels} }

// Register registers what c collects under other names or with more labels.
func (w *wrappingRegisterer) Register(c Collector) error { return w.reg.Register(w.wrap(c)) }

// MustRegister registers all, and panics at the first error.
func (w *wrappingRegisterer) MustRegister(cs ...Collector) {
	for _, c := range cs {
		if err := w.Register(c); err != nil {
			panic(err)
		}
	}
}

// Unregister takes c out of scrapes, if it was registered through a Registerer like this.
func (w *wrappingRegisterer) Unregister(c Collector) bool { return w.reg.Unregister(w.wrap(c)) }

// wrapped is a collector whose metrics get a prefix and labels.
type wrapped struct {
	of     Collector
	prefix string
	labels Labels
}

func (w *wrapped) desc(d *Desc) *Desc {
	out := *d
	out.fqName = w.prefix + d.fqName
	out.constant = append(slices.Clone(d.constant), pairs(nil, w.labels)...)
	if out.err == nil {
		seen := map[string]bool{}
		for _, name := range slices.Concat(d.labels, namesOf(out.constant)) {
			if seen[name] {
				out.err = fail(InvalidLabel, "label %q of metric %q is there twice: the label that was added needs another name", name, out.fqName)
			}
			seen[name] = true
		}
	}
	return &out
}

func namesOf(pairs []string) []string {
	var names []string
	for _, label := range labelsOf(pairs) {
		names = append(names, label.Name)
	}
	return names
}

// Describe sends the descriptions with the prefix and the labels.
func (w *wrapped) Describe(to chan<- *Desc) {
	for _, desc := range described(w.of) {
		to <- w.desc(desc)
	}
}

// Collect sends the metrics with the prefix and the labels.
func (w *wrapped) Collect(to chan<- Metric) {
	if of, ok := w.of.(registrable); ok {
		// As a scrape shows them: a metric by itself tells of no exemplars and no start.
		samples, err := of.base().samples()
		if err != nil {
			to <- NewInvalidMetric(of.base().desc, err)
		}
		for _, sample := range samples {
			w.send(to, of.base().desc, sample, nil)
		}
		return
	}
	metrics, err := collected(w.of)
	for _, m := range metrics {
		desc, sample, err := read(m)
		if desc == nil {
			desc = NewInvalidDesc(err)
		}
		w.send(to, desc, sample, err)
	}
	if err != nil {
		panic(err)
	}
}

func (w *wrapped) send(to chan<- Metric, desc *Desc, sample Sample, err error) {
	sample.Labels = append(slices.Clone(sample.Labels), labelsOf(pairs(nil, w.labels))...)
	to <- &taken{w.desc(desc), sample, err}
}

// unwrapped is the collector that was given to a wrapping Registerer.
func unwrapped(c Collector) Collector {
	for {
		w, ok := c.(*wrapped)
		if !ok {
			return c
		}
		c = w.of
	}
}
