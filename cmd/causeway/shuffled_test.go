package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"causeway/core"
)

// recorded are webhooks of every field that a number in coexistence gets: the samples of peers, and the shapes of Meta's pages.
func recorded(t *testing.T, number, waba string) []string {
	t.Helper()
	bodies := shapes(number, waba)
	for _, pattern := range []string{"outgoing-message--*", "account-update--*"} {
		files, err := filepath.Glob(filepath.Join("../../../shared/fixtures/channels/whatsapp/payloads/pywa", pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			raw, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			bodies = append(bodies, aNumberID.ReplaceAllString(string(raw), `"phone_number_id": "`+number+`"`))
		}
	}
	return bodies
}

var aNumberID = regexp.MustCompile(`"phone_number_id":\s*"\d+"`)

// shapes are one business's story: its address book, its history with files that follow, what it wrote on the phone, and how the number came and went.
func shapes(number, waba string) []string {
	const business, grace, ivo = "15550783881", "16505551234", "16505555678"
	about := `"messaging_product":"whatsapp","metadata":{"display_phone_number":"` + business + `","phone_number_id":"` + number + `"}`
	at := 1739230955
	in := func(field, value string) string {
		at++
		return fmt.Sprintf(`{"object":"whatsapp_business_account","entry":[{"id":%q,"time":%d,"changes":[{"field":%q,"value":%s}]}]}`, waba, at, field, value)
	}
	valued := func(field, list, entries string) string {
		return in(field, `{`+about+`,"`+list+`":[`+entries+`]}`)
	}
	contacts := `"contacts":[{"profile":{"name":"Grace M","username":"grace.m"},"wa_id":"` + grace + `","user_id":"US.1349"}]`
	live := func(entries string) string {
		return in("messages", `{`+about+`,`+contacts+`,"messages":[`+entries+`]}`)
	}
	book := func(entry, action string, when int) string {
		return valued("smb_app_state_sync", "state_sync", fmt.Sprintf(`{"type":"contact","contact":{%s},"action":%q,"metadata":{"timestamp":"%d"}}`, entry, action, when))
	}
	history := func(phase, order, progress int, threads string) string {
		return valued("history", "history", fmt.Sprintf(`{"metadata":{"phase":%d,"chunk_order":%d,"progress":%d},"threads":[%s]}`, phase, order, progress, threads))
	}
	echo := func(entry string) string {
		return valued("smb_message_echoes", "message_echoes", `{"from":"`+business+`","to":"`+grace+`",`+entry+`}`)
	}
	edit := func(id, target string, when int, words string) string {
		return fmt.Sprintf(`{"from":%q,"id":%q,"timestamp":"%d","type":"edit","edit":{"original_message_id":%q,"message":{"type":"text","text":{"body":%q}}}}`, grace, id, when, target, words)
	}
	react := func(id, target string, when int, emoji string) string {
		return fmt.Sprintf(`{"from":%q,"id":%q,"timestamp":"%d","type":"reaction","reaction":{"message_id":%q,"emoji":%q}}`, grace, id, when, target, emoji)
	}
	const kit = "16505557777"
	return []string{
		in("messages", `{`+about+`,"contacts":[{"profile":{"name":"Kit"},"wa_id":"`+kit+`"}],"messages":[{"from":"`+kit+`","id":"wamid.k1","timestamp":"1739231300","type":"text","text":{"body":"anybody there?"}}]}`),
		valued("smb_message_echoes", "message_echoes", `{"from":"`+business+`","to":"`+kit+`","id":"wamid.k2","timestamp":"1739231300","type":"text","text":{"body":"Welcome to the shop!"}}`),
		valued("smb_message_echoes", "message_echoes", `{"from":"`+business+`","to":"`+kit+`","id":"wamid.k3","timestamp":"1739231302","type":"text","text":{"body":"We are back at nine."}}`),
		book(`"full_name":"Grace from the market","first_name":"Grace","phone_number":"`+grace+`"`, "add", 1739230000),
		book(`"full_name":"Grace Miller","phone_number":"`+grace+`"`, "add", 1739230900),
		book(`"full_name":"Ivo","phone_number":"`+ivo+`"`, "add", 1739230000),
		book(`"phone_number":"`+ivo+`"`, "remove", 1739230500),
		history(0, 1, 40, `{"id":"`+grace+`","messages":[
			{"from":"`+grace+`","id":"wamid.h1","timestamp":"1739220955","type":"text","text":{"body":"do you rent?"},"history_context":{"status":"READ"}},
			{"from":"`+business+`","to":"`+grace+`","id":"wamid.h2","timestamp":"1739220970","type":"media_placeholder","history_context":{"status":"PLAYED"}},
			{"from":"`+grace+`","id":"wamid.h3","timestamp":"1739220980","type":"media_placeholder","history_context":{"status":"READ"}}]}`),
		history(0, 2, 60, `{"id":"`+grace+`","messages":[{"from":"`+grace+`","id":"wamid.m9","timestamp":"1739230990","type":"text","text":{"body":"seen twice"},"history_context":{"status":"READ"}},
			{"from":"`+business+`","to":"`+grace+`","id":"wamid.e7","timestamp":"1739230995","type":"text","text":{"body":"echoed twice"},"history_context":{"status":"READ"}}]}`),
		live(`{"from":"` + grace + `","id":"wamid.m9","timestamp":"1739230990","type":"text","text":{"body":"seen twice"}}`),
		echo(`"id":"wamid.e7","timestamp":"1739230995","type":"text","text":{"body":"echoed twice"}`),
		history(1, 1, 70, `{"id":"`+ivo+`","messages":[{"from":"`+business+`","id":"wamid.h4","timestamp":"1739120955","type":"text","text":{"body":"your bicycle is ready"},"history_context":{"status":"DELIVERED","from_me":true}}]}`),
		history(2, 1, 100, `{"id":"US.77AB","messages":[{"from":"US.77AB","id":"wamid.h5","timestamp":"1729120955","type":"text","text":{"body":"hello?"},"history_context":{"status":"READ","from_me":false}}]}`),
		valued("history", "messages", `{"from":"`+grace+`","id":"wamid.h3","timestamp":"1739220980","type":"image","image":{"caption":"this one","mime_type":"image/jpeg","id":"901"}}`),
		valued("history", "messages", `{"from":"`+business+`","id":"wamid.h2","timestamp":"1739220970","type":"document","document":{"filename":"prices.pdf","mime_type":"application/pdf","id":"902"},"history_context":{"from_me":true}}`),
		live(`{"from":"` + grace + `","from_user_id":"US.1349","id":"wamid.m1","timestamp":"1739231000","type":"text","text":{"body":"is it still there?"}}`),
		live(`{"from":"` + grace + `","id":"wamid.m2","timestamp":"1739231010","type":"edit","edit":{"original_message_id":"wamid.m1","message":{"type":"text","text":{"body":"is the blue one still there?"}}}}`),
		live(`{"from":"` + grace + `","id":"wamid.m3","timestamp":"1739231020","type":"edit","edit":{"original_message_id":"wamid.m1","message":{"type":"text","text":{"body":"is the green one still there?"}}}}`),
		live(`{"from":"` + grace + `","id":"wamid.m4","timestamp":"1739231030","type":"unsupported","errors":[{"code":131060,"title":"This message is currently unavailable"}]}`),
		live(`{"from":"` + grace + `","id":"wamid.m5","timestamp":"1739231040","type":"text","text":{"body":"oops"}}`),
		live(`{"from":"` + grace + `","id":"wamid.m6","timestamp":"1739231050","type":"revoke","revoke":{"original_message_id":"wamid.m5"}}`),
		echo(`"id":"wamid.e1","timestamp":"1739231100","type":"text","text":{"body":"it is"},"context":{"id":"wamid.m1"}`),
		echo(`"id":"wamid.e2","timestamp":"1739231110","type":"edit","edit":{"original_message_id":"wamid.e1","message":{"context":{"id":"M0"},"type":"text","text":{"body":"it is, come by"}}}`),
		echo(`"id":"wamid.e3","timestamp":"1739231120","type":"image","image":{"caption":"here","mime_type":"image/jpeg","id":"903"}`),
		echo(`"id":"wamid.e4","timestamp":"1739231130","type":"video","video":{"mime_type":"video/mp4","id":"904"}`),
		echo(`"id":"wamid.e5","timestamp":"1739231140","type":"revoke","revoke":{"original_message_id":"wamid.e4"}`),
		echo(`"id":"wamid.e6","timestamp":"1739231150","type":"reaction","reaction":{"message_id":"wamid.m1","emoji":"👍"}`),
		live(`{"from":"` + grace + `","id":"wamid.m7","timestamp":"1739231160","type":"reaction","reaction":{"message_id":"wamid.e1","emoji":"❤"}}`),
		live(`{"from":"` + grace + `","id":"wamid.m8","timestamp":"1739231170","type":"reaction","reaction":{"message_id":"wamid.e1"}}`),
		live(react("wamid.m20", "wamid.e3", 1739231172, "👍") + `,` + react("wamid.m21", "wamid.e3", 1739231172, "")),
		live(react("wamid.m22", "wamid.e9", 1739231191, "👍")), live(react("wamid.m23", "wamid.e9", 1739231191, "🙏")), live(react("wamid.m24", "wamid.e9", 1739231191, "")),
		echo(`"id":"wamid.e8","timestamp":"1739231180","type":"edit","edit":{"original_message_id":"wamid.e3","message":{"context":{"id":"M0"},"type":"image","image":{"caption":"here it is","mime_type":"image/jpeg","sha256":"x","id":"913","url":"https://lookaside.example/913"}}}`),
		echo(`"id":"wamid.e9","timestamp":"1739231190","type":"document","document":{"filename":"list.pdf","mime_type":"application/pdf","id":"905"}`),
		echo(`"id":"wamid.e10","timestamp":"1739231191","type":"audio","audio":{"mime_type":"audio/ogg; codecs=opus","voice":true,"id":"906"}`),
		echo(`"id":"wamid.e11","timestamp":"1739231192","type":"location","location":{"latitude":52.5,"longitude":13.4,"name":"the shop"}`),
		echo(`"id":"wamid.e12","timestamp":"1739231193","type":"contacts","contacts":[{"name":{"formatted_name":"Ivo"},"phones":[{"phone":"+1 650 555 5678"}]}]`),
		echo(`"id":"wamid.e13","timestamp":"1739231194","type":"sticker","sticker":{"mime_type":"image/webp","id":"907"}`),
		echo(`"id":"wamid.e14","timestamp":"1739231195","type":"unsupported","errors":[{"code":131060,"title":"This message is currently unavailable"}]`),
		echo(`"id":"wamid.e15","timestamp":"1739231196","type":"revoke","revoke":{"original_message_id":"wamid.e14"}`),
		echo(`"id":"wamid.e16","timestamp":"1739231197","type":"edit","edit":{"original_message_id":"wamid.e9","message":{"type":"document","document":{"caption":"the new list"}}}`),
		valued("smb_message_echoes", "message_echoes", `{"from":"`+business+`","to_user_id":"US.1349","id":"wamid.e17","timestamp":"1739231198","type":"text","text":{"body":"to your id"}}`),
		valued("smb_message_echoes", "message_echoes", `{"from":"`+business+`","to":"`+ivo+`","id":"wamid.e18","timestamp":"1739231199","type":"text","text":{"body":"Ivo, come by"}}`),
		in("messages", `{`+about+`,"contacts":[{"profile":{"name":"Hidden","username":"hidden.one"},"user_id":"US.77AB"}],"messages":[{"from_user_id":"US.77AB","id":"wamid.m10","timestamp":"1739231200","type":"text","text":{"body":"no number of mine"}}]}`),
		live(`{"from":"` + grace + `","id":"wamid.m11","timestamp":"1739231210","type":"image","image":{"caption":"this won","mime_type":"image/jpeg","sha256":"y","id":"908"}}`),
		live(`{"from":"` + grace + `","id":"wamid.m12","timestamp":"1739231220","type":"edit","edit":{"original_message_id":"wamid.m11","message":{"type":"image","image":{"caption":"this one","mime_type":"image/jpeg","sha256":"y","id":"918"}}}}`),
		live(edit("wamid.m16", "wamid.m11", 1739231225, "this one, or") + `,` + edit("wamid.m17", "wamid.m11", 1739231225, "no, this one")),
		live(edit("wamid.m18", "wamid.m13", 1739231235, "ok then")), live(edit("wamid.m19", "wamid.m13", 1739231235, "okay")),
		live(`{"from":"` + grace + `","id":"wamid.m13","timestamp":"1739231230","type":"text","text":{"body":"ok"},"context":{"from":"` + business + `","id":"wamid.e3"}}`),
		in("messages", `{`+about+`,"statuses":[{"id":"wamid.e1","status":"delivered","timestamp":"1739231240","recipient_id":"`+grace+`"}]}`),
		in("messages", `{`+about+`,"statuses":[{"id":"wamid.e1","status":"read","timestamp":"1739231241","recipient_id":"`+grace+`"}]}`),
		in("messages", `{`+about+`,"statuses":[{"id":"wamid.e1","status":"sent","timestamp":"1739231239","recipient_id":"`+grace+`"}]}`),
		live(`{"from":"` + grace + `","id":"wamid.m14","timestamp":"never","type":"text","text":{"body":"when?"}}`),
		live(`{"from":"` + grace + `","timestamp":"1739231250","type":"text","text":{"body":"which?"}}`),
		in("messages", `{"messaging_product":"whatsapp","metadata":{"phone_number_id":"1"},"messages":[{"from":"`+grace+`","id":"wamid.m15","timestamp":"1739231260","type":"text","text":{"body":"to somebody else"}}]}`),
		valued("smb_app_state_sync", "state_sync", `{"type":"contact","contact":{"full_name":"The hidden one","user_id":"US.77AB","username":"@hidden.one"},"action":"add","metadata":{"timestamp":"1739231024"}}`),
		in("account_update", `{"event":"PARTNER_REMOVED","waba_info":{"waba_id":"`+waba+`","owner_business_id":"2329417887457253"},"disconnection_info":{"reason":"PRIMARY_INACTIVITY","initiated_by":"SYSTEM"}}`),
		in("account_update", `{"phone_number":"`+business+`","event":"PARTNER_REMOVED","disconnection_info":{"reason":"ACCOUNT_DISCONNECTED","initiated_by":"USER"}}`),
		in("account_update", `{"event":"ACCOUNT_VIOLATION","violation_info":{"violation_type":"SPAM"}}`),
		in("account_update", `{"event":"ACCOUNT_OFFBOARDED"}`), in("account_update", `{"event":"ACCOUNT_RECONNECTED"}`),
		in("account_update", `{"event":"ACCOUNT_RESTRICTION","restriction_info":[{"restriction_type":"RESTRICTED_BIZ_INITIATED_MESSAGING","expiration":1739231170}]}`),
		in("account_update", `{"event":"DISABLED_UPDATE","ban_info":{"waba_ban_state":"SCHEDULE_FOR_DISABLE","waba_ban_date":"1 March"}}`),
		in("account_update", `{"event":"DISABLED_UPDATE","ban_info":{"waba_ban_state":"REINSTATE"}}`),
		in("account_update", `{"event":"PARTNER_ADDED","waba_info":{"waba_id":"`+waba+`"}}`),
	}
}

// state is all that the story leaves behind, but for what tells in which order it came.
func (w *tenant) state() string {
	w.Helper()
	var all []string
	people, err := w.own.Contacts(w.Context(), core.Page{Limit: 200})
	w.must(err)
	for _, c := range people {
		if c.MergedInto != "" {
			continue
		}
		known, err := w.own.IdentitiesOf(w.Context(), c.ID)
		w.must(err)
		var keys []string
		for _, i := range known {
			keys = append(keys, i.Key.Value)
		}
		slices.Sort(keys)
		who := strings.Join(keys, "+")
		window, err := w.own.Window(w.Context(), w.channel.ID, c.ID)
		w.must(err)
		conversations, err := w.own.ConversationsOf(w.Context(), c.ID)
		w.must(err)
		since := window.Last.UTC().Format(time.RFC3339)
		if time.Since(window.Last) < time.Hour {
			since = "when it came" // of a message whose time cannot be read
		}
		open, waits := 0, "nobody waits"
		for _, conv := range conversations {
			if conv.State == core.ConversationOpen {
				open++
			}
			if !conv.Waiting.IsZero() {
				waits = "waits" // since when is a matter of what came when: the clock is not put back
			}
			said, _, err := core.Timeline(w.Context(), w.own, conv.ID, core.Bookmark{}, 200)
			w.must(err)
			for _, m := range said {
				all = append(all, who+": "+w.said(m))
			}
		}
		all = append(all, fmt.Sprintf("%s is %q, open %d, window %s, %s", who, c.Name, open, since, waits))
	}
	dead, err := w.own.DeadLetters(w.Context(), core.Page{Limit: 200})
	w.must(err)
	for _, d := range dead {
		all = append(all, "dead: "+d.Reason)
	}
	ch, err := w.own.Channel(w.Context(), w.channel.ID)
	w.must(err)
	all = append(all, fmt.Sprintf("channel %s %s %s", ch.State, ch.Health.Level, ch.Health.Code))
	for _, what := range core.ImportKinds() {
		i, err := core.ReadImport(w.Context(), w.own, w.channel.ID, what)
		w.must(err)
		all = append(all, fmt.Sprintf("%s %s", what, i))
	}
	slices.Sort(all)
	return strings.Join(all, "\n")
}

// said is a message as it is now.
func (w *tenant) said(m core.Message) string {
	s := fmt.Sprintf("%s %s %s", m.Parts[0].Provider, m.Direction, m.Author.Kind)
	if !m.Revoked.IsZero() {
		return s + " deleted"
	}
	s += fmt.Sprintf(" %s %s %q historic %t automatic %q", m.Status, m.Content.Kind, m.Content.Text, m.Historic, m.Content.Automatic)
	if f := m.Content.Media; f != nil {
		s += " file " + f.Provider
	}
	if q := m.Content.Quote; q != nil {
		s += " quotes " + q.Provider
	}
	var reactions []string
	for _, r := range m.Reactions {
		reactions = append(reactions, string(r.By.Kind)+r.Emoji)
	}
	slices.Sort(reactions)
	return s + " " + strings.Join(reactions, " ")
}

// TestShuffledWebhooks: webhooks of all fields of coexistence lead to one state, in whatever order they come, and however often.
func TestShuffledWebhooks(t *testing.T) {
	onBoth(t, func(t *testing.T, database string) {
		w := liveIn(t, worldOptions{Database: database})
		want := ""
		for run := range 7 {
			made := w.tenant(whatsApp(), map[string]string{"business_phone": "15550783881", "phone_number_id": "106540352242999"})
			core.Coexistence{Greets: true}.Put(made.channel.Settings)
			w.must(made.own.SaveChannel(w.Context(), made.channel))
			bodies := recorded(t, made.values["phone_number_id"], made.values["business_account_id"])
			r := rand.New(rand.NewPCG(7, uint64(run))) //nolint:gosec // the same orders each time
			if run > 0 {
				for range len(bodies) / 4 {
					bodies = append(bodies, bodies[r.IntN(len(bodies))])
				}
				r.Shuffle(len(bodies), func(i, j int) { bodies[i], bodies[j] = bodies[j], bodies[i] })
			}
			for i, body := range bodies {
				switch i % 3 {
				case 1:
					body = fmt.Sprintf(`{"id":"w%d","event":"x","data":%s}`, i, body) // as 360dialog wraps it
				case 2:
					body = resold(t, i, body)
				}
				if status := made.door(made.request(posted([]byte(body)), true)); status != http.StatusOK {
					t.Fatalf("run %d: status %d for %s", run, status, body)
				}
			}
			got := made.state()
			made.leave()
			if run == 0 {
				want = got
				t.Log(got)
			} else if got != want {
				t.Errorf("run %d differs:\n%s", run, difference(want, got))
			}
		}
	})
}

// resold is a webhook as 360dialog passes on what a number in coexistence shares: the value without its envelope, whose field the wrapper names. What
// tells of the account, and how far the history is here, is left as it is: without its envelope it has no time, and counts from when it comes. So is a
// message without an id, which is known again by all that it came in.
func resold(t *testing.T, i int, body string) string {
	t.Helper()
	var e struct {
		Entry []struct {
			Changes []struct {
				Field string          `json:"field"`
				Value json.RawMessage `json:"value"`
			} `json:"changes"`
		} `json:"entry"`
	}
	if err := json.Unmarshal([]byte(body), &e); err != nil {
		t.Fatal(err)
	}
	if len(e.Entry) != 1 || len(e.Entry[0].Changes) != 1 {
		return body
	}
	c := e.Entry[0].Changes[0]
	if c.Field == "account_update" || c.Field == "messages" && !strings.Contains(string(c.Value), `"id":`) || strings.Contains(string(c.Value), `"history":`) {
		return body
	}
	return fmt.Sprintf(`{"id":"w%d","event":%q,"data":%s}`, i, c.Field, c.Value)
}

// difference is what only one of two texts has, or has more often.
func difference(want, got string) string {
	count := map[string]int{}
	for _, l := range strings.Split(want, "\n") {
		count[l]--
	}
	for _, l := range strings.Split(got, "\n") {
		count[l]++
	}
	var out []string
	for l, n := range count {
		if n != 0 {
			out = append(out, fmt.Sprintf("%+d %s", n, l))
		}
	}
	slices.Sort(out)
	return strings.Join(out, "\n")
}
