package whatsappcloud

import (
	"strings"
	"testing"
	"time"

	"causeway/bridges/bridgetest"
	"causeway/core"
)

// TestOwnersPhoneIsQuiet: a phone that does not show itself is warned of after 10 and 12 days, by whatever comes in, until something is typed on it.
func TestOwnersPhoneIsQuiet(t *testing.T) {
	h := bridgetest.NewHost(t)
	g := says(t, map[string]string{"/" + numberID: `{"display_phone_number":"+1 555-078-3881","platform_type":"CLOUD_API","is_on_biz_app":true}`})
	l := openLink(t, h, keyBase, g.URL)
	found := func() (levels string, f core.Finding) {
		for _, one := range l.Check(t.Context()) {
			if one.Subject == "owner's phone" {
				levels, f = levels+string(one.Level), one
			}
		}
		return levels, f
	}
	news := func(events []core.Event) (told []string) {
		for _, e := range events {
			if e.Change != nil && e.Change.Topic == topicQuiet {
				told = append(told, string(e.Change.Health.Level)+" "+e.ID)
			}
		}
		return told
	}
	typed := func(id string) []string {
		return news(receive(t, l, wrap("smb_message_echoes", `{`+metaData+`,"message_echoes":[{"from":"`+businessPhone+`","to":"16505551234","id":"`+id+`","timestamp":"1772366400","type":"text","text":{"body":"hi"}}]}`)))
	}
	wrote := func(id string) []string {
		return news(receive(t, l, wrap("messages", `{`+metaData+`,"messages":[{"from":"16505551234","id":"`+id+`","timestamp":"1772366400","type":"text","text":{"body":"hi"}}]}`)))
	}
	if levels, f := found(); levels != "" || wrote("wamid.zero") != nil {
		t.Errorf("of a phone that never showed itself: %+v", f)
	}
	if told := typed("wamid.one"); told != nil {
		t.Errorf("of a phone that begins: %v", told)
	}
	began := h.Now()
	for _, step := range []struct {
		days   int
		level  core.HealthLevel
		remedy string
		told   string
	}{
		{0, core.HealthGood, "", ""},
		{9, core.HealthGood, "", ""},
		{10, core.HealthWarning, "Open the WhatsApp Business app on the phone. ", "warning phone-quiet/2026-03-01T12:00:00Z/10"},
		{12, core.HealthWarning, "today", "warning phone-quiet/2026-03-01T12:00:00Z/12"},
	} {
		h.SetNow(began.Add(time.Duration(step.days)*24*time.Hour + 2*time.Minute))
		l = openLink(t, h, keyBase, g.URL) // another process, perhaps
		if levels, f := found(); levels != string(step.level) || !strings.Contains(f.Detail, "1 March 2026") || !strings.Contains(f.Remedy, step.remedy) {
			t.Errorf("after %d days: %+v", step.days, f)
		}
		if told := strings.Join(append(wrote("wamid.a"), wrote("wamid.b")...), ", "); told != step.told {
			t.Errorf("after %d days it told %q", step.days, told)
		}
	}
	if told := strings.Join(typed("wamid.two"), ", "); told != "good phone-quiet/2026-03-01T12:00:00Z/0" {
		t.Errorf("after something was typed it told %q", told)
	}
	if levels, f := found(); levels != string(core.HealthGood) || !strings.Contains(f.Detail, "13 March 2026") {
		t.Errorf("after something was typed: %+v", f)
	}
	here := l
	h.SetNow(h.Now().Add(9 * 24 * time.Hour))
	l = openLink(t, h, keyBase, g.URL) // another node
	typed("wamid.three")
	l = here
	h.SetNow(h.Now().Add(5 * 24 * time.Hour))
	if told := wrote("wamid.c"); told != nil {
		t.Errorf("of a phone that showed itself to another node: %v", told)
	}
}
