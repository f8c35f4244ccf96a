package inbound_test

import (
	"testing"

	"causeway/core"
)

func (w *world) news(id string, h *core.Health) core.Event {
	return core.Event{Kind: core.EventAccount, ID: id, At: w.clock, Origin: core.OriginProvider, Raw: []byte(`{"n":1}`),
		Change: &core.AccountBody{Name: "account_update", Detail: "Something happened.", Health: h}}
}

func (w *world) channelNow() core.Channel {
	w.Helper()
	ch, err := w.repo.Channel(w.Context(), w.ch.ID)
	w.must(err)
	return ch
}

func TestAccountHealth(t *testing.T) {
	bad := &core.Health{Level: core.HealthBad, Code: "DISABLE", Reason: "Disabled.", Remedy: "Appeal."}
	warning := &core.Health{Level: core.HealthWarning, Code: "FLAGGED", Reason: "Low.", Remedy: "Send less."}
	good := &core.Health{Level: core.HealthGood, Code: "REINSTATE"}
	each(t, func(w *world) {
		w.accept(w.news("n1", nil))
		equal(w, "mere news", w.channelNow().State, core.ChannelActive)
		equal(w, "nobody told", w.jobs(), "")
		w.accept(w.news("n2", warning))
		equal(w, "warning", w.channelNow().State, core.ChannelActive)
		equal(w, "admins told", w.jobs(), "alert")
		w.accept(w.news("n3", warning))
		equal(w, "told once", w.jobs(), "")
		w.accept(w.news("n4", bad))
		equal(w, "bad", w.channelNow().State, core.ChannelParked)
		at(w, "since", w.channelNow().Health.Since, w.clock)
		equal(w, "told", w.jobs(), "alert")
		w.accept(w.news("n5", warning))
		equal(w, "the graver stays", w.channelNow().Health.Code, "DISABLE")
		w.jobs()
		w.accept(w.news("n6", good))
		equal(w, "good", w.channelNow().State, core.ChannelActive)
		equal(w, "told, and what waits is woken", w.jobs(), "alert wake")
		w.accept(w.news("n7", &core.Health{Level: core.HealthGood, Code: "STILL"}))
		equal(w, "still good is no news", w.jobs(), "")
		log, err := w.repo.ChannelLog(w.Context(), w.ch.ID, core.Page{})
		w.must(err)
		equal(w, "log", len(log), 7)
		equal(w, "its line", log[0].Note, "account_update: Something happened.")
	})
}

// The channel that the caller has may be some seconds old: what an admin did meanwhile counts.
func TestAccountHealthOfPausedChannel(t *testing.T) {
	each(t, func(w *world) {
		w.must(w.repo.SetChannelState(w.Context(), w.ch.ID, core.ChannelPaused, core.Health{}))
		w.accept(w.news("n1", &core.Health{Level: core.HealthBad, Code: "x"}), w.news("n2", &core.Health{Level: core.HealthGood}))
		equal(w, "state", w.channelNow().State, core.ChannelPaused)
	})
}

func TestTemplateNews(t *testing.T) {
	each(t, func(w *world) {
		w.must(w.repo.PutTemplates(w.Context(), w.ch.ID, []core.Template{{Channel: w.ch.ID, ProviderID: "5", Name: "hello", Language: "en_US", Status: core.TemplatePending}}))
		news := func(id string, b core.TemplateBody) core.Event {
			return core.Event{Kind: core.EventTemplate, ID: id, At: w.clock, Origin: core.OriginProvider, Template: &b}
		}
		w.accept(news("t1", core.TemplateBody{Name: "hello", Language: "en-US", Status: core.TemplateApproved, Category: "marketing"}))
		got, err := w.repo.Template(w.Context(), w.ch.ID, "hello", "en_US")
		w.must(err)
		equal(w, "status", got.Status, core.TemplateApproved)
		equal(w, "category", got.Category, "marketing")
		equal(w, "the provider's own list says what holds in the end", w.jobs(), "templates")
		w.accept(news("t4", core.TemplateBody{Name: "hello", Language: "en_US", Quality: "green"}))
		equal(w, "its quality changes nothing", w.jobs(), "")
		w.accept(news("t2", core.TemplateBody{Name: "new", Language: "de", Status: core.TemplateApproved}))
		equal(w, "one we do not have is asked for", w.jobs(), "templates")
		w.accept(news("t3", core.TemplateBody{Name: "hello", Language: "en_US"}))
		equal(w, "a change that is not told is asked for", w.jobs(), "templates")
		equal(w, "dead letters", len(w.dead()), 0)
	})
}

func TestOtherIsKept(t *testing.T) {
	each(t, func(w *world) {
		e := core.Event{Kind: core.EventOther, ID: "o1", At: w.clock, Raw: []byte(`{"field":"flows"}`)}
		w.accept(e, e)
		log, err := w.repo.ChannelLog(w.Context(), w.ch.ID, core.Page{})
		w.must(err)
		equal(w, "log", len(log), 1)
		equal(w, "raw", log[0].Request, `{"field":"flows"}`)
	})
}

// TestAskedIsNotHeard: what we found out by asking does not count as something that came in: the webhook may lead nowhere.
func TestAskedIsNotHeard(t *testing.T) {
	each(t, func(w *world) {
		asked := core.Event{Kind: core.EventAccount, ID: "number/1", At: w.clock, Origin: core.OriginGateway, Change: &core.AccountBody{Name: "number", Number: "4930123456"}}
		w.accept(asked)
		ch, err := w.repo.Channel(w.Context(), w.ch.ID)
		w.must(err)
		equal(w, "number", ch.Number, "4930123456")
		if !ch.SeenIn.IsZero() {
			t.Errorf("heard at %v", ch.SeenIn)
		}
		told := asked
		told.ID, told.Origin = "news/1", core.OriginProvider
		w.accept(told)
		ch, err = w.repo.Channel(w.Context(), w.ch.ID)
		w.must(err)
		at(w, "heard", ch.SeenIn, w.clock)
	})
}
