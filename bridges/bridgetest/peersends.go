package bridgetest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"causeway/core"
)

// PeerSends is a file of outbound cases.
type PeerSends struct {
	Name    string            `json:"name"`
	File    string            `json:"file"`
	Keys    map[string]string `json:"keys"`    // the peer's name of a setting to ours, where cases have settings of their own
	Reasons map[string]string `json:"reasons"` // the difference where what we send, or make of an answer, is not the peer's: by case
}

// PeerSend is an outbound case: what a peer's author wrote, what the platform answered, what the peer called and what became of it.
type PeerSend struct {
	Set     string `json:"-"`
	Reason  string `json:"-"`
	Name    string
	Message struct {
		Text, URN    string
		Attachments  []string
		QuickReplies []struct{ Text, Type, Extra string }
		Locale       string
		Templating   *PeerTemplating
	}
	PlatformResponses []struct {
		URL    string
		Status int
		Body   json.RawMessage
	} `json:"platform_responses"`
	Expect struct {
		Requests []struct {
			Method, Path string
			Body         any
		}
		ExternalIDs []string `json:"external_ids"`
		NewURN      string   `json:"new_urn"`
		Error       *struct{ Kind string }
	}
}

// PeerTemplating is a filled template: its components point into one list of variables.
type PeerTemplating struct {
	Template   struct{ Name string }
	Language   string
	Variables  []struct{ Type, Value string }
	Components []struct {
		Name, Type string
		Variables  map[string]int
	}
}

// Sends returns the outbound cases of all sets. A reason for a case that is not there fails the test.
func (p Peers) Sends(t testing.TB) []PeerSend {
	t.Helper()
	var all []PeerSend
	for _, set := range p.Outbound {
		var cases []PeerSend
		decode(t, filepath.Join(p.folder, set.File), &cases, false)
		known := map[string]bool{}
		for _, c := range cases {
			c.Set, c.Reason, known[c.Name] = set.Name, set.Reasons[c.Name], true
			all = append(all, c)
		}
		for name := range set.Reasons {
			if !known[name] {
				t.Errorf("%s: a reason is given for %q, which is no case", set.Name, name)
			}
		}
	}
	return all
}

// Judge fails the test for differences without a reason, and for a reason without a difference.
func (c PeerSend) Judge(t testing.TB, diff []string) {
	t.Helper()
	if (c.Reason == "") != (len(diff) == 0) {
		t.Errorf("explained %q, and the differences are:\n%s", c.Reason, strings.Join(diff, "\n"))
	}
}

// Sent sends the parts of a message through a link, one after the other until one fails. It returns the provider's ids.
func (c PeerSend) Sent(t testing.TB, l core.Link, to core.IdentityKey, parts []core.Content) (ids []string, err error) {
	t.Helper()
	for _, part := range parts {
		sent, err := l.Send(t.Context(), core.Outgoing{Key: "key", To: []core.IdentityKey{to}, Content: part, Language: c.Language()})
		if err != nil {
			return ids, err
		}
		ids = append(ids, sent.Provider)
	}
	return ids, nil
}

// Outcome says where what became of a send is not what the peer made of it: other ids, or tried again where the peer gives up, or the other way.
func (c PeerSend) Outcome(ids []string, err error) []string {
	switch {
	case c.Expect.Error == nil && (err != nil || !slices.Equal(ids, c.Expect.ExternalIDs)):
		return []string{fmt.Sprintf("got %v %v, want %v", ids, err, c.Expect.ExternalIDs)}
	case c.Expect.Error == nil:
		return nil
	case err == nil:
		return []string{"it was sent"}
	}
	e := core.AsSendError(err)
	again := e.Outcome == core.Rejected && (e.Effect == core.EffectRetry || e.Effect == core.EffectSlow || e.Effect == core.EffectSlowPeer)
	if again != c.TriedAgain() {
		return []string{fmt.Sprintf("tried again: %v, want %v (%+v)", again, c.TriedAgain(), e)}
	}
	return nil
}

// Address is to whom the peer writes, without its scheme.
func (c PeerSend) Address() string { return address(c.Message.URN) }

// Language is that of the contact, "" if the peer does not say.
func (c PeerSend) Language() string {
	return map[string]string{"spa": "es", "eng": "en", "fra": "fr", "por": "pt", "deu": "de", "ara": "ar"}[c.Message.Locale]
}

// Content says in our words what the message says, but for a template, which is the bridge's matter.
func (c PeerSend) Content() core.Content {
	m := c.Message
	out := core.Content{Kind: core.KindText, Text: m.Text}
	if len(m.Attachments) > 0 {
		out.Media = PeerFile(m.Attachments[0])
		out.Kind = core.FileKind(out.Media.MIME)
	}
	if len(m.QuickReplies) == 0 {
		return out
	}
	out.Kind, out.Choices = core.KindChoices, &core.Choices{}
	styles := map[string]core.ChoicesStyle{"url": core.ChoicesLink, "form": core.ChoicesForm, "location": core.ChoicesLocation}
	for _, q := range m.QuickReplies {
		o := core.Option{Title: q.Text, Description: q.Extra}
		switch q.Type {
		case "url":
			o = core.Option{Title: q.Text, URL: q.Extra}
		case "form":
			o = core.Option{Title: q.Text, ID: q.Extra}
		}
		if out.Choices.Style == "" {
			out.Choices.Style = styles[q.Type]
		}
		out.Choices.Options = append(out.Choices.Options, o)
	}
	return out
}

// PeerFile reads a peer's attachment, "image/jpeg:https://…".
func PeerFile(s string) *core.Media {
	mime, link, _ := strings.Cut(s, ":")
	if !strings.Contains(mime, "/") {
		mime = map[string]string{"image": "image/jpeg", "video": "video/mp4", "audio": "audio/mpeg"}[mime]
	}
	return &core.Media{MIME: core.MediaType(mime), URL: link}
}

// Answer plays the platform: it gives the case's answers to the calls whose address contains part, in turn and the last one again and again;
// otherwise is what it says where the case has none. It may be used for one case only, by one caller at a time.
func (c PeerSend) Answer(part, otherwise string) http.HandlerFunc {
	var texts []string
	var status []int
	for _, r := range c.PlatformResponses {
		if !strings.Contains(r.URL, part) {
			continue
		}
		var text string
		if json.Unmarshal(r.Body, &text) != nil {
			text = string(r.Body)
		}
		texts, status = append(texts, text), append(status, r.Status)
	}
	n := 0
	return func(w http.ResponseWriter, _ *http.Request) {
		if len(texts) == 0 {
			_, _ = io.WriteString(w, otherwise)
			return
		}
		i := min(n, len(texts)-1)
		n++
		w.WriteHeader(status[i])
		_, _ = io.WriteString(w, texts[i])
	}
}

// TriedAgain reports whether the peer tries a failed send again.
func (c PeerSend) TriedAgain() bool {
	if c.Expect.Error == nil {
		return false
	}
	switch c.Expect.Error.Kind {
	case "ErrConnectionThrottled", "ErrConnectionFailed", "ErrRetryableWithReason":
		return true
	}
	return false
}
