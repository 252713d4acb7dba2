package tykmetrics_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	tykmetrics "github.com/tykmetrics/tykmetrics/bindings-go"
	"github.com/tykmetrics/tykmetrics/bindings-go/internal/native"
)

// The cases that every door runs; their README says what the members mean.
const casesDir = "../tests/conformance"

type object map[string]any

type testCase struct {
	Name, Why  string
	Registry   object
	Exposition object
	Operations []object
	Expect     map[string]json.RawMessage
}

func cases(t *testing.T) []testCase {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(casesDir, "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	var all []testCase
	for _, file := range files {
		if filepath.Base(file) == "errors.json" {
			continue
		}
		var read []testCase
		decode(t, file, &read)
		all = append(all, read...)
	}
	return all
}

func decode(t *testing.T, file string, into any) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

func TestEveryCaseGivesWhatItExpects(t *testing.T) {
	all := cases(t)
	if len(all) < 60 {
		t.Fatalf("only %d cases were found", len(all))
	}
	for _, c := range all {
		// Once each series is looked up for every record, once its handle is kept.
		for _, kept := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/kept=%v", c.Name, kept), func(t *testing.T) { c.run(t, kept) })
		}
	}
}

func (c testCase) run(t *testing.T, kept bool) {
	opts := tykmetrics.RegistryOpts{LegacyNames: c.Registry["names"] == "legacy", ConstLabelList: labelList(c.Registry["const_labels"])}
	if limit, ok := c.Registry["series_limit"]; ok {
		opts.SeriesLimit = uint64(number(limit))
	}
	registry, err := tykmetrics.NewRegistryWith(opts)
	if err != nil {
		t.Fatal(err)
	}
	r := &runner{registry: registry, metrics: map[string]metric{}, kept: kept, handles: map[string]any{}}
	for _, operation := range c.Operations {
		r.perform(t, operation)
	}
	for format, expected := range c.Expect {
		c.compare(t, registry, format, expected)
	}
}

func (c testCase) compare(t *testing.T, registry *tykmetrics.Registry, format string, expected json.RawMessage) {
	created := c.Exposition["created"] == true
	got := tykmetrics.RenderAs(t, registry, format, func(e *native.Exposition) {
		e.Escaping = 2 // underscores
		if name, ok := c.Exposition["escaping"]; ok {
			schemes := []string{"", "allow-utf-8", "underscores", "dots", "values"}
			e.Escaping = uint32(slices.Index(schemes, name.(string)))
		}
		e.Created = created
		e.EmptyFamilies = c.Exposition["empty_families"] == true
	})
	if expected[0] == '[' {
		var lines []string
		if err := json.Unmarshal(expected, &lines); err != nil {
			t.Fatal(err)
		}
		want := ""
		for _, line := range lines {
			want += line + "\n"
		}
		if got := masked(got, format, created); got != want {
			t.Errorf("in %s:\n%s\nwanted:\n%s", format, got, want)
		}
		return
	}
	if got, want := document(t, []byte(got)), document(t, expected); !reflect.DeepEqual(got, want) {
		t.Errorf("in %s:\n%v\nwanted:\n%v", format, got, want)
	}
}

// document is JSON with its moments masked.
func document(t *testing.T, text []byte) any {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var out any
	if err := decoder.Decode(&out); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return maskedDocument(out)
}

func maskedDocument(value any) any {
	switch value := value.(type) {
	case map[string]any:
		for name, member := range value {
			_, isNumber := member.(json.Number)
			if isNumber && (name == "created_ms" || name == "at_ms") {
				value[name] = "<time>"
			} else {
				value[name] = maskedDocument(member)
			}
		}
	case []any:
		for i := range value {
			value[i] = maskedDocument(value[i])
		}
	case json.Number:
		// Compared as numbers: 4 and 4.0 are the same, whole ones above 2^53 keep all digits.
		if _, err := strconv.ParseUint(value.String(), 10, 64); err != nil {
			f, _ := value.Float64()
			return f
		}
	}
	return value
}

// masked is a text format with its moments masked, as the README of the cases says.
func masked(text, format string, created bool) string {
	var out strings.Builder
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		at := strings.LastIndexByte(line, ' ')
		name, _, _ := strings.Cut(strings.ReplaceAll(line, "{", " "), " ")
		moment := false
		switch trimmed := strings.TrimSpace(line); {
		case format == "protobuf-text":
			moment = strings.HasPrefix(trimmed, "seconds: ") || strings.HasPrefix(trimmed, "nanos: ")
		case strings.Contains(line, " # {"):
			last := line[at+1:]
			moment = len(last) > 4 && strings.Trim(last, "0123456789.") == ""
		default:
			moment = created && strings.HasSuffix(name, "_created") && !strings.HasPrefix(line, "#")
		}
		if moment {
			line = line[:at] + " <time>"
		}
		out.WriteString(line + "\n")
	}
	return out.String()
}

func TestOnlyMomentsAreMasked(t *testing.T) {
	for _, c := range []struct {
		text, format string
		created      bool
		want         string
	}{
		{"a_total 1 # {b=\"1 2\"} 1 1700000000.125\n", "openmetrics", false, "a_total 1 # {b=\"1 2\"} 1 <time>\n"},
		{"a_total 1700000000.125\n", "openmetrics", true, "a_total 1700000000.125\n"},
		{"a_created{b=\"c\"} 1700000000.125\n", "text", true, "a_created{b=\"c\"} <time>\n"},
		{"a_created 1700000000.125\n", "text", false, "a_created 1700000000.125\n"},
		{"  seconds: 17\n  value: 3\n", "protobuf-text", false, "  seconds: <time>\n  value: 3\n"},
	} {
		if got := masked(c.text, c.format, c.created); got != c.want {
			t.Errorf("%q became %q, wanted %q", c.text, got, c.want)
		}
	}
}

func TestTheErrorCodesAreThoseOfTheTable(t *testing.T) {
	var table []struct {
		Number uint32
		Name   string
	}
	decode(t, filepath.Join(casesDir, "errors.json"), &table)
	for _, row := range table {
		if got := tykmetrics.Code(row.Number).String(); got != row.Name {
			t.Errorf("code %d is called %q here and %q in the table", row.Number, got, row.Name)
		}
	}
	if next := tykmetrics.Code(len(table) + 1).String(); !strings.HasPrefix(next, "code_") {
		t.Errorf("code %d is called %q here and is not in the table", len(table)+1, next)
	}
}

// Members of the cases.

func number(value any) float64 {
	switch value := value.(type) {
	case json.Number:
		f, err := value.Float64()
		if err != nil {
			panic(err)
		}
		return f
	case string:
		f, err := strconv.ParseFloat(value, 64)
		if err != nil {
			panic(err)
		}
		return f
	}
	panic(fmt.Sprintf("%v is no number", value))
}

func whole(value any) (uint64, bool) {
	n, err := strconv.ParseUint(fmt.Sprint(value), 10, 64)
	return n, err == nil
}

func strs(value any) []string {
	list, ok := value.([]any)
	if !ok {
		return nil
	}
	out := []string{}
	for _, item := range list {
		out = append(out, item.(string))
	}
	return out
}

func floats(value any) []float64 {
	list, ok := value.([]any)
	if !ok {
		return nil
	}
	out := []float64{}
	for _, item := range list {
		out = append(out, number(item))
	}
	return out
}

func labelList(value any) []tykmetrics.Label {
	var out []tykmetrics.Label
	list, _ := value.([]any)
	for _, pair := range list {
		pair := pair.([]any)
		out = append(out, tykmetrics.Label{Name: pair[0].(string), Value: pair[1].(string)})
	}
	return out
}

func duration(value any) time.Duration {
	if value == nil {
		return 0
	}
	return time.Duration(math.Round(number(value) * 1e9))
}

func str(value any) string {
	text, _ := value.(string)
	return text
}
