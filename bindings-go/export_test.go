package tykmetrics

import (
	"strings"
	"testing"

	"github.com/tykmetrics/tykmetrics/bindings-go/internal/native"
)

// RenderAs renders with an exposition that change has changed.
func RenderAs(t testing.TB, r *Registry, format string, change func(*native.Exposition)) string {
	t.Helper()
	e, err := native.ExpositionOf(format)
	if err != nil {
		t.Fatal(err)
	}
	change(&e)
	var out strings.Builder
	if err := r.render(&out, e); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// Cached is how many entries the vector's table holds.
func (v *CounterVec) Cached() int { return v.series.found.Len() }

// NumberOf is the number of a counter's cell: private ones are below shared ones.
func NumberOf(c Counter) uint32 { return c.(*counter).series.Number() }
