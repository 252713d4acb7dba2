package native

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

func TestABuildWithoutCgoSaysThatItNeedsIt(t *testing.T) {
	build := exec.Command("go", "build", "./...")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := build.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "needs_cgo_and_libtykmetrics") || strings.Count(string(out), "undefined") != 1 {
		t.Errorf("%v: %s", err, out)
	}
}
