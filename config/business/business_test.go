package business

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"testing"
	"time"

	"causeway/core"
)

// infos are two made-up bridges, the first like that of the example.
var infos = []core.Info{
	{Kind: "whatsapp-cloud", Title: "WhatsApp", Account: "phone_number_id", Scheme: core.SchemePhone, Settings: []core.Setting{
		{Key: "phone_number_id", Title: "phone number id", Help: "Meta: WhatsApp > API Setup", Example: "106540352242922", Required: true},
		{Key: "business_account_id", Title: "business account id", Required: true},
		{Key: "access_token", Title: "access token", Secret: true, Required: true, Example: "EAAG..."},
		{Key: "app_secret", Title: "app secret", Secret: true, Required: true},
		{Key: "verify_token", Title: "verify token", Secret: true, Required: true},
		{Key: "proxy_password", Title: "password of a proxy", Secret: true},
		{Key: "api_base", Title: "base address", Default: "https://graph.facebook.com", Required: true},
	}, Capabilities: core.Capabilities{Kinds: []core.ContentKind{core.KindTemplate}, Window: core.Window{Free: 24 * time.Hour, After: core.AfterTemplates}}},
	{Kind: "telegram", Title: "Telegram", Account: "bot_id", Settings: []core.Setting{{Key: "bot_id", Title: "bot id", Required: true}}},
}

var variables = map[string]string{"WHATSAPP_PHONE_NUMBER_ID": "111", "WHATSAPP_WABA_ID": "222", "WHATSAPP_ACCESS_TOKEN": "planted-token-1234", "WHATSAPP_APP_SECRET": "planted-secret-5678",
	"ID": "111", "TOKEN": "planted-token-1234", "SECRET": "planted-secret-5678", "EMPTY": "", "SAMPLE": "EAAG..."}

func env(name string) (string, bool) { v, ok := variables[name]; return v, ok }

func files(name string) ([]byte, error) {
	switch name {
	case "dir/secret.txt", "/abs/secret.txt":
		return []byte("planted-from-file\n"), nil
	case "dir/empty.txt":
		return []byte(" \n"), nil
	}
	return nil, fs.ErrNotExist
}

func parse(yaml string) (File, error) { return Parse("dir/b.yaml", []byte(yaml), infos, env, files) }

func TestExample(t *testing.T) {
	raw, err := os.ReadFile("../business.example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	f, err := Parse("business.example.yaml", raw, infos, env, files)
	if err != nil {
		t.Fatal(err)
	}
	if len(f.Channels) != 1 || len(f.Agents) != 2 || len(f.Teams) != 1 || len(f.Forwards) != 1 {
		t.Fatalf("got %+v", f)
	}
	c := f.Channels[0]
	if c.Name != "shop" || c.Account != "111" || c.Secrets["access_token"].Reveal() != "planted-token-1234" || c.Values["access_token"] != "" {
		t.Errorf("got %+v", c)
	}
	if r := f.Reception; r.Hours.Week[0][1].String() != "14:00-18:00" || !r.Greeting.On || r.Away.Each != 12*time.Hour || len(r.Hours.Holidays) != 2 {
		t.Errorf("got %+v", r)
	}
	if s := f.Teams[0].Strategy; s.Pick != core.PickFewest || s.Most != 10 || s.Untouched != 30*time.Minute || f.Desk.team != "sales" || !f.Desk.Tell.Surge {
		t.Errorf("got %+v, %+v", s, f.Desk)
	}
	if f.Agents[0].Language != "ar" || f.Agents[1].Addresses[1] != "ben@example.org" || !f.Forwards[0].Assigned {
		t.Errorf("got %+v", f)
	}
}

// channel is a whole channel with one line more among its settings.
func channel(line string) string {
	return "channels:\n- name: shop\n  kind: whatsapp-cloud\n  settings:\n    phone_number_id: {env: ID}\n    business_account_id: \"2\"\n    access_token: {env: TOKEN}\n    app_secret: {env: SECRET}\n    " + line + "\n"
}

// probed is a whole channel with a test message.
func probed(probe string) string {
	return strings.Replace(channel(""), "  kind", "  probe: "+probe+"\n  kind", 1)
}

const people = "agents:\n- name: Ann\n  addresses: [ann@x.org]\n- name: Bob\n  addresses: [bob@x.org]\n"

func TestMistakes(t *testing.T) {
	cases := []struct{ name, yaml, want string }{
		{"empty", "", "dir/b.yaml: The file is empty. Start from config/business.example.yaml."},
		{"only a comment", "# x", "The file is empty."},
		{"not YAML", "a: [", "dir/b.yaml: This is not YAML:"},
		{"a list as the whole", "- a", "dir/b.yaml:1: The file must have keys with values."},
		{"unknown key", "chanels: []", `dir/b.yaml:1: The file has no key "chanels". Did you mean "channels"?`},
		{"key twice", "agents: []\nagents: []", `dir/b.yaml:2: The file has the key "agents" twice.`},
		{"channels as a mapping", "channels:\n  shop: x", "dir/b.yaml:2: Channels must be a list. Write each entry behind a dash."},
		{"channel as a text", "channels: [shop]", "dir/b.yaml:1: A channel must have keys with values."},
		{"channel without a name", "channels:\n- kind: telegram", "dir/b.yaml:2: Here is a channel without a name."},
		{"channel without a kind", "channels:\n- name: x", `dir/b.yaml:2: The channel "x" has no kind. Write one of: whatsapp-cloud, telegram.`},
		{"unknown kind", "channels:\n- name: x\n  kind: whatsap-cloud", `dir/b.yaml:3: There is no kind of channel "whatsap-cloud". Did you mean "whatsapp-cloud"?`},
		{"key of a channel", "channels:\n- name: x\n  kind: telegram\n  setings: {}", `dir/b.yaml:4: A channel has no key "setings". Did you mean "settings"?`},
		{"name as a list", "channels:\n- name: [x]", "dir/b.yaml:2: Name must be a text."},
		{"name over two lines", "agents:\n- name: \"a\\nb\"", "cannot be a name"},
		{"missing secret", "channels:\n- name: x\n  kind: whatsapp-cloud\n  settings:\n    business_account_id: 2", "Add access_token: {env: ACCESS_TOKEN} to its settings."},
		{"unknown setting", channel("acces_token: x"), `dir/b.yaml:9: WhatsApp has no key "acces_token". Did you mean "access_token"?`},
		{"secret in clear", channel("proxy_password: planted-clear"), "dir/b.yaml:9: The secret proxy_password of the channel \"shop\" stands here in clear. Put it into a variable or a file, and write proxy_password: {env: NAME}"},
		{"secret as a list", channel("proxy_password: [planted-clear]"), "stands here in clear"},
		{"variable not set", channel("proxy_password: {env: NOPE}"), "dir/b.yaml:9: The variable NOPE, which is to hold proxy_password of the channel \"shop\", is not set."},
		{"variable empty", channel("proxy_password: {env: EMPTY}"), "is not set"},
		{"file missing", channel("proxy_password: {file: none}"), "The file dir/none, which is to hold proxy_password"},
		{"file empty", channel("proxy_password: {file: empty.txt}"), "is empty. Put the value into it."},
		{"two places", channel("proxy_password: {env: ID, file: x}"), "exactly one way"},
		{"no place", channel("proxy_password: {}"), "exactly one way"},
		{"unknown place", channel("proxy_password: {vault: x}"), `Proxy_password has no key "vault".`},
		{"sample", channel("proxy_password: {env: ID}") + "- name: b\n  kind: whatsapp-cloud\n  settings: {phone_number_id: \"106540352242922\", business_account_id: 1, access_token: {env: SAMPLE}, app_secret: {env: ID}}", "The value of phone_number_id is the sample from the documentation."},
		{"empty value", channel("api_base: ''"), "Api_base is empty. Give it a value, or leave it out."},
		{"same account twice", channel("") + strings.TrimPrefix(strings.Replace(channel(""), "shop", "other", 1), "channels:\n"), `The channels "shop" and "other" are the same account.`},
		{"same name twice", channel("") + strings.TrimPrefix(channel(""), "channels:\n"), `There are two channels named "shop".`},
		{"window too long", strings.Replace(channel(""), "  kind", "  window: 25h\n  kind", 1), "dir/b.yaml:3: WhatsApp allows free replies for 24h, not for 25h. Write at most 24h, or leave window out."},
		{"window where there is none", "channels:\n- name: x\n  kind: telegram\n  window: 1h\n  settings: {bot_id: 1}", "Telegram has no reply window."},
		{"no window", strings.Replace(channel(""), "  kind", "  window: soon\n  kind", 1), `"soon" is not a time span`},
		{"probe of nobody", probed("{each: 1h}"), `dir/b.yaml:3: The probe of the channel "shop" goes to nobody. Write to:`},
		{"probe of no number", probed("{to: me}"), `"me" is no phone number. Write it like +49 151 23456789.`},
		{"probe too often", probed("{to: \"+49 151\", each: 1m}"), `dir/b.yaml:3: "1m" is not a time between two test messages. Write it like 1h or 15m, and at least 5m.`},
		{"probe in a language", probed("{to: \"+49 151\", language: de}"), `The probe of the channel "shop" has a language without a template.`},
		{"probe by a template", "channels:\n- name: x\n  kind: telegram\n  probe: {to: \"5\", template: hello}\n  settings: {bot_id: 1}", "Telegram has no templates."},
		{"hours on Mars", "hours: {zone: Mars}", `dir/b.yaml:1: There is no time zone "Mars". Write the name of a city in it`},
		{"hours of no day", "hours:\n  zone: UTC\n  week: {someday: 9:00-17:00}", `dir/b.yaml:3: "someday" are not days of the week. Write them like mon`},
		{"hours of no time", "hours:\n  week: {mon: nine to five}", `"nine to five" is not a time of the day. Write it like 09:00-17:30`},
		{"hours of nowhere", "agents:\n- name: Ann\n  addresses: [a@x.org]\n  hours: {week: {mon: 9:00-17:00}}", "dir/b.yaml:4: The hours have no time zone. Write the name of a city in it, such as zone: Asia/Riyadh"},
		{"second document", "agents:\n- name: Ann\n  addresses: [a@x.org]\n---\nteams: []", "dir/b.yaml:4: A second document begins here, which nobody would read. Take the line --- out"},
		{"week as a text", "hours: {week: always}", "Week must have days with their hours."},
		{"holiday without a date", "hours:\n  holidays:\n  - {name: Eid}", "dir/b.yaml:3: Here is a holiday without a date."},
		{"holiday on no day", "hours:\n  holidays:\n  - {date: 30-02}", `"30-02" is not a day. Write it like 2026-12-25`},
		{"unknown message", "messages: {goodbye: true}", `Messages has no key "goodbye".`},
		{"away too often", "messages: {away: {each: 1s}}", `"1s" is not such a time. Write it like 30m, 12h or 2d, and at least 1 min.`},
		{"word that nothing fills in", "messages: {away: {texts: {en: \"We are closed\", ru: \"Будем {wen}\"}}}", "dir/b.yaml:1: Nothing is known to fill in for {wen}. Did you mean \"when\"?"},
		{"time in a greeting", "messages: {greeting: {texts: {en: \"Back {when}\"}}}", "Nothing is known to fill in for {when}. Known are: name."},
		{"two texts for a language", "care: {survey: {texts: {pt-BR: Olá, pt-PT: Olá}}}", "There are two texts for the language pt. Keep one of them."},
		{"text in no language", "messages: {away: {texts: {english: Bye}}}", `"english" is not a language. Write it like en, ar or ru.`},
		{"picked by luck", people + "teams: [{name: t, assign: {pick: random}}]", `dir/b.yaml:6: Agents cannot be picked by "random".`},
		{"nobody may have any", people + "teams: [{name: t, assign: {pick: equal, most: 0}}]", "Most is no such number. Write a number from 1 to 10000, or leave it out."},
		{"at once untouched", people + "teams: [{name: t, assign: {pick: equal, untouched: 1s}}]", `"1s" is not such a time.`},
		{"team and agents by default", people + "teams: [{name: t}]\nassignment: {team: t, assign: {pick: equal}}", `What goes to the team "t" is assigned as that team says.`},
		{"default of no team", "assignment: {team: t}", `There is no team "t" in this file.`},
		{"tag of no agent", people + "assignment: {tags: {vip: Zed}}", `There is no agent "Zed" in this file.`},
		{"estimate of one time", "assignment: {tell: {samples: 1}}", "So few times say nothing. Take at least 3."},
		{"speaks nothing known", "agents: [{name: A, addresses: [a@x.org], speaks: [klingonish]}]", `"klingonish" is not a language.`},
		{"target of no priority", "care: {targets: [{priority: huge}]}", `"huge" is not a priority. Write one of: normal, high, urgent.`},
		{"two targets", "care: {targets: [{first_answer: 1h}, {first_answer: 2h}]}", "There are two targets for the priority normal."},
		{"rule without effect", "care: {rules: [{name: x, words: [y]}]}", `The rule "x" does nothing.`},
		{"rule of no channel", "care: {rules: [{name: x, channel: shp, tags: [y]}]}", `There is no channel "shp" in this file.`},
		{"webhook without a secret", "webhooks: [{name: crm, url: 'https://x.example', events: ['*']}]", `The webhook "crm" has no secret.`},
		{"webhook twice", "webhooks: [{name: crm, url: 'https://x.example', events: ['*'], secret: {env: SECRET}}, {name: crm, url: 'https://y.example', events: ['*'], secret: {env: SECRET}}]",
			`There are two webhooks named "crm".`},
		{"webhook without a name", "webhooks: [{url: 'https://x.example', events: ['*'], secret: {env: SECRET}}]", "Here is a webhook without a name."},
		{"webhook with its secret in clear", "webhooks: [{name: crm, url: 'https://x.example', events: ['*'], secret: planted-secret-5678}]", `The secret of "crm" stands here in clear.`},
		{"follow-up at once", "care: {follow_up: {after: 1s}}", "at least 1 min"},
		{"texts as a text", "care: {survey: {texts: Hi}}", "Texts must have languages with their texts."},
		{"agent without addresses", "agents:\n- name: Ann", `dir/b.yaml:2: The agent "Ann" has no addresses.`},
		{"addresses as a text", "agents:\n- name: Ann\n  addresses: a@x.org", "dir/b.yaml:3: Addresses must be a list. Write it like addresses: [one, another]."},
		{"no address", "agents:\n- name: Ann\n  addresses: [Ann <a@x.org>]", `"Ann <a@x.org>" is not a mail address.`},
		{"address of two agents", "agents:\n- name: Ann\n  addresses: [a@x.org]\n- name: Bob\n  addresses: [A@X.org]", `dir/b.yaml:5: a@x.org is also the address of the agent "Ann".`},
		{"address twice", "agents:\n- name: Ann\n  addresses: [a@x.org, a@x.org]", `Addresses has "a@x.org" twice.`},
		{"agent twice", people + "- name: Ann\n  addresses: [c@x.org]", `There are two agents named "Ann".`},
		{"no language", "agents:\n- name: Ann\n  addresses: [a@x.org]\n  language: klingonese", `"klingonese" is not a language.`},
		{"not true or false", "agents:\n- name: Ann\n  addresses: [a@x.org]\n  disabled: maybe", "Disabled must be true or false."},
		{"unknown agent in a team", people + "teams:\n- name: t\n  members: [Ann, Bop]", `dir/b.yaml:8: There is no agent "Bop" in this file. Did you mean "Bob"?`},
		{"unknown channel of a forward", people + "forwards:\n- name: f\n  channel: shop\n  to: [Ann]", `There is no channel "shop" in this file. Add one under channels.`},
		{"unknown team of a forward", people + "forwards:\n- name: f\n  team: t\n  to: [Ann]", `There is no team "t" in this file.`},
		{"forward to nobody", people + "forwards:\n- name: f", `The forward "f" mails nobody.`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := parse(c.yaml)
			if err == nil || !strings.Contains(err.Error(), c.want) || core.CodeOf(err) != core.CodeInvalid {
				t.Fatalf("got %v\nwant %s", err, c.want)
			}
			if strings.Contains(err.Error(), "planted") {
				t.Error("a secret stands in the error")
			}
		})
	}
}

func TestAllMistakesAtOnce(t *testing.T) {
	_, err := parse("chanels: []\n" + people + "teams:\n- members: [Zed]\n- name: t\n  members: Ann\n")
	if err == nil || !strings.HasPrefix(err.Error(), "dir/b.yaml has 4 problems:\n") {
		t.Errorf("got %v", err)
	}
}

func TestSecretsFromFiles(t *testing.T) {
	for _, path := range []string{"secret.txt", "/abs/secret.txt"} {
		f, err := parse(channel("proxy_password: {file: " + path + "}"))
		if err != nil || f.Channels[0].Secrets["proxy_password"].Reveal() != "planted-from-file" {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestWindow(t *testing.T) {
	for text, want := range map[string]time.Duration{"20h": 20 * time.Hour, "90m": 90 * time.Minute, "1d": 24 * time.Hour, "24h": 24 * time.Hour} {
		f, err := parse(strings.Replace(channel(""), "  kind", "  window: "+text+"\n  kind", 1))
		if err != nil || f.Channels[0].Window != want {
			t.Errorf("%s: got %v, %v", text, f.Channels, err)
		}
	}
}

func TestSecretsDoNotPrint(t *testing.T) {
	f, err := parse(channel("proxy_password: {file: secret.txt}"))
	if err != nil {
		t.Fatal(err)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%d"} {
		if text := fmt.Sprintf(verb, f); strings.Contains(text, "planted") {
			t.Errorf("%s prints %s", verb, text)
		}
	}
}

func FuzzParse(f *testing.F) {
	raw, err := os.ReadFile("../business.example.yaml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(raw))
	f.Add(channel("proxy_password: {env: ID}") + people)
	f.Add("channels: [{name: &a x, kind: *a}]")
	f.Add("agents:\n- ~\n-\n- {}\n")
	f.Fuzz(func(t *testing.T, yaml string) {
		out, err := parse(yaml)
		var p *core.Problem
		if err != nil && !errors.As(err, &p) {
			t.Errorf("not a problem: %v", err)
		}
		for _, c := range out.Channels {
			if c.Name == "" || c.Kind == "" {
				t.Errorf("went through: %+v", c)
			}
		}
	})
}

func TestPhone(t *testing.T) {
	f, err := parse(strings.Replace(channel(""), "  kind", "  phone: {owner: Lena, answered_twice: send, greets: true}\n  kind", 1))
	if err != nil {
		t.Fatal(err)
	}
	ch := core.Channel{Settings: f.Channels[0].Values}
	if ch.PhoneOwner() != "Lena" || ch.AnsweredTwice() != core.TwiceSend || !ch.PhoneGreets() {
		t.Errorf("got %v", ch.Settings)
	}
	for _, bad := range []string{"{answered_twice: twice}", "{greets: perhaps}", "{friend: x}"} {
		if _, err := parse(strings.Replace(channel(""), "  kind", "  phone: "+bad+"\n  kind", 1)); err == nil {
			t.Errorf("%s was taken", bad)
		}
	}
	if ch := (core.Channel{}); ch.AnsweredTwice() != core.TwiceHold || ch.PhoneOwner() != "" || ch.PhoneGreets() {
		t.Error("a channel that says nothing holds, and has no owner")
	}
}

func TestProbe(t *testing.T) {
	for name, c := range map[string]struct {
		yaml string
		want core.Probe
	}{
		"to alone":   {`{to: "+49 151-23"}`, core.Probe{To: "+49 151-23", Each: time.Hour}},
		"a template": {`{to: "4915123", each: 30m, template: hello, language: de}`, core.Probe{To: "4915123", Each: 30 * time.Minute, Template: "hello", Language: "de"}},
	} {
		f, err := parse(probed(c.yaml))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got, ok := core.Channel{Settings: f.Channels[0].Values}.Probe()
		if !ok || got != c.want || got.Value(core.SchemePhone) != "4915123" {
			t.Errorf("%s: got %+v, want %+v", name, got, c.want)
		}
	}
	if f, err := parse(channel("")); err != nil {
		t.Fatal(err)
	} else if p, ok := (core.Channel{Settings: f.Channels[0].Values}).Probe(); ok {
		t.Errorf("nobody asked for %+v", p)
	}
}
