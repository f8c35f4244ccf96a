package bridgetest

import (
	"errors"
	"reflect"
	"regexp"
	"slices"
	"testing"

	"causeway/core"
)

// info: a bridge describes itself stably, and with all that forms need.
func (c Case) info(t *testing.T) {
	i := c.Bridge.Info()
	if !reflect.DeepEqual(i, c.Bridge.Info()) {
		t.Error("Info changes from call to call")
	}
	if !aKind.MatchString(i.Kind) || i.Title == "" || i.Scheme == "" || i.Docs == "" {
		t.Errorf("Info lacks a lower-case kind, title, scheme or docs: %+v", i)
	}
	seen := map[string]bool{}
	for _, s := range i.Settings {
		if field(t, s); seen[s.Key] {
			t.Errorf("setting %q is there twice", s.Key)
		}
		seen[s.Key] = true
	}
	if !seen[i.Account] || c.BaseSetting != "" && !seen[c.BaseSetting] {
		t.Errorf("the settings lack the account's key %q or the base %q", i.Account, c.BaseSetting)
	}
	limits(t, i.Capabilities)
	if can := c.link(t, NewHost(t), "http://127.0.0.1:1").Capabilities(); !reflect.DeepEqual(can, i.Capabilities) {
		limits(t, can) // settings may change them, within reason
	}
}

// aKind is what a bridge may be called in files and addresses.
var aKind = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)

// field checks one setting's description.
func field(t *testing.T, s core.Setting) {
	t.Helper()
	switch {
	case s.Key == "" || s.Title == "" || s.Help == "":
		t.Errorf("setting %q lacks its key, title or help", s.Key)
	case s.Required && s.Default == "" && s.Example == "":
		t.Errorf("setting %q is required and shows no example", s.Key)
	case s.Secret && s.Default != "":
		t.Errorf("setting %q is a secret with a default that everybody knows", s.Key)
	case s.Default != "" && s.Default == s.Example:
		t.Errorf("setting %q refuses its own default as a sample", s.Key)
	}
}

func limits(t *testing.T, can core.Capabilities) {
	t.Helper()
	if can.TextLimit > 0 && can.Unit == "" {
		t.Error("a limit of text without its unit")
	}
	for kind, rule := range can.Media {
		if !kind.HasMedia() {
			t.Errorf("%s is no kind of media", kind)
		}
		if rule.Caption && can.CaptionLimit == 0 {
			t.Errorf("%s takes captions, and no limit is given", kind)
		}
	}
	for i, k := range can.Kinds {
		if k.HasMedia() || k == core.KindText || slices.Contains(can.Kinds[:i], k) {
			t.Errorf("%s belongs to Media, is understood, or is there twice", k)
		}
	}
	if has := slices.Contains(can.Kinds, core.KindChoices); has != (can.Buttons+can.ListRows > 0) {
		t.Errorf("choices: %v, with %d buttons and %d rows", has, can.Buttons, can.ListRows)
	}
	if can.Window.After == core.AfterTemplates && !slices.Contains(can.Kinds, core.KindTemplate) {
		t.Error("a closed window allows templates, and the channel has none")
	}
	if can.Window.Human > 0 && can.Window.Human < can.Window.Free {
		t.Error("a person has less time than anybody")
	}
	if can.Window.Free > 0 && can.Window.After == "" {
		t.Error("a window that does not say what it still allows once closed")
	}
}

// open: missing, empty and sample settings are refused, with a Problem that names the setting and without the value of any secret.
func (c Case) open(t *testing.T) {
	h := NewHost(t)
	for _, s := range c.Bridge.Info().Settings {
		broken := map[string]string{}
		if s.Required {
			broken["empty"], broken["blank"] = "", "  "
		}
		if s.Example != "" {
			broken["sample"] = s.Example
		}
		for name, value := range broken {
			t.Run(s.Key+"/"+name, func(t *testing.T) {
				_, err := c.Bridge.Open(c.Channel, With(c.Settings, s.Key, value), h)
				var p *core.Problem
				if !errors.As(err, &p) || p.Field != s.Key || p.Detail == "" || p.Remedy == "" {
					t.Fatalf("got %#v, want a Problem about %q with a remedy", err, s.Key)
				}
				if leaked := Leaks(c.Settings, err, *p); len(leaked) > 0 {
					t.Errorf("the refusal shows %v", leaked)
				}
			})
		}
	}
}

// names: where an admin may have the channel show who answers, and the bridge does not do that by itself, it asks the core to.
func (c Case) names(t *testing.T) {
	i := c.Bridge.Info()
	usual := core.AuthorNamesSetting()
	at := slices.IndexFunc(i.Settings, func(s core.Setting) bool { return s.Key == usual.Key })
	if at < 0 {
		return
	}
	byCore := i.Settings[at] == usual
	for value, want := range map[string]bool{"": false, "no": false, "yes": byCore} {
		s := With(c.Settings, usual.Key, value)
		if l := Open[core.Link](t, c.Bridge, NewHost(t), s); l.Capabilities().Names != want {
			t.Errorf("%q: names by the core: got %v, want %v", value, !want, want)
		}
	}
	Refused(t, c.Bridge, c.Settings, usual.Key, "true")
}

// claims: what the Case declares is there, what it does not is absent.
func (c Case) claims(t *testing.T) {
	l := c.link(t, NewHost(t), "http://127.0.0.1:1")
	_, hook := l.(core.WebhookLink)
	_, session := l.(core.SessionLink)
	_, bound := l.(core.BoundLink)
	_, media := l.(core.MediaLink)
	_, act := l.(core.ActionLink)
	_, templates := l.(core.TemplateLink)
	_, setup := l.(core.SetupLink)
	for _, k := range []struct {
		name      string
		got, want bool
	}{{"WebhookLink", hook, c.Hook != nil}, {"SessionLink", session, c.Session != nil || c.Bound != nil}, {"BoundLink", bound, c.Bound != nil},
		{"MediaLink", media, c.Media != nil}, {"ActionLink", act, c.Act != nil},
		{"TemplateLink", templates, c.Templates}, {"SetupLink", setup, c.Setup}} {
		if k.got != k.want {
			t.Errorf("%s: got %v, declared %v", k.name, k.got, k.want)
		}
	}
	if n := len(l.Capabilities().Actions); (n > 0) != act {
		t.Errorf("%d actions declared, ActionLink %v", n, act)
	}
}
