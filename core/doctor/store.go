package doctor

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"causeway/core"
)

func (d doctor) database(ctx context.Context) []core.Finding {
	if d.in.Store == nil {
		return nil
	}
	if err := d.in.Store.Ping(ctx); err != nil {
		return bad("database", "Check database_url, that the database runs, and that Causeway may write to it.", "The database does not answer: %s.", sentence(err))
	}
	return good("database", "The database answers.")
}

func (d doctor) migrations(ctx context.Context) []core.Finding {
	if d.in.Migrations == nil {
		return nil
	}
	applied, pending, err := d.in.Migrations(ctx)
	switch {
	case err != nil:
		return bad("migrations", "Check that database_url names a database of Causeway, and that this is not an older version of the program.", "The state of the database's tables is not known: %s.", sentence(err))
	case pending > 0:
		return bad("migrations", "Run: causeway migrate", "%d of %d migrations are not applied.", pending, applied+pending)
	}
	return good("migrations", "All %d migrations are applied.", applied)
}

// secrets opens every sealed value, for a wrong master key shows only then.
func (d doctor) secrets(ctx context.Context) []core.Finding {
	if d.in.Store == nil || d.in.Vault == nil {
		return nil
	}
	sealed, err := d.in.Store.SealedSecrets(ctx)
	if err != nil {
		return bad("secrets", "Check the database.", "The sealed secrets cannot be read: %s.", sentence(err))
	}
	var shut []string
	for _, s := range sealed {
		if _, err := d.in.Vault.Open(s.Box, s.Context()); err != nil {
			shut = append(shut, s.Name)
		}
	}
	if len(shut) > 0 {
		return bad("secrets", "Start with the master key file that they were sealed with (master_key_file), or set them anew with causeway apply.",
			"%d of %d secrets cannot be opened with this master key (%s).", len(shut), len(sealed), few(shut))
	}
	return good("secrets", "The master key opens all %d secrets.", len(sealed))
}

// agents looks whether anybody gets what comes in.
func (d doctor) agents(ctx context.Context) []core.Finding {
	channels, err := d.all(ctx)
	if err != nil || len(channels) == 0 {
		return nil // the database and the channels are looked at elsewhere
	}
	var found []core.Finding
	seen := map[core.WorkspaceID]bool{}
	for _, ch := range channels {
		if seen[ch.Workspace] {
			continue
		}
		seen[ch.Workspace] = true
		found = append(found, d.readers(ctx, ch.Workspace, channels)...)
	}
	return found
}

// readers looks at the forwards of one workspace.
func (d doctor) readers(ctx context.Context, ws core.WorkspaceID, channels []core.Channel) []core.Finding {
	repo := d.in.Store.In(ws)
	forwards, err := repo.Forwards(ctx)
	if err != nil {
		return bad("forwards", "Check the database.", "The forwards cannot be read: %s.", sentence(err))
	}
	assigned, err := assigns(ctx, repo)
	if err != nil {
		return bad("forwards", "Check the database.", "It cannot be read who gets conversations: %s.", sentence(err))
	}
	found := d.unreached(ctx, repo)
	var lost, nobodys []string
	for _, ch := range channels {
		switch {
		case ch.Workspace != ws:
		case !slices.ContainsFunc(forwards, func(f core.Forward) bool { return fits(f, ch.ID) }):
			lost = append(lost, ch.Name)
		case !assigned && !slices.ContainsFunc(forwards, func(f core.Forward) bool { return fits(f, ch.ID) && f.Team == "" && len(f.To) > 0 }):
			nobodys = append(nobodys, ch.Name)
		}
	}
	if len(lost) > 0 {
		found = append(found, warn("forwards", "Add a forward for it to the business file and run causeway apply.", "Nobody gets a mail of what comes in on %s.", few(lost))...)
	}
	if len(nobodys) > 0 {
		found = append(found, warn("forwards", "Name who is to get it anyway (to:) in the forward, or set up assignment: or a workflow that assigns, and run causeway apply.",
			"What comes in on %s is mailed only to who has the conversation, and nothing gives it to anybody.", few(nobodys))...)
	}
	if len(lost)+len(nobodys) > 0 {
		return found
	}
	return append(found, good("forwards", "Every channel is forwarded to somebody.")...)
}

// assigns reports whether anything in a workspace gives conversations to agents or teams by itself.
func assigns(ctx context.Context, repo core.Repo) (bool, error) {
	desk, err := core.LoadDesk(ctx, repo)
	if err != nil || desk.Team != "" || desk.Strategy.Pick != core.PickNobody {
		return err == nil, err
	}
	workflows, err := repo.Workflows(ctx)
	return len(workflows) > 0, err
}

// unreached looks for agents whose mailboxes do not take mail.
func (d doctor) unreached(ctx context.Context, repo core.Repo) (found []core.Finding) {
	agents, err := repo.Agents(ctx)
	if err != nil {
		return bad("agents", "Check the database.", "The agents cannot be read: %s.", sentence(err))
	}
	for _, a := range agents {
		if a.Disabled {
			continue
		}
		if u, lately, err := core.UnreachedLately(ctx, repo, a, d.in.Now()); err == nil && lately {
			found = append(found, warn("agents", "Correct the address in the business file and run causeway apply, or have the mailbox mended.",
				"A mail to %s (%s) was refused or came back: %s.", a.Name, u.Address, strings.TrimRight(u.Why, "."))...)
		}
	}
	return found
}

// fits reports whether a rule may mail somebody of what comes in on a channel.
func fits(f core.Forward, id core.ChannelID) bool {
	return (f.Channel == "" || f.Channel == id) && (len(f.To) > 0 || f.Assigned)
}

func (d doctor) all(ctx context.Context) ([]core.Channel, error) {
	if d.in.Store == nil {
		return nil, nil
	}
	return d.in.Store.AllChannels(ctx)
}

// few names the first of many.
func few(names []string) string {
	if len(names) > 5 {
		return strings.Join(names[:5], ", ") + fmt.Sprintf(" and %d more", len(names)-5)
	}
	return strings.Join(names, ", ")
}

// Waiting is how many of a kind wait for a person, and the command that shows them.
type Waiting struct {
	What    string // as after a number: "jobs were given up"
	Command string
	N       int
}

// waits counts what was set aside until a person looks.
func (d doctor) waits(ctx context.Context) []core.Finding {
	if d.in.Waits == nil {
		return nil
	}
	all, err := d.in.Waits(ctx)
	if err != nil {
		return bad("set aside", "Check the database.", "What waits for a person cannot be counted: %s.", sentence(err))
	}
	var found []core.Finding
	for _, w := range all {
		if w.N > 0 {
			found = append(found, warn("set aside", "Look at: "+w.Command, "%d %s.", w.N, w.What)...)
		}
	}
	if found == nil {
		return good("set aside", "Nothing waits for a person.")
	}
	return found
}
