package session_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"causeway/core"
)

// pending makes a message with a medium that is still at its provider, and returns the medium's id.
func (w *world) pending() core.MediaID {
	w.Helper()
	ctx := w.Context()
	w.must(w.repo.AddContact(ctx, core.Contact{ID: "p", Workspace: w.ws, Created: w.clock}))
	conv := core.Conversation{ID: "conv", Workspace: w.ws, Contact: "p", Channel: w.ch.ID, State: core.ConversationOpen, Opened: w.clock}
	_, err := w.repo.AddConversation(ctx, &conv)
	w.must(err)
	media := core.Media{ID: "f", Provider: "77", MIME: "image/jpeg"}
	m := core.Message{ID: "m", Workspace: w.ws, Conversation: conv.ID, Contact: "p", Channel: w.ch.ID, Direction: core.In, Status: core.StatusReceived,
		Content: core.Content{Kind: core.KindImage, Media: &media}, At: w.clock, Created: w.clock}
	_, err = w.repo.AddMessage(ctx, m)
	w.must(err)
	w.must(w.repo.AddFile(ctx, core.File{ID: "f", Channel: w.ch.ID, Conversation: conv.ID, Message: "m", Media: media, State: core.FilePending, Created: w.clock}))
	return "f"
}

func (w *world) fetch(id core.MediaID) error {
	return w.queue.Run(w.Context(), core.Job{Kind: core.JobFetch, Workspace: w.ws, Key: string(id)}, w.m.Fetch)
}

func (w *world) file(id core.MediaID) core.File {
	w.Helper()
	f, err := w.repo.File(w.Context(), id)
	w.must(err)
	return f
}

func (w *world) serves(body string, size int64, err error) {
	w.link().download = func() (core.Download, error) {
		return core.Download{Body: io.NopCloser(strings.NewReader(body)), MIME: "image/png", Name: "photo.png", Size: size}, err
	}
}

func TestFetch(t *testing.T) {
	each(t, func(w *world) {
		id := w.pending()
		w.serves("picture", 7, nil)
		w.must(w.fetch(id))
		f := w.file(id)
		equal(w, "state", f.State, core.FileHere)
		equal(w, "MIME", f.Media.MIME, "image/png")
		equal(w, "name", f.Media.Name, "photo.png")
		equal(w, "size", f.Media.Size, 7)
		equal(w, "file", string(w.blobs.kept[f.Blob]), "picture")
		equal(w, "mails go on", w.jobs(), "notify")
		w.serves("another", 7, nil)
		w.must(w.fetch(id))
		equal(w, "once is enough", string(w.blobs.kept[f.Blob]), "picture")
	})
}

// TestDeletedFile: what who sent it has deleted is deleted here, also if it is just being fetched.
func TestDeletedFile(t *testing.T) {
	each(t, func(w *world) {
		id := w.pending()
		unsent := func() {
			f := w.file(id)
			f.State, f.Media = core.FileDeleted, core.Media{}
			w.must(w.repo.SetFile(w.Context(), f))
		}
		w.link().download = func() (core.Download, error) {
			unsent()
			return core.Download{Body: io.NopCloser(strings.NewReader("picture")), MIME: "image/png", Size: 7}, nil
		}
		var later core.Later
		if err := w.fetch(id); !errors.As(err, &later) || w.file(id).State != core.FileDeleted {
			t.Fatalf("got %v %+v", err, w.file(id))
		}
		w.must(w.fetch(id))
		equal(w, "bytes fetched meanwhile", len(w.blobs.kept), 0)
		f := w.file(id)
		f.State = core.FilePending
		w.must(w.repo.SetFile(w.Context(), f))
		w.serves("picture", 7, nil)
		w.must(w.fetch(id))
		unsent()
		equal(w, "kept until then", len(w.blobs.kept), 1)
		w.must(w.fetch(id))
		equal(w, "bytes", len(w.blobs.kept), 0)
		equal(w, "blob", w.file(id).Blob, "")
		equal(w, "where it lay", w.file(id).Media, core.Media{ID: id})
		w.must(w.fetch(id))
	})
}

func TestFetchGivesUpAtOnce(t *testing.T) {
	for _, c := range []struct {
		name, body string
		size       int64
		err        error
		says       string
	}{
		{"gone", "", 0, core.ErrMediaGone, "gone"},
		{"too large, as announced", "x", 21, nil, "over the limit"},
		{"too large, found out", strings.Repeat("x", 30), -1, nil, "over the limit"},
	} {
		t.Run(c.name, func(t *testing.T) {
			lite(t, func(w *world) {
				id := w.pending()
				w.serves(c.body, c.size, c.err)
				w.must(w.fetch(id))
				f := w.file(id)
				equal(w, "state", f.State, core.FileMissing)
				if !strings.Contains(f.Error, c.says) {
					t.Errorf("error: got %q", f.Error)
				}
				equal(w, "nothing is kept", len(w.blobs.kept), 0)
				equal(w, "mails go on", w.jobs(), "notify")
			})
		})
	}
}

// TestFetchLeavesWhatIsTooLarge: a file that is too large by what its message says is not asked for.
func TestFetchLeavesWhatIsTooLarge(t *testing.T) {
	lite(t, func(w *world) {
		id := w.pending()
		f := w.file(id)
		f.Media.Size = 21
		w.must(w.repo.SetFile(w.Context(), f))
		w.link().download = func() (core.Download, error) {
			t.Error("asked for")
			return core.Download{}, core.ErrMediaGone
		}
		w.must(w.fetch(id))
		f = w.file(id)
		equal(w, "state", f.State, core.FileMissing)
		if !strings.Contains(f.Error, "over the limit") {
			t.Errorf("error: got %q", f.Error)
		}
	})
}

func TestFetchTriesAgain(t *testing.T) {
	lite(t, func(w *world) {
		id := w.pending()
		w.serves("", 0, errors.New("try later"))
		var waited time.Duration
		for tries := 1; ; tries++ {
			err := w.fetch(id)
			var later core.Later
			if !errors.As(err, &later) {
				w.must(err)
				equal(w, "tries", tries, 12)
				break
			}
			equal(w, "state", w.file(id).State, core.FilePending)
			equal(w, "no mail yet", w.jobs(), "")
			waited += later.After
		}
		if waited < 30*time.Minute || waited > time.Hour {
			t.Errorf("it was tried for %v", waited)
		}
		equal(w, "state", w.file(id).State, core.FileMissing)
		equal(w, "error", w.file(id).Error, "try later")
	})
}

func TestFetchFailsThenWorks(t *testing.T) {
	lite(t, func(w *world) {
		id := w.pending()
		w.blobs.refuse = errors.New("disk full")
		w.serves("picture", -1, nil)
		var later core.Later
		if err := w.fetch(id); !errors.As(err, &later) {
			t.Fatalf("got %v", err)
		}
		equal(w, "the row says nothing that is not there", w.file(id).State, core.FilePending)
		w.blobs.refuse = nil
		w.must(w.fetch(id))
		equal(w, "state", w.file(id).State, core.FileHere)
		equal(w, "error", w.file(id).Error, "")
	})
}

// A disk that is full, or a store of files that is away, for however long, is no fault of the medium: the customer's file is not given up for it.
func TestFetchWaitsForRoom(t *testing.T) {
	lite(t, func(w *world) {
		id := w.pending()
		w.blobs.refuse = fmt.Errorf("keep: %w: no space left on device", core.ErrUnavailable)
		w.serves("picture", -1, nil)
		for range 12 * 60 { // half a day
			var later core.Later
			if err := w.fetch(id); !errors.As(err, &later) || later.After != time.Minute {
				t.Fatalf("got %v", err)
			}
			w.clock = w.clock.Add(later.After)
		}
		equal(w, "tries", w.file(id).Tries, 0)
		w.blobs.refuse = nil
		w.must(w.fetch(id))
		equal(w, "state", w.file(id).State, core.FileHere)
	})
}

func TestFetchWaitsForRoomNotForEver(t *testing.T) {
	lite(t, func(w *world) {
		id := w.pending()
		w.serves("picture", -1, nil)
		w.blobs.refuse = core.ErrUnavailable
		w.clock = w.clock.Add(8 * 24 * time.Hour)
		for range 12 {
			_ = w.fetch(id)
		}
		equal(w, "not for ever", w.file(id).State, core.FileMissing)
	})
}

// A channel whose settings are broken is no fault of the medium: it waits, but not for ever.
func TestFetchWaitsForChannel(t *testing.T) {
	lite(t, func(w *world) {
		id := w.pending()
		w.set("broken", "yes")
		var later core.Later
		if err := w.fetch(id); !errors.As(err, &later) || later.After != time.Minute {
			t.Fatalf("got %v", err)
		}
		equal(w, "tries", w.file(id).Tries, 0)
		w.clock = w.clock.Add(8 * 24 * time.Hour)
		for range 12 {
			_ = w.fetch(id)
		}
		equal(w, "state", w.file(id).State, core.FileMissing)
	})
}

func TestFetchIsStopped(t *testing.T) {
	lite(t, func(w *world) {
		id := w.pending()
		ctx, cancel := context.WithCancel(w.Context())
		w.link().download = func() (core.Download, error) { cancel(); return core.Download{}, ctx.Err() }
		err := w.queue.Run(ctx, core.Job{Kind: core.JobFetch, Workspace: w.ws, Key: string(id)}, w.m.Fetch)
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		equal(w, "not counted", w.file(id).Tries, 0)
	})
}

func TestTemplates(t *testing.T) {
	lite(t, func(w *world) {
		l := w.link()
		l.templates = []core.Template{{Name: "hi", Language: "en", Status: core.TemplateApproved}, {Name: "hi", Language: "de", Status: core.TemplatePending}}
		all, err := w.m.SyncTemplates(w.Context(), w.ws, w.ch.ID)
		w.must(err)
		equal(w, "returned", len(all), 2)
		stored, err := w.repo.Templates(w.Context(), w.ch.ID)
		w.must(err)
		equal(w, "stored", len(stored), 2)
		equal(w, "synced", stored[0].Synced.Equal(w.clock), true)
		l.templates = l.templates[:1]
		w.must(w.queue.Run(w.Context(), core.Job{Kind: core.JobTemplates, Workspace: w.ws, Key: string(w.ch.ID)}, w.m.Templates))
		stored, err = w.repo.Templates(w.Context(), w.ch.ID)
		w.must(err)
		equal(w, "what is gone there is gone here", len(stored), 1)
		l.refuse = errors.New("no answer")
		if _, err := w.m.SyncTemplates(w.Context(), w.ws, w.ch.ID); err == nil {
			t.Error("no error")
		}
		stored, err = w.repo.Templates(w.Context(), w.ch.ID)
		w.must(err)
		equal(w, "kept when there is no answer", len(stored), 1)
	})
}

// TestTemplateNews: the admins are told once of what the provider has changed in templates that could be sent, whether it was heard of or found out.
func TestTemplateNews(t *testing.T) {
	each(t, func(w *world) {
		var told []string
		refuse := error(nil)
		w.options.TemplateNews = func(_ context.Context, ch core.Channel, sentences []string) error {
			if refuse != nil {
				return refuse
			}
			equal(w, "channel", ch.ID, w.ch.ID)
			told = append(told, sentences...)
			return nil
		}
		w.restart()
		l := w.link()
		hi := core.Template{Name: "hi", Language: "en", Category: "utility", Status: core.TemplateApproved}
		bye := core.Template{Name: "bye", Language: "de", Category: "utility", Status: core.TemplatePending}
		sync := func(all ...core.Template) error {
			l.templates = all
			return w.queue.Run(w.Context(), core.Job{Kind: core.JobTemplates, Workspace: w.ws, Key: string(w.ch.ID)}, w.m.Templates)
		}
		news := func(when, want string) {
			w.Helper()
			equal(w, when, strings.Join(told, "|"), want)
			told = nil
		}
		w.must(sync(hi, bye))
		news("the first time", "")
		hi.Category = "MARKETING"
		refuse = errors.New("no relay")
		if sync(hi, bye) == nil {
			t.Error("what was not told counts as told")
		}
		refuse = nil
		bye.Status, bye.Reason = core.TemplateRejected, "too short"
		w.must(sync(hi, bye))
		news("a category", "The template hi (en) counts as marketing from now on; it was utility. It may cost more, and does not go to contacts who want no marketing.")
		w.must(w.repo.ChangeTemplate(w.Context(), w.ch.ID, core.TemplateBody{Name: "hi", Language: "en", Status: core.TemplatePaused})) // as news does that is heard
		hi.Status, hi.Reason = core.TemplatePaused, "customers dislike it."
		w.must(sync(hi, bye))
		news("paused", "The template hi (en) is paused: customers dislike it. What would send it is refused: look at it at the provider, or choose another one.")
		w.restart()
		l = w.link()
		w.must(sync(hi, bye))
		news("known already", "")
		hi.Status = core.TemplateApproved
		w.must(sync(hi))
		news("well again, and one deleted", "")
	})
}

func TestOthersChannel(t *testing.T) {
	lite(t, func(w *world) {
		theirs, err := w.store.EnsureWorkspace(w.Context(), "theirs")
		w.must(err)
		if _, err := w.m.SyncTemplates(w.Context(), theirs, w.ch.ID); !errors.Is(err, core.ErrNotFound) {
			t.Errorf("sync: got %v", err)
		}
		if _, err := w.m.Check(w.Context(), theirs, w.ch.ID); !errors.Is(err, core.ErrNotFound) {
			t.Errorf("check: got %v", err)
		}
		findings, err := w.m.Check(w.Context(), w.ws, w.ch.ID)
		if want := "Run: causeway channel subscribe " + w.ch.Name + "."; err == nil && findings[0].Remedy != want {
			t.Errorf("the remedy is %q, want %q", findings[0].Remedy, want)
		}
		w.must(err)
		equal(w, "own", findings[0].Subject, "token")
	})
}

func TestAlarm(t *testing.T) {
	lite(t, func(w *world) {
		job := core.Job{Kind: core.JobAlert, Workspace: w.ws, Key: string(w.ch.ID)}
		w.must(w.repo.SetChannelState(w.Context(), w.ch.ID, core.ChannelParked, core.Health{Level: core.HealthBad, Reason: "expired"}))
		w.must(w.queue.Run(w.Context(), job, w.m.Alarm)) // nobody to be told
		var told core.Channel
		w.options.Alert = func(_ context.Context, ch core.Channel) error { told = ch; return errors.New("no relay") }
		w.restart()
		if err := w.queue.Run(w.Context(), job, w.m.Alarm); err == nil {
			t.Error("an alert that was not sent counts as sent")
		}
		equal(w, "reason", told.Health.Reason, "expired")
	})
}

// TestFetchFromTheOtherSide: what its provider has no more is asked for where it lies besides, before it is called missing.
func TestFetchFromTheOtherSide(t *testing.T) {
	each(t, func(w *world) {
		id := w.pending()
		w.serves("", 0, core.ErrMediaGone)
		w.must(w.repo.SpareFile(w.Context(), id, w.ch.ID, core.Media{ID: id, Provider: "88"}))
		var later core.Later
		if err := w.fetch(id); !errors.As(err, &later) {
			t.Fatalf("got %v", err)
		}
		equal(w, "reference", w.file(id).Media.Provider, "88")
		equal(w, "state", w.file(id).State, core.FilePending)
		equal(w, "nobody is told yet", strings.Contains(w.jobs(), "notify"), false)
		w.must(w.fetch(id))
		equal(w, "in the end", w.file(id).State, core.FileMissing)
	})
}
