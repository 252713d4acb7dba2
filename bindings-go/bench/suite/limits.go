package suite

import (
	"sync/atomic"
	"testing"
)

// limits are what no counter of this form can beat: a call of a method that does
// nothing through an interface, and the least that an atomic counter does.
func limits() [9]func(*testing.B) {
	var (
		nothing emptied = &none{}
		total   atomic.Uint64
	)
	return [9]func(*testing.B){
		func(b *testing.B) {
			for range b.N {
				nothing.Inc()
			}
		},
		func(b *testing.B) {
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					total.Add(1)
				}
			})
		},
	}
}

type emptied interface{ Inc() }

type none struct{}

//go:noinline
func (*none) Inc() {}
