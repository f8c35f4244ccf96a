package remove_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"causeway/adapters/gormstore"
	"causeway/adapters/gormstore/freshstore"
	"causeway/core"
	"causeway/core/remove"
)

// house is a business with one channel, which has a secret.
type house struct {
	*testing.T
	store   *gormstore.Store
	remover *remove.Remover
	ws      core.WorkspaceID
	channel core.Channel
	leave   func(ctx context.Context) error // of the provider; nil: it lets go
	left    int                             // how often leave was taken
}

func open(t *testing.T, s *gormstore.Store) *house {
	h := &house{T: t, store: s}
	var err error
	h.ws, err = s.EnsureWorkspace(t.Context(), "main")
	h.must(err)
	h.channel = core.Channel{ID: core.NewID[core.ChannelID](), Workspace: h.ws, Kind: "telegram", Name: "bot", Account: "7", State: core.ChannelActive, Created: time.Now()}
	h.must(h.repo().SaveChannel(t.Context(), h.channel))
	h.must(h.repo().PutSecret(t.Context(), core.SealedSecret{Owner: h.owner(), Name: "token", Box: []byte("sealed")}))
	h.remover = remove.New(remove.Options{Store: s, Now: time.Now, Log: slog.New(slog.DiscardHandler),
		Owners:    func(core.ChannelID) []string { return []string{h.owner()} },
		Workflows: func(context.Context, core.Repo, core.Channel) ([]string, error) { return nil, nil },
		Leave: func(ctx context.Context, _ core.Channel) error {
			if h.left++; h.leave != nil {
				return h.leave(ctx)
			}
			return nil
		}})
	return h
}

func (h *house) must(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

func (h *house) repo() core.Repo { return h.store.In(h.ws) }
func (h *house) owner() string   { return "channel/" + string(h.channel.ID) }

func (h *house) remove(ctx context.Context) (remove.Removed, error) {
	return h.remover.Remove(ctx, h.ws, h.channel.ID, "Grace")
}

// looksAgain does the job that a removal leaves behind.
func (h *house) looksAgain() {
	h.Helper()
	h.must(h.remover.Work(h.Context(), core.Work{Job: core.Job{Kind: core.JobRemove, Workspace: h.ws, Key: string(h.channel.ID)}}))
}

// stands checks what became of the channel, and whether its secret is still there.
func (h *house) stands(state core.ChannelState, secrets int) {
	h.Helper()
	ch, err := h.repo().Channel(h.Context(), h.channel.ID)
	h.must(err)
	sealed, err := h.repo().Secrets(h.Context(), h.owner())
	h.must(err)
	if ch.State != state || len(sealed) != secrets {
		h.Errorf("it is %s with %d secrets, want %s with %d", ch.State, len(sealed), state, secrets)
	}
}

// What a program that was killed had begun is ended by the job that it left.
func TestEndedByTheJob(t *testing.T) {
	freshstore.Each(t, nil, func(t *testing.T, s *gormstore.Store, q *freshstore.Queue) {
		h := open(t, s)
		ctx, kill := context.WithCancel(t.Context())
		h.leave = func(ctx context.Context) error { kill(); return ctx.Err() }
		if _, err := h.remove(ctx); !errors.Is(err, context.Canceled) {
			t.Fatalf("the removal ended with %v", err)
		}
		h.stands(core.ChannelRemoved, 1)
		kinds, err := q.Kinds(t.Context())
		h.must(err)
		if kinds != "remove wake" {
			t.Fatalf("what waits is %q", kinds)
		}
		h.leave = nil
		h.looksAgain()
		h.stands(core.ChannelRemoved, 0)
		h.looksAgain()
		if h.left != 2 {
			t.Errorf("leave was taken %d times, want one that was cut off and one more", h.left)
		}
	})
}

// A channel that was set up again before the job came is left alone by it.
func TestSetUpAgain(t *testing.T) {
	freshstore.Each(t, nil, func(t *testing.T, s *gormstore.Store, _ *freshstore.Queue) {
		h := open(t, s)
		_, err := h.remove(t.Context())
		h.must(err)
		h.stands(core.ChannelRemoved, 0)
		h.must(h.repo().SaveChannel(t.Context(), h.channel))
		h.must(h.repo().PutSecret(t.Context(), core.SealedSecret{Owner: h.owner(), Name: "token", Box: []byte("a new one")}))
		h.looksAgain()
		h.stands(core.ChannelActive, 1)
	})
}

// Whatever the provider says, the secrets go, and a person is told what is left to do there.
func TestProviderObjects(t *testing.T) {
	for name, test := range map[string]struct {
		says error
		left string
	}{
		"with a reason": {core.Problemf(core.CodeUnsupported, "The provider may still call."), "may still call"},
		"without":       {errors.New("internal"), "could not be told"},
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := freshstore.SQLite(t, nil)
			h := open(t, s)
			h.leave = func(context.Context) error { return test.says }
			done, err := h.remove(t.Context())
			h.must(err)
			if done.Left == nil || !strings.Contains(done.Left.Error(), test.left) {
				t.Errorf("left to a person is %v", done.Left)
			}
			h.stands(core.ChannelRemoved, 0)
		})
	}
}

// A channel that something names stays, and so does one that is not there.
func TestStays(t *testing.T) {
	s, _ := freshstore.SQLite(t, nil)
	h := open(t, s)
	f := core.Forward{ID: core.NewID[string](), Workspace: h.ws, Name: "sales", Channel: h.channel.ID}
	h.must(h.repo().SaveForward(t.Context(), f))
	if _, err := h.remove(t.Context()); core.CodeOf(err) != core.CodeConflict || !strings.Contains(err.Error(), `the forward "sales"`) {
		t.Errorf("while a forward names it: %v", err)
	}
	h.stands(core.ChannelActive, 1)
	if h.left != 0 {
		t.Error("the provider was told")
	}
	if _, err := h.remover.Remove(t.Context(), h.ws, "another", "Grace"); core.CodeOf(err) != core.CodeNotFound {
		t.Errorf("one that is not there: %v", err)
	}
}
