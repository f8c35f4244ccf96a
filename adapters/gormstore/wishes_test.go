package gormstore_test

import (
	"testing"
	"time"

	"causeway/core"
)

// What was kept of persons becomes wishes of each of their addresses, which a word on that channel can lift, and goes back.
func TestMigrateWishes(t *testing.T) {
	const before, after = 5, 6
	onBoth(t, func(t *testing.T, address string) {
		s := unmigrated(t, address)
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		must(s.MigrateTo(t.Context(), before))
		ws, err := s.EnsureWorkspace(t.Context(), "main")
		must(err)
		repo := s.In(ws)
		for _, name := range []string{"sms", "shop"} {
			must(repo.SaveChannel(t.Context(), core.Channel{ID: core.ChannelID(name), Workspace: ws, Kind: "sms", Name: name, Account: name, State: core.ChannelActive}))
		}
		for id, c := range map[core.ContactID]core.Contact{"out": {OptedOut: true, MarketingStop: true, Created: time.Unix(1, 0)}, "in": {}} {
			must(s.Exec(t.Context(), "INSERT INTO contacts (workspace, id, name, language, opted_out, marketing_stop, blocked, created) VALUES (?, ?, '', '', ?, ?, ?, ?)",
				ws, id, c.OptedOut, c.MarketingStop, false, c.Created.UnixMicro()))
			must(s.Exec(t.Context(), "INSERT INTO identities (workspace, id, contact, scheme, scope, value, source) VALUES (?, ?, ?, 'phone', '', ?, '')", ws, id, id, id))
		}
		must(s.MigrateTo(t.Context(), after))
		for id, want := range map[core.ContactID]int{"out": 2, "in": 0} {
			c, err := repo.Contact(t.Context(), id)
			must(err)
			wishes, err := repo.Wishes(t.Context(), "sms", id)
			must(err)
			if len(wishes) != want || c.OptedOut || c.MarketingStop {
				t.Errorf("%s: %+v, %+v", id, c, wishes)
			}
		}
		_, err = s.Migrate(t.Context()) // what is written has the columns of now
		must(err)
		changed, err := repo.SetWish(t.Context(), core.Wish{Channel: "sms", Identity: "out", At: time.Unix(2, 0)})
		must(err)
		if !changed {
			t.Error("a start does not lift what was kept")
		}
		must(s.MigrateTo(t.Context(), before))
		c, err := repo.Contact(t.Context(), "out")
		must(err)
		if !c.OptedOut || !c.MarketingStop {
			t.Errorf("back again: %+v", c)
		}
	})
}
