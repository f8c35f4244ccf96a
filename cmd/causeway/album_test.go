package main

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"causeway/bridges/bridgetest"
	"causeway/bridges/simulator/mailroom"
	"causeway/core"
)

// gallery is a customer's way to send three pictures at once on a channel.
type gallery struct {
	talk
	sends func(w *testWorld, files string) []core.WebhookRequest // files: where the provider keeps them
}

func galleries(t *testing.T) map[string]gallery {
	all := talks(t)
	attached := func(files string) string {
		var s []string
		for i := range 3 {
			s = append(s, fmt.Sprintf(`{"type":"image","payload":{"url":"%s/picture/%d"}}`, files, i+1))
		}
		return strings.Join(s, ",")
	}
	inbox := func(w *testWorld, object, files string) []core.WebhookRequest {
		return []core.WebhookRequest{posted(fmt.Appendf(nil, `{"object":%q,"entry":[{"id":"1234567890","time":1,"messaging":[{"sender":{"id":"5678"},"recipient":{"id":"1234567890"},"timestamp":%d,`+
			`"message":{"mid":"m_three","attachments":[%s]}}]}]}`, object, w.now().UnixMilli(), attached(files)))}
	}
	return map[string]gallery{
		"messenger": {talk: all["messenger"], sends: func(w *testWorld, files string) []core.WebhookRequest { return inbox(w, "page", files) }},
		"instagram": {talk: all["instagram"], sends: func(w *testWorld, files string) []core.WebhookRequest { return inbox(w, "instagram", files) }},
		"twilio": {talk: all["twilio"], sends: func(_ *testWorld, files string) []core.WebhookRequest {
			form := [][2]string{{"MessageSid", "MM0123456789abcdef0123456789abcdef"}, {"AccountSid", "AC0123456789abcdef0123456789abcdef"}, {"From", "+16505551234"}, {"To", "+14155550100"},
				{"Body", ""}, {"SmsStatus", "received"}, {"NumMedia", "3"}}
			for i := range 3 {
				form = append(form, [2]string{fmt.Sprintf("MediaUrl%d", i), fmt.Sprintf("%s/picture/%d", files, i+1)}, [2]string{fmt.Sprintf("MediaContentType%d", i), "image/png"})
			}
			return []core.WebhookRequest{posted([]byte(encoded(form...)))}
		}},
		"telegram": {talk: all["telegram"], sends: func(w *testWorld, _ string) (calls []core.WebhookRequest) {
			for i := range 3 { // one update a picture, as it comes
				calls = append(calls, posted(fmt.Appendf(nil, `{"update_id":%d,"message":{"message_id":%[1]d,"date":%d,"media_group_id":"1337","chat":{"id":12345,"type":"private","first_name":"Ana"},`+
					`"from":{"id":12345,"is_bot":false,"first_name":"Ana"},"photo":[{"file_id":"file-%[3]d","file_unique_id":"u%[3]d","width":8,"height":8,"file_size":70}]}}`, 501+i, w.now().Unix(), i+1)))
			}
			return calls
		}},
	}
}

// keeper plays a provider that keeps pictures, and notes what it is told to send.
func (g gallery) keeper(t *testing.T, sent chan bridgetest.Call) *bridgetest.StandIn {
	return bridgetest.NewStandIn(t, func(w http.ResponseWriter, r *http.Request) {
		_, method, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/bot"), "/")
		var n int
		switch {
		case r.URL.Path == "/picture/1" || r.URL.Path == "/picture/2" || r.URL.Path == "/picture/3", strings.HasPrefix(r.URL.Path, "/file/"):
			_, _ = fmt.Sscanf(r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:], "%d", &n)
			w.Header().Set("Content-Type", "image/png")
			_, _ = w.Write(stockPicture(n))
		case method == "getFile":
			raw, _ := io.ReadAll(r.Body)
			_, id, _ := strings.Cut(string(raw), "file-")
			_, _ = fmt.Fprintf(w, `{"ok":true,"result":{"file_id":"file-%s","file_path":"photos/%[1]s"}}`, id[:1])
		case method == "sendMediaGroup" || method == "sendPhoto":
			raw, _ := io.ReadAll(r.Body)
			sent <- bridgetest.Call{Method: method, Body: raw}
			_, _ = io.WriteString(w, `{"ok":true,"result":[{"message_id":601,"date":1767225700,"chat":{"id":12345}},{"message_id":602,"date":1767225700,"chat":{"id":12345}},{"message_id":603,"date":1767225700,"chat":{"id":12345}}]}`)
		default:
			_, _ = io.WriteString(w, g.answer)
		}
	})
}

// TestAlbums: pictures that a customer sends at once are one mail with all of them, in their order; on Telegram an agent's mail with several pictures
// is one album.
func TestAlbums(t *testing.T) {
	onBoth(t, func(t *testing.T, database string) {
		world := liveIn(t, worldOptions{Database: database, Business: "channels: []", Flags: map[string]string{"allow_private": "127.0.0.0/8"}})
		for name, g := range galleries(t) {
			t.Run(name, func(t *testing.T) { g.play(t, world.in(t)) })
		}
	})
}

func (g gallery) play(t *testing.T, world *testWorld) {
	sent := make(chan bridgetest.Call, 10)
	s := g.keeper(t, sent)
	w := world.tenant(g.provider, map[string]string{"api_base": s.URL})
	defer w.leave()
	lena := w.staff()
	for _, r := range g.sends(world, s.URL) {
		if status := w.door(w.request(r, true)); status/100 != 2 {
			t.Fatalf("answered %d", status)
		}
	}
	m, err := lena.Await(w.within(), func(m mailroom.Mail) bool { return len(m.Files) > 0 })
	w.must(err)
	w.settle()
	var got []int
	for _, f := range m.Files {
		got = append(got, slices.IndexFunc([][]byte{nil, stockPicture(1), stockPicture(2), stockPicture(3)}, func(p []byte) bool { return string(p) == string(f.Data) }))
	}
	if !slices.Equal(got, []int{1, 2, 3}) || len(lena.Received()) != 1 {
		t.Fatalf("%d mails; the first brings the pictures %v", len(lena.Received()), got)
	}
	if g.kind == "telegram" {
		w.answersWithAlbum(lena, m, sent)
	}
}

// answersWithAlbum has an agent answer with three pictures.
func (w *tenant) answersWithAlbum(lena *mailroom.Mailbox, m mailroom.Mail, sent chan bridgetest.Call) {
	w.Helper()
	var files []mailroom.File
	for i := range 3 {
		files = append(files, mailroom.File{Name: fmt.Sprintf("bike-%d.png", i+1), MIME: "image/png", Data: stockPicture(i + 4)})
	}
	_, err := lena.Reply(w.within(), m, "These three are here.", mailroom.ReplyOptions{Files: files})
	w.must(err)
	w.eventually("the answer counts as sent", func() bool {
		all := w.messages(w.conversations()[0].ID)
		return len(all) > 3 && !slices.ContainsFunc(all, func(m core.Message) bool { return m.Direction == core.Out && m.Status != core.StatusSent })
	})
	if len(sent) != 1 {
		w.Fatalf("%d calls send pictures", len(sent))
	}
	call := <-sent
	for i := range 3 {
		if !strings.Contains(string(call.Body), string(stockPicture(i+4))) {
			w.Errorf("picture %d is not in the album", i+1)
		}
	}
	if call.Method != "sendMediaGroup" {
		w.Errorf("called %s", call.Method)
	}
}
