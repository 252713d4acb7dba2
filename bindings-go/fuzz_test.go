package tykmetrics_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	tykmetrics "github.com/tykmetrics/tykmetrics/bindings-go"
)

// FuzzLabelValues plays the bytes as lookups and removals, beside a map, and reads the rendered text back.
func FuzzLabelValues(f *testing.F) {
	f.Add([]byte("\x00GET\x00/\x00\x00PUT\x00/a/path/of/more/than/sixteen/bytes\x00"))
	f.Add([]byte("\x01a\x00b\x00\x02a\x00b\x00\x01a\x00b\x00"))
	f.Add([]byte("\x00\"\\\n\x00\xff\xfe\x00\x03\x00\x00"))
	f.Add([]byte("\x00ab\x00c\x00\x00a\x00bc\x00\x00\x00abc\x00\x04"))
	f.Add([]byte("\x00\xef\xef0\x00\x00"))
	f.Fuzz(func(t *testing.T, script []byte) {
		r := tykmetrics.NewRegistry()
		v := r.MustNewCounterVec(tykmetrics.CounterOpts{Name: "c_total"}, []string{"a", "b"})
		model := map[[2]string]uint64{}
		next := func() string {
			value, rest, _ := strings.Cut(string(script), "\x00")
			script = []byte(rest)
			return value
		}
		for steps := 0; len(script) > 0 && steps < 200; steps++ {
			op := script[0]
			script = script[1:]
			if op%16 == 4 {
				v.Reset()
				clear(model)
				continue
			}
			a, b := next(), next()
			// What is not UTF-8 is one label value for C, and so for the text.
			key := [2]string{strings.ToValidUTF8(a, "\ufffd"), strings.ToValidUTF8(b, "\ufffd")}
			if !validRuns(a) || !validRuns(b) {
				continue
			}
			switch op % 16 {
			case 3:
				_, known := model[key]
				if v.DeleteLabelValues(a, b) != known {
					t.Fatalf("removing %q: it was known: %v", key, known)
				}
				delete(model, key)
			case 2:
				v.With(tykmetrics.Labels{"b": b, "a": a}).Inc()
				model[key]++
			case 1:
				v.MustCurryWith(tykmetrics.Labels{"b": b}).WithLabelValues(a).Inc()
				model[key]++
			default:
				v.WithLabelValues(a, b).Inc()
				model[key]++
			}
		}
		if v.Len() != len(model) {
			t.Fatalf("%d series, wanted %d", v.Len(), len(model))
		}
		var text strings.Builder
		if err := r.Render(&text, "text"); err != nil {
			t.Fatal(err)
		}
		read := map[[2]string]uint64{}
		for line := range strings.SplitSeq(strings.TrimSuffix(text.String(), "\n"), "\n") {
			if line != "" && !strings.HasPrefix(line, "#") {
				key, n := parsed(t, line)
				read[key] = n
			}
		}
		if fmt.Sprint(read) != fmt.Sprint(model) {
			t.Fatalf("the text says %q, wanted %q", read, model)
		}
	})
}

// validRuns says whether no two bytes in a row are no UTF-8: how many U+FFFD become of such is read differently.
func validRuns(s string) bool {
	wrong := false
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		isWrong := r == utf8.RuneError && n == 1
		if isWrong && wrong {
			return false
		}
		wrong, s = isWrong, s[n:]
	}
	return true
}

// parsed reads c_total{a="…",b="…"} n by the rules of the text format.
func parsed(t *testing.T, line string) (key [2]string, n uint64) {
	rest, ok := strings.CutPrefix(line, `c_total{a="`)
	if !ok {
		t.Fatalf("%q", line)
	}
	key[0], rest = value(t, rest)
	rest, ok = strings.CutPrefix(rest, `,b="`)
	if !ok {
		t.Fatalf("%q", line)
	}
	key[1], rest = value(t, rest)
	n, err := strconv.ParseUint(strings.TrimPrefix(rest, "} "), 10, 64)
	if err != nil {
		t.Fatalf("%v in %q", err, line)
	}
	return key, n
}

// value reads up to the quote that ends a label value.
func value(t *testing.T, text string) (value, rest string) {
	var out strings.Builder
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '"':
			return out.String(), text[i+1:]
		case '\\':
			i++
			out.WriteByte(map[byte]byte{'n': '\n', '"': '"', '\\': '\\'}[text[i]])
		default:
			out.WriteByte(text[i])
		}
	}
	t.Fatalf("%q does not end", text)
	return
}
