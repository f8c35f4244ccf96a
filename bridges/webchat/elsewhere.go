package webchat

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"rsc.io/qr"

	"causeway/core"
)

// way is another channel by which a visitor may go on. Its link opens the business's account there; with a code, what the visitor sends first says who
// they were here.
type way struct {
	word string // of config and of words
	link func(account, text, code string) string
}

// ways are in the order in which they are shown.
var ways = []way{
	{"whatsapp", func(to, text, code string) string { return asking("https://wa.me/"+to, "text", text, code) }},
	{"telegram", func(to, _, code string) string { return bringing("https://t.me/"+to, "start", code) }},
	{"messenger", func(to, _, code string) string { return bringing("https://m.me/"+to, "ref", code) }},
	{"sms", func(to, text, code string) string { return asking("sms:+"+to, "body", text, code) }},
	{"mail", func(to, text, code string) string { return asking("mailto:"+to, "subject", text, code) }},
}

// asking has the visitor send a text with the code, which they see.
func asking(address, field, text, code string) string {
	if code == "" {
		return address
	}
	return bringing(address, field, strings.ReplaceAll(url.QueryEscape(text+" #"+code), "+", "%20")) // mailto: and sms: know no "+"
}

// bringing has the platform hand something over.
func bringing(address, field, what string) string {
	if what == "" {
		return address
	}
	return address + "?" + field + "=" + what
}

// links are the other ways there are, without a code.
func (c conf) links() []map[string]string {
	all := []map[string]string{}
	for _, w := range ways {
		if to := c.elsewhere[w.word]; to != "" {
			all = append(all, map[string]string{"word": w.word, "url": w.link(to, "", "")})
		}
	}
	return all
}

// takeContinue gives a visitor the link by which they go on elsewhere and are known there: it brings a code that counts once and for a while.
func (l *link) takeContinue(w http.ResponseWriter, c call) error {
	var ask struct {
		Channel string `json:"channel"`
		Locale  string `json:"locale"`
	}
	if err := decode(w, c.Request, &ask); err != nil {
		return err
	}
	for _, way := range ways {
		to := l.conf.elsewhere[way.word]
		if way.word != ask.Channel || to == "" {
			continue
		}
		code, now := core.NewContinueCode(), l.host.Now()
		e := core.Event{Kind: core.EventContinue, ID: code, Account: l.conf.site, At: now, Origin: core.OriginCustomer, Peer: l.peer(c.visitor),
			Continue: &core.ContinueBody{Code: code, Until: now.Add(core.ContinueFor)}}
		if err := l.host.Emit(c.Context(), e); err != nil {
			return fmt.Errorf("store code: %w", err)
		}
		link := way.link(to, words[l.conf.speak(ask.Locale)]["from"], code)
		path, size := picture(link)
		answer(w, http.StatusOK, map[string]any{"url": link, "qr": path, "size": size})
		return nil
	}
	return errNowhere
}

// picture is the QR code of a web address, as the path of an SVG and its side; none for an address that another device can do nothing with.
func picture(link string) (path string, size int) {
	if !strings.HasPrefix(link, "https://") {
		return "", 0
	}
	code, err := qr.Encode(link, qr.L)
	if err != nil {
		return "", 0 // the link itself is there
	}
	var b strings.Builder
	for y := range code.Size {
		for x := 0; x < code.Size; x++ {
			from := x
			for x < code.Size && code.Black(x, y) {
				x++
			}
			if n := strconv.Itoa(x - from); x > from {
				fmt.Fprintf(&b, "M%d %dh%sv1h-%sz", from, y, n, n)
			}
		}
	}
	return b.String(), code.Size
}
