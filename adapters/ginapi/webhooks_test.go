package ginapi

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"

	"causeway/core"
)

// toySeal turns a value around.
func toySeal(value core.Secret, _ string) ([]byte, error) {
	return bytes.ToUpper([]byte("box of " + value.Reveal()[:3])), nil
}

func (r *room) PutSecret(_ context.Context, s core.SealedSecret) error {
	r.secrets[s.Owner] = append(r.secrets[s.Owner], s)
	return r.m.fail
}

func (r *room) DropSecret(_ context.Context, owner, name string) error {
	r.secrets[owner] = slices.DeleteFunc(r.secrets[owner], func(s core.SealedSecret) bool { return s.Name == name })
	return r.m.fail
}

func TestWebhooks(t *testing.T) {
	o := openOffice(t)
	const secret = "a secret that nobody guesses"
	var got WebhookView
	for body, status := range map[string]int{`{"url":"https://crm.example.com/","events":["order.*"]}`: 422, `{"url":"https://crm.example.com/","events":["order.*"],"secret":"short"}`: 422,
		`{"url":"ftp://crm.example.com/","events":["order.*"],"secret":"` + secret + `"}`: 422, `{"url":"https://u:p@crm.example.com/","events":["order.*"],"secret":"` + secret + `"}`: 422,
		`{"url":"https://crm.example.com/","events":["ordr.created"],"secret":"` + secret + `"}`: 422, `{"url":"https://crm.example.com/","events":[],"secret":"` + secret + `"}`: 422} {
		o.want(status, "PUT", "/webhooks/crm", body, nil)
	}
	o.want(200, "PUT", "/webhooks/crm", `{"url":"https://crm.example.com/","events":["order.*","message.received"],"secret":"`+secret+`"}`, &got)
	o.want(200, "PUT", "/webhooks/crm", `{"url":"https://crm.example.com/2","events":["*"]}`, &got) // the secret stays
	o.want(200, "PUT", "/webhooks/erp", `{"url":"https://erp.example.com/","events":["order.created"],"secret":"`+secret+`"}`, &got)
	_, list := o.api(o.key, "GET", "/webhooks", "")
	if strings.Contains(list, secret) || !strings.Contains(list, "crm.example.com/2") || !strings.Contains(list, "erp") {
		t.Errorf("listed %s", list)
	}
	if resp, text := o.api(o.other, "DELETE", "/webhooks/crm", ""); resp.StatusCode != 404 {
		t.Errorf("another workspace takes it out: %d %s", resp.StatusCode, text)
	}
	if _, text := o.api(o.other, "GET", "/webhooks", ""); strings.Contains(text, "crm") {
		t.Errorf("another workspace sees %s", text)
	}
	o.want(204, "DELETE", "/webhooks/crm", "", nil)
	o.want(404, "DELETE", "/webhooks/crm", "", nil)
	o.want(422, "PUT", "/webhooks/crm", `{"url":"https://crm.example.com/","events":["*"]}`, nil) // its secret went with it
	var left pageView[WebhookView]
	if o.want(200, "GET", "/webhooks", "", &left); len(left.Items) != 1 {
		t.Errorf("left %+v", left.Items)
	}
}
