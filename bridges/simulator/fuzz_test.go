package simulator

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// FuzzSend throws any body at the messages path: whatever it is, the answer is JSON with a known status.
func FuzzSend(f *testing.F) {
	for _, seed := range []string{
		`{"messaging_product":"whatsapp","to":"491511234567","type":"text","text":{"body":"x"}}`,
		`{"messaging_product":"whatsapp","to":"491511234567","type":"contacts","contacts":[{"name":{"formatted_name":"x"}},7]}`,
		`{"messaging_product":"whatsapp","to":"491511234567","type":"template","template":{"name":"we_are_back","language":{"code":"en_US"},"components":[{"type":"body","parameters":[{"type":"text","text":"a"},{"type":"currency"}]},{"type":"button","sub_type":"url","index":1}]}}`,
		`{"messaging_product":"whatsapp","to":"491511234567","type":"template","template":{"name":"offer_picture","language":{"code":"en_US"},"components":[{"type":"header","parameters":[{"type":"image","image":null}]}]}}`,
		`{"messaging_product":"whatsapp","to":"491511234567","type":"interactive","interactive":{"type":"list","header":{"type":"image"},"body":{"text":"x"},"action":{"button":"b","sections":[{"rows":[{"id":"1","title":"t"}]}]}}}`,
		`{"messaging_product":"whatsapp","status":"read","message_id":"wamid.x","typing_indicator":{"type":"text"}}`,
		`{"messaging_product":"whatsapp","recipient":"DE.1","type":"location","location":{"latitude":"1","longitude":2}}`,
		`[]`, `{`, ``,
	} {
		f.Add(seed)
	}
	s := New(Options{})
	f.Cleanup(s.Close)
	s.Customer("491511234567", "Mona").Say("hi")
	graph := s.Graph()
	f.Fuzz(func(t *testing.T, body string) {
		r := httptest.NewRequest(http.MethodPost, sendPath, strings.NewReader(body))
		r.Header.Set("Authorization", "Bearer "+DefaultAccount().Token)
		w := httptest.NewRecorder()
		graph.ServeHTTP(w, r)
		if w.Code != 200 && w.Code != 400 && w.Code != 404 || !strings.HasPrefix(w.Body.String(), "{") {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	})
}
