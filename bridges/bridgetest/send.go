package bridgetest

import (
	"net/http"
	"net/http/httptest"
	"sort"
	"strings"
	"testing"

	"causeway/core"
)

// provider starts a server in the provider's place.
func provider(t *testing.T, f http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(f)
	t.Cleanup(s.Close)
	return s.URL
}

// send: text up to the limit goes out and beyond it does not, in the declared unit, and so does every kind of file declared.
func (c Case) send(t *testing.T) {
	if c.Send == nil {
		t.Skip("the Case does not send")
	}
	h := NewHost(t)
	c, stage := c.stage(t, h)
	l, calls := stage.Link, stage.Calls
	can := l.Capabilities()
	for name, piece := range map[string]string{"latin": "a", "hindi": "नमस्ते ", "emoji": "👋🏽", "no spaces": "ab"} {
		if can.TextLimit == 0 {
			break
		}
		at := fit(piece, can.TextLimit, can.Unit)
		t.Run("text/"+name, func(t *testing.T) { c.text(t, l, calls, at, can) })
	}
	for kind, m := range c.Send.Files {
		t.Run("file/"+string(kind), func(t *testing.T) {
			if !can.Sends(kind) {
				t.Fatalf("the channel does not declare %s", kind)
			}
			m.ID, m.Size = core.MediaID("media-"+string(kind)), 5
			h.PutFile(m.ID, []byte("bytes"))
			out := core.Outgoing{Key: "key-" + core.PartID(kind), To: c.Send.To, Content: core.Content{Kind: kind, Media: &m}}
			if _, err := l.Send(t.Context(), out); err != nil {
				t.Fatal(err)
			}
		})
	}
	c.contents(t, l)
	c.undeclared(t, l, calls)
	for kind := range can.Media {
		if _, ok := c.Send.Files[kind]; !ok {
			t.Errorf("%s is declared and no file of that kind is tried", kind)
		}
	}
}

// contents: every other kind declared goes out.
func (c Case) contents(t *testing.T, l core.Link) {
	t.Helper()
	tried := map[core.ContentKind]bool{}
	for _, content := range c.Send.Contents {
		t.Run("content/"+string(content.Kind), func(t *testing.T) {
			out := core.Outgoing{Key: "key", To: c.Send.To, Content: content}
			if content.Kind == core.KindTemplate {
				out.Template = c.Send.Template
			}
			if _, err := l.Send(t.Context(), out); err != nil {
				t.Error(err)
			}
		})
		tried[content.Kind] = true
	}
	for _, kind := range l.Capabilities().Kinds {
		if !tried[kind] {
			t.Errorf("%s is declared and not tried", kind)
		}
	}
}

// undeclared: what the channel does not declare, what is empty and what is for nobody is refused before anything is called.
func (c Case) undeclared(t *testing.T, l core.Link, calls func() int) {
	t.Helper()
	can, hello := l.Capabilities(), c.hello()
	strange := map[string]core.Outgoing{"to nobody": {Key: "key", Content: hello.Content}, "no text": {Key: "key", To: hello.To, Content: core.Content{Kind: core.KindText}},
		"to a stranger's scheme": {Key: "key", To: []core.IdentityKey{{Scheme: "no-such-scheme", Value: "1"}}, Content: hello.Content}}
	for _, kind := range []core.ContentKind{core.KindImage, core.KindVideo, core.KindAudio, core.KindVoice, core.KindDocument, core.KindSticker, core.KindLocation, core.KindContacts,
		core.KindChoice, core.KindChoices, core.KindForm, core.KindOrder, core.KindTemplate, core.KindSystem, core.KindUnsupported, "no-such-kind"} {
		name := "bare " + string(kind) // even a kind that is declared says nothing without its body
		if !can.Sends(kind) {
			name = "undeclared " + string(kind)
		}
		strange[name] = core.Outgoing{Key: "key", To: hello.To, Content: core.Content{Kind: kind}}
	}
	for name, out := range strange {
		t.Run("refused/"+name, func(t *testing.T) {
			before := calls()
			_, err := l.Send(t.Context(), out)
			if e := core.AsSendError(err); err == nil || e.Outcome != core.Rejected || e.Reason == "" || calls() != before {
				t.Errorf("got %v after %d calls, want a rejection before any", err, calls()-before)
			}
		})
	}
}

// fit makes the longest text of pieces that the limit lets through, filled up with dots. No unit is a sum over the pieces of each: SMS count otherwise.
func fit(piece string, limit int, unit core.Unit) string {
	n := sort.Search(limit*200+2, func(n int) bool { return unit.Len(strings.Repeat(piece, n)) > limit })
	text := strings.Repeat(piece, n-1)
	for unit.Len(text+".") <= limit {
		text += "."
	}
	return text
}

func (c Case) text(t *testing.T, l core.Link, calls func() int, at string, can core.Capabilities) {
	t.Helper()
	out := core.Outgoing{Key: "key", To: c.Send.To, Content: core.Content{Kind: core.KindText, Text: at}}
	sent, err := l.Send(t.Context(), out)
	if err != nil || sent.Provider == "" {
		t.Fatalf("at the limit of %d %s: %+v %v", can.TextLimit, can.Unit, sent, err)
	}
	before := calls()
	out.Content.Text += "x"
	if _, err := l.Send(t.Context(), out); core.AsSendError(err).Outcome != core.Rejected || calls() != before {
		t.Errorf("one over the limit: got %v after %d calls, want a rejection before any", err, calls()-before)
	}
	for _, piece := range core.Split(out.Content.Text, can.TextLimit, can.Unit) {
		out.Content.Text = piece
		if _, err := l.Send(t.Context(), out); err != nil {
			t.Errorf("a piece of the split text: %v", err)
		}
	}
}
