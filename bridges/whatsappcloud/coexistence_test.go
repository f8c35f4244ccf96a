package whatsappcloud

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"causeway/bridges/bridgetest"
	"causeway/core"
)

const (
	businessPhone = "15550783881"
	metaData      = `"messaging_product":"whatsapp","metadata":{"display_phone_number":"` + businessPhone + `","phone_number_id":"` + numberID + `"}`
)

func historyOf(chunks ...string) string {
	return wrap("history", `{`+metaData+`,"history":[`+strings.Join(chunks, ",")+`]}`)
}

func chunkOf(phase, order, progress int, threads string) string {
	return fmt.Sprintf(`{"metadata":{"phase":%d,"chunk_order":%d,"progress":%d},"threads":[%s]}`, phase, order, progress, threads)
}

// line writes what an event says, for tables.
func line(e core.Event) string {
	s := string(e.Kind)
	if e.Historic {
		s += " past"
	}
	s += " " + string(e.Origin)
	for _, k := range e.Peer.Identities {
		s += " " + k.Value
	}
	switch {
	case e.Fault != "":
		s += " FAULT " + e.Fault
	case e.Message != nil:
		s += fmt.Sprintf(" %s %q %s", e.Message.Content.Kind, e.Message.Content.Text, e.Message.Status)
		if u := e.Message.Content.Unsupported; u != nil {
			s += u.Type
		}
	case e.Edit != nil:
		s += fmt.Sprintf(" %s=%s %q", e.Edit.Target, e.Edit.Content.Kind, e.Edit.Content.Text)
	case e.Revoke != nil:
		s += " " + e.Revoke.Target
	case e.Reaction != nil:
		s += " " + e.Reaction.Emoji + " " + e.Reaction.Target
	case e.Entry != nil:
		s += fmt.Sprintf(" %q", e.Entry.Name)
	case e.Change != nil && e.Change.Import != nil:
		s += fmt.Sprintf(" %s %s %d", e.Change.Import.What, e.Change.Import.State, e.Change.Import.Percent)
	case e.Change != nil && e.Change.Health != nil:
		s += fmt.Sprintf(" %s %s", e.Change.Topic, e.Change.Health.Level)
	}
	return strings.TrimSpace(s)
}

func TestHistory(t *testing.T) {
	thread := func(id, messages string) string { return `{"id":"` + id + `","messages":[` + messages + `]}` }
	for _, c := range []struct {
		name, body string
		want       []string
	}{
		{"both sides, in order of their time", historyOf(chunkOf(0, 1, 55, thread("16505551234",
			`{"from":"15550783881","to":"16505551234","id":"wamid.b","timestamp":"1739230970","type":"text","text":{"body":"yes"},"history_context":{"status":"READ"}},
			 {"from":"16505551234","id":"wamid.a","timestamp":"1739230955","type":"text","text":{"body":"open?"},"history_context":{"status":"READ"}}`))),
			[]string{`message past customer 16505551234 text "open?"`, `message past device 16505551234 text "yes" read`, `account provider history receiving 55`}},
		{"an echo that names nobody: the chat does", historyOf(chunkOf(1, 2, 100, thread("16505551234",
			`{"from":"15550783881","id":"wamid.a","timestamp":"1739230955","type":"media_placeholder","history_context":{"status":"PLAYED"}}`))),
			[]string{`message past device 16505551234 unsupported "" readmedia_placeholder`, `account provider history done 100`}},
		{"from_me says whose it is", historyOf(chunkOf(1, 1, 3, thread("US.13491208655302741918",
			`{"from":"US.99","id":"wamid.a","timestamp":"1739230955","type":"text","text":{"body":"x"},"history_context":{"status":"SENT","from_me":true}},
			 {"from":"US.13491208655302741918","id":"wamid.b","timestamp":"1739230956","type":"text","text":{"body":"y"},"history_context":{"from_me":false}}`))),
			[]string{`message past device US.13491208655302741918 text "x" sent`, `message past customer US.13491208655302741918 text "y"`, `account provider history receiving 3`}},
		{"edits, deletions and reactions", historyOf(chunkOf(0, 1, 10, thread("16505551234",
			`{"from":"16505551234","id":"wamid.e","timestamp":"1739230956","type":"edit","edit":{"original_message_id":"wamid.a","message":{"type":"text","text":{"body":"new"}}}},
			 {"from":"15550783881","to":"16505551234","id":"wamid.r","timestamp":"1739230957","type":"revoke","revoke":{"original_message_id":"wamid.b"}},
			 {"from":"16505551234","id":"wamid.x","timestamp":"1739230958","type":"reaction","reaction":{"message_id":"wamid.b","emoji":"👍"}},
			 {"from":"16505551234","id":"wamid.s","timestamp":"1739230959","type":"system","system":{"type":"user_changed_number","wa_id":"1"}}`))),
			[]string{`edit past customer 16505551234 wamid.a=text "new"`, `revoke past device 16505551234 wamid.b`, `reaction past customer 16505551234 👍 wamid.b`, `other past provider`,
				`account provider history receiving 10`}},
		{"the file after its placeholder", wrap("history", `{`+metaData+`,"messages":[{"from":"16505551234","id":"wamid.a","timestamp":"1739230955","type":"image","image":{"caption":"here","id":"9"}}]}`),
			[]string{`message past customer 16505551234 image "here"`}},
		{"the file of an echo that names nobody", wrap("history", `{`+metaData+`,"messages":[{"from":"15550783881","id":"wamid.a","timestamp":"1739230955","type":"image","image":{"id":"9"},"history_context":{"from_me":"true"}}]}`),
			[]string{`edit past device wamid.a=image ""`}},
		{"declined", historyOf(`{"errors":[{"code":2593109,"title":"x","message":"x","error_data":{"details":"History sharing is turned off by the business"}}]}`), []string{`account provider history declined 0`}},
		{"declined, bare", `{` + metaData + `,"history":[{"errors":[{"code":2593109,"title":"x"}]}]}`, []string{`account provider history declined 0`}},
		{"a chat without messages", historyOf(chunkOf(2, 1, 100, thread("16505551234", ""))), []string{`account provider history done 100`}},
		{"what is no history", wrap("history", `{"history":5}`), []string{`other provider`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := openLink(t, bridgetest.NewHost(t))
			for i, body := range []string{c.body, `{"id":"w1","event":"history","data":` + c.body + `}`, `{"id":"w2","event":"history","data":` + valueIn(t, c.body) + `}`} {
				got := receive(t, l, body)
				if len(got) != len(c.want) {
					t.Fatalf("wrapped %d: %d events, want %d: %v", i, len(got), len(c.want), lines(got))
				}
				for j, e := range got {
					if line(e) != c.want[j] {
						t.Errorf("wrapped %d, event %d: got\n%s, want\n%s", i, j, line(e), c.want[j])
					}
					if e.Kind != core.EventOther && e.Account != numberID {
						t.Errorf("event %d is for %q", j, e.Account)
					}
				}
			}
		})
	}
}

// valueIn is the value of the one change in an envelope, as resellers post it.
func valueIn(t *testing.T, body string) string {
	t.Helper()
	var e struct {
		Entry []struct {
			Changes []struct {
				Value json.RawMessage `json:"value"`
			} `json:"changes"`
		} `json:"entry"`
	}
	if err := json.Unmarshal([]byte(body), &e); err != nil {
		t.Fatal(err)
	}
	if len(e.Entry) == 0 {
		return body
	}
	return string(e.Entry[0].Changes[0].Value)
}

func lines(all []core.Event) (out []string) {
	for _, e := range all {
		out = append(out, line(e))
	}
	return out
}

func TestBook(t *testing.T) {
	for _, c := range []struct{ entry, want string }{
		{`{"type":"contact","contact":{"full_name":"Pablo Morales","first_name":"Pablo","phone_number":"16505551234"},"action":"add","metadata":{"timestamp":"1739321024"}}`,
			`entry past device 16505551234 "Pablo Morales"`},
		{`{"type":"contact","contact":{"first_name":"Pablo","phone_number":"+16505551234","user_id":"US.134","username":"@pablo"},"action":"add","metadata":{"timestamp":"1739321024"}}`,
			`entry past device 16505551234 US.134 pablo "Pablo"`},
		{`{"type":"contact","contact":{"full_name":"P","user_id":"US.134"},"action":"edit","metadata":{"timestamp":1739321024}}`, `entry past device US.134 "P"`},
		{`{"type":"contact","contact":{"phone_number":"16505551234"},"action":"remove","metadata":{"timestamp":"1739321024"}}`, `entry past device 16505551234 ""`},
		{`{"type":"contact","contact":{"full_name":"Nobody"},"action":"add","metadata":{"timestamp":"1739321024"}}`, `other past provider`},
		{`{"type":"label","action":"add"}`, `other provider`},
	} {
		got := receive(t, openLink(t, bridgetest.NewHost(t)), wrap("smb_app_state_sync", `{`+metaData+`,"state_sync":[`+c.entry+`]}`))
		if imported := strings.HasPrefix(c.want, "entry"); len(got) != 1 && !imported || imported && len(got) != 2 || line(got[0]) != c.want {
			t.Errorf("%s: got %v, want %s", c.entry, lines(got), c.want)
		} else if got[0].Entry != nil && !got[0].At.Equal(time.Unix(1739321024, 0)) {
			t.Errorf("%s: at %v", c.entry, got[0].At)
		}
	}
}

func TestAccountUpdates(t *testing.T) {
	update := func(value string) string { return wrap("account_update", value) }
	for _, c := range []struct{ name, body, want, remedy string }{
		{"removed for inactivity", update(`{"event":"PARTNER_REMOVED","waba_info":{"waba_id":"` + wabaID + `"},"disconnection_info":{"reason":"PRIMARY_INACTIVITY","initiated_by":"SYSTEM"}}`), "account provider partner bad", "every 13 days"},
		{"the page's shape", update(`{"phone_number":"` + businessPhone + `","event":"PARTNER_REMOVED","disconnection_info":{"reason":"COMPANION_INACTIVITY","initiated_by":"SYSTEM"}}`), "account provider partner bad", "this gateway runs"},
		{"bare", `{"phone_number":"` + businessPhone + `","event":"PARTNER_REMOVED","disconnection_info":{"reason":"CHANGE_NUMBER","initiated_by":"USER"}}`, "account provider partner bad", "another number"},
		{"set up anew", update(`{"event":"PARTNER_REMOVED","disconnection_info":{"reason":"USER_RE_REGISTERED"}}`), "account provider partner bad", "phone number ID"},
		{"downgraded", update(`{"event":"PARTNER_REMOVED","disconnection_info":{"reason":"BUSINESS_DOWNGRADE"}}`), "account provider partner bad", "Install the WhatsApp Business app"},
		{"by hand", update(`{"event":"PARTNER_REMOVED","disconnection_info":{"reason":"ACCOUNT_DISCONNECTED","initiated_by":"USER"}}`), "account provider partner bad", "causeway channel pause NAME"},
		{"for no reason that is known", update(`{"event":"PARTNER_REMOVED","disconnection_info":{"reason":"SOLAR_FLARE"}}`), "account provider partner bad", "Connect the number again"},
		{"another account's", update(`{"event":"PARTNER_REMOVED","waba_info":{"waba_id":"980198427658004"}}`), "account provider", ""},
		{"another number's", update(`{"event":"PARTNER_REMOVED","phone_number":"4930123"}`), "account provider", ""},
		{"offboarded", update(`{"event":"ACCOUNT_OFFBOARDED"}`), "account provider phone bad", "Messages wait"},
		{"reconnected", update(`{"event":"ACCOUNT_RECONNECTED"}`), "account provider phone good", ""},
		{"banned", update(`{"event":"DISABLED_UPDATE","ban_info":{"waba_ban_state":"DISABLE","waba_ban_date":"March 15, 2026"}}`), "account provider ban bad", "review"},
		{"reinstated", update(`{"event":"DISABLED_UPDATE","ban_info":{"waba_ban_state":"REINSTATE"}}`), "account provider ban good", ""},
		{"restricted", update(`{"event":"ACCOUNT_RESTRICTION","restriction_info":[{"restriction_type":"RESTRICTED_BIZ_INITIATED_MESSAGING","expiration":1767225600}]}`), "account provider ACCOUNT_RESTRICTION warning", "review"},
		{"violation", update(`{"event":"ACCOUNT_VIOLATION","violation_info":{"violation_type":"SPAM"}}`), "account provider ACCOUNT_VIOLATION warning", "complaint"},
		{"mere news", update(`{"event":"AD_ACCOUNT_LINKED"}`), "account provider", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := receive(t, openLink(t, bridgetest.NewHost(t), keyPhone, businessPhone), c.body)
			if len(got) != 1 || line(got[0]) != c.want {
				t.Fatalf("got %v, want %s", lines(got), c.want)
			}
			if h := got[0].Change.Health; h != nil && !strings.Contains(h.Remedy, c.remedy) {
				t.Errorf("remedy %q, want %q in it", h.Remedy, c.remedy)
			}
		})
	}
}

// TestNewsIsShared: which news another channel of the same business account takes for its own, though its address was not the one that was called.
func TestNewsIsShared(t *testing.T) {
	update := func(value string) string { return wrap("account_update", value) }
	const other = "4930999999"
	for _, c := range []struct {
		name, body, phone, account string
		sure                       bool
	}{
		{"of the account", update(`{"event":"DISABLED_UPDATE","ban_info":{"waba_ban_state":"DISABLE"}}`), other, wabaID, true},
		{"of the account, inside", update(`{"event":"PARTNER_REMOVED","waba_info":{"waba_id":"` + wabaID + `"}}`), other, wabaID, true},
		{"of its limits", wrap("business_capability_update", `{"max_daily_conversation_per_phone":10}`), other, wabaID, true},
		{"of another account", update(`{"event":"PARTNER_REMOVED","waba_info":{"waba_id":"980198427658004"}}`), other, wabaID, false},
		{"of an account, and none is set", update(`{"event":"DISABLED_UPDATE"}`), other, "", false},
		{"of this number", wrap("phone_number_quality_update", `{"display_phone_number":"`+businessPhone+`","event":"FLAGGED"}`), businessPhone, wabaID, true},
		{"of another number", wrap("phone_number_quality_update", `{"display_phone_number":"`+businessPhone+`","event":"FLAGGED"}`), other, wabaID, false},
		{"of a number, and ours is not known", wrap("phone_number_quality_update", `{"display_phone_number":"`+businessPhone+`","event":"FLAGGED"}`), "", wabaID, false},
		{"of some number", update(`{"event":"ACCOUNT_OFFBOARDED"}`), other, wabaID, false},
		{"of a template", wrap("message_template_status_update", `{"event":"PAUSED","message_template_id":1,"message_template_name":"order","message_template_language":"en-US"}`), other, wabaID, true},
		{"of a template, and no account is set", wrap("message_template_status_update", `{"event":"PAUSED","message_template_id":1,"message_template_name":"order"}`), other, "", false},
	} {
		got := receive(t, openLink(t, bridgetest.NewHost(t), keyPhone, c.phone, keyAccount, c.account), c.body)
		if len(got) != 1 || !got[0].Shared || got[0].Doubtful == c.sure {
			t.Errorf("%s: %+v, want it sure: %v", c.name, got, c.sure)
		}
	}
	for _, c := range []struct {
		name, known, body string
		health, sure      bool
	}{
		{"who is in the app leaves it", "yes", update(`{"event":"PARTNER_REMOVED","waba_info":{"waba_id":"` + wabaID + `"},"disconnection_info":{"reason":"PRIMARY_INACTIVITY"}}`), true, true},
		{"who is not in the app does not", "no", update(`{"event":"PARTNER_REMOVED","waba_info":{"waba_id":"` + wabaID + `"},"disconnection_info":{"reason":"PRIMARY_INACTIVITY"}}`), false, false},
		{"who was in the app until just now left it", "left", update(`{"event":"PARTNER_REMOVED","waba_info":{"waba_id":"` + wabaID + `"},"disconnection_info":{"reason":"PRIMARY_INACTIVITY"}}`), true, true},
		{"nobody knows whether it is", "", update(`{"event":"PARTNER_REMOVED","waba_info":{"waba_id":"` + wabaID + `"},"disconnection_info":{"reason":"PRIMARY_INACTIVITY"}}`), true, false},
		{"the account is taken away", "no", update(`{"event":"PARTNER_REMOVED","waba_info":{"waba_id":"` + wabaID + `"}}`), true, true},
		{"another account's", "yes", update(`{"event":"PARTNER_REMOVED","waba_info":{"waba_id":"980198427658004"},"disconnection_info":{"reason":"PRIMARY_INACTIVITY"}}`), false, false},
		{"another phone", "yes", update(`{"event":"ACCOUNT_OFFBOARDED"}`), true, true},
		{"another number's phone", "no", update(`{"event":"ACCOUNT_OFFBOARDED"}`), false, false},
		{"it names the number, whatever is known of it", "no", update(`{"event":"PARTNER_REMOVED","phone_number":"` + businessPhone + `","disconnection_info":{"reason":"CHANGE_NUMBER"}}`), true, true},
	} {
		h := bridgetest.NewHost(t)
		if c.known != "" {
			if err := h.Save(t.Context(), coexistenceKey, []byte(c.known)); err != nil {
				t.Fatal(err)
			}
		}
		got := receive(t, openLink(t, h, keyPhone, businessPhone, keyAccount, wabaID), c.body)
		if len(got) != 1 || (got[0].Change.Health != nil) != c.health || got[0].Doubtful == c.sure {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
	l := openLink(t, bridgetest.NewHost(t))
	l.channel.Number = businessPhone // as the platform told
	got := receive(t, l, wrap("phone_number_quality_update", `{"display_phone_number":"`+other+`","event":"FLAGGED"}`))
	if len(got) != 1 || got[0].Change.Health != nil {
		t.Errorf("another number's flag became ours: %+v", got)
	}
	if got := receive(t, l, messages(`{"from":"16505551234","id":"wamid.1","timestamp":"1767225600","type":"text","text":{"body":"hi"}}`)); len(got) != 1 || got[0].Shared {
		t.Errorf("a message is shared: %+v", got)
	}
}

// sameSaid checks that an echo is what a customer's message is, and from the phone.
func sameSaid(t *testing.T, in, out core.Event) {
	t.Helper()
	switch {
	case in.Kind != out.Kind || in.Kind == core.EventMessage && out.Origin != core.OriginDevice:
	case in.Message == nil || reflect.DeepEqual(in.Message.Content, out.Message.Content) && reflect.DeepEqual(in.Peer.Identities, out.Peer.Identities):
		return
	}
	t.Errorf(" in %+v\nout %+v", in, out)
}

// TestEchoKinds: whatever a customer can write says the same when it was written on the business's phone, and goes to whom it was written.
func TestEchoKinds(t *testing.T) {
	files, err := filepath.Glob("testdata/*.json")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[core.ContentKind]int{}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var body struct {
			Entry []struct {
				Changes []struct {
					Value struct {
						Messages []map[string]any `json:"messages"`
					} `json:"value"`
				} `json:"changes"`
			} `json:"entry"`
		}
		if strings.HasSuffix(file, ".events.json") || json.Unmarshal(raw, &body) != nil {
			continue
		}
		l := openLink(t, bridgetest.NewHost(t))
		for _, entry := range body.Entry {
			for _, c := range entry.Changes {
				for _, m := range c.Value.Messages {
					if m["type"] == "system" || m["from"] == nil || m["group_id"] != nil {
						continue
					}
					theirs, ours := asWritten(t, m, "from"), asWritten(t, m, "to")
					in, out := receive(t, l, wrap("messages", `{`+metaData+`,"messages":[`+theirs+`]}`)), receive(t, l, wrap("smb_message_echoes", `{`+metaData+`,"message_echoes":[`+ours+`]}`))
					if len(in) == 0 || len(in) != len(out) {
						t.Errorf("%s: %s\n in %v\nout %v", file, ours, lines(in), lines(out))
						continue
					}
					for i := range in {
						sameSaid(t, in[i], out[i])
						if in[i].Message != nil {
							seen[in[i].Message.Content.Kind]++
						}
					}
				}
			}
		}
	}
	for _, k := range receives {
		if seen[k] == 0 && k != core.KindSystem { // calls have a field of their own, and no echo
			t.Errorf("no sample of %s", k)
		}
	}
}

// asWritten is a message from a customer, or to them.
func asWritten(t *testing.T, m map[string]any, at string) string {
	t.Helper()
	copied := maps.Clone(m)
	delete(copied, "from_user_id")
	delete(copied, "referral") // ads lead to the business
	copied["from"] = businessPhone
	copied[at] = "16505551234"
	raw, err := json.Marshal(copied)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// TestEchoOfTheOther: who is on the other side of an echo, however it names them.
func TestEchoOfTheOther(t *testing.T) {
	for _, from := range []string{`"from":"15550783881","to":"16505551234"`, `"from":"16505551234","to":"15550783881"`, `"from":"15550783881","to_user_id":"US.13491208655302741918"`} {
		got := receive(t, openLink(t, bridgetest.NewHost(t)), wrap("smb_message_echoes", `{`+metaData+`,"contacts":[{"profile":{"name":"Ana"},"wa_id":"16505551234","user_id":"US.13491208655302741918"}],
			"message_echoes":[{`+from+`,"id":"wamid.a","timestamp":"1739321024","type":"text","text":{"body":"hi"},"context":{"id":"wamid.q"}}]}`))
		if len(got) != 1 || got[0].Origin != core.OriginDevice || !strings.Contains(line(got[0]), "16505551234") || strings.Contains(line(got[0]), businessPhone) || got[0].Message.Content.Quote == nil {
			t.Errorf("%s: got %v", from, lines(got))
		}
	}
}

// shared answers as the platform does for a number in coexistence.
func shared(sync http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasSuffix(r.URL.Path, "/smb_app_data"):
			sync(w, r)
		case strings.HasSuffix(r.URL.Path, "/"+numberID):
			_, _ = io.WriteString(w, `{"id":"1","display_phone_number":"+1 555-078-3881","platform_type":"CLOUD_API","is_on_biz_app":true,"status":"CONNECTED"}`)
		default:
			well(w, r)
		}
	}
}

func TestImports(t *testing.T) {
	h := bridgetest.NewHost(t)
	g := newGraph(t, shared(func(w http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		var in map[string]string
		_ = json.Unmarshal(raw, &in)
		fmt.Fprintf(w, `{"messaging_product":"whatsapp","request_id":"req-%s"}`, in["sync_type"])
	}))
	l := openLink(t, h, keyBase, g.URL)
	if r := l.Capabilities().PerSecond; r != 80 {
		t.Errorf("before it is known: %g a second", r)
	}
	what, err := l.Imports(t.Context())
	if err != nil || len(what) != 2 || what[0] != core.ImportContacts || what[1] != core.ImportHistory {
		t.Fatalf("imports %v, %v", what, err)
	}
	if r := l.Capabilities().PerSecond; r != 20 {
		t.Errorf("in coexistence: %g a second", r)
	}
	for what, want := range map[core.ImportKind]string{core.ImportContacts: "req-smb_app_state_sync", core.ImportHistory: "req-history"} {
		if got, err := l.Import(t.Context(), what); err != nil || got.State != core.ImportRequested || got.Request != want {
			t.Errorf("%s: %+v, %v", what, got, err)
		}
	}
	again := openLink(t, h, keyBase, g.URL)
	if _, err := again.Send(t.Context(), core.Outgoing{To: []core.IdentityKey{ana}, Content: core.Content{Kind: core.KindText, Text: "x"}}); err != nil {
		t.Fatal(err)
	}
	if r := again.Capabilities().PerSecond; r != 20 {
		t.Errorf("after a restart: %g a second", r)
	}
}

func TestImportsAreNotForAll(t *testing.T) {
	for _, c := range []struct {
		name    string
		answer  http.HandlerFunc
		problem string
	}{
		{"not on the phone", well, ""},
		{"nothing comes in", func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, "/subscribed_apps") {
				_, _ = io.WriteString(w, `{"data":[]}`)
				return
			}
			shared(nil)(w, r)
		}, "No app is subscribed"},
	} {
		what, err := openLink(t, bridgetest.NewHost(t), keyBase, newGraph(t, c.answer).URL).Imports(t.Context())
		if len(what) > 0 || (err == nil) != (c.problem == "") || err != nil && !strings.Contains(err.Error(), c.problem) {
			t.Errorf("%s: %v, %v", c.name, what, err)
		}
	}
}

func TestImportRefused(t *testing.T) {
	for _, c := range []struct {
		status int
		body   string
		want   core.ImportState
		remedy string
		failed core.Outcome
	}{
		{400, `{"error":{"code":2593107,"message":"x"}}`, core.ImportUsedUp, "connect it again", ""},
		{400, `{"error":{"code":2593108,"message":"x"}}`, core.ImportLate, "connect it again", ""},
		{400, `{"error":{"code":2593109,"message":"x"}}`, core.ImportDeclined, "", ""},
		{400, `{"error":{"code":100,"message":"x"}}`, core.ImportRefused, "", ""},
		{429, `{"error":{"code":80007,"message":"x"}}`, "", "", core.Rejected},
		{401, `{"error":{"code":190,"message":"x"}}`, "", "", core.Rejected},
		{500, `{"error":{"code":131000,"message":"x"}}`, "", "", core.Unknown},
		{502, `<html>`, "", "", core.Unknown},
	} {
		g := newGraph(t, shared(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(c.status)
			_, _ = io.WriteString(w, c.body)
		}))
		got, err := openLink(t, bridgetest.NewHost(t), keyBase, g.URL).Import(t.Context(), core.ImportHistory)
		if c.failed != "" {
			if e := core.AsSendError(err); err == nil || e.Outcome != c.failed {
				t.Errorf("%s: %v", c.body, err)
			}
			continue
		}
		if err != nil || got.State != c.want || !strings.Contains(got.Remedy, c.remedy) {
			t.Errorf("%s: %+v, %v", c.body, got, err)
		}
	}
}

// TestPlaceholderOfAFile: a file that is still to come is not called one that never does.
func TestPlaceholderOfAFile(t *testing.T) {
	u := messageBody{Type: "media_placeholder"}.unsupported(nil).Unsupported
	if !strings.Contains(u.Detail, "hands it over later") {
		t.Errorf("got %+v", u)
	}
}
