package tykmetrics

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Desc describes a metric: its name, its help and its labels.
type Desc struct {
	fqName   string
	help     string
	unit     string
	labels   []string
	constant []string // pairs
	err      error
}

// NewDesc is a description for metrics that a Collector makes. What is wrong with it is reported where it is used.
func NewDesc(fqName, help string, variableLabels []string, constLabels Labels) *Desc {
	d := &Desc{fqName: fqName, help: help, labels: slices.Clone(variableLabels), constant: pairs(nil, constLabels)}
	seen := maps.Clone(constLabels)
	for _, name := range variableLabels {
		if _, twice := seen[name]; twice {
			d.err = fail(InvalidLabel, "label %q of metric %q is there twice: every label has one value", name, fqName)
			return d
		}
		if seen == nil {
			seen = Labels{}
		}
		seen[name] = ""
	}
	if fqName == "" {
		d.err = fail(InvalidName, "a metric has no name: give NewDesc one")
	}
	return d
}

// NewInvalidDesc is a description that reports err where it is used.
func NewInvalidDesc(err error) *Desc { return &Desc{err: err} }

// Err is what is wrong with the description, or nil.
func (d *Desc) Err() error { return d.err }

// String is for messages.
func (d *Desc) String() string {
	var constant []string
	for _, label := range labelsOf(d.constant) {
		constant = append(constant, fmt.Sprintf("%s=%q", label.Name, label.Value))
	}
	return fmt.Sprintf("Desc{fqName: %q, help: %q, constLabels: {%s}, variableLabels: {%s}}",
		d.fqName, d.help, strings.Join(constant, ","), strings.Join(d.labels, ","))
}

// id tells descriptions apart: a name with the values of its constant labels.
func (d *Desc) id() string {
	sorted := labelsOf(d.constant)
	slices.SortFunc(sorted, func(a, b Label) int { return strings.Compare(a.Name, b.Name) })
	var id strings.Builder
	fmt.Fprintf(&id, "%q", d.fqName)
	for _, label := range sorted {
		fmt.Fprintf(&id, ",%q=%q", label.Name, label.Value)
	}
	return id.String()
}

// dimensions is what descriptions of one name have in common.
func (d *Desc) dimensions() string {
	names := slices.Clone(d.labels)
	for _, label := range labelsOf(d.constant) {
		names = append(names, label.Name)
	}
	slices.Sort(names)
	return fmt.Sprintf("%q %q", d.help, names)
}
