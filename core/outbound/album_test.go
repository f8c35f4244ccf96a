package outbound_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"causeway/core"
)

// gallery is a provider that shows up to three pictures as one album. Its script says what becomes of each album; after that all is well.
type gallery struct {
	*link
	albums []string // the texts of each, as handed over
	script []error
}

func (g *gallery) Album(contents []core.Content) int {
	n := 0
	for n < min(len(contents), 3) && contents[n].Kind == core.KindImage {
		n++
	}
	return n
}

func (g *gallery) SendAlbum(_ context.Context, out []core.Outgoing) ([]core.Sent, error) {
	var texts []string
	var sent []core.Sent
	for _, o := range out {
		texts, sent = append(texts, o.Content.Text), append(sent, core.Sent{Provider: "album." + string(o.Key)})
	}
	g.albums = append(g.albums, strings.Join(texts, " "))
	if n := len(g.albums); n <= len(g.script) && g.script[n-1] != nil {
		return nil, g.script[n-1]
	}
	return sent, nil
}

// picture is one of an album, such as "a1", or a text.
func picture(name string) core.Content {
	if name != "x" {
		return core.Content{Kind: core.KindImage, Album: name[:1], Text: name, Media: &core.Media{URL: "https://x.example/" + name, Size: 1}}
	}
	return core.Content{Kind: core.KindText, Album: "a", Text: name}
}

func TestAlbums(t *testing.T) {
	refused := &core.SendError{Outcome: core.Rejected, Effect: core.EffectFail, Reason: "no"}
	busy := &core.SendError{Outcome: core.Rejected, Effect: core.EffectRetry, Reason: "busy"}
	for _, c := range []struct {
		name   string
		write  string
		script []error
		albums string // each in brackets
		alone  string
		status core.Status // of all; empty: sent
	}{
		{"all at once", "a1 a2 a3", nil, "[a1 a2 a3]", "", ""},
		{"more than go together", "a1 a2 a3 a4", nil, "[a1 a2 a3]", "a4", ""},
		{"two albums", "a1 a2 b1 b2", nil, "[a1 a2][b1 b2]", "", ""},
		{"words before", "x a1 a2", nil, "[a1 a2]", "x", ""},
		{"words between", "a1 x a2", nil, "", "a1|x|a2", ""},
		{"one", "a1", nil, "", "a1", ""},
		{"busy", "a1 a2", []error{busy, busy}, "[a1 a2][a1 a2][a1 a2]", "", ""},
		{"one of them is bad", "a1 a2 a3", []error{refused}, "[a1 a2 a3]", "a1|a2|a3", ""},
		{"nobody knows", "a1 a2", []error{errors.New("reset")}, "[a1 a2]", "", core.StatusUnknown},
	} {
		t.Run(c.name, func(t *testing.T) {
			lite(t, func(w *world) {
				g := &gallery{link: w.link, script: c.script}
				w.album = g
				var all []core.Content
				for _, name := range strings.Fields(c.write) {
					all = append(all, picture(name))
				}
				made, _, err := w.out.Compose(w.Context(), w.ws, w.request(all...))
				w.must(err)
				w.delivered()
				albums := ""
				for _, a := range g.albums {
					albums += "[" + a + "]"
				}
				equal(w, "albums", albums, c.albums)
				equal(w, "alone", w.link.texts(), c.alone)
				if c.status == "" {
					c.status = core.StatusSent
				}
				for _, m := range made {
					got := w.status(m.Content.Text, m.ID, c.status)
					if p := got.Parts[0]; c.status == core.StatusSent && (p.Provider == "" || p.Error != nil || !strings.HasSuffix(p.Provider, string(p.ID))) {
						w.Errorf("%s: part %+v", m.Content.Text, p)
					}
				}
			})
		})
	}
}

// TestAlbumOnBothStores: receipts and what is sent again know each part of an album by itself.
func TestAlbumOnBothStores(t *testing.T) {
	each(t, func(w *world) {
		w.album = &gallery{link: w.link}
		made, _, err := w.out.Compose(w.Context(), w.ws, w.request(picture("a1"), picture("a2")))
		w.must(err)
		w.delivered()
		second := w.message(made[1].ID).Parts[0]
		equal(w, "provider", second.Provider, "album."+string(second.ID))
		w.receipt(second.Provider, core.StatusRead, "")
		w.status("the first", made[0].ID, core.StatusSent)
		w.status("the second", made[1].ID, core.StatusRead)
	})
}

// TestAlbumWaits: what is not due does not go with what is.
func TestAlbumWaits(t *testing.T) {
	lite(t, func(w *world) {
		g := &gallery{link: w.link}
		w.album = g
		later := w.request(picture("a1"), picture("a2"))
		later.NotBefore = w.now().Add(time.Hour)
		_, _, err := w.out.Compose(w.Context(), w.ws, later)
		w.must(err)
		_, _, err = w.out.Compose(w.Context(), w.ws, w.request(picture("a3")))
		w.must(err)
		w.delivered()
		equal(w, "what is due", fmt.Sprint(w.link.texts(), g.albums), "a3[]")
	})
}
