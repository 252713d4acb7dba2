package tykmetrics

import (
	"runtime"
	"unsafe"

	"github.com/tykmetrics/tykmetrics/bindings-go/internal/native"
)

// StateSet says which of its states hold.
type StateSet struct{ handle }

func newStateSet(f *family, values []string) (*StateSet, error) {
	h, err := f.with(values)
	return stateSetOf(f, values, h), err
}

func stateSetOf(f *family, values []string, h unsafe.Pointer) *StateSet {
	s := &StateSet{handle{family: f, values: values, handle: h}}
	own(s, f.kind, h)
	return s
}

// NewStateSet makes a state set, to be registered; see NewCounter.
func NewStateSet(opts StateSetOpts) *StateSet {
	s, _ := newStateSet(unlisted(native.StateSet, opts.options(nil)), nil)
	return s
}

// Enter makes state the one that holds. It is an error of code NotFound if there is no such state.
func (s *StateSet) Enter(state string) error {
	return s.do(func() error { return native.EnterState(s.handle.handle, state) })
}

// Set says whether state holds, and leaves the others.
func (s *StateSet) Set(state string, holds bool) error {
	return s.do(func() error { return native.SetState(s.handle.handle, state, holds) })
}

// Holds says whether state holds.
func (s *StateSet) Holds(state string) (holds bool, err error) {
	err = s.do(func() (err error) {
		holds, err = native.StateHolds(s.handle.handle, state)
		return err
	})
	return holds, err
}

func (s *StateSet) do(what func() error) error {
	if s.handle.handle == nil {
		return s.family.err
	}
	defer runtime.KeepAlive(s)
	return failure(what())
}

// Collect sends the state set itself.
func (s *StateSet) Collect(to chan<- Metric) { to <- s }

func (s *StateSet) read() (Sample, error) { return s.family.shown(s.values) }
