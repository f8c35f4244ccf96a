package core_test

import (
	"testing"
	"time"

	"causeway/core"

	"pgregory.net/rapid"
)

var noon = time.Date(2026, 5, 3, 12, 0, 0, 0, time.UTC)

func whatsapp() core.Question {
	return core.Question{Title: "WhatsApp", State: core.ChannelActive, Conversation: core.ConversationOpen,
		Capabilities: core.Capabilities{TextLimit: 4096, Unit: core.UnitRunes, Kinds: []core.ContentKind{core.KindTemplate},
			Media:  map[core.ContentKind]core.MediaRule{core.KindImage: {MIME: []string{"image/jpeg", "image/png"}, Bytes: 5 << 20, Caption: true}},
			Window: core.Window{Free: 24 * time.Hour, After: core.AfterTemplates}},
		Window: core.WindowState{Last: noon}, Author: core.Author{Kind: core.AuthorAgent}, Content: core.Content{Kind: core.KindText, Text: "hi"}}
}

// device is a linked device, which begins nothing.
func device(after core.After) core.Question {
	q := whatsapp()
	q.Capabilities.Window = core.Window{Free: 24 * time.Hour, After: after}
	return q
}

func messenger() core.Question {
	q := whatsapp()
	q.Title = "Messenger"
	q.Capabilities.Window = core.Window{Free: 24 * time.Hour, Human: 7 * 24 * time.Hour, After: core.AfterNothing}
	return q
}

func approved() *core.Template {
	return &core.Template{Name: "order_update", Language: "en_US", Category: "utility", Status: core.TemplateApproved,
		Components: []core.Component{{Type: "body", Text: "Hi {{1}}, your order {{2}} left."}}}
}

func TestDecide(t *testing.T) {
	use := &core.TemplateUse{Name: "order_update", Language: "en_US", Values: map[string]string{"body.1": "Mona", "body.2": "1042"}}
	tests := []struct {
		name string
		q    core.Question
		with func(*core.Question)
		at   time.Duration
		want core.Verdict
		code core.Code
	}{
		{"whatsapp one second before the edge", whatsapp(), nil, 24*time.Hour - time.Second, core.VerdictSend, ""},
		{"whatsapp at the edge", whatsapp(), nil, 24 * time.Hour, core.VerdictTemplate, core.CodeWindowClosed},
		{"whatsapp one second after the edge", whatsapp(), nil, 24*time.Hour + time.Second, core.VerdictTemplate, core.CodeWindowClosed},
		{"whatsapp never wrote", whatsapp(), func(q *core.Question) { q.Window.Last = time.Time{} }, 0, core.VerdictTemplate, core.CodeWindowClosed},
		{"whatsapp says closed although we thought open", whatsapp(), func(q *core.Question) { q.Window.Closed = noon.Add(time.Hour) }, 2 * time.Hour, core.VerdictTemplate, core.CodeWindowClosed},
		{"whatsapp said closed, then the customer wrote", whatsapp(), func(q *core.Question) { q.Window.Closed = noon.Add(-time.Hour) }, 2 * time.Hour, core.VerdictSend, ""},
		{"device, a stranger", device(core.AfterNothing), func(q *core.Question) { q.First, q.Window.Last = true, time.Time{} }, 0, core.VerdictRefuse, core.CodeWindowClosed},
		{"device, late, by policy", device(core.AfterNothing), nil, 25 * time.Hour, core.VerdictRefuse, core.CodeWindowClosed},
		{"device, a broadcast", device(core.AfterAnything), func(q *core.Question) { q.Phone, q.Author = true, core.Broadcaster() }, time.Hour, core.VerdictRefuse, core.CodeUnsupported},
		{"device, a workflow", device(core.AfterAnything), func(q *core.Question) { q.Phone, q.Author.Kind = true, core.AuthorWorkflow }, time.Hour, core.VerdictSend, ""},
		{"whatsapp, a broadcast inside the window", whatsapp(), func(q *core.Question) { q.Author = core.Broadcaster() }, time.Hour, core.VerdictSend, ""},
		{"device that answers late", device(core.AfterAnything), nil, 25 * time.Hour, core.VerdictSend, ""},
		{"device that answers late, a stranger", device(core.AfterAnything), func(q *core.Question) { q.First, q.Window.Last = true, time.Time{} }, 0, core.VerdictRefuse, core.CodeWindowClosed},
		{"device that may begin", device(core.AfterAnything), func(q *core.Question) {
			q.First, q.Window.Last, q.Capabilities.MayInitiate = true, time.Time{}, true
		}, 0, core.VerdictSend, ""},
		{"template outside the window", whatsapp(), func(q *core.Question) {
			q.Content, q.Template = core.Content{Kind: core.KindTemplate, Template: use}, approved()
		}, 48 * time.Hour, core.VerdictSend, ""},
		{"template unknown", whatsapp(), func(q *core.Question) { q.Content = core.Content{Kind: core.KindTemplate, Template: use} }, 0, core.VerdictRefuse, core.CodeTemplate},
		{"template paused", whatsapp(), func(q *core.Question) {
			q.Content, q.Template = core.Content{Kind: core.KindTemplate, Template: use}, approved()
			q.Template.Status = core.TemplatePaused
		}, 0, core.VerdictRefuse, core.CodeTemplate},
		{"template with a value missing", whatsapp(), func(q *core.Question) {
			q.Content, q.Template = core.Content{Kind: core.KindTemplate, Template: &core.TemplateUse{Name: "order_update"}}, approved()
		}, 0, core.VerdictRefuse, core.CodeTemplate},
		{"marketing template to one who stopped it", whatsapp(), func(q *core.Question) {
			q.Content, q.Template, q.Contact.MarketingStop = core.Content{Kind: core.KindTemplate, Template: use}, approved(), true
			q.Template.Category = "marketing"
		}, 0, core.VerdictRefuse, core.CodeOptedOut},
		{"opted out", whatsapp(), func(q *core.Question) { q.Contact.OptedOut = true }, 0, core.VerdictRefuse, core.CodeOptedOut},
		{"opted out here", whatsapp(), func(q *core.Question) { q.Silence.All = true }, 0, core.VerdictRefuse, core.CodeOptedOut},
		{"opted out here, confirmed", whatsapp(), func(q *core.Question) { q.Silence.All, q.Author.Kind = true, core.AuthorSystem }, 0, core.VerdictSend, ""},
		{"blocked, not even confirmed", whatsapp(), func(q *core.Question) { q.Contact.Blocked, q.Author.Kind = true, core.AuthorSystem }, 0, core.VerdictRefuse, core.CodeOptedOut},
		{"has blocked us, not even confirmed", whatsapp(), func(q *core.Question) { q.Silence.Blocked, q.Author.Kind = true, core.AuthorSystem }, 0, core.VerdictRefuse, core.CodeOptedOut},
		{"marketing stopped here", whatsapp(), func(q *core.Question) {
			q.Content, q.Template, q.Silence.Marketing = core.Content{Kind: core.KindTemplate, Template: use}, approved(), true
			q.Template.Category = "MARKETING"
		}, 0, core.VerdictRefuse, core.CodeOptedOut},
		{"marketing stopped here, an answer", whatsapp(), func(q *core.Question) { q.Silence.Marketing = true }, 0, core.VerdictSend, ""},
		{"closed conversation", whatsapp(), func(q *core.Question) { q.Conversation = core.ConversationClosed }, 0, core.VerdictRefuse, core.CodeClosed},
		{"parked channel keeps what may go", whatsapp(), func(q *core.Question) { q.State = core.ChannelParked }, 0, core.VerdictPark, core.CodeChannelDown},
		{"parked channel refuses what may not go", whatsapp(), func(q *core.Question) { q.State = core.ChannelParked }, 25 * time.Hour, core.VerdictTemplate, core.CodeWindowClosed},
		{"removed channel, whatever else holds", whatsapp(), func(q *core.Question) { q.State, q.Conversation = core.ChannelRemoved, core.ConversationClosed }, 25 * time.Hour, core.VerdictRefuse, core.CodeChannelRemoved},
		{"gif on whatsapp", whatsapp(), func(q *core.Question) {
			q.Content = core.Content{Kind: core.KindImage, Media: &core.Media{MIME: "image/gif"}}
		}, 0, core.VerdictRefuse, core.CodeUnsupported},
		{"picture too large", whatsapp(), func(q *core.Question) {
			q.Content = core.Content{Kind: core.KindImage, Media: &core.Media{MIME: "image/png", Size: 6 << 20}}
		}, 0, core.VerdictRefuse, core.CodeUnsupported},
		{"messenger person inside the window", messenger(), nil, time.Hour, core.VerdictSend, ""},
		{"messenger person after six days", messenger(), nil, 6 * 24 * time.Hour, core.VerdictSendHuman, ""},
		{"messenger workflow after 25 hours", messenger(), func(q *core.Question) { q.Author.Kind = core.AuthorWorkflow }, 25 * time.Hour, core.VerdictRefuse, core.CodeWindowClosed},
		{"messenger person after seven days", messenger(), nil, 7 * 24 * time.Hour, core.VerdictRefuse, core.CodeWindowClosed},
		{"no window at all", messenger(), func(q *core.Question) { q.Capabilities.Window = core.Window{} }, 1000 * time.Hour, core.VerdictSend, ""},
		{"admin's shorter window", whatsapp(), func(q *core.Question) { q.Capabilities.Window = q.Capabilities.Window.Tighten(time.Hour) }, 2 * time.Hour, core.VerdictTemplate, core.CodeWindowClosed},
		{"admin cannot widen", whatsapp(), func(q *core.Question) { q.Capabilities.Window = q.Capabilities.Window.Tighten(48 * time.Hour) }, 25 * time.Hour, core.VerdictTemplate, core.CodeWindowClosed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.with != nil {
				tt.with(&tt.q)
			}
			got := core.Decide(tt.q, noon.Add(tt.at))
			if got.Verdict != tt.want || got.Code != tt.code {
				t.Errorf("got %s %q (%s), want %s %q", got.Verdict, got.Code, got.Reason, tt.want, tt.code)
			}
			if !got.Allowed() && (got.Reason == "" || got.Remedy == "") {
				t.Errorf("a refusal without reason or remedy: %+v", got)
			}
		})
	}
}

// TestRemediesOfAPhone: of a number that is also a phone's a refusal says what each of its sides can still do, and what the phone itself can.
func TestRemediesOfAPhone(t *testing.T) {
	stranger := func(q *core.Question) { q.First, q.Window.Last = true, time.Time{} }
	for _, tt := range []struct {
		name          string
		q             core.Question
		with          func(*core.Question)
		shared, phone bool
		at            time.Duration
		want          string // empty: it goes
	}{
		{"the API, in time", whatsapp(), nil, true, false, time.Hour, ""},
		{"the API, late", whatsapp(), nil, true, false, 25 * time.Hour, "Send an approved template instead, answer from the phone itself, or wait until the customer writes again."},
		{"the API, to a stranger", whatsapp(), stranger, true, false, 0, "Send an approved template instead, answer from the phone itself, or wait until the customer writes again."},
		{"the API of a number without a phone, late", whatsapp(), nil, false, false, 25 * time.Hour, "Send an approved template instead, or wait until the customer writes again."},
		{"the device, in time", device(core.AfterNothing), nil, true, true, time.Hour, ""},
		{"the device, late", device(core.AfterNothing), nil, true, true, 25 * time.Hour,
			"Send an approved template by the number's other channel, or answer from the phone itself. An admin may let the linked device answer later, at the risk of a ban."},
		{"the device, late, let", device(core.AfterAnything), nil, true, true, 25 * time.Hour, ""},
		{"the device, to a stranger", device(core.AfterAnything), stranger, true, true, 0, "Write the first message from the phone itself, or send an approved template by the number's other channel."},
		{"a device alone, late", device(core.AfterNothing), nil, false, true, 25 * time.Hour, "Wait until the customer writes again, or answer from the phone itself."},
		{"a device alone, to a stranger", device(core.AfterNothing), stranger, false, true, 0, "Write the first message from the phone itself, or wait for theirs."},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.with != nil {
				tt.with(&tt.q)
			}
			tt.q.Shared, tt.q.Phone = tt.shared, tt.phone
			got := core.Decide(tt.q, noon.Add(tt.at))
			if got.Remedy != tt.want || got.Allowed() != (tt.want == "") {
				t.Errorf("got %s, remedy %q, want %q", got.Verdict, got.Remedy, tt.want)
			}
		})
	}
}

// TestDecideOverTime states what must hold for every author, channel and moment.
func TestDecideOverTime(t *testing.T) {
	authors := []core.AuthorKind{core.AuthorAgent, core.AuthorPhone, core.AuthorWorkflow, core.AuthorAPI, core.AuthorSystem}
	rapid.Check(t, func(t *rapid.T) {
		q := whatsapp()
		q.Capabilities.Window = core.Window{Free: time.Duration(rapid.Int64Range(0, int64(72*time.Hour)).Draw(t, "free")),
			Human: time.Duration(rapid.Int64Range(0, int64(200*time.Hour)).Draw(t, "human")),
			After: rapid.SampledFrom([]core.After{core.AfterAnything, core.AfterNothing, core.AfterTemplates}).Draw(t, "after")}
		q.Author.Kind = rapid.SampledFrom(authors).Draw(t, "author")
		q.State = rapid.SampledFrom([]core.ChannelState{core.ChannelActive, core.ChannelParked, core.ChannelPaused}).Draw(t, "state")
		early := noon.Add(time.Duration(rapid.Int64Range(0, int64(300*time.Hour)).Draw(t, "early")))
		late := early.Add(time.Duration(rapid.Int64Range(0, int64(300*time.Hour)).Draw(t, "later")))
		first, then := core.Decide(q, early), core.Decide(q, late)
		check := func(ok bool, what string) {
			if !ok {
				t.Fatalf("%s: at %s %+v, at %s %+v", what, early.Sub(noon), first, late.Sub(noon), then)
			}
		}
		check(first.Allowed() || first.Verdict == core.VerdictPark || !then.Allowed(), "a window opens by the passing of time")
		check(first.Verdict != core.VerdictSendHuman || q.Author.Human(), "automation uses the human window")
		check(q.State == core.ChannelActive || !first.Allowed(), "a channel that is down sends")
		inside := q.Capabilities.Window.Free == 0 || early.Before(noon.Add(q.Capabilities.Window.Free))
		check(!inside || first.Allowed() || first.Verdict == core.VerdictPark, "refused inside the window")
		check(inside || q.Capabilities.Window.After == core.AfterAnything || first.Verdict != core.VerdictSend, "free-form outside the window")
		check(first.Until.IsZero() || early.Before(first.Until), "allowed until a moment that has passed")
	})
}
