package metatest

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"causeway/bridges/bridgetest"
	"causeway/bridges/meta"
	"causeway/core"
)

// What Meta answers to a wrong proof of the app's secret, and to none where the app requires it.
const (
	Unproven  = `{"error":{"message":"Invalid appsecret_proof provided in the API argument","type":"GraphMethodException","code":100,"fbtrace_id":"A1"}}`
	Proofless = `{"error":{"message":"API calls from the server require an appsecret_proof argument","type":"GraphMethodException","code":100,"fbtrace_id":"A1"}}`
)

// Misproven reports whether a call carries a proof that is not that of Secret for the call's token.
func Misproven(r *http.Request) bool {
	proof, token := r.URL.Query().Get("appsecret_proof"), strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	return proof != "" && proof != strings.TrimPrefix(meta.Sign([]byte(token), core.NewSecret(Secret)), "sha256=")
}

// Proves wants every call of a channel to prove the app's secret, and what Meta answers to a wrong proof, or to none, to be found by the check and to
// halt the channel rather than fail message after message.
func (i Inbox) Proves(t *testing.T) {
	g, h := i.StandIn(t, nil), bridgetest.NewHost(t)
	h.PutFile("f", []byte("bytes"))
	l := bridgetest.Open[everything](t, i.Bridge, h, i.Settings, base, g.URL, "app_id", App)
	l.Check(t.Context())
	if err := l.Subscribe(t.Context(), "https://gateway.example/hooks/1"); err != nil {
		t.Error(err)
	}
	file := core.Content{Kind: core.KindDocument, Media: &core.Media{ID: "f", MIME: "application/pdf", Name: "a.pdf", Size: 5}}
	if _, err := l.Send(t.Context(), core.Outgoing{Key: "key", To: []core.IdentityKey{i.Ana()}, Content: file}); err != nil {
		t.Error(err)
	}
	d, err := l.Fetch(t.Context(), core.Media{URL: "/files/a.jpg"})
	if err != nil {
		t.Fatal(err)
	}
	_ = d.Body.Close()
	AllProven(t, g.Calls())
	for answer, remedy := range map[string]string{Unproven: "the token's own app", Proofless: "Require App Secret off"} {
		refusing := bridgetest.NewStandIn(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, answer)
		})
		Misconfigured(t, bridgetest.Open[everything](t, i.Bridge, h, i.Settings, base, refusing.URL), i.Ana(), remedy)
	}
}

// everything is a link that is set up, checked and used.
type everything interface {
	core.Link
	core.SetupLink
	core.MediaLink
}

// Misconfigured wants a link to which Meta answers as to a wrong proof, or to none, to say so in its check and to halt.
func Misconfigured(t testing.TB, l core.Link, to core.IdentityKey, remedy string) {
	t.Helper()
	_, err := l.Send(t.Context(), core.Outgoing{Key: "key", To: []core.IdentityKey{to}, Content: core.Content{Kind: core.KindText, Text: "hi"}})
	if e := core.AsSendError(err); e.Outcome != core.Rejected || e.Effect != core.EffectPark || !strings.Contains(e.Remedy, remedy) {
		t.Errorf("sent: %+v", e)
	}
	if f := l.Check(t.Context())[0]; f.Subject != meta.AppSecret || f.Level != core.HealthBad || !strings.Contains(f.Remedy, remedy) {
		t.Errorf("found %+v", f)
	}
	e := core.AsSendError(err)
	for _, s := range []string{e.Reason, e.Remedy} {
		for _, language := range []string{"ar", "ru"} {
			if core.Reason(language, "Meta", s) == s {
				t.Errorf("%q is not in core/reasons.json for %s", s, language)
			}
		}
	}
}

// AllProven wants the proof of the app's secret in each call, but where a file itself is fetched. A stand-in finds out whether it is right.
func AllProven(t testing.TB, calls []bridgetest.Call) {
	t.Helper()
	for _, c := range calls {
		if file := strings.HasPrefix(c.Path, "/files/"); (c.Query.Get("appsecret_proof") != "") == file {
			t.Errorf("%s %s?%s: file %v", c.Method, c.Path, c.Query.Encode(), file)
		}
	}
	if len(calls) == 0 {
		t.Error("no call was made")
	}
}
