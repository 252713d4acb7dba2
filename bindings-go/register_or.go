package tykmetrics

import (
	"errors"
	"slices"
)

// RegisterOr registers made with r, or returns the equal metric that is registered already, for code that may be set up
// more than once:
//
//	requests, err := tykmetrics.RegisterOr(reg, tykmetrics.NewCounterVec(opts, labels))
//
// A metric of the same name and of another type, with other labels or another help, is an error. Options that do not show in
// a description, such as buckets, are those of the first.
func RegisterOr[T Collector](r Registerer, made T) (T, error) {
	var none T
	err := r.Register(made)
	var already AlreadyRegisteredError
	if !errors.As(err, &already) {
		if err != nil {
			return none, err
		}
		return made, nil
	}
	existing, ok := already.ExistingCollector.(T)
	if !ok || !slices.Equal(shapes(existing), shapes(made)) {
		return none, fail(Conflict, "metric %s is registered already as a %T with other labels, another help or of another type: "+
			"give one of them another name", named(made), already.ExistingCollector)
	}
	return existing, nil
}

// shapes are what a collector's descriptions say of their labels.
func shapes(c Collector) []string {
	var all []string
	for _, desc := range described(c) {
		all = append(all, desc.dimensions())
	}
	slices.Sort(all)
	return all
}
