package tykmetrics

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
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
	auth := ServerAuth{BasicName: "prometheus", BasicPassword: "s3cret", Bearer: "t0ken", BearerFile: "/run/token"}
	config := ServerConfig{Auth: auth}
	printed := map[string]string{}
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		printed[format] = fmt.Sprintf(format, config)
	}
	for name, v := range map[string]any{"value": auth, "pointer": &auth, "within": struct{ Auth ServerAuth }{auth}} {
		text, err := json.Marshal(v)
		if err != nil {
			t.Error(err)
		}
		printed["JSON of a "+name] = string(text)
		var logged bytes.Buffer
		slog.New(slog.NewJSONHandler(&logged, nil)).Info("serving", "with", v)
		slog.New(slog.NewTextHandler(&logged, nil)).Info("serving", "with", v)
		printed["log of a "+name] = logged.String()
	}
	for how, text := range printed {
		if strings.Contains(text, "s3cret") || strings.Contains(text, "t0ken") {
			t.Errorf("%s shows a secret: %s", how, text)
		}
		for _, part := range []string{"prometheus", "/run/token", "(hidden)"} {
			if !strings.Contains(text, part) {
				t.Errorf("%s does not show %s: %s", how, part, text)
			}
		}
	}
	if text := auth.String(); text != "{BasicName:prometheus BasicPassword:(hidden) BasicPasswordFile: Bearer:(hidden) BearerFile:/run/token}" {
		t.Error(text)
	}
}
