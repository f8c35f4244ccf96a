package bridgetest

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"causeway/core"
)

// receive: nothing unauthenticated gets in, nothing authentic gets lost, and the same thing has the same ids.
func (c Case) receive(t *testing.T) {
	if c.Hook == nil {
		t.Skip("the bridge has no webhook")
	}
	h := NewHost(t)
	hook := c.link(t, h, "http://127.0.0.1:1").(core.WebhookLink)
	t.Run("good", func(t *testing.T) {
		answer, events, err := hook.Receive(t.Context(), c.Hook.Sign(c.Hook.Message))
		if err != nil || answer.Status != 0 && answer.Status/100 != 2 || len(events) != 1 || events[0].Kind != core.EventMessage || events[0].Fault != "" {
			t.Fatalf("got %+v %+v %v, want one message", answer, events, err)
		}
		whole(t, events)
	})
	t.Run("twice", func(t *testing.T) { // the second time by another process
		_, one, _ := hook.Receive(t.Context(), c.Hook.Sign(c.Hook.Message))
		_, two, _ := c.link(t, h, "http://127.0.0.1:1").(core.WebhookLink).Receive(t.Context(), c.Hook.Sign(c.Hook.Message))
		if !reflect.DeepEqual(one, two) {
			t.Errorf("the same call gave\n%+v and\n%+v", one, two)
		}
	})
	for name, r := range c.forgeries() {
		t.Run("refused/"+name, func(t *testing.T) { refuse(t, hook, r) })
	}
	t.Run("two accounts", func(t *testing.T) { c.accounts(t, hook) })
	t.Run("malformed", func(t *testing.T) { c.malformed(t, hook) })
	t.Run("unknown kind", func(t *testing.T) {
		_, events, err := hook.Receive(t.Context(), c.Hook.Sign(c.Hook.Unknown))
		if err != nil || len(events) == 0 {
			t.Fatalf("got %+v %v, want it kept", events, err)
		}
		whole(t, events)
	})
	for name, body := range trash() {
		t.Run("trash/"+name, func(t *testing.T) { c.survives(t, hook, body) })
	}
	if len(h.Events()) > 0 {
		t.Error("Receive emitted: events are for its caller to store")
	}
}

// whole checks what the store relies on.
func whole(t *testing.T, events []core.Event) {
	t.Helper()
	for _, e := range events {
		if e.ID == "" || e.Kind == "" || e.Origin == "" || e.At.IsZero() && e.Fault == "" {
			t.Errorf("the event lacks id, kind, origin or time: %+v", e)
		}
		if e.Kind == core.EventMessage && e.Fault == "" && (e.Message == nil || e.Message.Provider == "" || len(e.Peer.Identities) == 0) {
			t.Errorf("the message lacks its id or its sender: %+v", e)
		}
	}
}

func (c Case) forgeries() map[string]core.WebhookRequest {
	all := map[string]core.WebhookRequest{}
	for name, r := range c.Hook.Forge {
		all[name] = r
	}
	bare := c.Hook.Sign(c.Hook.Message)
	bare.Header, bare.Query = http.Header{}, nil
	all["unsigned"] = bare
	if !c.Hook.Token {
		changed := c.Hook.Sign(c.Hook.Message)
		changed.Body = append(slices.Clone(changed.Body), ' ')
		all["changed after signing"] = changed
	}
	trash := c.Hook.Sign(c.Hook.Message)
	trash.Header, trash.Query, trash.Body = http.Header{}, nil, []byte("{")
	all["unsigned and malformed"] = trash // the signature comes first: a Problem would mean that it was parsed
	return all
}

func refuse(t *testing.T, hook core.WebhookLink, r core.WebhookRequest) {
	t.Helper()
	answer, events, err := hook.Receive(t.Context(), r)
	if !errors.Is(err, core.ErrUnauthenticated) || len(events) != 0 || len(answer.Body) != 0 || answer.Status != 0 && answer.Status != http.StatusUnauthorized {
		t.Errorf("got %+v %+v %v, want ErrUnauthenticated and nothing else", answer, events, err)
	}
}

func (c Case) malformed(t *testing.T, hook core.WebhookLink) {
	if len(c.Hook.Malformed) == 0 {
		t.Skip("the Case has no malformed body")
	}
	_, events, err := hook.Receive(t.Context(), c.Hook.Sign(c.Hook.Malformed))
	var p *core.Problem
	if !errors.As(err, &p) || len(events) != 0 {
		t.Fatalf("got %+v %v, want a Problem", events, err)
	}
}

func (c Case) accounts(t *testing.T, hook core.WebhookLink) {
	if len(c.Hook.Two) == 0 {
		t.Skip("the Case has no body for two accounts")
	}
	_, events, err := hook.Receive(t.Context(), c.Hook.Sign(c.Hook.Two))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range events {
		if !slices.Contains(got, e.Account) {
			got = append(got, e.Account)
		}
	}
	if !slices.Equal(got, c.Hook.Accounts) {
		t.Errorf("got the accounts %q, want %q", got, c.Hook.Accounts)
	}
	whole(t, events)
}

// trash are bodies that an authenticated but broken provider might send: as large as the door lets in, as deep, as strange.
func trash() map[string][]byte {
	const large = 3 << 20
	return map[string][]byte{
		"nothing": {}, "null": []byte("null"), "list": []byte("[]"), "object": []byte("{}"), "number": []byte("1e999"), "zeros": make([]byte, 1<<10),
		"no UTF-8": []byte("{\"a\":\"\xff\xfe\"}"), "form": []byte("a=%zz&=&b"), "huge": bytes.Repeat([]byte("x"), large),
		"huge text": []byte(`{"object":"` + strings.Repeat("x", large) + `"}`), "deep": bytes.Repeat([]byte("["), large),
		"deep and whole": []byte(strings.Repeat(`{"entry":[`, 4000) + strings.Repeat("]}", 4000)), "many": []byte("[" + strings.Repeat("{},", 100_000) + "{}]"),
	}
}

// survives: whatever is authentic is answered at once, with events that can be stored or a Problem.
func (c Case) survives(t *testing.T, hook core.WebhookLink, body []byte) {
	t.Helper()
	start := time.Now()
	_, events, err := hook.Receive(t.Context(), c.Hook.Sign(body))
	if took := time.Since(start); took > 30*time.Second { // what is linear takes well under one, also on a busy machine
		t.Errorf("it took %s", took)
	}
	var p *core.Problem
	if err != nil && !errors.As(err, &p) {
		t.Errorf("got %v, want a Problem: it is kept as a dead letter", err)
	}
	if err == nil && len(events) == 0 && json.Valid(body) && len(body) > len("null") {
		t.Error("it was accepted, and nothing is kept of it")
	}
	whole(t, events)
}
