package ginapi

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"causeway/core"

	"github.com/danielgtaylor/huma/v2"
)

const tagContacts = "Contacts"

// ContactView is a contact as the API shows it.
type ContactView struct {
	ID            core.ContactID `json:"id"`
	Name          string         `json:"name"`
	Language      string         `json:"language,omitempty"`
	OptedOut      bool           `json:"opted_out,omitempty" doc:"wants nothing at all"`
	MarketingStop bool           `json:"marketing_stop,omitempty" doc:"wants no marketing"`
	Blocked       bool           `json:"blocked,omitempty"`
	MergedInto    core.ContactID `json:"merged_into,omitempty"`
	Created       time.Time      `json:"created_at"`
	Erased        time.Time      `json:"erased_at,omitzero" doc:"since when nothing is known of them any more, as they asked"`
}

// contactDetailView is a contact with what they are known by.
type contactDetailView struct {
	ContactView
	Identities []identityView    `json:"identities" nullable:"false"`
	Fields     map[string]string `json:"fields,omitempty" doc:"what the business knows of them, by name"`
	Tags       []string          `json:"tags" nullable:"false"`
	Wishes     []wishView        `json:"wishes" nullable:"false" doc:"what they asked of one channel or another: the last word on each"`
	Merges     []mergeView       `json:"merges" nullable:"false"`
}

// wishView is what a contact wants of one channel.
type wishView struct {
	Channel   core.ChannelID `json:"channel"`
	Name      string         `json:"channel_name"`
	Scheme    core.Scheme    `json:"scheme"`
	Value     string         `json:"value" doc:"the number or id that asked for it"`
	Marketing bool           `json:"marketing" doc:"about marketing only; else about everything"`
	Stop      bool           `json:"stop" doc:"true: they want none; false: they want it again"`
	Block     bool           `json:"block,omitempty" doc:"they blocked the channel's account there, or no longer do; what they write later ends a block"`
	At        time.Time      `json:"at"`
}

// identityView is one way by which a contact is known.
type identityView struct {
	Scheme  core.Scheme    `json:"scheme" example:"phone"`
	Scope   string         `json:"scope,omitempty"`
	Value   string         `json:"value"`
	Source  string         `json:"source,omitempty" doc:"where it was learned"`
	Channel core.ChannelID `json:"channel,omitempty" doc:"by which channel"`
	Event   string         `json:"event,omitempty" doc:"by which of the provider's events: its kind and id"`
	Seen    time.Time      `json:"seen_at,omitzero"`
}

// mergeView is the record of two contacts having become one.
type mergeView struct {
	ID     string         `json:"id"`
	Into   core.ContactID `json:"into"`
	From   core.ContactID `json:"from"`
	Reason string         `json:"reason,omitempty"`
	At     time.Time      `json:"at"`
	Undone time.Time      `json:"undone_at,omitzero"`
}

func showContact(c core.Contact) ContactView {
	return ContactView{ID: c.ID, Name: c.Name, Language: c.Language, OptedOut: c.OptedOut, MarketingStop: c.MarketingStop, Blocked: c.Blocked,
		MergedInto: c.MergedInto, Created: c.Created, Erased: c.Erased}
}

func showIdentity(i core.Identity) identityView {
	return identityView{Scheme: i.Key.Scheme, Scope: i.Key.Scope, Value: i.Key.Value, Source: i.Source, Channel: i.Channel, Event: i.Event, Seen: i.Seen}
}

func showMerge(m core.Merge) mergeView {
	return mergeView{ID: m.ID, Into: m.Into, From: m.From, Reason: m.Reason, At: m.At, Undone: m.Undone}
}

func (s *Server) contactOperations(api huma.API) {
	handle(s, api, operation{id: "list-contacts", method: http.MethodGet, path: "/contacts", tag: tagContacts, scope: scopeRead,
		summary: "List contacts, newest first"}, s.listContacts)
	handle(s, api, operation{id: "get-contact", method: http.MethodGet, path: "/contacts/{id}", tag: tagContacts, scope: scopeRead,
		summary: "Show a contact, what they are known by, their fields and tags, what they asked of each channel, and their merges"}, s.getContact)
	handle(s, api, operation{id: "change-contact", method: http.MethodPatch, path: "/contacts/{id}", tag: tagContacts, scope: scopeSend,
		summary: "Set fields of a contact, and tag them"}, s.changeContact)
	handle(s, api, operation{id: "merge-contacts", method: http.MethodPost, path: "/contacts/{id}/merge", tag: tagContacts, scope: scopeManage,
		summary: "Make one contact of two; it can be undone"}, s.mergeContacts)
	handle(s, api, operation{id: "undo-merge", method: http.MethodPost, path: "/merges/{id}/undo", tag: tagContacts, scope: scopeManage,
		summary: "Undo a merge: what came in since stays where it is"}, s.undoMerge)
}

func (s *Server) listContacts(ctx context.Context, repo core.Repo, in *struct{ Paging }) (*answer[pageView[ContactView]], error) {
	p, err := in.page(plausible)
	if err != nil {
		return nil, err
	}
	all, err := repo.Contacts(ctx, p)
	return reply(pageOf(all, p, showContact, func(c core.Contact) string { return string(c.ID) }), err)
}

func (s *Server) getContact(ctx context.Context, repo core.Repo, in *ByID) (*answer[contactDetailView], error) {
	c, err := repo.Contact(ctx, core.ContactID(in.ID))
	if err != nil {
		return nil, missing(err, "contact")
	}
	identities, err := repo.IdentitiesOf(ctx, c.ID)
	if err != nil {
		return nil, fmt.Errorf("identities of contact: %w", err)
	}
	merges, err := repo.MergesOf(ctx, c.ID)
	if err != nil {
		return nil, fmt.Errorf("merges of contact: %w", err)
	}
	wishes, err := wishesOf(ctx, repo, c.ID, identities)
	if err != nil {
		return nil, err
	}
	fields, err := repo.Fields(ctx, c.ID)
	if err != nil {
		return nil, fmt.Errorf("fields of contact: %w", err)
	}
	tags, err := repo.ContactTags(ctx, c.ID)
	if err != nil {
		return nil, fmt.Errorf("tags of contact: %w", err)
	}
	return reply(contactDetailView{ContactView: showContact(c), Identities: listOf(identities, showIdentity).Items, Fields: fields, Tags: append([]string{}, tags...), Wishes: wishes,
		Merges: listOf(merges, showMerge).Items}, nil)
}

type contactInput struct {
	ByID
	Body struct {
		Fields map[string]string `json:"fields,omitempty" maxProperties:"50" doc:"by name; an empty value removes one, those that are not named stay"`
		Add    []string          `json:"add_tags,omitempty" maxItems:"20"`
		Remove []string          `json:"remove_tags,omitempty" maxItems:"20"`
	}
}

// longestField is that of a value, in bytes; its name is no longer than a tag.
const longestField = 2000

func (s *Server) changeContact(ctx context.Context, repo core.Repo, in *contactInput) (*answer[contactDetailView], error) {
	if err := checkTags(in.Body.Add); err != nil {
		return nil, err
	}
	for name, value := range in.Body.Fields {
		if name == "" || len(name) > longestTag || len(value) > longestField {
			return nil, core.Problemf(core.CodeInvalid, "%q cannot be a field with that value.", name).Remedied("Use at most %d bytes for its name, and %d for its value.", longestTag, longestField)
		}
	}
	k := core.Knowledge{Fields: in.Body.Fields, Tags: in.Body.Add, Untag: in.Body.Remove}
	if err := s.Carer.Know(ctx, caller(ctx).Workspace, core.ContactID(in.ID), k, program(ctx)); err != nil {
		return nil, missing(err, "contact")
	}
	return s.getContact(ctx, repo, &in.ByID)
}

// wishesOf gathers what a contact wants of each channel.
func wishesOf(ctx context.Context, repo core.Repo, id core.ContactID, known []core.Identity) ([]wishView, error) {
	channels, err := repo.Channels(ctx)
	if err != nil {
		return nil, fmt.Errorf("channels of wishes: %w", err)
	}
	all := []wishView{}
	for _, ch := range channels {
		wishes, err := repo.Wishes(ctx, ch.ID, id)
		if err != nil {
			return nil, fmt.Errorf("wishes of contact: %w", err)
		}
		for _, w := range wishes {
			v := wishView{Channel: ch.ID, Name: ch.Name, Marketing: w.Marketing, Stop: w.Stop, Block: w.Block, At: w.At}
			if i := slices.IndexFunc(known, func(k core.Identity) bool { return k.ID == w.Identity }); i >= 0 {
				v.Scheme, v.Value = known[i].Key.Scheme, known[i].Key.Value
			}
			all = append(all, v)
		}
	}
	return all, nil
}

type mergeInput struct {
	ByID
	Body struct {
		From   core.ContactID `json:"from" maxLength:"64" doc:"the contact that becomes part of this one"`
		Reason string         `json:"reason,omitempty" maxLength:"500"`
	}
}

func (s *Server) mergeContacts(ctx context.Context, repo core.Repo, in *mergeInput) (*answer[mergeView], error) {
	for _, id := range []core.ContactID{core.ContactID(in.ID), in.Body.From} {
		c, err := repo.Contact(ctx, id)
		if err != nil {
			return nil, missing(err, "contact")
		}
		if c.MergedInto != "" {
			return nil, core.Problemf(core.CodeConflict, "The contact %s was merged into %s already.", id, c.MergedInto)
		}
	}
	reason := cmp.Or(in.Body.Reason, "asked for by "+caller(ctx).Name)
	m, err := s.Desk.Merge(ctx, caller(ctx).Workspace, core.ContactID(in.ID), in.Body.From, reason)
	return reply(showMerge(m), err)
}

func (s *Server) undoMerge(ctx context.Context, repo core.Repo, in *ByID) (*answer[mergeView], error) {
	if _, err := repo.Merge(ctx, in.ID); err != nil {
		return nil, missing(err, "merge")
	}
	if err := s.Desk.Unmerge(ctx, caller(ctx).Workspace, in.ID); err != nil {
		return nil, err
	}
	m, err := repo.Merge(ctx, in.ID)
	return reply(showMerge(m), err)
}
