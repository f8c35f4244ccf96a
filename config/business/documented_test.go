package business

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// settingRow is a row of a table of settings: the first code in it, `name` or `name: value`.
var settingRow = regexp.MustCompile("(?m)^\\| `([a-z_]+)(?:: ([^`]+))?` \\|")

// Every setting of assignment, with its value where there is one, is taken where the docs say that it belongs.
func TestDocumentedAssignment(t *testing.T) {
	raw, err := os.ReadFile("../../docs/assignment.md")
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]string{"most": "3", "fallback": "10m", "untouched": "30m", "team": "sales", "assign": "{pick: equal}", "field": "owner", "tags": "{vip: Amina}", "phone": "Amina",
		"answered": "45m", "online": "8h", "tell": "{assigned: true}", "every": "10m", "samples": "5"}
	const people = "agents:\n  - {name: Amina, addresses: [amina@example.com], most: 2, skills: [tax], speaks: [ar, en]}\nteams:\n"
	for heading, form := range map[string]string{
		"### Strategies":                people + "  - {name: sales, members: [Amina], assign: {%}}\n",
		"### `assignment:`":             people + "  - {name: sales, members: [Amina]}\nassignment: {%}\n",
		"## What customers are told":    people + "  - {name: sales, members: [Amina]}\nassignment: {team: sales, tell: {%}}\n",
		"### Strategies of all agents:": people + "  - {name: sales, members: [Amina]}\nassignment: {assign: {%}}\n",
	} {
		_, section, found := strings.Cut(string(raw), strings.TrimSuffix(heading, " of all agents:"))
		if !found {
			t.Fatalf("there is no %q", heading)
		}
		section, _, _ = strings.Cut(section, "\n#")
		rows := settingRow.FindAllStringSubmatch(section, -1)
		if len(rows) < 4 {
			t.Errorf("%s has %d settings", heading, len(rows))
		}
		for _, m := range rows {
			value := m[2]
			if value == "" {
				value = values[m[1]]
			}
			if _, err := parse(strings.ReplaceAll(form, "%", m[1]+": "+value)); err != nil {
				t.Errorf("%s, %s: %s: %v", heading, m[1], value, err)
			}
		}
	}
}
