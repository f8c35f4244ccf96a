package carrier

import (
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"causeway/bridges/bridgetest"
	"causeway/core"
)

func signing(sign string) string {
	return `{"base":"https://x.example","send":[{"url":"{base}/x"}],"answer":{"id":"id"},"hooks":[{"rules":[{"kind":"message","id":"id","from":"from","text":"text"}]}],"sign":` + sign + `}`
}

// TestManyFields: a form of nothing but names, which anybody can send, costs nobody the memory to take it apart, and is refused where the signature is over
// fields. Where it is not, it is not lost.
func TestManyFields(t *testing.T) {
	body := strings.Repeat("a&", 1_500_000)
	for name, c := range map[string]struct {
		sign      string
		authentic bool
	}{
		"over all fields":  {`{"kind":"hmac","at":"header.X-Sign","over":"{params}","secret":"{password}"}`, false},
		"over one":         {`{"kind":"digest","at":"header.X-Sign","over":"{body.id}{secret}"}`, false},
		"in one":           {`{"kind":"digest","at":"body.sign","over":"{url}{secret}"}`, false},
		"in the address":   {`{"kind":"query"}`, true},
		"over the body":    {`{"kind":"hmac","at":"header.X-Sign"}`, true},
		"of nobody at all": {`{"kind":"none"}`, true},
	} {
		t.Run(name, func(t *testing.T) {
			l := open(t, bridgetest.NewHost(t), goodSettings(custom, signing(c.sign)))
			r := post(body)
			if c.authentic {
				r = prove(l, r)
			} else {
				r.Header = http.Header{"X-Sign": {"00"}}
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, _, err := l.Receive(t.Context(), r)
			runtime.ReadMemStats(&after)
			if got := !errors.Is(err, core.ErrUnauthenticated); got != c.authentic {
				t.Errorf("got %v", err)
			}
			if c.authentic && core.CodeOf(err) != core.CodeInvalid {
				t.Errorf("it is not kept: %v", err)
			}
			if taken := after.TotalAlloc - before.TotalAlloc; taken > 32<<20 {
				t.Errorf("%d MB were taken", taken>>20)
			}
		})
	}
}

// TestSignatures: each kind lets its own in, and nothing that was changed, or that another secret made.
func TestSignatures(t *testing.T) {
	const body = "id=1&from=%2B16505551234&text=hi"
	for name, sign := range map[string]string{
		"query":       `{"kind":"query"}`,
		"header":      `{"kind":"header"}`,
		"basic":       `{"kind":"basic"}`,
		"hmac":        `{"kind":"hmac","at":"header.X-Sign"}`,
		"hmac sha1":   `{"kind":"hmac","hash":"sha1","encoding":"base64","at":"header.X-Sign","over":"{url}{body}"}`,
		"hmac sha512": `{"kind":"hmac","hash":"sha512","at":"query.sig","over":"{address}|{body}"}`,
		"hmac params": `{"kind":"hmac","at":"header.X-Sign","over":"{params}","secret":"{password}"}`,
		"jwt":         `{"kind":"jwt","claims":{"payload_hash":"{body|sha256}","url_hash":"{url|sha256}"}}`,
	} {
		t.Run(name, func(t *testing.T) {
			l := open(t, bridgetest.NewHost(t), goodSettings(custom, signing(sign)))
			other := goodSettings(custom, signing(sign))
			for key := range other.Secrets {
				other.Secrets[key] = core.NewSecret("another secret of some length")
			}
			stranger := open(t, bridgetest.NewHost(t), other)
			if events := receive(t, l, post(body)); len(events) != 1 || events[0].Kind != core.EventMessage {
				t.Errorf("got %+v", events)
			}
			refused(t, l, prove(stranger, post(body)), "another's secret")
			refused(t, l, post(body), "nothing")
			if travels := name == "query" || name == "header" || name == "basic"; !travels {
				changed := prove(l, post(body))
				changed.Body = []byte(body + "!")
				refused(t, l, changed, "another body")
			}
			double := prove(l, post(body))
			for k, v := range double.Header {
				double.Header[k] = append(v, v...)
			}
			for k, v := range double.Query {
				double.Query[k] = append(v, v...)
			}
			if name != "basic" {
				refused(t, l, double, "two of them")
			}
		})
	}
}

func refused(t *testing.T, l *link, r core.WebhookRequest, what string) {
	t.Helper()
	if r.Header == nil {
		r.Header = map[string][]string{}
	}
	answer, events, err := l.Receive(t.Context(), r)
	if !errors.Is(err, core.ErrUnauthenticated) || len(events) > 0 || len(answer.Body) > 0 {
		t.Errorf("%s: got %+v %+v %v", what, answer, events, err)
	}
}

// TestDigest: the signature of those who put the secret behind the sorted fields.
func TestDigest(t *testing.T) {
	l := open(t, bridgetest.NewHost(t), goodSettings(custom, signing(`{"kind":"digest","hash":"md5","at":"body.sig","over":"{params}{secret}"}`)))
	sum := md5.Sum([]byte("&from=+16505551234&id=1&text=a_b_c" + plantedSecret))
	good := post("text=a%26b%3Dc&id=1&from=%2B16505551234&sig=" + hex.EncodeToString(sum[:]))
	if events := receive(t, l, good); len(events) != 1 {
		t.Errorf("got %+v", events)
	}
	good.Body = append(good.Body, "&more=1"...)
	refused(t, l, good, "another field")
}

// TestFresh: a call that is signed with its time is refused when that is long ago.
func TestFresh(t *testing.T) {
	h := bridgetest.NewHost(t)
	l := open(t, h, goodSettings(custom, signing(`{"kind":"hmac","at":"header.X-Sign","over":"{header.X-Time}.{body}","time":"header.X-Time","within":"5m"}`)))
	at := func(seconds int64) core.WebhookRequest {
		r := post("id=1&from=%2B16505551234")
		r.Header = map[string][]string{"X-Time": {fmt.Sprint(h.Now().Unix() + seconds)}}
		return prove(l, r)
	}
	if _, _, err := l.Receive(t.Context(), at(-200)); err != nil {
		t.Error(err)
	}
	refused(t, l, at(-400), "too old")
	refused(t, l, at(400), "from the future")
}

// TestToken: what a JSON web token must be.
func TestToken(t *testing.T) {
	h := bridgetest.NewHost(t)
	l := open(t, h, goodSettings(custom, signing(`{"kind":"jwt","claims":{"payload_hash":"{body|sha256}"}}`)))
	const body = "id=1&from=%2B16505551234"
	hash := encoded(body, "sha256")
	now := h.Now().Unix()
	for name, claims := range map[string]map[string]any{
		"expired":    {"payload_hash": hash, "exp": now - 120},
		"not yet":    {"payload_hash": hash, "nbf": now + 120},
		"no claim":   {"exp": now + 60},
		"a list":     {"payload_hash": []string{hash}},
		"other hash": {"payload_hash": strings.Repeat("0", 64)},
	} {
		r := post(body)
		r.Header = map[string][]string{"Authorization": {"Bearer " + token(claims, plantedSecret)}}
		refused(t, l, r, name)
	}
	for name, given := range map[string]string{"none": "eyJhbGciOiJub25lIn0.e30.", "two parts": "a.b", "no base64": "*.*.*", "another secret": token(map[string]any{"payload_hash": hash}, "x")} {
		r := post(body)
		r.Header = map[string][]string{"Authorization": {"Bearer " + given}}
		refused(t, l, r, name)
	}
	if _, _, err := l.Receive(t.Context(), prove(l, get("id=1&from=1"))); err != nil {
		t.Errorf("a call without a body: %v", err)
	}
}
