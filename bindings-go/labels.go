package tykmetrics

import (
	"maps"
	"slices"
)

// Labels are label values by name.
type Labels map[string]string

// Label is a label's name and value, for where the order matters.
type Label struct {
	Name  string
	Value string
}

// pairs is name, value, name, value: first the list as it is, then the map by name.
func pairs(list []Label, labels Labels) []string {
	out := make([]string, 0, 2*(len(list)+len(labels)))
	for _, label := range list {
		out = append(out, label.Name, label.Value)
	}
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		out = append(out, name, labels[name])
	}
	return out
}

func labelsOf(pairs []string) []Label {
	out := make([]Label, 0, len(pairs)/2)
	for i := 0; i+1 < len(pairs); i += 2 {
		out = append(out, Label{pairs[i], pairs[i+1]})
	}
	return out
}
