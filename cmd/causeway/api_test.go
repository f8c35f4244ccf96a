package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"io"
	"net/http"
	"testing"
	"time"

	"causeway/core"
)

// robot is a program with a key.
type robot struct {
	*testWorld
	key string
}

func (w *testWorld) robot(scopes ...string) robot {
	w.Helper()
	key := "cw_" + core.NewToken(20)
	hash := sha256.Sum256([]byte(key))
	w.must(w.repo().SaveKey(w.Context(), core.APIKey{ID: core.NewID[string](), Workspace: w.workspace, Name: key[:8], Hash: hash[:], Scopes: scopes, Created: w.now()}))
	return robot{w, key}
}

// call asks the API and reads the answer into an untyped document.
func (r robot) call(method, path, body string, headers ...string) (int, map[string]any) {
	r.Helper()
	req, err := http.NewRequestWithContext(r.within(), method, r.public()+"/api/v1"+path, bytes.NewReader([]byte(body)))
	r.must(err)
	req.Header.Set("Authorization", "Bearer "+r.key)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	a, err := http.DefaultClient.Do(req)
	r.must(err)
	defer a.Body.Close()
	raw, err := io.ReadAll(a.Body)
	r.must(err)
	var doc map[string]any
	if len(raw) > 0 {
		if err := json.Unmarshal(raw, &doc); err != nil {
			r.Fatalf("%s %s: %v: %s", method, path, err, raw)
		}
	}
	return a.StatusCode, doc
}

func (r robot) expect(status int, method, path, body string, headers ...string) map[string]any {
	r.Helper()
	got, doc := r.call(method, path, body, headers...)
	if got != status {
		r.Fatalf("%s %s answered %d, want %d: %v", method, path, got, status, doc)
	}
	return doc
}

func first(doc map[string]any, list string) map[string]any {
	all, _ := doc[list].([]any)
	if len(all) == 0 {
		return nil
	}
	one, _ := all[0].(map[string]any)
	return one
}

// A program does by the API what an agent does by mail, under the same rules.
func TestProgramsDay(t *testing.T) {
	onBoth(t, func(t *testing.T, database string) {
		w := liveIn(t, worldOptions{Database: database})
		w.grace.Say("is anybody there?")
		w.mailTo(w.lena, "is anybody there?")
		r := w.robot("read", "send", "manage")
		conv := first(r.expect(http.StatusOK, http.MethodGet, "/conversations", ""), "items")
		id, _ := conv["id"].(string)
		contact, _ := conv["contact"].(string)
		const text = `{"contents":[{"kind":"text","text":"the robot is"}]}`

		if d, _ := r.expect(http.StatusOK, http.MethodPost, "/conversations/"+id+"/messages/dry-run", text)["decision"].(map[string]any); d["verdict"] != "send" {
			t.Errorf("the dry run says %v", d)
		}
		one := first(r.expect(http.StatusCreated, http.MethodPost, "/conversations/"+id+"/messages", text, "Idempotency-Key", "k1"), "messages")
		two := first(r.expect(http.StatusCreated, http.MethodPost, "/conversations/"+id+"/messages", text, "Idempotency-Key", "k1"), "messages")
		if one["id"] == nil || one["id"] != two["id"] {
			t.Errorf("the same key made %v and %v", one["id"], two["id"])
		}
		r.expect(http.StatusConflict, http.MethodPost, "/conversations/"+id+"/messages", `{"contents":[{"kind":"text","text":"something else"}]}`, "Idempotency-Key", "k1")
		w.phoneShows(w.grace, "the robot is")

		r.expect(http.StatusOK, http.MethodPost, "/conversations/"+id+"/close", "")
		r.expect(http.StatusConflict, http.MethodPost, "/conversations/"+id+"/messages", text)
		// Writing to the contact opens a conversation of its own; then the old one cannot be reopened.
		r.expect(http.StatusCreated, http.MethodPost, "/contacts/"+contact+"/messages", `{"contents":[{"kind":"text","text":"one more thing"}]}`)
		w.phoneShows(w.grace, "one more thing")
		r.expect(http.StatusConflict, http.MethodPost, "/conversations/"+id+"/reopen", "")
		if n := len(w.conversations()); n != 2 {
			t.Errorf("%d conversations", n)
		}

		w.clock.jump(25 * time.Hour)
		d, _ := r.expect(http.StatusOK, http.MethodPost, "/conversations/"+string(w.conversations()[0].ID)+"/messages/dry-run", text)["decision"].(map[string]any)
		if d["verdict"] != "template" || d["remedy"] == "" {
			t.Errorf("after the window the dry run says %v", d)
		}
		w.settle()
		if got := lines(w.grace); len(got) != 2 {
			t.Errorf("the phone shows %q", got)
		}
	})
}

func TestKeysAndScopes(t *testing.T) {
	w := liveIn(t, worldOptions{})
	reader, nobody := w.robot("read"), robot{w, "cw_not-a-key-of-ours"}
	reader.expect(http.StatusOK, http.MethodGet, "/channels", "")
	reader.expect(http.StatusForbidden, http.MethodPost, "/conversations/x/close", "")
	nobody.expect(http.StatusUnauthorized, http.MethodGet, "/channels", "")
	reader.expect(http.StatusNotFound, http.MethodGet, "/conversations/"+core.NewID[string](), "")
}
