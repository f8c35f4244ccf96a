package main

import (
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"causeway/config"
	"causeway/config/business"
	"causeway/core"

	"github.com/spf13/cobra"
)

// A month of conversations is tried on a workflow: who would have got which, and what each agent would have had.
func TestWorkflowOnHistory(t *testing.T) {
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	dir := t.TempDir()
	cfg, err := config.Load(config.Options{Environ: []string{"HOME=" + dir}, Flags: map[string]string{"data_dir": dir}})
	must(err)
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	b, err := openBase(ctx, cfg, slog.New(slog.DiscardHandler), func() time.Time { return now })
	must(err)
	defer func() { must(b.close()) }()
	f, err := business.Parse("b.yaml", []byte(`agents:
  - {name: Amina, addresses: [amina@example.com]}
  - {name: Ben, addresses: [ben@example.com]}
  - {name: Cara, addresses: [cara@example.com]}
teams:
  - {name: sales, members: [Amina, Ben], assign: {pick: round-robin, most: 1, previous: true}}
  - {name: support, members: [Cara]}
assignment: {team: support}
`), infos(), nil, nil)
	must(err)
	f.Workspace = cfg.Workspace
	plan, err := business.NewPlan(ctx, b.store, b.vault, f)
	must(err)
	must(plan.Apply(ctx, now))
	repo := b.repo()
	cara, err := repo.AgentByName(ctx, "Cara")
	must(err)
	must(repo.SaveChannel(ctx, core.Channel{ID: "shop", Workspace: b.workspace, Kind: "whatsapp-cloud", Name: "shop", State: core.ChannelActive, Created: now}))
	talk := func(contact string, day, minute, minutes int, lines ...string) {
		t.Helper()
		opened := now.AddDate(0, 0, -day).Add(time.Duration(minute) * time.Minute)
		if _, err := repo.Contact(ctx, core.ContactID(contact)); err != nil {
			must(repo.AddContact(ctx, core.Contact{ID: core.ContactID(contact), Workspace: b.workspace, Name: contact, Created: opened}))
		}
		c := core.Conversation{ID: core.NewID[core.ConversationID](), Workspace: b.workspace, Contact: core.ContactID(contact), Channel: "shop", State: core.ConversationOpen, Opened: opened, LastAt: opened}
		_, err := repo.AddConversation(ctx, &c)
		must(err)
		for i, line := range lines {
			m := core.Message{ID: core.NewID[core.MessageID](), Workspace: b.workspace, Conversation: c.ID, Contact: c.Contact, Channel: "shop", Direction: core.In,
				Author: core.Author{Kind: core.AuthorContact}, Seq: int64(i + 1), Content: core.Content{Kind: core.KindText, Text: strings.TrimPrefix(line, "Cara: ")},
				At: opened.Add(time.Duration(i) * time.Minute), Created: opened.Add(time.Duration(i) * time.Minute)}
			if m.Content.Text != line {
				m.Direction, m.Author = core.Out, core.Author{Kind: core.AuthorAgent, Agent: cara.ID}
			}
			_, err := repo.AddMessage(ctx, m)
			must(err)
		}
		if minutes > 0 {
			c.State, c.Closed = core.ConversationClosed, opened.Add(time.Duration(minutes)*time.Minute)
			must(repo.SetConversation(ctx, c))
		}
	}
	talk("Eve", 40, 0, 30, "hello", "sales")                     // before the time that is asked for
	talk("Eve", 3, 0, 30, "hello", "sales")                      // the turn begins with Amina
	talk("Ida", 3, 5, 30, "hello", "sales")                      // Ben
	talk("Jon", 3, 6, 60, "hello", "sales")                      // both have one: when Eve's is closed
	talk("Kim", 3, 7, 10, "hello", "sales")                      // closed while it waits
	talk("Ida", 2, 0, 30, "hello again", "sales")                // back to Ben
	talk("Lea", 2, 1, 30, "is it open?", "other", "Cara: It is") // goes to nobody, and who answers has it
	must(os.WriteFile(dir+"/w.yaml", []byte(`name: menu
on: {event: opened, by: contact}
steps:
  - name: topic
    ask: {text: "Hello {{contact.name}}! Which?", kind: choice, options: [{title: sales, to: sales}, {title: other, to: end}]}
  - name: sales
    assign: {team: sales}
`), 0o600))
	var out strings.Builder
	cmd := &cobra.Command{}
	cmd.SetContext(ctx)
	cmd.SetOut(&out)
	must(b.tryOnHistory(cmd, []string{dir + "/w.yaml"}, 30*24*time.Hour))
	got := strings.Join(strings.Fields(out.String()), " ")
	for _, want := range []string{
		"6 conversations, 6 messages; nothing was sent", "asked for 5x: sales", "said 6x by menu, topic: Hello",
		"AGENT CONVERSATIONS MOST AT ONCE Amina 2 1 Ben 2 1 Cara 1 1 nobody 1",
		"after 0 s or sooner, all after 23 min",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("it does not say %q:\n%s", want, &out)
		}
	}
	for number, want := range map[int]string{2: "sales Amina 0 s", 3: "sales Ben 0 s", 4: "sales Amina 23 min", 5: "sales nobody", 6: "sales Ben 0 s", 7: "Cara 1 min"} {
		if !strings.Contains(got, want+" menu: ended done") || !strings.Contains(got, fmt.Sprintf("#%d ", number)) {
			t.Errorf("of #%d it does not say %q:\n%s", number, want, &out)
		}
	}
}
