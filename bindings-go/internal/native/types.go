//go:build cgo

// Package native is the C door as Go sees it: every function of libtykmetrics that the module uses, with Go's types.
//
// It converts and decides nothing. native.go is the only file of the module that imports "C"; glue.c holds what C can say
// shorter than Go (one function for all kinds of handles, the count of threads that hold a shard). Its only callers are
// the packages tykmetrics and cell.
package native

import "time"

// Kinds of families, with the numbers of tyk_kind.
const (
	Unknown uint32 = iota
	Counter
	Gauge
	UpDown
	Histogram
	Summary
	Info
	StateSet
)

// Flags of Options, with the bits of the header.
const (
	Unlisted    uint32 = 1
	NoBuckets   uint32 = 2
	NoQuantiles uint32 = 4
)

// Error is a tyk_error.
type Error struct {
	Code    uint32
	Message string
}

// Error is the message.
func (e *Error) Error() string { return e.Message }

// Options is tyk_options. Pairs are name, value, name, value.
type Options struct {
	Namespace, Subsystem, Name, Help, Unit string
	LabelNames                             []string
	ConstPairs                             []string
	Limit, PrivateSeries                   uint32
	ExpireAfter                            time.Duration
	Flags, Store                           uint32
	Buckets                                []float64
	Native                                 uint32
	NativeSchema                           int32
	RangeMin, RangeMax                     float64
	Quantiles                              []float64
	Window                                 time.Duration
	States                                 []string
}

// RegistryOptions is tyk_registry_options.
type RegistryOptions struct {
	LegacyNames bool
	SeriesLimit uint64
	ConstPairs  []string
}

// FamilyView is tyk_family_view.
type FamilyView struct {
	Name, Help, Unit string
	Kind             uint32
	Series           int
}

// SeriesView is tyk_series_view with what its numbers count.
type SeriesView struct {
	Pairs     []string
	CreatedMs uint64
	Value     float64
	Count     uint64
	Sum       float64
	Quantiles [][2]float64
	States    []State
	Exemplars []Exemplar
}

// State is one state of a state set.
type State struct {
	Name  string
	Holds bool
}

// Exemplar is tyk_exemplar_view with its labels.
type Exemplar struct {
	Value float64
	AtMs  uint64
	Pairs []string
}

// Exposition is tyk_exposition, laid out as that is.
type Exposition struct {
	Format, Escaping, Encoding, Histograms uint32
	Created, EmptyFamilies, NativeLimited  bool
	_                                      bool
	NativeSchema                           int32
	NativeBuckets                          uint64
}
