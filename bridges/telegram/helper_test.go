package telegram

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"causeway/bridges/bridgetest"
	"causeway/core"
)

const (
	botID         = "987654321"
	plantedToken  = botID + ":planted-token-0123456789-abcdefghij"
	plantedVerify = "planted-webhook-secret-0123456789"
)

var (
	ana      = core.IdentityKey{Scheme: Scheme, Value: "12345"}
	anaOwner = core.IdentityKey{Scheme: Scheme, Scope: "conn-1", Value: "12345"}
)

func goodSettings() core.Settings {
	return core.Settings{Values: map[string]string{keyBot: botID},
		Secrets: map[string]core.Secret{keyToken: core.NewSecret(plantedToken), keyVerify: core.NewSecret(plantedVerify)}}
}

// openAny opens a channel, settings changed by the pairs given.
func openAny(t testing.TB, h *bridgetest.Host, pairs ...string) core.Link {
	t.Helper()
	return bridgetest.Open[core.Link](t, Bridge{}, h, goodSettings(), pairs...)
}

func openLink(t testing.TB, h *bridgetest.Host, pairs ...string) hooked {
	t.Helper()
	return openAny(t, h, pairs...).(hooked)
}

// openPolled opens a channel that polls and never really waits.
func openPolled(t testing.TB, h *bridgetest.Host, base string, pairs ...string) (polled, *pauses) {
	t.Helper()
	l := openAny(t, h, append([]string{keyBase, base, keyReceive, receivePolling}, pairs...)...).(polled)
	w := &pauses{}
	l.sleep = w.sleep
	return l, w
}

// pauses are the waits that a link asked for.
type pauses struct {
	mu  sync.Mutex
	all []time.Duration
}

func (p *pauses) sleep(ctx context.Context, d time.Duration) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.all = append(p.all, d)
	return ctx.Err()
}

func (p *pauses) list() []time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]time.Duration(nil), p.all...)
}

// shown is a webhook call as Telegram makes it.
func shown(body []byte) core.WebhookRequest {
	return core.WebhookRequest{Method: http.MethodPost, URL: "https://gateway.example/hooks/1", Query: url.Values{}, Body: body,
		Header: http.Header{"Content-Type": {"application/json"}, http.CanonicalHeaderKey(secretHeader): {plantedVerify}}}
}

// receive hands a body to a link.
func receive(t testing.TB, l hooked, body string) []core.Event {
	t.Helper()
	return bridgetest.Received(t, l, shown([]byte(body)))
}

// call is a request that a stand-in got: the method and its fields, forms read as JSON where they hold it.
type call struct {
	Method string
	Fields map[string]any
	Files  map[string]string // by field: name, type and content
	Path   string
}

// bots is a stand-in that keeps what it was asked.
type bots struct {
	*httptest.Server
	mu    sync.Mutex
	calls []call
}

// newBots starts a stand-in that holds each call against Telegram's specification; a nil f answers as Telegram does when all is well.
func newBots(t testing.TB, f func(w http.ResponseWriter, c call)) *bots {
	t.Helper()
	b := &bots{}
	if f == nil {
		f = well
	}
	b.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := readCall(r)
		if err != nil {
			t.Errorf("%s: %v", r.URL.Path, err)
		}
		b.mu.Lock()
		b.calls = append(b.calls, c)
		b.mu.Unlock()
		if c.Method != "" {
			for _, problem := range against(t, c) {
				t.Errorf("%s: %s", c.Method, problem)
			}
		}
		f(w, c)
	}))
	t.Cleanup(b.Close)
	return b
}

func (b *bots) all() []call {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]call(nil), b.calls...)
}

// methods names what was called.
func (b *bots) methods() []string {
	var names []string
	for _, c := range b.all() {
		names = append(names, c.Method)
	}
	return names
}

func readCall(r *http.Request) (call, error) {
	c := call{Path: r.URL.Path, Fields: map[string]any{}, Files: map[string]string{}}
	rest, ours := strings.CutPrefix(r.URL.Path, "/bot"+plantedToken+"/")
	if !ours {
		return c, nil
	}
	c.Method = rest
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		return c, nil // cut off on purpose
	}
	kind, options, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		return c, err
	}
	if kind == "application/json" {
		return c, json.Unmarshal(raw, &c.Fields)
	}
	form := multipart.NewReader(strings.NewReader(string(raw)), options["boundary"])
	for {
		p, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			return c, nil
		}
		if err != nil {
			return c, err
		}
		content, err := io.ReadAll(p)
		if err != nil {
			return c, err
		}
		if p.FileName() != "" {
			c.Files[p.FormName()] = p.FileName() + " " + p.Header.Get("Content-Type") + " " + string(content)
			continue
		}
		var v any
		if json.Unmarshal(content, &v) != nil {
			v = string(content)
		}
		c.Fields[p.FormName()] = v
	}
}

func say(w http.ResponseWriter, result string) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, `{"ok":true,"result":`+result+`}`)
}

func refuseWith(w http.ResponseWriter, code int, words, parameters string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	quoted, _ := json.Marshal(words)
	number, _ := json.Marshal(code)
	more := ""
	if parameters != "" {
		more = `,"parameters":` + parameters
	}
	_, _ = io.WriteString(w, `{"ok":false,"error_code":`+string(number)+`,"description":`+string(quoted)+more+`}`)
}

// well answers as Telegram does when all is well.
func well(w http.ResponseWriter, c call) {
	switch c.Method {
	case "":
		_, _ = io.WriteString(w, "bytes")
	case "getMe":
		say(w, `{"id":`+botID+`,"is_bot":true,"first_name":"Shop","username":"shop_bot","can_join_groups":true,"can_read_all_group_messages":true,"can_connect_to_business":true}`)
	case "getWebhookInfo":
		say(w, `{"url":"https://gateway.example/hooks/0199-channel","pending_update_count":0,"allowed_updates":["message","edited_message","callback_query","message_reaction","my_chat_member","business_connection","business_message","edited_business_message","deleted_business_messages"]}`)
	case "getFile":
		say(w, `{"file_id":"4711","file_unique_id":"u","file_size":5,"file_path":"photos/file_1.jpg"}`)
	case "getUpdates":
		say(w, `[]`)
	case "getBusinessConnection":
		say(w, `{"id":"conn-1","user":{"id":555,"is_bot":false,"first_name":"Olga"},"user_chat_id":555,"date":1767225600,"rights":{"can_reply":true,"can_read_messages":true},"is_enabled":true}`)
	default:
		if strings.HasPrefix(c.Method, "send") && c.Method != "sendChatAction" {
			say(w, `{"message_id":133,"date":1767225700,"chat":{"id":12345,"type":"private"},"from":{"id":`+botID+`}}`)
			return
		}
		say(w, `true`)
	}
}

// handler makes a stand-in for the suite.
func handler(w http.ResponseWriter, r *http.Request) {
	c, _ := readCall(r)
	if c.Method == "" && !strings.HasPrefix(r.URL.Path, "/file/bot"+plantedToken+"/") {
		refuseWith(w, http.StatusUnauthorized, "Unauthorized", "")
		return
	}
	well(w, c)
}

const fixtureFolder = "../../../shared/fixtures/channels/telegram"
