package forward

import (
	"slices"
	"testing"

	"causeway/core"
)

// TestFilled: what stands in a form is written for people, whatever the form is like.
func TestFilled(t *testing.T) {
	for name, c := range map[string]struct {
		raw  string
		want []string
	}{
		"flat":       {`{"flow_token":"t","day":"Sunday","people":4}`, []string{"day: Sunday", "people: 4"}},
		"large":      {`{"phone":16505551234,"sum":1234567.5}`, []string{"phone: 16505551234", "sum: 1234567.5"}},
		"several":    {`{"colours":["blue","red"],"news":true}`, []string{"colours: blue, red", "news: true"}},
		"nested":     {`{"values":{"city":"Riyadh","name":"Ana"},"saved":null}`, []string{"values.city: Riyadh", "values.name: Ana"}},
		"files":      {`{"photo":[{"id":"1","name":"a.jpg"},{"id":"2"}]}`, []string{"photo: id: 1, name: a.jpg, id: 2"}},
		"by program": {`{"wa_flow_response_params":{"flow_id":"7"},"flow_token":"t","a":"b"}`, []string{"a: b"}},
		"no object":  {`["x"]`, []string{`["x"]`}},
		"empty":      {`{}`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			if got := filled(core.NewForm("f", []byte(c.raw))); !slices.Equal(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
