package telegram

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"causeway/bridges/bridgetest"
	"causeway/core"
)

// grouped answers an album as Telegram does: with a message for each item, numbered from 201.
func grouped(w http.ResponseWriter, c call) {
	items, _ := c.Fields["media"].([]any)
	var made []string
	for i := range items {
		made = append(made, fmt.Sprintf(`{"message_id":%d,"date":1767225700,"media_group_id":"77","chat":{"id":12345,"type":"private"}}`, 201+i))
	}
	say(w, "["+strings.Join(made, ",")+"]")
}

func outgoing(to core.IdentityKey, all ...core.Content) []core.Outgoing {
	var out []core.Outgoing
	for i, c := range all {
		out = append(out, core.Outgoing{Key: core.PartID(fmt.Sprint("part", i)), To: []core.IdentityKey{to}, Content: c, Author: "Lena"})
	}
	return out
}

func hosted(kind core.ContentKind, mime, text string) core.Content {
	return core.Content{Kind: kind, Album: "a", Text: text, Media: &core.Media{URL: "https://x.example/file", MIME: mime}}
}

func TestAlbumRules(t *testing.T) {
	photo, video, gif := hosted(core.KindImage, "image/jpeg", ""), hosted(core.KindVideo, "video/mp4", ""), hosted(core.KindImage, "image/gif", "")
	pdf, song, voice := hosted(core.KindDocument, "application/pdf", ""), hosted(core.KindAudio, "audio/mpeg", ""), hosted(core.KindVoice, "audio/ogg", "")
	var many []core.Content
	for range 14 {
		many = append(many, photo)
	}
	for name, c := range map[string]struct {
		contents []core.Content
		want     int
	}{
		"photos and videos mix":     {[]core.Content{photo, video, photo}, 3},
		"documents by themselves":   {[]core.Content{pdf, pdf, photo}, 2},
		"sounds by themselves":      {[]core.Content{song, song, pdf}, 2},
		"photo, document":           {[]core.Content{photo, pdf}, 1},
		"moving pictures go alone":  {[]core.Content{photo, gif}, 1},
		"a moving picture":          {[]core.Content{gif, gif}, 0},
		"voice notes go alone":      {[]core.Content{voice, voice}, 0},
		"words":                     {[]core.Content{words("a"), photo}, 0},
		"ten at most":               {many, 10},
		"no file where there ought": {[]core.Content{{Kind: core.KindImage}}, 0},
	} {
		if got := openLink(t, bridgetest.NewHost(t)).Album(c.contents); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}

func TestAlbumOfLinks(t *testing.T) {
	b := newBots(t, grouped)
	first := hosted(core.KindImage, "image/jpeg", "*one*")
	first.Quote = &core.Quote{Provider: "12345/9"}
	sent, err := openLink(t, bridgetest.NewHost(t), keyBase, b.URL).SendAlbum(t.Context(), outgoing(anaOwner, first, hosted(core.KindVideo, "video/mp4", "two")))
	if err != nil || len(sent) != 2 || sent[0].Provider == sent[1].Provider || sent[1].Provider != "12345/202@conn-1" || sent[1].At.IsZero() {
		t.Fatalf("sent %+v, %v", sent, err)
	}
	const want = `sendMediaGroup {"business_connection_id":"conn-1","media":[{"caption":"<b>one</b>","media":"https://x.example/file","parse_mode":"HTML","type":"photo"},{"caption":"two","media":"https://x.example/file","type":"video"}],"reply_parameters":{"allow_sending_without_reply":true,"message_id":9}}`
	if got := unescaped(fieldsOf(b.all()[0])); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestAlbumUploads(t *testing.T) {
	for _, sized := range []bool{true, false} {
		h := bridgetest.NewHost(t)
		var all []core.Content
		for i := range 3 {
			id := core.MediaID(fmt.Sprint("m", i))
			h.PutFile(id, []byte(fmt.Sprint("bytes ", i)))
			c := core.Content{Kind: core.KindImage, Album: "a", Media: &core.Media{ID: id, MIME: "image/jpeg", Name: fmt.Sprint(i, ".jpg")}}
			if sized {
				c.Media.Size = 7
			}
			all = append(all, c)
		}
		b := newBots(t, grouped)
		if _, err := openLink(t, h, keyBase, b.URL).SendAlbum(t.Context(), outgoing(ana, all...)); err != nil {
			t.Fatal(err)
		}
		c := b.all()[0]
		for i, item := range c.Fields["media"].([]any) {
			field, _ := strings.CutPrefix(item.(map[string]any)["media"].(string), "attach://")
			if want := fmt.Sprintf("%d.jpg image/jpeg bytes %d", i, i); c.Files[field] != want {
				t.Errorf("item %d brings %q, want %q", i, c.Files[field], want)
			}
		}
	}
}

// TestAlbumMended: what can be mended is; a refusal for the sake of one item is told as it is, and nothing is known of half an answer.
func TestAlbumMended(t *testing.T) {
	for name, c := range map[string]struct {
		answers []func(w http.ResponseWriter, c call)
		calls   int
		outcome core.Outcome
		effect  core.Effect
	}{
		"markup":      {[]func(http.ResponseWriter, call){answersNo(400, "Bad Request: can't parse entities", ""), grouped}, 2, "", ""},
		"quote gone":  {[]func(http.ResponseWriter, call){answersNo(400, "Bad Request: message to be replied not found", ""), grouped}, 2, "", ""},
		"group moved": {[]func(http.ResponseWriter, call){answersNo(400, "Bad Request: group chat was upgraded", `{"migrate_to_chat_id":-100999}`), grouped}, 2, "", ""},
		"bad picture": {[]func(http.ResponseWriter, call){answersNo(400, "Bad Request: PHOTO_INVALID_DIMENSIONS", "")}, 1, core.Rejected, core.EffectFail},
		"too many":    {[]func(http.ResponseWriter, call){answersNo(429, "Too Many Requests", `{"retry_after":7}`)}, 1, core.Rejected, core.EffectSlow},
		"half an answer": {[]func(http.ResponseWriter, call){func(w http.ResponseWriter, _ call) {
			say(w, `[{"message_id":201,"date":1767225700,"chat":{"id":12345,"type":"private"}}]`)
		}}, 1, core.Unknown, core.EffectFail},
	} {
		t.Run(name, func(t *testing.T) {
			n := 0
			b := newBots(t, func(w http.ResponseWriter, c2 call) { n++; c.answers[min(n, len(c.answers))-1](w, c2) })
			first := hosted(core.KindImage, "image/jpeg", "*one*")
			first.Quote = &core.Quote{Provider: "12345/9"}
			sent, err := openLink(t, bridgetest.NewHost(t), keyBase, b.URL).SendAlbum(t.Context(), outgoing(ana, first, hosted(core.KindImage, "image/jpeg", "two")))
			if len(b.all()) != c.calls {
				t.Errorf("%d calls, want %d", len(b.all()), c.calls)
			}
			var e *core.SendError
			switch {
			case c.outcome == "" && (err != nil || len(sent) != 2):
				t.Errorf("sent %+v, %v", sent, err)
			case c.outcome != "" && (!errors.As(err, &e) || e.Outcome != c.outcome || e.Effect != c.effect):
				raw, _ := json.Marshal(err)
				t.Errorf("got %v %s", err, raw)
			}
		})
	}
}

func answersNo(code int, said, parameters string) func(w http.ResponseWriter, c call) {
	return func(w http.ResponseWriter, _ call) { refuseWith(w, code, said, parameters) }
}
