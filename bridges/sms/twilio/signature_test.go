package twilio

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/url"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"causeway/bridges/sms"
	"causeway/core"
)

type vector struct {
	Name, URL, Signature, Body string
	Params                     [][2]string
	Token                      string `json:"auth_token"`
	Accepted                   *bool  `json:"accepted_by_npm_twilio"`
}

// call is the vector's call as it would come in.
func (v vector) call() core.WebhookRequest {
	body, method := []byte(v.Body), "POST"
	for i, p := range v.Params {
		if i > 0 {
			body = append(body, '&')
		}
		body = append(body, url.QueryEscape(p[0])+"="+url.QueryEscape(p[1])...)
	}
	if len(body) == 0 {
		method, body = "GET", nil
	}
	raw, _ := base64.StdEncoding.DecodeString(v.Signature)
	r := request(method, v.URL, body, raw)
	r.Header.Set(signHeader, v.Signature)
	return r
}

// TestSignatureVectors: what independent programs sign and accept.
func TestSignatureVectors(t *testing.T) {
	var file struct{ Acceptance, Cases []vector }
	fixture(t, "signature_vectors.json", &file)
	if len(file.Acceptance) == 0 || len(file.Cases) == 0 {
		t.Fatal("no vectors")
	}
	for _, v := range append(file.Acceptance, file.Cases...) {
		t.Run(v.Name, func(t *testing.T) {
			if got := authentic(v.call(), core.NewSecret(v.Token)); got != *v.Accepted {
				t.Errorf("accepted: %v, want %v", got, *v.Accepted)
			}
			if *v.Accepted && authentic(v.call(), core.NewSecret(v.Token+"x")) {
				t.Error("another token's signature was accepted")
			}
		})
	}
}

// TestManyParameters: a body of nothing but names costs nobody the memory to take it apart, whoever signed it; one with many of them is still read.
func TestManyParameters(t *testing.T) {
	token := core.NewSecret("12345")
	const at = "https://gateway.example/hooks/1"
	for n, want := range map[int]bool{sms.MostFields: true, sms.MostFields + 1: false, 700_000: false} {
		var names []string
		for i := range n {
			names = append(names, strconv.FormatInt(int64(i), 36))
		}
		body := []byte(strings.Join(names, "&"))
		signed := sum(at+joined(sms.Form(string(body))), token)
		r := request("POST", at, body, signed)
		r.Header.Set(signHeader, base64.StdEncoding.EncodeToString(signed))
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		got := authentic(r, token)
		runtime.ReadMemStats(&after)
		if got != want {
			t.Errorf("%d parameters: accepted %v", n, got)
		}
		if taken := after.TotalAlloc - before.TotalAlloc; taken > 8<<20 {
			t.Errorf("%d parameters took %d MB", n, taken>>20)
		}
	}
}

func TestAuthentic(t *testing.T) {
	token, second := core.NewSecret("12345"), core.NewSecret("67890")
	const at = "https://gateway.example/hooks/1"
	text := "a1b2"
	body := []byte("b=2&a=1")
	hashOf := func(b []byte) string { h := sha256.Sum256(b); return hex.EncodeToString(h[:]) }
	object := []byte(`{"a":1}`)
	hashedAt := at + "?bodySHA256=" + hashOf(object)
	tests := []struct {
		name string
		call core.WebhookRequest
		want bool
	}{
		{"a form", request("POST", at, body, sum(at+text, token)), true},
		{"with the token that is going", request("POST", at, body, sum(at+text, second)), true},
		{"an IPv6 host with a port", request("POST", "https://[::1]:8443/x", body, sum("https://[::1]/x"+text, token)), true},
		{"a fragment is not signed", request("POST", at+"#rc=2", body, sum(at+text, token)), true},
		{"nobody's token", request("POST", at, body, sum(at+text, core.NewSecret(""))), false},
		{"an empty signature", request("POST", at, body, nil), false},
		{"a form signed without its parameters", request("POST", at, body, sum(at, token)), false},
		{"JSON by its hash", request("POST", hashedAt, object, sum(hashedAt, token)), true},
		{"JSON with another's hash", request("POST", hashedAt, []byte(`{"a":2}`), sum(hashedAt, token)), false},
		{"JSON without a hash", request("POST", at, object, sum(at, token)), false},
		{"two hashes", request("POST", hashedAt+"&bodySHA256=00", object, sum(hashedAt+"&bodySHA256=00", token)), false},
		{"GET", request("GET", at+"?a=1", nil, sum(at+"?a=1", token)), true},
		{"GET with a body that nobody signed", request("GET", at+"?a=1", body, sum(at+"?a=1", token)), false},
		{"a broken escape is signed as it stands", request("POST", at, []byte("a=%zz"), sum(at+"a%zz", token)), true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := authentic(tt.call, token, second, core.Secret{}); got != tt.want {
				t.Errorf("got %v", got)
			}
		})
	}
}
