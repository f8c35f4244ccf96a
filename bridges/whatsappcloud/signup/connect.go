package signup

import (
	"cmp"
	"context"
	"errors"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"causeway/bridges/meta"
	"causeway/core"
)

// finishedApp is what Meta's window says when a number of the WhatsApp Business app was connected. Such a number must not be registered again.
const finishedApp = "FINISH_WHATSAPP_BUSINESS_APP_ONBOARDING"

var anID = regexp.MustCompile(`^\d{5,20}$`)

// connect makes a token of the code and finds the number.
func (p *Page) connect(ctx context.Context, t Ticket, in asked) (Connected, error) {
	if in.Code == "" || !anID.MatchString(in.Account) || in.Number != "" && !anID.MatchString(in.Number) {
		return Connected{}, wrong("answer", "Meta's window did not say what was connected.", "Try again. If it stays like this, look whether the Embedded Signup's configuration has session logging.", nil)
	}
	graph := &meta.Client{HTTP: p.HTTP(t, t.Secret, core.NewSecret(in.Code)), Base: t.Base, Version: t.Version, Hide: []core.Secret{t.Secret, core.NewSecret(in.Code)}}
	token, err := exchange(ctx, graph, t, in.Code)
	if err != nil {
		return Connected{}, err
	}
	graph = &meta.Client{HTTP: p.HTTP(t, t.Secret, token), Base: t.Base, Version: t.Version, Token: token, Proof: t.Secret, Hide: []core.Secret{t.Secret}}
	n, err := find(ctx, graph, in.Account, cmp.Or(meta.Text(t.Number), meta.Text(in.Number)), in.Event == finishedApp)
	if err != nil {
		return Connected{}, err
	}
	return Connected{Number: string(n.ID), Account: in.Account, Display: string(n.Display), Token: token, Shared: bool(n.OnApp)}, nil
}

// exchange makes a token of a code, which is good once and for seconds.
func exchange(ctx context.Context, graph *meta.Client, t Ticket, code string) (core.Secret, error) {
	var got struct {
		Token meta.Text `json:"access_token"`
	}
	err := graph.Get(ctx, "oauth/access_token", url.Values{"client_id": {t.App}, "client_secret": {t.Secret.Reveal()}, "code": {code}}, &got)
	if err == nil && got.Token == "" {
		err = errors.New("the answer has no token")
	}
	if err != nil {
		return core.Secret{}, wrong("exchange", "Meta gave no access for the number: "+words(err), "Check app id and app secret, then try again; Meta's code is good for some seconds only.", err)
	}
	return core.NewSecret(string(got.Token)), nil
}

// node is a number of a business account.
type node struct {
	ID       meta.Text  `json:"id"`
	Display  meta.Text  `json:"display_phone_number"`
	Platform meta.Text  `json:"platform_type"`
	OnApp    meta.Truth `json:"is_on_biz_app"`
}

// find returns the number that was connected: the one named, else the only one of the account, or the only one that is used in the app.
func find(ctx context.Context, graph *meta.Client, account string, named meta.Text, shared bool) (node, error) {
	var got struct {
		Data []node `json:"data"`
	}
	if err := graph.Get(ctx, account+"/phone_numbers", url.Values{"fields": {"id,display_phone_number,platform_type,is_on_biz_app"}}, &got); err != nil {
		return node{}, wrong("number", "The account's numbers cannot be read: "+words(err), "Check that the app has the permissions whatsapp_business_management and whatsapp_business_messaging.", err)
	}
	all := slices.DeleteFunc(got.Data, func(n node) bool { return named != "" && n.ID != named || shared && !bool(n.OnApp) })
	switch {
	case len(all) == 0 && shared:
		return node{}, wrong("app", "No number of this account is used in the WhatsApp Business app.", "Choose \"connect the WhatsApp Business app\" in Meta's window, and confirm on the phone.", nil)
	case len(all) == 0:
		return node{}, wrong("number", "The account has no such number.", "Add the number in Meta's window.", nil)
	case len(all) > 1:
		var choices []string
		for _, n := range all {
			choices = append(choices, string(n.Display)+" ("+string(n.ID)+")")
		}
		return node{}, wrong("several", "The account has several numbers: "+strings.Join(choices, ", ")+".", "Make a new link with --phone-number-id and one of the ids.", nil)
	}
	if n := all[0]; n.Platform != "" && !strings.EqualFold(string(n.Platform), "CLOUD_API") {
		return n, wrong("platform", "The number "+string(n.Display)+" is not on the Cloud API yet.", "Register it in the WhatsApp Manager, then connect it again.", nil)
	}
	return all[0], nil
}

func wrong(word, detail, remedy string, cause error) error {
	return trouble{word, &core.Problem{Code: core.CodeUnavailable, Detail: detail, Remedy: remedy, Err: cause}}
}

// words are what Meta says, or that it says nothing.
func words(err error) string {
	var g *meta.Error
	if errors.As(err, &g) && g.Message != "" {
		return meta.Sentence(g.Message)
	}
	return "Meta did not answer."
}
