package telegram

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"causeway/bridges/bridgetest"
	"causeway/core"
	"causeway/core/outbound"
)

const peersFile = "testdata/peers/peers.json"

func TestPeersInbound(t *testing.T) {
	for _, c := range bridgetest.LoadPeers(t, fixtureFolder, peersFile).Cases(t) {
		t.Run(c.Set.Name+"/"+c.Name, func(t *testing.T) {
			_, events, err := bridgetest.Open[hooked](t, Bridge{}, bridgetest.NewHost(t), c.With(goodSettings())).Receive(t.Context(), c.Request)
			if len(events) == 0 && err == nil {
				t.Error("nothing came of it")
			}
			c.Judge(t, bridgetest.OutcomeOf(events, err))
		})
	}
}

// wrapped makes an update of a sample that is a bare message.
func wrapped(name string, raw []byte) []byte {
	if !strings.HasPrefix(name, "teloxide-messages/") {
		return raw
	}
	return []byte(`{"update_id":1,"message":` + string(raw) + `}`)
}

// TestEveryPayload: whatever peers have as samples becomes what the table says, and twice the same.
func TestEveryPayload(t *testing.T) {
	l, became := openLink(t, bridgetest.NewHost(t)), bridgetest.Tally{}
	for _, s := range bridgetest.LoadPeers(t, fixtureFolder, peersFile).Samples(t) {
		t.Run(s.Name, func(t *testing.T) {
			events := s.Keep(t, func() ([]core.Event, error) {
				_, events, err := l.Receive(t.Context(), shown(wrapped(s.Name, s.Filled())))
				return events, err
			})
			became.Add(events)
			checkRaw(t, events)
		})
	}
	became.Want(t, core.EventMessage, core.EventReaction, core.EventEdit, core.EventRevoke, core.EventOther)
}

// TestPeerFiles fetches each file that a peer's platform double knows. What it does not give is never a success.
func TestPeerFiles(t *testing.T) {
	var doubles struct {
		Files []struct {
			ID     string          `json:"file_id"`
			Status int             `json:"status"`
			Body   json.RawMessage `json:"body"`
			Raw    string          `json:"body_raw"`
		} `json:"getFile"`
	}
	if err := json.Unmarshal(bridgetest.Fixture(t, fixtureFolder, "platform_mocks.json"), &doubles); err != nil {
		t.Fatal(err)
	}
	for _, d := range doubles.Files {
		t.Run(d.ID, func(t *testing.T) {
			b := newBots(t, func(w http.ResponseWriter, c call) {
				if c.Method == "getFile" {
					w.WriteHeader(d.Status)
					_, _ = w.Write(append([]byte(d.Raw), d.Body...))
					return
				}
				_, _ = w.Write([]byte("bytes"))
			})
			got, err := openLink(t, bridgetest.NewHost(t), keyBase, b.URL).Fetch(t.Context(), core.Media{Provider: d.ID})
			path := fileOf(d.Body)
			if (err == nil) != (path != "") {
				t.Fatalf("got %v, want the file %q", err, path)
			}
			if err == nil {
				defer got.Body.Close()
				if calls := b.all(); calls[len(calls)-1].Path != "/file/bot"+plantedToken+"/"+path {
					t.Errorf("fetched %q", calls[len(calls)-1].Path)
				}
			}
		})
	}
}

func fileOf(body json.RawMessage) string {
	var answer struct {
		OK     bool `json:"ok"`
		Result struct {
			Path string `json:"file_path"`
		} `json:"result"`
	}
	_ = json.Unmarshal(body, &answer)
	if !answer.OK {
		return ""
	}
	return answer.Result.Path
}

// peerForms are the forms that a peer sends, by case.
func peerForms(t *testing.T) map[string][]map[string][]string {
	t.Helper()
	var cases []struct {
		Name   string
		Expect struct {
			Requests []struct{ Form map[string][]string }
		}
	}
	if err := json.Unmarshal(bridgetest.Fixture(t, fixtureFolder, "outgoing_cases.json"), &cases); err != nil {
		t.Fatal(err)
	}
	all := map[string][]map[string][]string{}
	for _, c := range cases {
		for _, r := range c.Expect.Requests {
			all[c.Name] = append(all[c.Name], r.Form)
		}
	}
	return all
}

func TestPeersOutbound(t *testing.T) {
	peers := bridgetest.LoadPeers(t, fixtureFolder, peersFile)
	forms := peerForms(t)
	for _, c := range peers.Sends(t) {
		t.Run(c.Name, func(t *testing.T) { c.Judge(t, sendPeer(t, c, forms[c.Name])) })
	}
}

func sendPeer(t *testing.T, c bridgetest.PeerSend, want []map[string][]string) []string {
	t.Helper()
	answer := c.Answer("/bot", `{"ok":true,"result":{"message_id":133}}`)
	b := newBots(t, func(w http.ResponseWriter, _ call) { answer(w, nil) })
	l := openLink(t, bridgetest.NewHost(t), keyBase, b.URL)
	ids, err := c.Sent(t, l, core.IdentityKey{Scheme: Scheme, Value: c.Address()}, outbound.Cut(c.Content(), l.Capabilities()))
	for i := range ids {
		ids[i] = strings.TrimPrefix(ids[i], c.Address()+"/")
	}
	diff := c.Outcome(ids, err)
	if err != nil && core.AsSendError(err).Outcome != core.Rejected {
		diff = append(diff, fmt.Sprintf("it may have gone out: %v", err))
	}
	calls := b.all()
	if len(calls) != len(want) {
		diff = append(diff, fmt.Sprintf("%d requests, want %d", len(calls), len(want)))
	}
	for i := range min(len(calls), len(want)) {
		if got, x := plainly(calls[i].Fields), plainly(decoded(want[i])); !reflect.DeepEqual(got, x) {
			diff = append(diff, fmt.Sprintf("request %d: got %v, want %v", i, got, x))
		}
	}
	return diff
}

// decoded reads a form's values as ours are read.
func decoded(form map[string][]string) map[string]any {
	out := map[string]any{}
	for k, v := range form {
		var x any
		if json.Unmarshal([]byte(v[0]), &x) != nil {
			x = v[0]
		}
		out[k] = x
	}
	return out
}

// plainly leaves out what differs everywhere: the peer has every text read as Markdown, where we say so only for text with formatting; it takes
// away keyboards with every message, where ours go by themselves; it writes an empty caption.
func plainly(fields map[string]any) map[string]any {
	out := map[string]any{}
	for k, v := range fields {
		markup, _ := v.(map[string]any)
		if k == "parse_mode" || v == "" || markup["remove_keyboard"] == true {
			continue
		}
		delete(markup, "one_time_keyboard")
		out[k] = v
	}
	return out
}
