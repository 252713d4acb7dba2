package tykmetrics

import (
	"runtime"

	"github.com/tykmetrics/tykmetrics/bindings-go/internal/cell"
)

// Listable is what every metric of this package is beside, for code that keeps the series of a vector: once its series is
// removed (Delete, Reset, expiry), a scrape does not show it any more, and it has to be looked up again.
type Listable interface {
	// Listed says whether the series is one that its family has.
	Listed() bool
}

// Listed says whether the series is one that its family has.
func (h *handle) Listed() bool {
	defer runtime.KeepAlive(h)
	return h.handle != nil && cell.Of(h.handle).Is(cell.Live)
}

// Expires says whether series that idle are removed (ExpireAfter). Only those expire that nobody keeps.
func (v *MetricVec) Expires() bool { return v.family.expires }
