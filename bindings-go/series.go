package tykmetrics

import (
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"unicode/utf8"
	"unsafe"

	"github.com/tykmetrics/tykmetrics/bindings-go/internal/cell"
	"github.com/tykmetrics/tykmetrics/bindings-go/internal/lookup"
	"github.com/tykmetrics/tykmetrics/bindings-go/internal/native"
)

// longest is the length from which the engine cuts a label value (MAX_LENGTH in the core's registry/words.rs). C is given
// a character more, so that it is the engine that cuts, and never a text so long that C refuses it.
const longest = 64 << 10

// every is how many lookups beyond the limit go to the overflow series before C is asked again whether there is room.
const every = 64

// series finds the T of label values: in the table, or through C.
type series[T any] struct {
	found lookup.Table[T]
	of    func(*family, []string, unsafe.Pointer) *T

	over    atomic.Pointer[spare[T]] // what all label sets beyond the limit share
	full    atomic.Bool              // the table has all series that C has, and C had no room for more
	beyond  atomic.Uint32            // lookups that went beyond the limit while full
	since   atomic.Int64             // such lookups, since the table was compared with C
	nothing atomic.Pointer[T]        // what takes records that have no series

	mu  sync.Mutex
	odd map[place]*T // series of values that the table does not remember
}

// A T that is not in the table, and the head of its handle.
type spare[T any] struct {
	metric *T
	head   *cell.Series
}

// Where a series is tells it from others as long as a handle of it is held.
type place struct{ shared, state unsafe.Pointer }

// oddities is how many series of values that the table does not remember have an object that all lookups share.
const oddities = 64

// forgetting is what a vector tells its table of removals.
type forgetting interface {
	forget(values []string)
	sweep()
}

func newVec[T any](f *family, of func(*family, []string, unsafe.Pointer) *T) (*MetricVec, *series[T]) {
	s := &series[T]{of: of}
	s.found.Init(len(f.desc.labels), f.expires)
	return &MetricVec{family: f, table: s}, s
}

func (s *series[T]) forget(values []string) {
	s.found.Drop(values)
	s.full.Store(false)
}

func (s *series[T]) sweep() {
	s.found.Sweep()
	s.full.Store(false)
}

// find is what the table has, or nil.
func (s *series[T]) find(v *MetricVec, given []string) *T {
	if v.curried == nil {
		return s.found.Find(given)
	}
	return s.findJoined(v, given)
}

// findJoined is find with the values that CurryWith fixed.
//
//go:noinline
func (s *series[T]) findJoined(v *MetricVec, given []string) *T {
	names := len(v.family.desc.labels)
	if len(given)+len(v.curried) != names {
		return nil
	}
	var room [8]string // label sets are rarely longer; others are joined in memory of their own
	return s.found.Find(v.join(room[:0], given))
}

// miss asks C for what find does not find.
//
//go:noinline
func (s *series[T]) miss(v *MetricVec, given []string) (*T, error) {
	if v.family.err != nil {
		return nil, v.family.err
	}
	if err := v.fits(given); err != nil {
		return nil, err
	}
	known := true
	for _, value := range given {
		known = known && len(value) <= longest && utf8.ValidString(value)
	}
	for _, f := range v.curried {
		known = known && len(f.value) <= longest && utf8.ValidString(f.value)
	}
	if known && s.full.Load() {
		if over := s.over.Load(); over.head.Is(cell.Live) && s.beyond.Add(1)%every != 0 {
			return over.metric, nil
		}
	}
	return s.ask(v.family, v.join(make([]string, 0, len(v.family.desc.labels)), given), known)
}

// ask is the series as C has it, made if there is none and room.
func (s *series[T]) ask(f *family, values []string, known bool) (*T, error) {
	if !known {
		for i, value := range values {
			values[i] = value[:min(len(value), longest+utf8.UTFMax)]
		}
	}
	handle, err := f.with(values)
	if err != nil {
		return nil, err
	}
	head := cell.Of(handle)
	if head.Is(cell.Overflow) {
		return s.overflow(f, values, head), nil
	}
	s.full.Store(false)
	if !known {
		// Values that C changes are not in the table: it makes any number of them one series, which memory would not bound.
		return s.share(f, values, head), nil
	}
	values = cloned(values)
	made := s.of(f, values, handle)
	s.found.Put(values, made, head.State)
	return made, nil
}

// overflow is one object for all: what is beyond the limit costs no memory here either.
func (s *series[T]) overflow(f *family, values []string, head *cell.Series) *T {
	s.mu.Lock()
	over := s.over.Load()
	if over == nil || over.head.Shared != head.Shared {
		over = &spare[T]{s.of(f, cloned(values), head.Handle()), head}
		s.over.Store(over)
	} else {
		native.FreeHandle(f.kind, head.Handle())
	}
	s.mu.Unlock()
	// Only if the table has all that C has is what it has not beyond the limit: another door, or another vector of the
	// family, makes series too. The comparison looks at all entries, so it is made the more rarely the more there are.
	if s.since.Add(-1) < 0 {
		n, err := native.FamilyLen(f.native)
		runtime.KeepAlive(f)
		listed := s.found.Listed()
		s.since.Store(int64(listed) / 16)
		s.full.Store(err == nil && n == uint64(listed))
	}
	return over.metric
}

// share is the object that lookups of values which the table does not remember have in common.
func (s *series[T]) share(f *family, values []string, head *cell.Series) *T {
	if f.expires {
		// A series that is kept here would never be idle.
		return s.of(f, cloned(values), head.Handle())
	}
	at := place{unsafe.Pointer(head.Shared), unsafe.Pointer(head.State)}
	s.mu.Lock()
	defer s.mu.Unlock()
	if known := s.odd[at]; known != nil {
		native.FreeHandle(f.kind, head.Handle())
		return known
	}
	if s.odd == nil || len(s.odd) == oddities {
		s.odd = map[place]*T{}
	}
	made := s.of(f, cloned(values), head.Handle())
	s.odd[at] = made
	return made
}

func cloned(values []string) []string {
	for i, value := range values {
		values[i] = strings.Clone(value)
	}
	return values
}

// must is miss, but panics if the number of values is wrong. Nothing else is a reason, as values come from outside, and
// Register tells of invalid options: records go nowhere then.
//
//go:noinline
func (s *series[T]) must(v *MetricVec, given []string) *T {
	made, err := s.miss(v, given)
	if err == nil {
		return made
	}
	if err := v.fits(given); err != nil {
		panic(err.Error())
	}
	if nothing := s.nothing.Load(); nothing != nil {
		return nothing
	}
	nothing := s.of(v.family, make([]string, len(v.family.desc.labels)), nil)
	s.nothing.Store(nothing)
	return nothing
}
