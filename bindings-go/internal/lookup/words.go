// Package lookup finds a series by its label values: a hash table that is read without a lock.
//
// It holds what was found through C before, and nothing that is no longer listed for long: an entry whose series lost the
// live bit is a miss. The vectors of package tykmetrics are its only callers.
package lookup

import (
	"hash/maphash"
	"math/bits"
	"math/rand/v2"
	"unsafe"
)

// most is how many labels a key may have for the short comparison; label sets are rarely longer.
const most = 8

// word is a label value in two words: up to 16 bytes the bytes themselves, which with the length tell it from all others;
// beyond, a hash.
type word struct {
	a, b uint64
	n    int
}

// long is the length from which a word does not tell its text from all others.
const long = 16

// The secrets of this process, so that nobody outside can choose values that fall together.
var (
	secret = [2 * most]uint64{}
	seed   = maphash.MakeSeed()
)

func init() {
	for i := range secret {
		secret[i] = rand.Uint64() | 1
	}
}

func load8(p *byte, at int) uint64 { return *(*uint64)(unsafe.Add(unsafe.Pointer(p), at)) }

func load4(p *byte, at int) uint64 { return uint64(*(*uint32)(unsafe.Add(unsafe.Pointer(p), at))) }

func load1(p *byte, at int) uint64 { return uint64(*(*byte)(unsafe.Add(unsafe.Pointer(p), at))) }

// wordOf reads the text's bytes in at most two loads, which overlap if it has no whole number of words.
func wordOf(text string) word {
	n, p := len(text), unsafe.StringData(text)
	switch {
	case n > long:
		return word{maphash.String(seed, text), 0, n}
	case n >= 8:
		return word{load8(p, 0), load8(p, n-8), n}
	case n >= 4:
		return word{load4(p, 0), load4(p, n-4), n}
	case n > 0:
		return word{load1(p, 0) | load1(p, n/2)<<8, load1(p, n-1), n}
	}
	return word{}
}

// mixed is the part of a hash that the word at this place gives: a product of both halves with secrets added, folded.
func (w word) mixed(place int) uint64 {
	high, low := bits.Mul64(w.a^secret[2*place], w.b^secret[2*place+1]^uint64(w.n)<<56)
	return high ^ low
}
