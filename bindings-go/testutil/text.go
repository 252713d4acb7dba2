package testutil

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	tykmetrics "github.com/tykmetrics/tykmetrics/bindings-go"
)

// facts are what the classic text format says of families, each in one way of writing: labels in the order of their names,
// numbers as Go prints them, help without escapes.
type facts struct {
	names []string // families asked for; none are all
	lines []string
}

func (f *facts) add(family, line string) {
	if len(f.names) == 0 || slices.Contains(f.names, family) {
		f.lines = append(f.lines, line)
	}
}

func (f *facts) help(family, help string) {
	if help != "" {
		f.add(family, fmt.Sprintf("# HELP %s %s", family, help))
	}
}

func (f *facts) kind(family, kind string) { f.add(family, fmt.Sprintf("# TYPE %s %s", family, kind)) }

func (f *facts) sample(family, name string, labels []tykmetrics.Label, value float64, moment string) {
	labels = slices.Clone(labels)
	slices.SortFunc(labels, func(a, b tykmetrics.Label) int { return strings.Compare(a.Name, b.Name) })
	var all []string
	for _, label := range labels {
		// To the format no label and an empty one are the same.
		if label.Value != "" {
			all = append(all, fmt.Sprintf("%s=%q", label.Name, label.Value))
		}
	}
	line := name
	if len(all) > 0 {
		line += "{" + strings.Join(all, ",") + "}"
	}
	line += " " + number(value)
	if moment != "" {
		line += " " + moment
	}
	f.add(family, line)
}

func number(v float64) string {
	if math.IsInf(v, 1) {
		return "+Inf"
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}

// parse reads the format.
func (f *facts) parse(text string) error {
	family, kind := "", ""
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		words := strings.Fields(line)
		switch {
		case line == "":
		case len(words) > 2 && words[0] == "#" && words[1] == "HELP":
			after, _ := strings.CutPrefix(strings.TrimSpace(line[1:]), "HELP")
			name, rest, err := named(strings.TrimSpace(after))
			if err != nil {
				return fmt.Errorf("line %d: %w", i+1, err)
			}
			if name != family {
				family, kind = name, ""
			}
			f.help(name, unescaped(strings.TrimLeft(rest, " \t")))
		case len(words) > 3 && words[0] == "#" && words[1] == "TYPE":
			after, _ := strings.CutPrefix(strings.TrimSpace(line[1:]), "TYPE")
			name, rest, err := named(strings.TrimSpace(after))
			if err != nil {
				return fmt.Errorf("line %d: %w", i+1, err)
			}
			family, kind = name, strings.TrimSpace(rest)
			f.kind(family, kind)
		case line[0] == '#':
		default:
			if err := f.parseSample(line, family, kind); err != nil {
				return fmt.Errorf("line %d, %q: %w", i+1, line, err)
			}
		}
	}
	return nil
}

func (f *facts) parseSample(line, family, kind string) error {
	name, rest, err := "", line, error(nil)
	if line[0] != '{' {
		if name, rest, err = named(line); err != nil {
			return err
		}
	}
	var labels []tykmetrics.Label
	rest = strings.TrimLeft(rest, " \t")
	if strings.HasPrefix(rest, "{") {
		rest = rest[1:]
		for {
			rest = strings.TrimLeft(rest, " \t,")
			if strings.HasPrefix(rest, "}") {
				rest = rest[1:]
				break
			}
			var label tykmetrics.Label
			if label.Name, rest, err = named(rest); err != nil {
				return err
			}
			value, ok := strings.CutPrefix(strings.TrimLeft(rest, " \t"), "=")
			if !ok && name == "" {
				// A name that is no word stands in the braces.
				name = label.Name
				continue
			}
			if label.Value, rest, err = quoted(strings.TrimLeft(value, " \t")); err != nil {
				return err
			}
			if label.Name == "le" || label.Name == "quantile" {
				if v, err := strconv.ParseFloat(label.Value, 64); err == nil {
					label.Value = number(v)
				}
			}
			labels = append(labels, label)
		}
	}
	words := strings.Fields(rest)
	if len(words) == 0 || len(words) > 2 {
		return fmt.Errorf("a sample has a value, and maybe a timestamp, after its labels")
	}
	value, err := strconv.ParseFloat(words[0], 64)
	if err != nil {
		return err
	}
	of := name
	for _, suffix := range [...]string{"_bucket", "_sum", "_count"} {
		if name == family+suffix && (kind == "histogram" || kind == "summary") {
			of = family
		}
	}
	f.sample(of, name, labels, value, strings.Join(words[1:], " "))
	return nil
}

// named is the name at the start of a text, as a word or in quotes, and what comes after it.
func named(text string) (name, rest string, err error) {
	if strings.HasPrefix(text, `"`) {
		return quoted(text)
	}
	at := strings.IndexAny(text, " \t{}=,")
	if at < 0 {
		at = len(text)
	}
	if at == 0 {
		return "", "", fmt.Errorf("a name is missing before %q", text)
	}
	return text[:at], text[at:], nil
}

// quoted is the text in quotes at the start of a text, and what comes after it.
func quoted(text string) (value, rest string, err error) {
	if !strings.HasPrefix(text, `"`) {
		return "", "", fmt.Errorf("a quote is missing before %q", text)
	}
	for at := 1; at < len(text); at++ {
		switch text[at] {
		case '\\':
			at++
		case '"':
			return unescaped(text[1:at]), text[at+1:], nil
		}
	}
	return "", "", fmt.Errorf("the quote before %q does not end", text[1:])
}

var escapes = strings.NewReplacer(`\\`, `\`, `\n`, "\n", `\"`, `"`)

func unescaped(text string) string { return escapes.Replace(text) }
