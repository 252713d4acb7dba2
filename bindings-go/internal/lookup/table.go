package lookup

import (
	"strings"
	"sync"
	"sync/atomic"
	"weak"
)

// live is TYK_LIVE, the bit of a series' state word that is set while it is listed.
const live uint32 = 1

// An entry never changes once it is in a table.
type entry[T any] struct {
	hash   uint64
	state  *uint32
	metric *T
	loose  weak.Pointer[T]
	words  []word
	values []string // if a word does not tell one of them
}

func (e *entry[T]) listed() bool { return atomic.LoadUint32(e.state)&live != 0 }

// The slots of one size. A slot goes from nil to an entry to a newer entry, never back to nil, so that a search may end
// at the first nil.
type slots[T any] struct {
	mask  uint64
	slots []atomic.Pointer[entry[T]]
}

// Table finds the T of a list of label values. Its zero value is not usable; New makes one.
type Table[T any] struct {
	labels  int
	weakly  bool
	current atomic.Pointer[slots[T]]

	mu   sync.Mutex // for those who write
	used int        // slots that are not nil
}

// smallest is the number of slots of a new table.
const smallest = 16

// New is a table for lists of so many values. A weak one does not keep what it found from being collected.
func New[T any](labels int, weakly bool) *Table[T] {
	t := &Table[T]{labels: labels, weakly: weakly}
	t.current.Store(sized[T](smallest))
	return t
}

func sized[T any](n int) *slots[T] {
	return &slots[T]{mask: uint64(n - 1), slots: make([]atomic.Pointer[entry[T]], n)}
}

// Find is what was put in under these values, or nil.
func (t *Table[T]) Find(values []string) *T {
	if len(values) != t.labels || len(values) > most {
		return nil
	}
	var words [most]word
	var hash uint64
	for i, value := range values {
		words[i] = wordOf(value)
		hash += words[i].mixed(i)
	}
	// Acquire, as all of Go's atomics: the slots' contents are there.
	in := t.current.Load()
	for at := hash; ; at++ {
		e := in.slots[at&in.mask].Load()
		if e == nil {
			return nil
		}
		if e.hash == hash && e.is(values, words[:len(values)]) {
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

func (e *entry[T]) is(values []string, words []word) bool {
	if len(e.words) != len(words) {
		return false
	}
	for i := range words {
		if e.words[i] != words[i] || (words[i].n > long && e.values[i] != values[i]) {
			return false
		}
	}
	return true
}

// Put keeps what a search for the values finds as long as the word at state has the live bit. The values are copied.
func (t *Table[T]) Put(values []string, metric *T, state *uint32) {
	if len(values) != t.labels || len(values) > most {
		return
	}
	e := &entry[T]{state: state, words: make([]word, len(values))}
	for i, value := range values {
		e.words[i] = wordOf(value)
		e.hash += e.words[i].mixed(i)
		if len(value) > long && e.values == nil {
			e.values = make([]string, len(values))
		}
	}
	for i := range e.values {
		e.values[i] = strings.Clone(values[i])
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
	for at := e.hash; ; at++ {
		slot := &in.slots[at&in.mask]
		old := slot.Load()
		if old == nil {
			t.used++
			slot.Store(e)
			return
		}
		// Whoever searches past a slot that is filled anew still does.
		if old.hash == e.hash && old.is(e.values, e.words) {
			slot.Store(e)
			return
		}
	}
}

// rebuild moves what is still listed to slots of the size that it takes.
func (t *Table[T]) rebuild(old *slots[T]) *slots[T] {
	var kept []*entry[T]
	for i := range old.slots {
		if e := old.slots[i].Load(); e != nil && e.listed() && (e.metric != nil || e.loose.Value() != nil) {
			kept = append(kept, e)
		}
	}
	n := smallest
	for n < 3*(len(kept)+1) {
		n *= 2
	}
	in := sized[T](n)
	t.used = 0
	for _, e := range kept {
		t.insert(in, e)
	}
	t.current.Store(in)
	return in
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
