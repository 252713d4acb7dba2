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

// Up to so many labels are compared as words at once; label sets are rarely longer.
const few = 4

// A label value in two words. Up to 16 bytes they are its bytes, which with the length tell it from all others; beyond,
// they are a hash.
type word struct{ a, b uint64 }

// long is the length from which a word does not tell its text from all others.
const long = 16

// Lengths are packed into 16 bits each; one that does not fit is that of a long text, which is compared by itself.
const lengthBits = 16

// The secrets of this process, so that nobody outside can choose values that fall together.
var (
	secret [few]word
	seed   = maphash.MakeSeed()
)

func init() {
	for i := range secret {
		secret[i] = word{rand.Uint64(), rand.Uint64()}
	}
}

func load8(p *byte, at int) uint64 { return *(*uint64)(unsafe.Add(unsafe.Pointer(p), at)) }

func load4(p *byte, at int) uint64 { return uint64(*(*uint32)(unsafe.Add(unsafe.Pointer(p), at))) }

func load1(p *byte, at int) uint64 { return uint64(*(*byte)(unsafe.Add(unsafe.Pointer(p), at))) }

// key is a list of label values as words.
type key struct {
	hash    uint64
	lengths uint64
	long    bool
	words   [few]word
}

// read makes the key of a few values. Texts are read in at most two loads, which overlap if they are no whole number of
// words. The hash is a sum of products, one for each value: of both halves with the secrets of its place, folded.
func (k *key) read(values []string) {
	var hash, lengths uint64
	for i, value := range values {
		if i == few {
			break
		}
		n, p := len(value), unsafe.StringData(value)
		var w word
		switch {
		case n > long:
			w.a = maphash.String(seed, value)
			k.long = true
		case n >= 8:
			w = word{load8(p, 0), load8(p, n-8)}
		case n >= 4:
			w = word{load4(p, 0), load4(p, n-4)}
		case n > 0:
			w = word{load1(p, 0) | load1(p, n/2)<<8, load1(p, n-1)}
		}
		k.words[i] = w
		lengths = lengths<<lengthBits | uint64(n)&(1<<lengthBits-1)
		s := &secret[i]
		high, low := bits.Mul64(w.a^s.a, w.b^s.b)
		hash += high ^ low
	}
	k.hash = hash ^ lengths
	k.lengths = lengths
}

// same compares without a branch for each word.
func (k *key) same(other *key) bool {
	a, b := &k.words, &other.words
	return (a[0].a^b[0].a)|(a[0].b^b[0].b)|(a[1].a^b[1].a)|(a[1].b^b[1].b)|
		(a[2].a^b[2].a)|(a[2].b^b[2].b)|(a[3].a^b[3].a)|(a[3].b^b[3].b)|(k.lengths^other.lengths) == 0
}

// hashMany is the hash of more values than a key has room for.
func hashMany(values []string) uint64 {
	var h maphash.Hash
	h.SetSeed(seed)
	for _, value := range values {
		_, _ = h.WriteString(value)
		_ = h.WriteByte(0xff) // no byte of UTF-8
	}
	return h.Sum64()
}
