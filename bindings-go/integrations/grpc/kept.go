package tykgrpc

import (
	"sync/atomic"

	"github.com/tykmetrics/tykmetrics/bindings-go"
)

// kept remembers a series, and looks it up again once it was removed. One of a family that expires is looked up
// each time, since it expires only if nobody keeps it. The zero value is for a metric that is off.
type kept[T any] struct {
	bind    func() T
	expires bool
	now     atomic.Pointer[T]
}

// vector is what all families have.
type vector[T any] interface {
	comparable
	WithLabelValues(...string) T
	Expires() bool
}

func (k *kept[T]) init(expires bool, bind func() T) {
	k.expires, k.bind = expires, bind
}

// of makes k the series of the values in vec, unless that is off, which is nil.
func of[T any, V vector[T]](k *kept[T], vec V, values ...string) {
	var off V
	if vec != off {
		k.init(vec.Expires(), func() T { return vec.WithLabelValues(values...) })
	}
}

// get is the series, or nil.
func (k *kept[T]) get() (series T) {
	if k.bind == nil {
		return series
	}
	// Acquire, as every load of sync/atomic: the handle is whole.
	if now := k.now.Load(); now != nil {
		if shown, ok := any(*now).(tykmetrics.Listable); ok && shown.Listed() {
			return *now
		}
	}
	series = k.bind()
	if !k.expires {
		made := series
		// Release: who finds it finds it whole. Two may make it; both are the same series.
		k.now.Store(&made)
	}
	return series
}
