package whatsappcloud

import (
	"strings"
	"testing"

	"causeway/bridges/bridgetest"
	"causeway/bridges/meta/metatest"
)

// TestOpenRefuses: what an admin gets wrong is named, with a remedy and without the value of a secret.
func TestOpenRefuses(t *testing.T) {
	for name, c := range map[string]struct{ key, value string }{
		"the number itself":           {keyNumber, "+1 555 078 3881"},
		"letters for the number's id": {keyNumber, "abc12345"},
		"a letter in the account":     {keyAccount, "12345678x"},
		"both ids the same":           {keyAccount, numberID},
		"a token with a line break":   {keyToken, "EAAabc\ndef"},
		"a sample token":              {keyToken, "your_access_token"},
		"a placeholder":               {keyToken, "${WHATSAPP_ACCESS_TOKEN}"},
		"a short app secret":          {keyAppSecret, "abc"},
		"a short verify token":        {keyVerify, "abc"},
		"a base that is no address":   {keyBase, "graph.facebook.com"},
		"a base with a query":         {keyBase, "https://x.example/?token=1"},
		"a base with a password":      {keyBase, "https://u:p@x.example"},
		"a version that is none":      {keyVersion, "25"},
		"a signature that is none":    {keySignature, "none"},
		"a header without a name":     {keySignature, "header:"},
		"a header with a bad name":    {keySignature, "header:a b"},
		"a language that is none":     {keyLanguage, "German, please"},
		"no messages a second":        {keyRate, "0"},
		"too many messages a second":  {keyRate, "1e9"},
		"not a number a second":       {keyRate, "NaN"},
	} {
		t.Run(name, func(t *testing.T) {
			bridgetest.Refused(t, Bridge{}, goodSettings(), c.key, c.value)
		})
	}
}

func TestOpenTakes(t *testing.T) {
	for name, pairs := range map[string][]string{
		"spaces around": {keyNumber, " " + numberID + " ", keyToken, metatest.Token + "\n"}, "no business account": {keyAccount, ""},
		"a stand-in": {keyBase, "http://127.0.0.1:9/graph/"}, "a reseller's header": {keySignature, "header:X-Hook-Secret"}, "a region": {keyLanguage, "pt_BR"},
		"coexistence": {keyRate, "20"},
	} {
		t.Run(name, func(t *testing.T) {
			l := openLink(t, bridgetest.NewHost(t), pairs...)
			if l.conf.number != numberID || l.conf.token.Reveal() != metatest.Token {
				t.Errorf("got the number %q", l.conf.number)
			}
			if want := map[bool]float64{true: 20, false: 80}[name == "coexistence"]; l.Capabilities().PerSecond != want {
				t.Errorf("sends %g a second", l.Capabilities().PerSecond)
			}
		})
	}
}

// TestResellersProof: a channel whose reseller signs nothing is opened by the secret in a header or query, once and whole, and by nothing else.
func TestResellersProof(t *testing.T) {
	body := []byte(messages(`{"from":"16505551234","id":"wamid.1","timestamp":"1767225600","type":"text","text":{"body":"hi"}}`))
	for _, how := range []string{"header:X-Hook-Secret", "query:key"} {
		l := openLink(t, bridgetest.NewHost(t), keySignature, how)
		kind, name, _ := strings.Cut(how, ":")
		for given, want := range map[string]bool{metatest.Secret: true, "": false, metatest.Secret + "x": false, metatest.Secret[1:]: false, strings.ToUpper(metatest.Secret): false} {
			r := metatest.Signed(body) // Meta's own signature alone does not open it
			if kind == "header" {
				r.Header.Set(name, given)
			} else {
				r.Query.Set(name, given)
			}
			_, events, err := l.Receive(t.Context(), r)
			if (err == nil) != want || want != (len(events) == 1) {
				t.Errorf("%s with %q: got %d events, %v", how, given, len(events), err)
			}
			r.Header.Add("X-Hook-Secret", given)
			r.Query.Add("key", given)
			r.Header.Add("X-Hook-Secret", given)
			r.Query.Add("key", given)
			if _, _, err := l.Receive(t.Context(), r); err == nil {
				t.Errorf("%s: two of them open it", how)
			}
		}
	}
}
