package webchat

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"unicode/utf8"

	"causeway/core"
)

const (
	mostAttributes = 20
	longestName    = 40 // of an attribute
)

// briefing is what was said of a visitor beside their words, when they last wrote: it is said again when it is another.
type briefing struct {
	Page string `json:"page"`
	Form string `json:"form"` // a hash

	Attributes map[string]any `json:"attributes"` // the page's last; a file comes without
}

// fields are what the visitor filled in, what the site has proven, and what the page says of them. What a page calls by a name of the form's does not
// count: it would pass for what the visitor wrote.
func fields(v visitor, attributes map[string]any) map[string]any {
	all := map[string]any{}
	names := make([]string, 0, len(attributes))
	for name := range attributes {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		text, as := attribute(attributes[name]), clean(name)
		if as != "" && utf8.RuneCountInString(as) <= longestName && text != "" && len(all) < mostAttributes {
			all[as] = text
		}
	}
	for name, text := range map[string]string{"name": v.Name, "email": v.Email, "phone": v.Phone} {
		delete(all, name)
		if text != "" {
			all[name] = text
		}
	}
	if len(all) == 1 && v.Name != "" {
		return nil // the name is the peer's
	}
	return all
}

// attribute writes a value as people do, "" for what has no single one.
func attribute(value any) string {
	switch v := value.(type) {
	case string:
		return clean(v)
	case float64:
		return clean(strconv.FormatFloat(v, 'f', -1, 64))
	case bool:
		return strconv.FormatBool(v)
	}
	return ""
}

// form is the event of what is known of a visitor beside their words; nil if there is nothing new.
func (l *link) form(e core.Event, of map[string]any, before string) (form *core.Event, hash string) {
	if len(of) == 0 {
		return nil, before
	}
	raw, err := json.Marshal(of)
	if err != nil {
		return nil, before // texts only
	}
	sum := sha256.Sum256(raw)
	if hash = hex.EncodeToString(sum[:8]); hash == before {
		return nil, before
	}
	f := e
	f.ID += ".form"
	f.Message = &core.MessageBody{Provider: f.ID, Content: core.Content{Kind: core.KindForm, Form: &core.Form{Name: "chat", Fields: of, Raw: raw}}}
	return &f, hash
}

// note keeps what the agents were told, for the next message.
func (l *link) note(ctx context.Context, id string, now briefing) error {
	raw, err := json.Marshal(now)
	if err == nil {
		err = l.host.Save(ctx, shelf("told", id), raw)
	}
	if err != nil {
		return fmt.Errorf("note what was said of a visitor: %w", err)
	}
	return nil
}
