package carrier

import (
	"errors"
	"strings"
	"testing"

	"causeway/bridges/bridgetest"
	"causeway/core"
)

// TestPresets: each that comes along opens with what it needs, and with nothing less.
func TestPresets(t *testing.T) {
	if len(presets()) < 12 {
		t.Errorf("only %v come along", presets())
	}
	for _, name := range presets() {
		t.Run(name, func(t *testing.T) {
			s := goodSettings(name, "")
			l := open(t, bridgetest.NewHost(t), s)
			if l.def.Title == "" || l.def.Docs == "" || l.def.Setup == "" || l.def.Sign.Kind == signNone {
				t.Errorf("incomplete: %+v", l.def)
			}
			for _, need := range l.def.Needs {
				bare := goodSettings(name, "")
				delete(bare.Values, need)
				delete(bare.Secrets, need)
				if strings.HasPrefix(need, "extra.") {
					delete(bare.Values, keyExtra)
					need = keyExtra
				}
				_, err := Bridge{}.Open(core.Channel{}, bare, bridgetest.NewHost(t))
				var p *core.Problem
				if !errors.As(err, &p) || p.Field != need || p.Remedy == "" {
					t.Errorf("without %s: got %v", need, err)
				}
			}
		})
	}
}

// TestExtends: an admin changes a part of what comes along.
func TestExtends(t *testing.T) {
	l := open(t, bridgetest.NewHost(t), goodSettings("", `{"extends":"vonage","text":{"limit":1},"sign":{"kind":"digest","hash":"md5","at":"body.sig","over":"{params}{secret}"}}`))
	if l.def.Title != "Vonage" || l.Capabilities().TextLimit != 1 || l.Capabilities().Unit != core.UnitSegments || l.def.Sign.Kind != signDigest {
		t.Errorf("got %+v", l.def)
	}
}

// TestBadDefinitions: what cannot work is refused when the channel is opened, with the place.
func TestBadDefinitions(t *testing.T) {
	const rest = `"answer":{"id":"id"},"sign":{"kind":"none"},"base":"https://x.example"`
	const send = `"send":[{"url":"{base}/x"}],`
	for _, tt := range []struct{ name, definition, says string }{
		{"no JSON", "{\n\"send\":\n oops}", "line 3 is no JSON"},
		{"unknown field of a check", `{"check":{"url":"{base}/","metod":"GET"},` + rest + `}`, `unknown field "metod"`},
		{"unknown field", `{"sent":[],` + rest + `}`, `unknown field "sent"`},
		{"wrong type", "{\n" + `"rate":"fast",` + send + rest + `}`, `line 2: "rate" must not be a string`},
		{"more behind", `{` + send + rest + `} {}`, "line 1 is no JSON"},
		{"no such preset", `{"extends":"pigeon"}`, `no preset "pigeon"`},
		{"nothing to send", `{` + rest + `}`, `has no "send"`},
		{"no URL", `{"send":[{}],` + rest + `}`, "send.0.url is missing"},
		{"another host", `{"send":[{"url":"https://y.example/x"}],` + rest + `}`, "must begin with {base}"},
		{"unknown name", `{"send":[{"url":"{base}/x","form":{"a":"{recipient}"}}],` + rest + `}`, "send.0.form.a uses {recipient}"},
		{"unknown name in JSON", `{"send":[{"url":"{base}/x","json":{"a":[{"b":"{env.HOME}"}]}}],` + rest + `}`, "send.0.json.a.0.b uses {env.HOME}"},
		{"unknown filter", `{"send":[{"url":"{base}/x","body":"{text|exec}"}],` + rest + `}`, `send.0.body uses the filter "exec"`},
		{"half a brace", `{"send":[{"url":"{base}/x","body":"{text"}],` + rest + `}`, "a brace without its other half"},
		{"other half", `{"send":[{"url":"{base}/x","body":"a}"}],` + rest + `}`, "a brace without its other half"},
		{"two bodies", `{"send":[{"url":"{base}/x","body":"a","json":{}}],` + rest + `}`, "more than one of"},
		{"method", `{"send":[{"url":"{base}/x","method":"DELETE"}],` + rest + `}`, "method"},
		{"condition", `{"send":[{"url":"{base}/x","when":{"weather":"*"}}],` + rest + `}`, "send.0.when asks for"},
		{"optional", `{"send":[{"url":"{base}/x","form":{"a?weather":"b"}}],` + rest + `}`, `field "a?weather"`},
		{"no id", `{` + send + `"sign":{"kind":"none"}}`, "answer.id is missing"},
		{"pattern", `{` + send + `"answer":{"id":"id","pattern":"("},"sign":{"kind":"none"}}`, "no regular expression"},
		{"path", `{` + send + `"answer":{"id":"a..b"},"sign":{"kind":"none"}}`, "empty step"},
		{"effect", `{` + send + `"errors":[{"code":["1"],"effect":"explode"}],` + rest + `}`, "errors.0.effect"},
		{"error without a sign", `{` + send + `"errors":[{"effect":"fail"}],` + rest + `}`, "neither code nor http"},
		{"wait", `{` + send + `"errors":[{"code":["1"],"effect":"fail","wait":"soon"}],` + rest + `}`, "errors.0.wait"},
		{"kind", `{` + send + `"hooks":[{"rules":[{"kind":"song"}]}],` + rest + `}`, "hooks.0.rules.0.kind"},
		{"no sender", `{` + send + `"hooks":[{"rules":[{"kind":"message"}]}],` + rest + `}`, "from is missing"},
		{"receipt of nothing", `{` + send + `"hooks":[{"rules":[{"kind":"receipt"}]}],` + rest + `}`, "must name its message"},
		{"status", `{` + send + `"hooks":[{"rules":[{"kind":"receipt","id":"i","status":"s","statuses":{"ok":"fine"}}]}],` + rest + `}`, `statuses.ok is "fine"`},
		{"no signature", `{` + send + `"answer":{"id":"id"}}`, "sign.kind"},
		{"signature nowhere", `{` + send + `"answer":{"id":"id"},"sign":{"kind":"hmac"}}`, "sign.at"},
		{"signature over", `{` + send + `"answer":{"id":"id"},"sign":{"kind":"hmac","at":"header.X","over":"{password}"}}`, "sign.over uses {password}"},
		{"signature of anybody", `{` + send + `"answer":{"id":"id"},"sign":{"kind":"digest","at":"header.X"}}`, "must hold {secret}"},
		{"unit", `{` + send + `"text":{"unit":"furlongs"},` + rest + `}`, "text.unit"},
		{"numbers", `{` + send + `"numbers":{"to":"roman"},` + rest + `}`, "numbers.to"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Bridge{}.Open(core.Channel{}, goodSettings("", tt.definition), bridgetest.NewHost(t))
			var p *core.Problem
			if !errors.As(err, &p) || p.Field != keyDefinition || p.Remedy == "" || !strings.Contains(p.Detail, tt.says) {
				t.Errorf("got %v, want it to say %q", err, tt.says)
			}
		})
	}
}

// TestSettings: what each wrong setting is told.
func TestSettings(t *testing.T) {
	for _, tt := range []struct{ key, value, field string }{
		{keyProvider, "pigeon", keyProvider}, {keyProvider, "", keyProvider}, {keyProvider, custom, keyDefinition}, {keySender, "", keySender}, {keyBase, "ftp://x", keyBase},
		{keyWebhookSecret, "short", keyWebhookSecret}, {keyWebhookSecret, "", keyWebhookSecret}, {keyExtra, "=1", keyExtra}, {keyExtra, "a", keyExtra}, {keyCountry, "Mars", keyCountry},
		{keyOptOut, "nobody", keyOptOut}, {keyWebhook, "x", keyWebhook}, {keyPassword, "a\nb", keyPassword}, {keyProvider, "Kannel", ""}, {keyBase, "", keyBase},
	} {
		s := goodSettings("jasmin", "") // it has no base of its own
		if _, secret := s.Secrets[tt.key]; secret {
			s.Secrets[tt.key] = core.NewSecret(tt.value)
		} else {
			s.Values[tt.key] = tt.value
		}
		_, err := Bridge{}.Open(core.Channel{}, s, bridgetest.NewHost(t))
		var p *core.Problem
		if field := ""; errors.As(err, &p) {
			field = p.Field
			if field != tt.field || p.Remedy == "" {
				t.Errorf("%s=%q: got %v about %q", tt.key, tt.value, err, field)
			}
		} else if tt.field != "" {
			t.Errorf("%s=%q: got %v", tt.key, tt.value, err)
		}
	}
}
