package main

import (
	"net/http"
	"strings"
	"testing"

	"causeway/core"

	"github.com/spf13/cobra"
)

// A field that is set on the command line names the agent who gets the contact's next conversation; one that is set by API, another.
func TestDedicatedAgent(t *testing.T) {
	onBoth(t, func(t *testing.T, database string) {
		w := liveIn(t, worldOptions{Database: database})
		w.must(core.SaveDesk(t.Context(), w.repo(), core.DeskSettings{Field: "owner"}))
		w.grace.Say("hello")
		w.mailTo(w.lena, "hello")
		contact := w.conversations()[0].Contact
		set := func(flags ...string) string {
			return w.says(contactSetCommand(), func(cmd *cobra.Command) error { return w.setContact(cmd, string(contact)) }, flags...)
		}
		if got := set("--field", "owner=omar@example.com,city=Cairo", "--tag", "vip"); got != "city: Cairo\nowner: omar@example.com\ntags: vip\n" {
			t.Errorf("the command says %q", got)
		}
		again := func(text, agent string) {
			w.Helper()
			open, err := w.repo().OpenConversation(t.Context(), contact)
			w.must(err)
			_, err = w.desk.Close(t.Context(), w.workspace, open.ID, core.Author{Kind: core.AuthorAPI})
			w.must(err)
			w.grace.Say(text)
			w.eventually("it is "+agent+"'s", func() bool {
				c, err := w.repo().OpenConversation(t.Context(), contact)
				if err != nil || c.Agent == "" {
					return false
				}
				a, err := w.repo().Agent(t.Context(), c.Agent)
				return err == nil && strings.HasPrefix(a.Name, agent)
			})
		}
		again("second", "Omar")
		r := w.robot("read", "send")
		doc := r.expect(http.StatusOK, http.MethodPatch, "/contacts/"+string(contact), `{"fields": {"owner": "lena@example.com", "city": ""}, "remove_tags": ["vip"], "add_tags": ["gold"]}`)
		if f, _ := doc["fields"].(map[string]any); len(f) != 1 || f["owner"] != "lena@example.com" || len(doc["tags"].([]any)) != 1 {
			t.Errorf("known: %v, %v", doc["fields"], doc["tags"])
		}
		again("third", "Lena")
		if s := w.says(&cobra.Command{}, func(cmd *cobra.Command) error { return w.showContact(cmd, string(contact)) }); !strings.Contains(s, "owner: lena@example.com\ntags: gold\n") {
			t.Errorf("the contact is shown as %s", s)
		}
		cmd := contactSetCommand()
		cmd.SetContext(t.Context())
		if err := w.setContact(cmd, string(contact)); core.CodeOf(err) != core.CodeInvalid {
			t.Errorf("nothing to set: %v", err)
		}
	})
}

// A Brazilian number leads to its contact with and without the ninth digit, whichever WhatsApp knows; one who has just this number goes first.
func TestContactNamed(t *testing.T) {
	w := stillWorld(t, "")
	add := func(id core.ContactID, number string) {
		t.Helper()
		_, err := w.repo().AddPerson(t.Context(), core.Contact{ID: id, Workspace: w.workspace, Created: w.now()},
			core.Identity{ID: core.NewID[core.IdentityID](), Contact: id, Key: core.IdentityKey{Scheme: core.SchemePhone, Value: number}, Seen: w.now()})
		w.must(err)
	}
	found := func(name string, want core.ContactID) {
		t.Helper()
		if c, err := w.contactNamed(t.Context(), name); err != nil || c.ID != want {
			t.Errorf("%s: got %q, %v", name, c.ID, err)
		}
	}
	add("a", "551187654321")
	found("+55 11 98765-4321", "a")
	add("b", "5511987654321")
	found("+55 11 98765-4321", "b")
	found("+55 11 8765-4321", "a")
}
