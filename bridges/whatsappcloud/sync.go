package whatsappcloud

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"causeway/bridges/meta"
	"causeway/core"
)

const (
	templatesAPage = 100
	mostPages      = 100
)

// remote is a template as the platform lists it.
type remote struct {
	ID         meta.Text                 `json:"id"`
	Name       meta.Text                 `json:"name"`
	Language   meta.Text                 `json:"language"`
	Category   meta.Text                 `json:"category"`
	Status     meta.Text                 `json:"status"`
	Rejected   meta.Text                 `json:"rejected_reason"`
	Format     meta.Text                 `json:"parameter_format"`
	Quality    struct{ Score meta.Text } `json:"quality_score"`
	Components []remoteComponent         `json:"components"`
}

type remoteComponent struct {
	Type    meta.Text      `json:"type"`
	Format  meta.Text      `json:"format"`
	Text    meta.Text      `json:"text"`
	Buttons []remoteButton `json:"buttons"`
	Example struct {
		Body      [][]meta.Text `json:"body_text"`
		Header    []meta.Text   `json:"header_text"`
		BodyNamed []example     `json:"body_text_named_params"`
		HeadNamed []example     `json:"header_text_named_params"`
	} `json:"example"`
}

type example struct {
	Name  meta.Text `json:"param_name"`
	Value meta.Text `json:"example"`
}

type remoteButton struct {
	Type    meta.Text `json:"type"`
	Text    meta.Text `json:"text"`
	URL     meta.Text `json:"url"`
	Example any       `json:"example"` // a list, of a copy_code a text
}

// Templates implements core.TemplateLink.
func (l *link) Templates(ctx context.Context) ([]core.Template, error) {
	if l.conf.dialog {
		return l.dialogTemplates(ctx)
	}
	if l.conf.account == "" {
		return nil, core.BadSetting(keyAccount, "Add the setting "+keyAccount+".", "The channel does not say which WhatsApp Business Account its templates belong to.")
	}
	var all []core.Template
	query := url.Values{"limit": {strconv.Itoa(templatesAPage)}}
	for range mostPages {
		page, after, err := l.page(ctx, query)
		if err != nil {
			return nil, l.conf.explained(err, "The templates cannot be read.")
		}
		all = append(all, page...)
		if after == "" {
			return all, nil
		}
		query.Set("after", after)
	}
	return nil, errors.New("the list of templates does not end")
}

// page reads one page and the cursor of the next, "" at the end. The address of the next page that the answer offers carries the token: it is
// not used.
func (l *link) page(ctx context.Context, query url.Values) ([]core.Template, string, error) {
	var answer struct {
		Data   []remote `json:"data"`
		Paging struct {
			Next    meta.Text `json:"next"`
			Cursors struct {
				After meta.Text `json:"after"`
			} `json:"cursors"`
		} `json:"paging"`
	}
	if err := l.graph.Get(ctx, l.conf.account+"/message_templates", query, &answer); err != nil {
		return nil, "", err
	}
	var out []core.Template
	for _, r := range answer.Data {
		out = append(out, r.template(l.channel.ID))
	}
	if answer.Paging.Next == "" || len(answer.Data) == 0 {
		return out, "", nil
	}
	return out, string(answer.Paging.Cursors.After), nil
}

func (r remote) template(ch core.ChannelID) core.Template {
	t := core.Template{Channel: ch, ProviderID: string(r.ID), Name: string(r.Name), Language: string(r.Language), Category: lower(r.Category),
		Status: templateStatus(r.Status), Quality: quality(r.Quality.Score), Named: strings.EqualFold(string(r.Format), "named")}
	if t.Status == "" {
		t.Status = core.TemplateStatus(lower(r.Status))
	}
	if reason := string(r.Rejected); reason != "" && !strings.EqualFold(reason, "none") {
		t.Reason = reason
	}
	for _, c := range r.Components {
		if strings.EqualFold(string(c.Type), "buttons") {
			t.Components = append(t.Components, buttonComponents(c.Buttons)...)
			continue
		}
		k := core.Component{Type: lower(c.Type), Format: lower(c.Format), Text: string(c.Text), Examples: c.examples()}
		if k.Type == "header" && k.Format == "" {
			k.Format = "text"
		}
		t.Components = append(t.Components, k)
	}
	return t
}

func (c remoteComponent) examples() map[string]string {
	out := map[string]string{}
	for _, e := range append(c.Example.BodyNamed, c.Example.HeadNamed...) {
		out[string(e.Name)] = string(e.Value)
	}
	numbered := c.Example.Header
	if len(c.Example.Body) > 0 {
		numbered = c.Example.Body[0]
	}
	for i, e := range numbered {
		out[strconv.Itoa(i+1)] = string(e)
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

func buttonComponents(all []remoteButton) []core.Component {
	var out []core.Component
	for i, b := range all {
		k := core.Component{Type: "button", Format: lower(b.Type), Text: string(b.Text), URL: string(b.URL), Index: i}
		switch e := b.Example.(type) {
		case string:
			k.Examples = map[string]string{"1": e}
		case []any:
			if len(e) > 0 {
				k.Examples = map[string]string{"1": fmt.Sprint(e[0])}
			}
		}
		out = append(out, k)
	}
	return out
}

func lower(t meta.Text) string { return strings.ToLower(string(t)) }

// explained turns an error of a call that is no send into one for people.
func (c conf) explained(err error, doing string) *core.Problem {
	e := core.AsSendError(c.failed(err))
	var f *meta.Failure
	code := core.CodeUnavailable
	if e.Effect == core.EffectPark || e.Effect == core.EffectFail && !errors.As(err, &f) {
		code = core.CodeChannelDown
	}
	reason := e.Reason
	switch {
	case e.Outcome == core.Unknown:
		reason = c.service() + " did not answer."
	case e.Effect == core.EffectFail && e.Detail != "":
		reason = c.service() + " says: " + meta.Sentence(e.Detail)
	}
	return &core.Problem{Code: code, Detail: doing + " " + reason, Remedy: e.Remedy, Err: err}
}
