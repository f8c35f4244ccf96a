package forward

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"causeway/core"
)

func (w *writer) form(form *core.Form) {
	if form == nil {
		return
	}
	w.page.add(blockNote, w.say("form", "name", clean(form.Name, 100)))
	w.page.add(blockText, strings.Join(filled(form), "\n"))
}

// filled is what stands in a form, a line for each field.
func filled(form *core.Form) []string {
	if form.Fields == nil {
		return []string{string(form.Raw)}
	}
	return fields("", form.Fields)
}

// fields writes each field that was filled, those within another below its name. WhatsApp's own are for programs.
func fields(within string, all map[string]any) []string {
	var lines []string
	for _, key := range slices.Sorted(maps.Keys(all)) {
		switch v := all[key].(type) {
		case nil:
		case map[string]any:
			if key != "wa_flow_response_params" {
				lines = append(lines, fields(within+key+".", v)...)
			}
		default:
			if key != "flow_token" {
				lines = append(lines, within+key+": "+answer(v))
			}
		}
	}
	return lines
}

// answer writes what was filled in as people do: a list with commas, a number with all its digits.
func answer(v any) string {
	switch v := v.(type) {
	case []any:
		all := make([]string, len(v))
		for i, x := range v {
			all[i] = answer(x)
		}
		return strings.Join(all, ", ")
	case map[string]any:
		return strings.Join(fields("", v), ", ")
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return fmt.Sprint(v)
}
