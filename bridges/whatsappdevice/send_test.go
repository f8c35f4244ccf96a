package whatsappdevice

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"causeway/bridges/bridgetest"
	"causeway/core"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/types"
	"google.golang.org/protobuf/encoding/protojson"
	"pgregory.net/rapid"
)

func TestSendErrors(t *testing.T) {
	said := func(code int) error { return fmt.Errorf("%w %d", whatsmeow.ErrServerReturnedError, code) }
	for _, c := range []struct {
		err     error
		code    string
		outcome core.Outcome
		effect  core.Effect
	}{
		{said(463), "463", core.Rejected, core.EffectFail},
		{said(479), "479", core.Rejected, core.EffectFail},
		{said(403), "403", core.Rejected, core.EffectFail},
		{said(404), "404", core.Rejected, core.EffectFail},
		{said(429), "429", core.Rejected, core.EffectSlow},
		{said(503), "503", core.Rejected, core.EffectRetry},
		{said(777), "777", core.Rejected, core.EffectFail},
		{whatsmeow.ErrNotConnected, "disconnected", core.Rejected, core.EffectRetry},
		{fmt.Errorf("failed to get device list: %w", whatsmeow.ErrIQTimedOut), "", core.Rejected, core.EffectRetry},
		{errors.New("no LID found for 491@s.whatsapp.net from server"), "not-on-whatsapp", core.Rejected, core.EffectFail},
		{whatsmeow.ErrMessageTimedOut, "no-answer", core.Unknown, core.EffectFail},
		{errors.New("anything else"), "no-answer", core.Unknown, core.EffectFail},
	} {
		e := sendError(c.err)
		if e.Code != c.code || e.Outcome != c.outcome || e.Effect != c.effect || e.Reason == "" {
			t.Errorf("%v: got %+v", c.err, e)
		}
		if e.Effect == core.EffectFail && e.Remedy == "" {
			t.Errorf("%v: no remedy", c.err)
		}
	}
	if remedy := sendError(said(463)).Remedy; !strings.Contains(remedy, "first message from the phone") || !strings.Contains(remedy, "template") {
		t.Errorf("463: %s", remedy)
	}
}

// TestRefs: what names a message is read as it was written.
func TestRefs(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		r := ref{id: rapid.StringMatching(`[!-~]{1,40}`).Draw(rt, "id"), ours: rapid.Bool().Draw(rt, "ours")}
		r.chat = types.NewJID(rapid.StringMatching(`[0-9]{5,18}`).Draw(rt, "chat"), rapid.SampledFrom([]string{types.HiddenUserServer, types.DefaultUserServer, types.GroupServer}).Draw(rt, "server"))
		if r.chat.Server == types.GroupServer && !r.ours {
			r.sender = types.NewJID(rapid.StringMatching(`[0-9]{5,18}`).Draw(rt, "sender"), types.HiddenUserServer)
		}
		if got, ok := refOf(r.String()); !ok || got != r {
			rt.Errorf("%s: got %+v, want %+v", r, got, r)
		}
	})
	for _, s := range []string{"", "x", "1@lid/in", "1@lid/in/", "/in/3A", "wamid.abc"} {
		if r, ok := refOf(s); ok {
			t.Errorf("%q: got %+v", s, r)
		}
	}
}

func TestStanza(t *testing.T) {
	a, b := stanzaOf("part-1"), stanzaOf("part-2")
	if !regexp.MustCompile(`^3EB0[0-9A-F]{18}$`).MatchString(a) || a == b || a != stanzaOf("part-1") || !isOurs(a) || isOurs("3EB0") || isOurs("3A0147ACFD847548") {
		t.Errorf("%q, %q", a, b)
	}
}

func TestRecipient(t *testing.T) {
	for name, c := range map[string]struct {
		to   []core.IdentityKey
		want string
	}{
		"hidden address": {ana, "194000000000001@lid"},
		"number":         {ana[1:], "4915112345678@s.whatsapp.net"},
		"others first":   {[]core.IdentityKey{{Scheme: core.SchemeEmail, Value: "a@example.org"}, {Scheme: core.SchemeBSUID, Value: "DE.1"}, ana[1]}, "4915112345678@s.whatsapp.net"},
		"group":          {[]core.IdentityKey{{Scheme: core.SchemeGroup, Value: "120363"}}, "120363@g.us"},
		"nobody":         {[]core.IdentityKey{{Scheme: core.SchemeEmail, Value: "a@example.org"}}, ""},
	} {
		j, ok := recipient(c.to)
		if (c.want == "") == ok || ok && j.String() != c.want {
			t.Errorf("%s: got %v %v", name, j, ok)
		}
	}
}

func TestCompose(t *testing.T) {
	up := whatsmeow.UploadResponse{URL: "u", DirectPath: "/p", MediaKey: []byte("k"), FileEncSHA256: []byte("e"), FileSHA256: []byte("s"), FileLength: 5}
	quote := quoting(&core.Quote{Provider: "194@lid/in/3A01"}, "us@lid")
	file := func(kind core.ContentKind, mime, text string) core.Content {
		return core.Content{Kind: kind, Text: text, Media: &core.Media{ID: "m", MIME: mime, Name: "a.pdf", Size: 5}}
	}
	for name, c := range map[string]struct {
		content core.Content
		want    []string
	}{
		"text":     {core.Content{Kind: core.KindText, Text: "*hi*"}, []string{`"text":"*hi*"`, `"stanzaID":"3A01"`, `"participant":"194@lid"`}},
		"image":    {file(core.KindImage, "image/png", "look"), []string{"imageMessage", `"caption":"look"`, `"mimetype":"image/png"`, `"directPath":"/p"`}},
		"video":    {file(core.KindVideo, "video/mp4", ""), []string{"videoMessage", `"fileLength":"5"`}},
		"audio":    {file(core.KindAudio, "audio/mpeg", ""), []string{"audioMessage", `"PTT":false`, `"mimetype":"audio/mpeg"`}},
		"voice":    {file(core.KindVoice, "audio/ogg", ""), []string{"audioMessage", `"PTT":true`, `codecs=opus`}},
		"document": {file(core.KindDocument, "", "as asked"), []string{"documentMessage", `"fileName":"a.pdf"`, `application/octet-stream`, "as asked"}},
		"sticker":  {file(core.KindSticker, "image/webp", ""), []string{"stickerMessage"}},
		"place":    {core.Content{Kind: core.KindLocation, Location: &core.Location{Latitude: 1, Longitude: 2, Name: "Shop"}}, []string{"locationMessage", `"degreesLatitude":1`, "Shop"}},
		"card":     {core.Content{Kind: core.KindContacts, Contacts: []core.Card{{Name: "Ana", Phones: []core.Labeled{{Label: "WORK", Value: "+4915112345678"}}}}}, []string{"contactMessage", "waid=4915112345678"}},
		"cards":    {core.Content{Kind: core.KindContacts, Contacts: []core.Card{{Name: "Ana"}, {Name: "Bo"}}}, []string{"contactsArrayMessage", "2 contacts"}},
	} {
		t.Run(name, func(t *testing.T) {
			o, err := compose(c.content, quote)
			if err != nil {
				t.Fatal(err)
			}
			if o.put != nil {
				o.put(o.message, up)
			}
			raw, err := protojson.Marshal(o.message)
			if err != nil {
				t.Fatal(err)
			}
			got := strings.ReplaceAll(string(raw), `": `, `":`)
			for _, want := range append(c.want, "3A01") {
				if !strings.Contains(got, want) {
					t.Errorf("%s: want %s", got, want)
				}
			}
		})
	}
}

func TestQuoting(t *testing.T) {
	for provider, author := range map[string]string{"194@lid/in/3A": "194@lid", "194@lid/out/3E": "us@lid", "120@g.us/195@lid/3A": "195@lid"} {
		if got := quoting(&core.Quote{Provider: provider}, "us@lid"); got.GetParticipant() != author {
			t.Errorf("%s: got %v", provider, got)
		}
	}
	if got := quoting(&core.Quote{Provider: "wamid.x"}, "us@lid"); got != nil {
		t.Errorf("what is not ours to name: %v", got)
	}
}

// TestWithoutSession: what cannot go is refused for good; what could go waits for the session.
func TestWithoutSession(t *testing.T) {
	l := openLink(t, bridgetest.NewHost(t))
	hello := core.Content{Kind: core.KindText, Text: "hi"}
	for name, c := range map[string]struct {
		out    core.Outgoing
		effect core.Effect
	}{
		"to nobody":     {core.Outgoing{Content: hello}, core.EffectFail},
		"to a group":    {core.Outgoing{Content: hello, To: []core.IdentityKey{{Scheme: core.SchemeGroup, Value: "1"}}}, core.EffectFail},
		"nothing":       {core.Outgoing{Content: core.Content{Kind: core.KindText}, To: ana}, core.EffectFail},
		"too long":      {core.Outgoing{Content: core.Content{Kind: core.KindText, Text: strings.Repeat("a", textLimit+1)}, To: ana}, core.EffectFail},
		"wrong kind":    {core.Outgoing{Content: core.Content{Kind: core.KindTemplate}, To: ana}, core.EffectFail},
		"no file":       {core.Outgoing{Content: core.Content{Kind: core.KindImage}, To: ana}, core.EffectFail},
		"all is well":   {core.Outgoing{Content: hello, To: ana}, core.EffectRetry},
		"longest there": {core.Outgoing{Content: core.Content{Kind: core.KindText, Text: strings.Repeat("a", textLimit)}, To: ana}, core.EffectRetry},
	} {
		_, err := l.Send(t.Context(), c.out)
		if e := core.AsSendError(err); e.Outcome != core.Rejected || e.Effect != c.effect || e.Reason == "" {
			t.Errorf("%s: got %+v", name, e)
		}
	}
	if _, err := l.Fetch(t.Context(), core.Media{Provider: "x"}); !errors.Is(err, core.ErrMediaGone) {
		t.Errorf("a file without a place: %v", err)
	}
	equal(t, "here", l.Here(), false)
}

// TestCards: a card that is written is read again.
func TestCards(t *testing.T) {
	c := core.Card{Name: "Grace; Hopper", FirstName: "Grace", LastName: "Hopper", Company: "Navy, US", Title: "Admiral", Birthday: "1906-12-09",
		Phones: []core.Labeled{{Label: "WORK", Value: "+1 2"}}, Emails: []core.Labeled{{Value: "g@example.org"}}, URLs: []core.Labeled{{Value: "https://example.org/a,b"}},
		Addresses: []core.Labeled{{Label: "HOME", Value: "1 Long Street"}}}
	o, err := compose(core.Content{Kind: core.KindContacts, Contacts: []core.Card{c}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	got := cardOf(o.message.GetContactMessage())
	got.VCard = ""
	if fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", c) {
		t.Errorf("got  %+v\nwant %+v", got, c)
	}
}
