package webchat

import (
	"bytes"
	"flag"
	"os"
	"testing"

	"github.com/evanw/esbuild/pkg/api"
)

// What the widget may weigh, gzipped.
const (
	loaderBudget = 2 << 10
	panelBudget  = 10 << 10
)

// TestDist: the scripts embedded are those that the sources make, and weigh no more than they may. With -update they are made anew.
func TestDist(t *testing.T) {
	for _, c := range []struct {
		name   string
		format api.Format
		asset  *asset
		budget int
	}{{"bridge", api.FormatIIFE, loaderAsset(), loaderBudget}, {"panel", api.FormatESModule, panelAsset(), panelBudget}} {
		built := api.Build(api.BuildOptions{EntryPoints: []string{"widget/" + c.name + ".ts"}, Bundle: true, Format: c.format, Target: api.ES2022, Charset: api.CharsetUTF8,
			MinifyIdentifiers: true, MinifySyntax: true, MinifyWhitespace: true, LegalComments: api.LegalCommentsNone})
		if len(built.Errors) > 0 {
			t.Fatalf("%s: %+v", c.name, built.Errors)
		}
		if flag.Lookup("update").Value.String() == "true" {
			if err := os.WriteFile("dist/"+c.name+".js", built.OutputFiles[0].Contents, 0o644); err != nil { //nolint:gosec // public
				t.Fatal(err)
			}
			continue
		}
		if !bytes.Equal(built.OutputFiles[0].Contents, c.asset.raw) {
			t.Errorf("dist/%s.js is not what widget/%s.ts makes: run go test -run TestDist -update", c.name, c.name)
		}
		t.Logf("%s.js: %d bytes, %d gzipped, of %d allowed", c.name, len(c.asset.raw), len(c.asset.packed), c.budget)
		if len(c.asset.packed) > c.budget {
			t.Errorf("%s.js: %d bytes gzipped, allowed are %d", c.name, len(c.asset.packed), c.budget)
		}
	}
}
