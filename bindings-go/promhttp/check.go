package promhttp

import (
	"fmt"

	"github.com/tykmetrics/tykmetrics/bindings-go"
)

func ofCounter(counter *tykmetrics.CounterVec, given []Option) *partition[tykmetrics.Counter] {
	o := applied(given)
	p := &partition[tykmetrics.Counter]{options: o, bind: counter.With, expires: expires(counter)}
	p.code, p.method = checked(counter.MustCurryWith(o.emptyLabels()))
	return p
}

func ofObserver(obs tykmetrics.ObserverVec, given []Option) *partition[tykmetrics.Observer] {
	o := applied(given)
	p := &partition[tykmetrics.Observer]{options: o, bind: obs.With, expires: expires(obs)}
	p.code, p.method = checked(obs.MustCurryWith(o.emptyLabels()))
	return p
}

func expires(vec tykmetrics.Collector) bool {
	of, ok := vec.(interface{ Expires() bool })
	return ok && of.Expires()
}

func (o *options) emptyLabels() tykmetrics.Labels {
	labels := make(tykmetrics.Labels, len(o.dynamic))
	for name := range o.dynamic {
		labels[name] = ""
	}
	return labels
}

// checked says which of the two labels a metric has, and panics if it has others or
// was made of options that are not valid.
func checked(vec tykmetrics.Collector) (code, method bool) {
	descs := make(chan *tykmetrics.Desc, 1)
	vec.Describe(descs)
	desc := <-descs
	if err := desc.Err(); err != nil {
		panic(err.Error())
	}
	free, ok := vec.(interface{ FreeLabels() []string })
	if !ok {
		panic(fmt.Sprintf("promhttp: %T does not say its labels: give a vector of package tykmetrics", vec))
	}
	for _, name := range free.FreeLabels() {
		switch name {
		case "code":
			code = true
		case "method":
			method = true
		default:
			panic(fmt.Sprintf("promhttp: %v has the label %q; only code and method may be left to fill in: "+
				"curry it, or name it with WithLabelFromCtx", desc, name))
		}
	}
	return code, method
}
