package tykmetrics

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"regexp"
	"slices"
	"sort"
	"strings"
	"testing"
	"time"
)

// filled sets every field that settings are made of.
func filled(v reflect.Value) {
	for i := range v.NumField() {
		switch field := v.Field(i); field.Kind() {
		case reflect.Struct:
			filled(field)
		case reflect.Pointer:
			field.Set(reflect.New(field.Type().Elem()))
		case reflect.String:
			field.SetString("x")
		case reflect.Int, reflect.Int64:
			field.SetInt(int64(90 * time.Second))
		case reflect.Slice:
			field.Set(reflect.ValueOf([]string{"x"}))
		}
	}
}

func TestEveryKeyOfTheServerHasAFieldAndOnlyThose(t *testing.T) {
	page, err := os.ReadFile("../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	var documented []string
	for _, line := range strings.Split(string(page), "\n") {
		key := regexp.MustCompile("^\\| `([a-z._]+)` \\| [a-z ]+ \\|").FindStringSubmatch(line)
		// What the host honours is said elsewhere in Go.
		if key != nil && strings.Count(line, " | ") > 3 && !strings.Contains(line, "Honoured by the host.") {
			documented = append(documented, key[1])
		}
	}
	var config ServerConfig
	filled(reflect.ValueOf(&config).Elem())
	text, err := config.settings()
	if err != nil {
		t.Fatal(err)
	}
	var settings map[string]any
	if err := json.Unmarshal([]byte(text), &settings); err != nil {
		t.Fatal(err)
	}
	var given []string
	for key := range settings {
		given = append(given, key)
	}
	sort.Strings(documented)
	sort.Strings(given)
	if len(documented) < 25 || !slices.Equal(documented, given) {
		t.Errorf("documented %v\ngiven %v", documented, given)
	}
	if settings["limits.scrape_timeout"] != "1m30s" || settings["routes.page"] != false || settings["shutdown_grace"] != "0s" {
		t.Error(text)
	}
}

func TestTheZeroConfigurationSaysNothing(t *testing.T) {
	if text, err := new(ServerConfig).settings(); text != "{}" || err != nil {
		t.Errorf("%q, %v", text, err)
	}
}

func TestNoSecretIsPrinted(t *testing.T) {
	config := ServerConfig{Auth: ServerAuth{BasicName: "prometheus", BasicPassword: "s3cret", Bearer: "t0ken"}}
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		text := fmt.Sprintf(format, config)
		if strings.Contains(text, "s3cret") || strings.Contains(text, "t0ken") || !strings.Contains(text, "prometheus") {
			t.Errorf("%s: %s", format, text)
		}
	}
}
