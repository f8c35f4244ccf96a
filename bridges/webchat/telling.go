package webchat

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"

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
		switch value := attributes[name].(type) {
		case string, float64, bool:
			name = clean(name)
			text := clean(fmt.Sprint(value))
			if r := []rune(name); name != "" && len(r) <= longestName && text != "" && len(all) < mostAttributes {
				all[name] = text
			}
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
