package ginapi

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"net/url"
	"strconv"
	"strings"

	"causeway/core"
)

// complete checks a content that is to be sent and fills in what the store knows of its files and quote. At is its place in the request.
func complete(ctx context.Context, repo core.Repo, conv core.ConversationID, c *core.Content, at string) error {
	if why := lacking(*c); why != "" {
		return &core.Problem{Code: core.CodeInvalid, Detail: why, Remedy: "See the Content schema of the OpenAPI document.", Field: at}
	}
	if err := completeMedia(ctx, repo, c.Media, at+".media"); err != nil {
		return err
	}
	if c.Template != nil {
		if err := completeMedia(ctx, repo, c.Template.Header, at+".template.header"); err != nil {
			return err
		}
	}
	return completeQuote(ctx, repo, conv, c.Quote, at+".quote")
}

// lacking says what is missing or out of place in a content, "" if nothing is.
func lacking(c core.Content) string {
	var needs string
	var has bool
	switch c.Kind {
	case core.KindText:
		needs, has = "a text", strings.TrimSpace(c.Text) != ""
	case core.KindImage, core.KindVideo, core.KindAudio, core.KindVoice, core.KindDocument, core.KindSticker:
		needs, has = "media", c.Media != nil
	case core.KindLocation:
		needs, has = "a location", c.Location != nil
	case core.KindContacts:
		needs, has = "contacts", len(c.Contacts) > 0
	case core.KindChoices:
		needs, has = "a text and choices with options", strings.TrimSpace(c.Text) != "" && c.Choices != nil && (len(c.Choices.Options) > 0 || c.Choices.Style == core.ChoicesLocation)
	case core.KindTemplate:
		needs, has = "a template with name and language", c.Template != nil && c.Template.Name != "" && c.Template.Language != ""
	default:
		return fmt.Sprintf("A message of the kind %q cannot be sent.", c.Kind)
	}
	if !has {
		return fmt.Sprintf("A message of the kind %q needs %s.", c.Kind, needs)
	}
	if c.Choice != nil || c.Form != nil || c.Order != nil || c.Unsupported != nil || c.Referral != nil {
		return "Choice, form, order, unsupported and referral belong to messages that came in."
	}
	return cmp.Or(misplaced(c.Location), ambiguous(c.Choices))
}

// misplaced says that a place is not on this earth.
func misplaced(l *core.Location) string {
	if l == nil || math.Abs(l.Latitude) <= 90 && math.Abs(l.Longitude) <= 180 {
		return ""
	}
	return "A latitude is from -90 to 90, a longitude from -180 to 180."
}

// ambiguous says what is wrong with options to choose from: each has a title, and is told from the others when it is picked.
func ambiguous(c *core.Choices) string {
	if c == nil {
		return ""
	}
	ids := map[string]bool{}
	for i, o := range c.Options {
		id := cmp.Or(o.ID, strconv.Itoa(i))
		switch {
		case strings.TrimSpace(o.Title) == "":
			return fmt.Sprintf("The option %d has no title.", i+1)
		case ids[id]:
			return fmt.Sprintf("Two options have the id %q.", id)
		}
		ids[id] = true
	}
	return ""
}

// completeMedia makes of a file's id what the store knows of it. A public link is taken as it is: it is the provider who fetches it.
func completeMedia(ctx context.Context, repo core.Repo, m *core.Media, at string) error {
	if m == nil {
		return nil
	}
	wrong := &core.Problem{Code: core.CodeInvalid, Field: at, Remedy: "Upload the file (POST " + apiPath + "/media) and give its id, or give a public https link."}
	switch {
	case m.Provider != "" || m.SHA256 != "":
		wrong.Detail = "A file is named by id or url alone."
		return wrong
	case m.ID == "":
		u, err := url.Parse(m.URL)
		if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil {
			wrong.Detail = "The file has neither an id nor an https link."
			return wrong
		}
		m.MIME = core.MediaType(m.MIME)
		return nil
	}
	f, err := repo.File(ctx, m.ID)
	if errors.Is(err, core.ErrNotFound) || err == nil && f.State != core.FileHere {
		wrong.Detail = "There is no such file here."
		return wrong
	}
	if err != nil {
		return fmt.Errorf("file of message: %w", err)
	}
	name := core.FileName(m.Name)
	*m = core.Media{ID: f.ID, MIME: f.Media.MIME, Size: f.Media.Size, Name: cmp.Or(name, f.Media.Name)}
	return nil
}

// completeQuote finds what the provider calls the message answered to.
func completeQuote(ctx context.Context, repo core.Repo, conv core.ConversationID, q *core.Quote, at string) error {
	if q == nil {
		return nil
	}
	m, err := repo.Message(ctx, q.Message)
	if err != nil && !errors.Is(err, core.ErrNotFound) {
		return fmt.Errorf("quoted message: %w", err)
	}
	if err != nil || m.Conversation != conv || conv == "" {
		return &core.Problem{Code: core.CodeInvalid, Detail: "The message to quote is not in this conversation.",
			Remedy: "Give the id of one of its messages, or no quote.", Field: at}
	}
	*q = core.Quote{Message: m.ID} // the outbox finds the provider's id when it sends
	return nil
}
