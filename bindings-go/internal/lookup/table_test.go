package lookup

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// series stands for what a table finds; its state is set to 0 when it is gone.
type series struct {
	state uint32
	key   string
}

func table(labels int) *Table[series] {
	t := &Table[series]{}
	t.Init(labels, false)
	return t
}

// texts of all lengths around those where they are read in another way, which differ in one byte anywhere.
func texts() []string {
	out := []string{""}
	for n := 1; n <= 40; n++ {
		base := strings.Repeat("a", n)
		out = append(out, base)
		for i := range n {
			out = append(out, base[:i]+"b"+base[i+1:])
		}
	}
	return out
}

func TestTextsThatDifferAreDifferentKeys(t *testing.T) {
	all := texts()
	for _, labels := range []int{1, 2, 4, 5, 7} {
		in := table(labels)
		values := func(text string) []string {
			out := make([]string, labels)
			// At the place that the text's length says, so that every place is tried.
			out[len(text)%labels] = text
			return out
		}
		seen := map[string]bool{}
		for _, text := range all {
			key := fmt.Sprintf("%q", values(text))
			if found := in.Find(values(text)); (found != nil) != seen[key] {
				t.Fatalf("%s was found before it was put: %+v", key, found)
			}
			if !seen[key] {
				s := &series{live, key}
				in.Put(values(text), s, &s.state)
				seen[key] = true
			}
		}
		for _, text := range all {
			key := fmt.Sprintf("%q", values(text))
			if found := in.Find(values(text)); found == nil || found.key != key {
				t.Fatalf("%s finds %+v", key, found)
			}
		}
		if in.Len() != len(seen) {
			t.Errorf("%d entries for %d keys", in.Len(), len(seen))
		}
	}
}

func TestValuesAreNotTakenForOneAnother(t *testing.T) {
	in := table(2)
	s := &series{state: live}
	in.Put([]string{"ab", "c"}, s, &s.state)
	for _, other := range [][]string{{"a", "bc"}, {"c", "ab"}, {"abc", ""}, {"", "abc"}, {"ab", "c\x00"}, {"ab\x00", "c"}, {"ab"}, {"ab", "c", ""}} {
		if in.Find(other) != nil {
			t.Errorf("%q is taken for ab, c", other)
		}
	}
}

func TestATableIsAMap(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, labels := range []int{0, 1, 3, 6} {
		in, model := table(labels), map[string]*series{}
		for range 20000 {
			values := make([]string, labels)
			for i := range values {
				values[i] = strings.Repeat(string(rune('a'+random.IntN(3))), random.IntN(20))
			}
			key := fmt.Sprintf("%q", values)
			switch random.IntN(4) {
			case 0:
				s := &series{live, key}
				in.Put(values, s, &s.state)
				model[key] = s
			case 1:
				if s := model[key]; s != nil {
					s.state = 0
					delete(model, key)
				}
			case 2:
				if random.IntN(100) == 0 {
					in.Sweep()
				}
			default:
				if found := in.Find(values); found != model[key] {
					t.Fatalf("%s finds %+v, wanted %+v", key, found, model[key])
				}
			}
		}
		if in.Sweep(); in.Len() != len(model) {
			t.Errorf("%d entries for %d keys", in.Len(), len(model))
		}
	}
}

func TestHashesSpread(t *testing.T) {
	// Values as they are: counted up, and alike but for a byte. Chains in slots that are a third full at least stay short.
	in := table(3)
	for i := range 30000 {
		s := &series{state: live}
		in.Put([]string{"GET", fmt.Sprintf("/api/users/%d", i), "200"}, s, &s.state)
	}
	longest, chain := 0, 0
	slots := in.current.Load().slots
	for i := range slots {
		if slots[i].Load() == nil {
			chain = 0
			continue
		}
		chain++
		longest = max(longest, chain)
	}
	// Linear probing at a load of two thirds: runs grow with the logarithm; a hash that clusters makes them thousands.
	if longest > 300 {
		t.Errorf("%d slots in a row are used", longest)
	}
}

func TestWordsAreNotAllThatIsCompared(t *testing.T) {
	// Hashes tell these apart as well, so the comparison is asked by itself.
	var one, two key
	one.read([]string{"a"})
	two.read([]string{"aa"})
	if one.words != two.words || one.same(&two) {
		t.Errorf("%+v and %+v", one, two)
	}
	in := table(1)
	s := &series{state: live}
	const long = "a value of more than sixteen bytes"
	in.Put([]string{long}, s, &s.state)
	slots := in.current.Load().slots
	for i := range slots {
		if e := slots[i].Load(); e != nil {
			e.values[0] = "another value with the same hash"
		}
	}
	if in.Find([]string{long}) != nil {
		t.Error("a text was found by its hash alone")
	}
}
