package forward_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"causeway/core"
	"causeway/core/assign"
	"causeway/core/forward"
)

// picture is one of an album, its file already here.
func (h *house) picture(album string, n int) core.Content {
	h.Helper()
	id := core.MediaID(fmt.Sprintf("%s-%d", album, n))
	f := core.File{ID: id, Channel: h.channel.ID, Media: core.Media{ID: id, MIME: "image/jpeg", Name: string(id) + ".jpg", Size: 3}, State: core.FileHere, Blob: "media/" + string(id), Created: h.clock}
	_, err := h.blobs.Put(h.Context(), f.Blob, strings.NewReader("jpg"))
	h.must(err)
	h.must(h.repo.AddFile(h.Context(), f))
	return core.Content{Kind: core.KindImage, Album: album, Text: fmt.Sprint("picture ", n), Media: &f.Media}
}

func TestAlbumIsOneMail(t *testing.T) {
	type said struct {
		content string        // "a1": the first picture of album a; else a text
		after   time.Duration // since the one before
	}
	for _, c := range []struct {
		name string
		says []said
		want []string // what each mail brings
	}{
		{"at once", []said{{"a1", 0}, {"a2", 0}, {"a3", 0}}, []string{"a1 a2 a3"}},
		{"one by one", []said{{"a1", 0}, {"a2", time.Second}, {"a3", time.Second}}, []string{"a1 a2 a3"}},
		{"words before and after", []said{{"look", 0}, {"a1", 0}, {"a2", 0}, {"nice?", 0}}, []string{"look", "a1 a2", "nice?"}},
		{"words in between", []said{{"a1", 0}, {"look", 0}, {"a2", 0}}, []string{"a1 a2", "look"}},
		{"two albums", []said{{"a1", 0}, {"a2", 0}, {"b1", 0}, {"b2", 0}}, []string{"a1 a2", "b1 b2"}},
		{"a late one", []said{{"a1", 0}, {"a2", 0}, {"a3", time.Minute}}, []string{"a1 a2", "a3"}},
		{"of one", []said{{"a1", 0}}, []string{"a1"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHouse(t)
			h.forwardTo("Lena", "Omar")
			for _, s := range c.says {
				if s.after > 10*time.Second {
					h.settle()
				}
				h.clock = h.clock.Add(s.after)
				content := text(s.content)
				if strings.Trim(s.content[1:], "123") == "" {
					content = h.picture(s.content[:1], int(s.content[1]-'0'))
				}
				h.says(content)
				h.begin()
			}
			h.settle()
			for _, name := range []string{"Lena", "Omar"} {
				var got []string
				for _, l := range h.relay.to(h.agents[name]) {
					got = append(got, brought(l))
				}
				if !slices.Equal(got, c.want) {
					t.Errorf("%s got %q, want %q", name, got, c.want)
				}
			}
		})
	}
}

// TestFormAndWordsAreOneMail: what a visitor filled in before the chat comes with their first message.
func TestFormAndWordsAreOneMail(t *testing.T) {
	h := newHouse(t)
	h.forwardTo("Lena")
	first := text("Do you ship to Malta?")
	first.Album = "first"
	h.says(core.Content{Kind: core.KindForm, Album: "first", Form: &core.Form{Name: "chat", Fields: map[string]any{"email": "ana@home.test"}}})
	h.says(first)
	h.settle()
	h.says(text("By post?"))
	h.settle()
	all := h.relay.to(h.agents["Lena"])
	if len(all) != 2 || !strings.Contains(all[0].Text, "ana@home.test") || !strings.Contains(all[0].Text, "Do you ship to Malta?") {
		t.Errorf("Lena got %d mails: %+v", len(all), all)
	}
}

// begin has the mails looked at once, as a worker does that comes before an album is whole.
func (h *house) begin() {
	h.Helper()
	h.queue.token++
	j := core.Job{Kind: core.JobNotify, Workspace: h.ws, Key: string(h.conversation().ID)}
	err := h.f.Notify(h.Context(), core.Work{Job: j, Attempt: 1, Token: h.queue.token, Finish: func(context.Context, core.Tx) error { return nil }})
	if later := (core.Later{}); !errors.As(err, &later) {
		h.must(err)
	}
}

// brought says what a mail brings: its files, or the words it begins with.
func brought(l forward.Letter) string {
	var names []string
	for _, f := range l.Files {
		names = append(names, strings.Replace(strings.TrimSuffix(f.Name, ".jpg"), "-", "", 1))
	}
	if names == nil {
		_, said, _ := strings.Cut(l.Text, "\n") // the first line is the mark
		return strings.Fields(said)[0]
	}
	return strings.Join(names, " ")
}

// TestAlbumThatWaits: who is assigned a conversation with an album that waits gets it as one mail, and not again if they have it.
func TestAlbumThatWaits(t *testing.T) {
	h := newHouse(t)
	h.must(h.repo.SaveForward(t.Context(), core.Forward{ID: "f", Workspace: h.ws, Name: "f", Assigned: true, To: []core.AgentID{h.agents["Lena"].ID}}))
	desk := assign.Desk{Store: h.store, Now: h.now}
	for n := range 3 {
		h.says(h.picture("a", n+1))
	}
	h.settle()
	for _, name := range []string{"Lena", "Omar", "Lena"} {
		_, err := desk.Assign(t.Context(), h.ws, h.conversation().ID, h.agents[name].ID, "", core.Author{Kind: core.AuthorAPI})
		h.must(err)
		h.settle()
	}
	for _, name := range []string{"Lena", "Omar"} {
		if got := h.relay.to(h.agents[name]); len(got) != 1 || brought(got[0]) != "a1 a2 a3" {
			t.Errorf("%s got %d mails", name, len(got))
		}
	}
}
