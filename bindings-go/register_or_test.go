package tykmetrics_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/tykmetrics/tykmetrics/bindings-go"
)

func ExampleRegisterOr() {
	registry := tykmetrics.NewRegistry()
	for range 2 {
		requests, err := tykmetrics.RegisterOr(registry, tykmetrics.NewCounter(tykmetrics.CounterOpts{Name: "requests_total"}))
		if err != nil {
			fmt.Println(err)
			return
		}
		requests.Inc()
	}
	families, _ := registry.Gather()
	fmt.Println(families[0].Name, families[0].Series[0].Value)
	// Output: requests_total 2
}

func TestRegisterOrGivesTheEqualMetricThatIsThere(t *testing.T) {
	registry := tykmetrics.NewRegistry()
	opts := tykmetrics.CounterOpts{Name: "c_total", Help: "C."}
	first, err := tykmetrics.RegisterOr(registry, tykmetrics.NewCounterVec(opts, []string{"a"}))
	if err != nil {
		t.Fatal(err)
	}
	second, err := tykmetrics.RegisterOr(registry, tykmetrics.NewCounterVec(opts, []string{"a"}))
	if err != nil || second != first {
		t.Errorf("the second is another (%v)", err)
	}
	through := tykmetrics.WrapRegistererWithPrefix("p_", registry)
	if _, err = tykmetrics.RegisterOr(through, tykmetrics.NewCounterVec(opts, []string{"a"})); err != nil {
		t.Error(err)
	}
	again, err := tykmetrics.RegisterOr(through, tykmetrics.NewCounterVec(opts, []string{"a"}))
	if err != nil || again == first {
		t.Errorf("the metric with a prefix is the one without (%v)", err)
	}
}

func TestRegisterOrRefusesWhatIsNotEqual(t *testing.T) {
	registry := tykmetrics.NewRegistry()
	opts := tykmetrics.CounterOpts{Name: "c_total", Help: "C."}
	registry.MustRegister(tykmetrics.NewCounterVec(opts, []string{"a"}))
	for name, err := range map[string]error{
		"other labels": second(tykmetrics.RegisterOr(registry, tykmetrics.NewCounterVec(opts, []string{"b"}))),
		"no labels":    second(tykmetrics.RegisterOr(registry, tykmetrics.NewCounter(opts))),
		"another help": second(tykmetrics.RegisterOr(registry, tykmetrics.NewCounterVec(tykmetrics.CounterOpts{Name: "c_total"}, []string{"a"}))),
		"another type": second(tykmetrics.RegisterOr(registry, tykmetrics.NewGaugeVec(tykmetrics.GaugeOpts(opts), []string{"a"}))),
	} {
		if !errors.Is(err, tykmetrics.Conflict) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := second(tykmetrics.RegisterOr(registry, tykmetrics.NewCounter(tykmetrics.CounterOpts{}))); err == nil {
		t.Error("a metric without a name is registered")
	}
}

func second[T any](_ T, err error) error { return err }

func TestFreeLabelsAreThoseThatCurryingLeft(t *testing.T) {
	vec := tykmetrics.NewCounterVec(tykmetrics.CounterOpts{
		Name: "c_total", ConstLabels: tykmetrics.Labels{"k": "v"},
	}, []string{"a", "b", "c"})
	if free := vec.FreeLabels(); !slices.Equal(free, []string{"a", "b", "c"}) {
		t.Errorf("the labels are %v", free)
	}
	curried := vec.MustCurryWith(tykmetrics.Labels{"b": "1"})
	if free := curried.FreeLabels(); !slices.Equal(free, []string{"a", "c"}) {
		t.Errorf("the labels left are %v", free)
	}
	if free := curried.MustCurryWith(tykmetrics.Labels{"a": "1", "c": "1"}).FreeLabels(); len(free) != 0 {
		t.Errorf("the labels left are %v", free)
	}
}
