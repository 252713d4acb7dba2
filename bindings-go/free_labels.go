package tykmetrics

import "slices"

// FreeLabels are the names of the labels that a record has to give values for: those of the family that CurryWith has not
// fixed, in the family's order. Code that wraps metrics of its callers asks for it.
func (v *MetricVec) FreeLabels() []string { return slices.Clone(v.free()) }
