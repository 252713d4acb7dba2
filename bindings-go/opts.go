package tykmetrics

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/tykmetrics/tykmetrics/bindings-go/internal/native"
)

// Opts are the options of most kinds of metrics. Only Name is needed.
type Opts struct {
	// Namespace, Subsystem and Name make the metric's name, joined by underscores.
	Namespace string
	Subsystem string
	Name      string
	// Help says what the metric means.
	Help string
	// Unit is the unit, as OpenMetrics has it. It becomes the end of the name if it is not that already.
	Unit string
	// ConstLabels are labels that every series of the metric has, in the order of their names.
	ConstLabels Labels
	// ConstLabelList are such labels in this order, before those of ConstLabels.
	ConstLabelList []Label
	// Limit is how many series the family may have; the records of further label sets go to one overflow series. 0 is the
	// engine's default.
	Limit uint32
	// ExpireAfter is how long a series lives that is not recorded to and that nobody holds. 0 is for ever.
	ExpireAfter time.Duration
}

// CounterOpts are the options of a counter.
type CounterOpts Opts

// GaugeOpts are the options of a gauge.
type GaugeOpts Opts

// UpDownOpts are the options of an up-down.
type UpDownOpts Opts

// InfoOpts are the options of an info.
type InfoOpts Opts

// UntypedOpts are the options of an untyped function.
type UntypedOpts Opts

// StateSetOpts are the options of a state set.
type StateSetOpts struct {
	Opts
	// States are the names of the states, one at least.
	States []string
}

// Store is how a histogram keeps its buckets.
type Store uint32

const (
	// StoreDefault leaves the choice to the engine.
	StoreDefault Store = iota
	// StoreHDR keeps 32 buckets to the octave, so quantiles and native buckets come from the same record.
	StoreHDR
	// StoreCompact keeps the classic buckets alone: small, for families of very many series.
	StoreCompact
)

// HistogramOpts are the options of a histogram. The fields up to NativeHistogramExemplarTTL are client_golang's.
type HistogramOpts struct {
	Namespace   string
	Subsystem   string
	Name        string
	Help        string
	Unit        string
	ConstLabels Labels

	// Buckets are the upper bounds of the classic buckets, inclusive and rising. nil is DefBuckets; an empty list is a
	// mistake. See NoBuckets.
	Buckets []float64

	// NativeHistogramBucketFactor is the growth from one native bucket to the next: above 1, native buckets are of the
	// coarsest schema that grows no faster, or the finest there is, in which they grow by 1.09. 0 leaves the choice to the engine; 1 or less means no native buckets.
	NativeHistogramBucketFactor float64
	// NativeHistogramZeroThreshold is accepted and means nothing: the zero bucket ends where the range of the store begins.
	NativeHistogramZeroThreshold float64
	// NativeHistogramMaxBucketNumber is accepted and means nothing: the store's range bounds the buckets.
	NativeHistogramMaxBucketNumber uint32
	// NativeHistogramMinResetDuration is accepted and means nothing: nothing is ever reset.
	NativeHistogramMinResetDuration time.Duration
	// NativeHistogramMaxZeroThreshold is accepted and means nothing.
	NativeHistogramMaxZeroThreshold float64
	// NativeHistogramMaxExemplars is accepted and means nothing: a histogram keeps one exemplar for each classic bucket.
	NativeHistogramMaxExemplars int
	// NativeHistogramExemplarTTL is accepted and means nothing.
	NativeHistogramExemplarTTL time.Duration

	// ConstLabelList, Limit and ExpireAfter are as in Opts.
	ConstLabelList []Label
	Limit          uint32
	ExpireAfter    time.Duration
	// NoBuckets asks for a histogram without classic buckets.
	NoBuckets bool
	// NoNative asks for a histogram without native buckets.
	NoNative bool
	// NativeSchema is the finest schema of native buckets, in place of NativeHistogramBucketFactor; nil leaves the choice to
	// that, or to the engine.
	NativeSchema *int32
	// Store is how the buckets are kept.
	Store Store
	// RangeMin and RangeMax are the values that are told apart within 1.6 %; both 0 leaves the choice to the engine.
	RangeMin, RangeMax float64
}

// DefMaxAge is how long an observation counts in the quantiles of a summary with Objectives.
const DefMaxAge = 10 * time.Minute

// SummaryOpts are the options of a summary. The fields up to BufCap are client_golang's.
type SummaryOpts struct {
	Namespace   string
	Subsystem   string
	Name        string
	Help        string
	Unit        string
	ConstLabels Labels

	// Objectives are the quantiles to show. The errors behind them mean nothing: every quantile is within 1.6 % of the
	// value. None means a count and a sum alone.
	Objectives map[float64]float64
	// MaxAge is how long an observation counts in the quantiles; 0 is DefMaxAge.
	MaxAge time.Duration
	// AgeBuckets is accepted and means nothing: the window slides in steps that the engine chooses.
	AgeBuckets uint32
	// BufCap is accepted and means nothing: there is no buffer.
	BufCap uint32

	// ConstLabelList, Limit and ExpireAfter are as in Opts.
	ConstLabelList []Label
	Limit          uint32
	ExpireAfter    time.Duration
	// Quantiles are the quantiles to show, in this order, in place of Objectives. With them a MaxAge of 0 is all time.
	Quantiles []float64
	// RangeMin and RangeMax are as in HistogramOpts.
	RangeMin, RangeMax float64
}

func (o Opts) options(labels []string) *native.Options {
	return &native.Options{
		Namespace: o.Namespace, Subsystem: o.Subsystem, Name: o.Name, Help: o.Help, Unit: o.Unit,
		LabelNames: labels, ConstPairs: pairs(o.ConstLabelList, o.ConstLabels),
		Limit: o.Limit, ExpireAfter: o.ExpireAfter,
	}
}

func (o StateSetOpts) options(labels []string) *native.Options {
	out := o.Opts.options(labels)
	out.States = append([]string{}, o.States...)
	return out
}

func (o HistogramOpts) options(labels []string) *native.Options {
	out := Opts{
		Namespace: o.Namespace, Subsystem: o.Subsystem, Name: o.Name, Help: o.Help, Unit: o.Unit,
		ConstLabels: o.ConstLabels, ConstLabelList: o.ConstLabelList, Limit: o.Limit, ExpireAfter: o.ExpireAfter,
	}.options(labels)
	out.Buckets, out.Store = o.Buckets, uint32(o.Store)
	out.RangeMin, out.RangeMax = o.RangeMin, o.RangeMax
	factor := o.NativeHistogramBucketFactor
	switch {
	case o.NoNative:
		out.Native = noNative
	case o.NativeSchema != nil:
		out.Native, out.NativeSchema = nativeSchema, *o.NativeSchema
	case factor > 1:
		out.Native, out.NativeSchema = nativeSchema, schemaOf(factor)
	case factor != 0:
		out.Native = noNative
	}
	// client_golang shows classic buckets beside native ones only if they are asked for.
	if o.NoBuckets || (o.Buckets == nil && factor > 1) {
		out.Flags |= native.NoBuckets
	}
	return out
}

// The values of tyk_options.native.
const (
	noNative     = 1
	nativeSchema = 2
)

// The schemas that the engine has: buckets grow by 2^(2^-schema). It tells values apart by a 32nd of an octave, and the
// finest schema whose buckets are made of those is 3.
const (
	coarsestSchema = -4
	finestSchema   = 3
)

// schemaOf names the coarsest schema whose buckets grow by factor at most, or the finest that there is.
func schemaOf(factor float64) int32 {
	return int32(min(max(math.Ceil(-math.Log2(math.Log2(factor))), coarsestSchema), finestSchema))
}

func (o SummaryOpts) options(labels []string) *native.Options {
	out := Opts{
		Namespace: o.Namespace, Subsystem: o.Subsystem, Name: o.Name, Help: o.Help, Unit: o.Unit,
		ConstLabels: o.ConstLabels, ConstLabelList: o.ConstLabelList, Limit: o.Limit, ExpireAfter: o.ExpireAfter,
	}.options(labels)
	out.RangeMin, out.RangeMax = o.RangeMin, o.RangeMax
	out.Window = o.MaxAge
	out.Quantiles = o.Quantiles
	if len(o.Quantiles) == 0 && len(o.Objectives) > 0 {
		out.Quantiles = slices.SortedFunc(maps.Keys(o.Objectives), cmp.Compare)
		out.Window = cmp.Or(o.MaxAge, DefMaxAge)
	}
	if len(out.Quantiles) == 0 {
		out.Flags |= native.NoQuantiles
		out.Window = 0
	}
	return out
}

// BuildFQName joins the parts of a name that are not empty; without a name it is empty.
func BuildFQName(namespace, subsystem, name string) string {
	if name == "" {
		return ""
	}
	for _, part := range []string{subsystem, namespace} {
		if part != "" {
			name = part + "_" + name
		}
	}
	return name
}
