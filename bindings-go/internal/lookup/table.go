package lookup

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"weak"
)

// live is TYK_LIVE, the bit of a series' state word that is set while it is listed.
const live uint32 = 1

// An entry never changes once it is in a table.
type entry[T any] struct {
	key    key
	state  *uint32
	metric *T
	loose  weak.Pointer[T]
	values []string // unless the key tells them from all others
}

// read makes the key. The values are not copied.
func (e *entry[T]) read(values []string) {
	if len(values) > few {
		e.key.hash = hashMany(values)
		e.key.long = true
	} else {
		e.key.read(values)
	}
	if e.key.long {
		e.values = values
	}
}

func (e *entry[T]) listed() bool { return atomic.LoadUint32(e.state)&live != 0 }

// empty says whether Drop put it there.
func (e *entry[T]) empty() bool { return e.metric == nil && e.loose == weak.Pointer[T]{} }

func (e *entry[T]) get() *T {
	if e.metric != nil {
		return e.metric
	}
	return e.loose.Value()
}

// The slots of one size. A slot goes from nil to an entry to a newer entry, never back to nil, so that a search may end
// at the first nil.
type slots[T any] struct {
	slots []atomic.Pointer[entry[T]]
}

func (s *slots[T]) at(place uint64) *atomic.Pointer[entry[T]] {
	return &s.slots[place&uint64(len(s.slots)-1)]
}

// Table finds the T of a list of label values. Init makes it usable.
type Table[T any] struct {
	labels  int
	weakly  bool
	current atomic.Pointer[slots[T]]

	mu      sync.Mutex // for those who write
	used    int        // slots that are not nil
	dropped int        // of them, those that Drop emptied
}

// smallest is the number of slots of a new table.
const smallest = 16

// Init makes the table one for lists of so many values. A weak one does not keep what it found from being collected.
func (t *Table[T]) Init(labels int, weakly bool) {
	t.labels, t.weakly = labels, weakly
	t.current.Store(sized[T](smallest))
}

func sized[T any](n int) *slots[T] {
	return &slots[T]{make([]atomic.Pointer[entry[T]], n)}
}

// Find is what was put in under these values, or nil.
func (t *Table[T]) Find(values []string) *T {
	if len(values) != t.labels {
		return nil
	}
	if len(values) > few {
		return t.findMany(values)
	}
	var k key
	k.read(values)
	// Acquire, as all of Go's atomics: the slots' contents are there.
	in := t.current.Load()
	for place := k.hash; ; place++ {
		e := in.at(place).Load()
		if e == nil {
			return nil
		}
		if e.key.hash == k.hash && e.key.same(&k) && (!k.long || slices.Equal(e.values, values)) {
			if !e.listed() {
				return nil
			}
			if e.metric != nil {
				return e.metric
			}
			return e.loose.Value()
		}
	}
}

// findMany is Find for lists that a key has no room for.
func (t *Table[T]) findMany(values []string) *T {
	hash := hashMany(values)
	in := t.current.Load()
	for place := hash; ; place++ {
		e := in.at(place).Load()
		if e == nil {
			return nil
		}
		if e.key.hash == hash && slices.Equal(e.values, values) {
			if !e.listed() {
				return nil
			}
			return e.get()
		}
	}
}

// Put keeps what a search for the values finds as long as the word at state has the live bit. The values are copied.
func (t *Table[T]) Put(values []string, metric *T, state *uint32) {
	if len(values) != t.labels {
		return
	}
	e := &entry[T]{state: state}
	e.read(values)
	if e.key.long {
		e.values = slices.Clone(values)
		for i := range e.values {
			e.values[i] = strings.Clone(e.values[i])
		}
	}
	if t.weakly {
		e.loose = weak.Make(metric)
	} else {
		e.metric = metric
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	in := t.current.Load()
	// A third is free at least, so that searches for what is not there end soon.
	if 3*(t.used+1) > 2*len(in.slots) {
		in = t.rebuild(in)
	}
	t.insert(in, e)
}

func (t *Table[T]) insert(in *slots[T], e *entry[T]) {
	for place := e.key.hash; ; place++ {
		slot := in.at(place)
		old := slot.Load()
		if old == nil {
			t.used++
			slot.Store(e)
			return
		}
		// Whoever searches past a slot that is filled anew still does.
		if old.key == e.key && slices.Equal(old.values, e.values) {
			if old.empty() {
				t.dropped--
			}
			slot.Store(e)
			return
		}
	}
}

// rebuild moves what is still listed to slots of the size that it takes.
func (t *Table[T]) rebuild(old *slots[T]) *slots[T] {
	var kept []*entry[T]
	for i := range old.slots {
		if e := old.slots[i].Load(); e != nil && e.listed() && e.get() != nil {
			kept = append(kept, e)
		}
	}
	n := smallest
	for n < 3*(len(kept)+1) {
		n *= 2
	}
	in := sized[T](n)
	t.used, t.dropped = 0, 0
	for _, e := range kept {
		t.insert(in, e)
	}
	t.current.Store(in)
	return in
}

// Drop forgets what was put in under these values. The slots are made anew once a quarter of them are empty, so that to
// drop one costs the same however many there are.
func (t *Table[T]) Drop(values []string) {
	if len(values) != t.labels {
		return
	}
	var gone uint32
	e := &entry[T]{state: &gone}
	e.read(values)
	t.mu.Lock()
	defer t.mu.Unlock()
	in := t.current.Load()
	for place := e.key.hash; ; place++ {
		slot := in.at(place)
		old := slot.Load()
		if old == nil {
			return
		}
		if old.key == e.key && slices.Equal(old.values, e.values) {
			if old.empty() {
				return
			}
			// What it found may be collected now; the values stay with the one that is empty until the slots are made anew.
			if e.key.long {
				e.values = old.values
			}
			slot.Store(e)
			break
		}
	}
	if t.dropped++; 4*t.dropped > t.used {
		t.rebuild(in)
	}
}

// Listed is how many series it finds.
func (t *Table[T]) Listed() (n int) {
	in := t.current.Load()
	for i := range in.slots {
		if e := in.slots[i].Load(); e != nil && e.listed() && e.get() != nil {
			n++
		}
	}
	return n
}

// Sweep drops what is not listed any more.
func (t *Table[T]) Sweep() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.rebuild(t.current.Load())
}

// Len is how many entries the table holds, those of series that are gone included.
func (t *Table[T]) Len() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.used
}
