package tykmetrics

import (
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/tykmetrics/tykmetrics/bindings-go/internal/native"
)

// Registerer takes collectors.
type Registerer interface {
	// Register shows a collector in the scrapes to come. Registering the same or an equal one twice is an
	// AlreadyRegisteredError.
	Register(Collector) error
	// MustRegister registers all, and panics at the first error.
	MustRegister(...Collector)
	// Unregister takes the collector out of scrapes, and says whether there was such a one.
	Unregister(Collector) bool
}

// Gatherer shows what is registered. A *Registry is one.
type Gatherer interface {
	// Gather is what all metrics hold now, as plain data.
	Gather() ([]*MetricFamily, error)
	registry() *Registry
}

// AlreadyRegisteredError says that an equal collector is registered, and which.
type AlreadyRegisteredError struct {
	ExistingCollector, NewCollector Collector
}

// Error names the metric and the way out.
func (e AlreadyRegisteredError) Error() string {
	return "duplicate metrics collector registration attempted: " + named(e.NewCollector) + " is registered already; use ExistingCollector"
}

// Is says that it is a Conflict.
func (e AlreadyRegisteredError) Is(target error) bool { return target == error(Conflict) }

func named(c Collector) string {
	var names []string
	for _, desc := range described(c) {
		names = append(names, desc.fqName)
	}
	return strings.Join(names, ", ")
}

// Registry shows metrics: it is rendered, gathered, or served by a Handler. Records go to metrics and never through it.
type Registry struct {
	native *native.CRegistry
	err    error

	mu         sync.Mutex
	collectors map[string]Collector // by the identity of their descriptions
	metrics    map[string]Collector // by each of their descriptions
	dimensions map[string]dimension // by name
	custom     []registered         // those that are asked at a scrape, in the order of their registration; only appended to
	asked      bool                 // whether the engine asks for them
	process    map[string]uint64    // what the engine calls those that it runs itself, by identity
	servers    map[*Server]struct{} // those that are told what went wrong in their scrapes
	copies     string               // what it shows a copy of, "" if the metrics are its own
}

// A collector, and the identity of its descriptions. Collectors themselves need not be comparable.
type registered struct {
	identity  string
	collector Collector
}

// What all descriptions of a name agree on, and how many there are.
type dimension struct {
	of    string
	count int
}

// RegistryOpts are the options of a registry.
type RegistryOpts struct {
	// LegacyNames refuses names that are not [a-zA-Z_:][a-zA-Z0-9_:]*; else any UTF-8 text is a name.
	LegacyNames bool
	// SeriesLimit is how many series all families may have together; 0 is the engine's default.
	SeriesLimit uint64
	// ConstLabels are labels of everything that is made in the registry, in the order of their names, after those of
	// ConstLabelList in its order.
	ConstLabels    Labels
	ConstLabelList []Label
}

// NewRegistry is an empty registry.
func NewRegistry() *Registry { return must(NewRegistryWith(RegistryOpts{})) }

// NewPedanticRegistry is NewRegistry: every registry here checks what it is given.
func NewPedanticRegistry() *Registry { return NewRegistry() }

// NewRegistryWith is an empty registry with options.
func NewRegistryWith(opts RegistryOpts) (*Registry, error) {
	c, err := native.NewRegistry(native.RegistryOptions{
		LegacyNames: opts.LegacyNames, SeriesLimit: opts.SeriesLimit, ConstPairs: pairs(opts.ConstLabelList, opts.ConstLabels),
	})
	if err != nil {
		return nil, failure(err)
	}
	r := registryOf(c)
	runtime.AddCleanup(r, native.FreeRegistry, c)
	return r, nil
}

func registryOf(c *native.CRegistry) *Registry {
	return &Registry{
		native: c, collectors: map[string]Collector{}, metrics: map[string]Collector{},
		dimensions: map[string]dimension{}, process: map[string]uint64{},
	}
}

// The registry that functions without one use: the engine's own, so other languages in the process show there too.
var std = sync.OnceValue(func() *Registry {
	c, err := native.GlobalRegistry()
	r := registryOf(c)
	r.err = failure(err)
	return r
})

var (
	// DefaultRegisterer is where Register and MustRegister register. It has the Go and the process collector.
	DefaultRegisterer Registerer = std()
	// DefaultGatherer is what Handler serves.
	DefaultGatherer Gatherer = std()
)

func init() {
	MustRegister(NewGoCollector(), NewProcessCollector(ProcessCollectorOpts{}))
}

// Register registers with the DefaultRegisterer.
func Register(c Collector) error { return DefaultRegisterer.Register(c) }

// MustRegister registers with the DefaultRegisterer, and panics at the first error.
func MustRegister(cs ...Collector) { DefaultRegisterer.MustRegister(cs...) }

// Unregister takes the collector out of the DefaultRegisterer.
func Unregister(c Collector) bool { return DefaultRegisterer.Unregister(c) }

func (r *Registry) core() (*native.CRegistry, error) { return r.native, r.err }

func (r *Registry) registry() *Registry { return r }

// unlisted is a family that no registry shows before it is registered.
func unlisted(kind uint32, options *native.Options) *family {
	options.Flags |= native.Unlisted
	return newFamily(std(), kind, options)
}

// Register shows a collector in the scrapes to come.
func (r *Registry) Register(c Collector) error {
	if r.err != nil {
		return r.err
	}
	descs := described(c)
	for _, desc := range descs {
		if desc.err != nil {
			return desc.err
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	identity := identityOf(descs)
	if existing, ok := r.collectors[identity]; ok && identity != "" {
		return AlreadyRegisteredError{ExistingCollector: unwrapped(existing), NewCollector: c}
	}
	if err := r.agree(descs); err != nil {
		return err
	}
	if err := r.show(c, identity); err != nil {
		return err
	}
	if identity != "" {
		r.collectors[identity] = c
	}
	for _, desc := range descs {
		r.metrics[desc.id()] = c
		r.dimensions[desc.fqName] = dimension{desc.dimensions(), r.dimensions[desc.fqName].count + 1}
	}
	return nil
}

// agree says whether the descriptions go with what is registered.
func (r *Registry) agree(descs []*Desc) error {
	for _, desc := range descs {
		if c, ok := r.metrics[desc.id()]; ok {
			return fail(Conflict, "metric %q is registered already with these constant labels, by %s: give one of them another name or other constant labels",
				desc.fqName, named(c))
		}
		if known, ok := r.dimensions[desc.fqName]; ok && known.of != desc.dimensions() {
			return fail(Conflict, "metric %q is registered already with other labels or another help: all metrics of a name have the same", desc.fqName)
		}
	}
	return nil
}

func (r *Registry) show(c Collector, identity string) error {
	switch of := c.(type) {
	case registrable:
		f := of.base()
		defer runtime.KeepAlive(f)
		return failure(native.List(r.native, f.native))
	case *processCollector:
		id, err := native.CollectProcess(r.native, of.namespace)
		if err == nil {
			r.process[identity] = id
		}
		return failure(err)
	}
	r.custom = append(r.custom, registered{identity, c})
	return r.ask()
}

// Unregister takes the collector out of scrapes. Its metrics can be recorded to on, and registered again.
func (r *Registry) Unregister(c Collector) bool {
	descs := described(c)
	identity := identityOf(descs)
	r.mu.Lock()
	defer r.mu.Unlock()
	existing, ok := r.collectors[identity]
	if !ok || r.err != nil {
		return false
	}
	delete(r.collectors, identity)
	for _, desc := range descs {
		delete(r.metrics, desc.id())
		if known := r.dimensions[desc.fqName]; known.count > 1 {
			r.dimensions[desc.fqName] = dimension{known.of, known.count - 1}
		} else {
			delete(r.dimensions, desc.fqName)
		}
	}
	if of, ok := existing.(registrable); ok {
		_, _ = native.Unregister(r.native, of.base().desc.fqName)
		return true
	}
	if id, ok := r.process[identity]; ok {
		delete(r.process, identity)
		_, _ = native.Uncollect(r.native, id)
		return true
	}
	r.custom = slices.DeleteFunc(slices.Clone(r.custom), func(other registered) bool { return other.identity == identity })
	return true
}

// UnregisterName takes the family of this name out of scrapes, whoever made it, and says whether there was one.
func (r *Registry) UnregisterName(name string) (bool, error) {
	if r.err != nil {
		return false, r.err
	}
	found, err := native.Unregister(r.native, name)
	r.mu.Lock()
	defer r.mu.Unlock()
	for identity, c := range r.collectors {
		if of, ok := c.(registrable); ok && of.base().desc.fqName == name {
			delete(r.collectors, identity)
			delete(r.metrics, of.base().desc.id())
			delete(r.dimensions, name)
		}
	}
	return found, failure(err)
}

// MustRegister registers all, and panics at the first error.
func (r *Registry) MustRegister(cs ...Collector) {
	for _, c := range cs {
		if err := r.Register(c); err != nil {
			panic(err)
		}
	}
}

// SeriesCount is how many series the registry's families have.
func (r *Registry) SeriesCount() (uint64, error) {
	defer runtime.KeepAlive(r)
	n, err := native.Series(r.native)
	return n, failure(err)
}

// Upkeep does what a scrape does beside rendering: it expires idle series and gives back what nobody holds. Programs that
// are scraped need not call it.
func (r *Registry) Upkeep() error {
	defer runtime.KeepAlive(r)
	return failure(native.Upkeep(r.native))
}

// RegisterEngine shows the engine's own numbers, tykmetrics_*, in the registry.
func (r *Registry) RegisterEngine() error {
	defer runtime.KeepAlive(r)
	_, err := native.CollectEngine(r.native)
	return failure(err)
}

// described is what a collector says of its metrics, each description once.
func described(c Collector) []*Desc {
	to := make(chan *Desc)
	go func() {
		defer close(to)
		c.Describe(to)
	}()
	var descs []*Desc
	seen := map[string]bool{}
	for desc := range to {
		if id := desc.id(); !seen[id] {
			seen[id] = true
			descs = append(descs, desc)
		}
	}
	return descs
}

// identityOf tells collectors apart: one line for each description, in a fixed order. No description is no identity.
func identityOf(descs []*Desc) string {
	var lines []string
	for _, desc := range descs {
		lines = append(lines, desc.id()+"\n")
	}
	slices.Sort(lines)
	return strings.Join(lines, "")
}

// note remembers a metric that the registry made, so that Register and Unregister know it.
func (r *Registry) note(c registrable) {
	desc := c.base().desc
	identity := identityOf([]*Desc{desc})
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, ok := r.collectors[identity]; !ok {
		r.collectors[identity], r.metrics[desc.id()] = c, c
		r.dimensions[desc.fqName] = dimension{desc.dimensions(), 1}
	}
}
