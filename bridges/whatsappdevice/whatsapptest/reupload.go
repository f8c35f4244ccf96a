package whatsapptest

import (
	"net/http"
	"strings"

	"go.mau.fi/whatsmeow"
	wa "go.mau.fi/whatsmeow/binary"
	"go.mau.fi/whatsmeow/proto/waMmsRetry"
	"go.mau.fi/whatsmeow/util/gcmutil"
	"go.mau.fi/whatsmeow/util/hkdfutil"
)

// Expire takes a message's media off the media server, as happens to old ones. The phone still has it, and stores it anew when it is asked.
func (s *Server) Expire(m Message) {
	s.t.Helper()
	media, _ := mediaIn(m.Content)
	if media == nil {
		s.t.Fatalf("message %s has no media", m.ID)
	}
	token := tokenOf(media.GetDirectPath())
	s.change(func() { s.expired[token], s.media[token] = s.media[token], nil })
}

// Forget has the phone no longer have a message's media either.
func (s *Server) Forget(m Message) {
	s.Expire(m)
	media, _ := mediaIn(m.Content)
	s.change(func() { delete(s.expired, tokenOf(media.GetDirectPath())) })
}

func tokenOf(path string) string {
	path, _, _ = strings.Cut(path, "?")
	return path[strings.LastIndexByte(path, '/')+1:]
}

// gone is the status of what was there and is not any more.
const gone = http.StatusGone

// reupload stores the media of a message anew because a linked device found it gone, and says where.
func (p *Phone) reupload(n *wa.Node, by *linked) error {
	id, rmr := text(n, "id"), n.GetChildByTag("rmr")
	answer := wa.Node{Tag: "notification", Attrs: wa.Attrs{"from": p.pn, "type": "mediaretry", "id": id, "t": now()}}
	media, raw := p.kept(id, &rmr)
	if raw == nil {
		answer.Content = []wa.Node{whole(rmr), {Tag: "error", Attrs: wa.Attrs{"code": 2}}}
		by.push(answer)
		return nil
	}
	path := p.server.store(tokenOf(media.GetDirectPath())+"-again", raw)
	news := mustMarshal(&waMmsRetry.MediaRetryNotification{StanzaID: &id, DirectPath: &path, Result: waMmsRetry.MediaRetryNotification_SUCCESS.Enum()})
	key, iv := hkdfutil.SHA256(media.GetMediaKey(), nil, []byte("WhatsApp Media Retry Notification"), 32), random()[:12]
	sealed, err := gcmutil.Encrypt(key, iv, news, []byte(id))
	answer.Content = []wa.Node{whole(rmr), {Tag: "encrypt", Content: []wa.Node{{Tag: "enc_p", Content: sealed}, {Tag: "enc_iv", Content: iv}}}}
	by.push(answer)
	return err
}

// kept is the media of a message that the phone still has; nil if it has none.
func (p *Phone) kept(id string, rmr *wa.Node) (whatsmeow.DownloadableMessage, []byte) {
	from := jid(rmr, "jid")
	if member := jid(rmr, "participant"); !member.IsEmpty() {
		from = member
	}
	s := p.server
	s.mu.Lock()
	defer s.mu.Unlock()
	who := s.find(from)
	if text(rmr, "from_me") == "true" {
		who = p.person
	}
	if who == nil || who.sent[id] == nil {
		return nil, nil
	}
	media, _ := mediaIn(who.sent[id].message)
	if media == nil {
		return nil, nil
	}
	return media, s.expired[tokenOf(media.GetDirectPath())]
}
