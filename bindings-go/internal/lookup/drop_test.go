package lookup

import "testing"

func TestWhatIsDroppedIsGoneAndTheRestIsFound(t *testing.T) {
	for _, labels := range []int{1, 6} {
		in := table(labels)
		values := func(text string) []string {
			out := make([]string, labels)
			for i := range out {
				out[i] = text
			}
			return out
		}
		all := texts()
		for _, text := range all {
			s := &series{live, text}
			in.Put(values(text), s, &s.state)
		}
		for i, text := range all {
			if i%3 == 0 {
				in.Drop(values(text))
				in.Drop(values(text)) // once more is nothing
			}
		}
		in.Drop(values("never put in"))
		gone := 0
		for i, text := range all {
			found := in.Find(values(text))
			if i%3 == 0 {
				gone++
			}
			if dropped := i%3 == 0; dropped != (found == nil) || found != nil && found.key != text {
				t.Fatalf("%q of %d labels: %v", text, labels, found)
			}
		}
		if n := in.Listed(); n != len(all)-gone {
			t.Errorf("%d are listed, wanted %d", n, len(all)-gone)
		}
		s := &series{live, "anew"}
		in.Put(values(all[0]), s, &s.state)
		if in.Find(values(all[0])) != s {
			t.Error("what is put in again is not found")
		}
		for _, text := range all {
			in.Drop(values(text))
		}
		if n := in.Len(); n > 1 || in.Listed() != 0 {
			t.Errorf("%d entries, %d listed, and all are dropped", n, in.Listed())
		}
	}
}
