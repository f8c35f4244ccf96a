package meta

import (
	"bytes"
	"cmp"
	"encoding/json"
	"net/url"
	"path"
	"slices"
	"strings"

	"causeway/core"
)

type message struct {
	ID              Text             `json:"mid"`
	Text            Text             `json:"text"`
	Echo            Truth            `json:"is_echo"`
	Deleted         Truth            `json:"is_deleted"`
	Unsupported     Truth            `json:"is_unsupported"`
	UnsupportedType Text             `json:"unsupported_type"`
	App             Text             `json:"app_id"`
	Metadata        Text             `json:"metadata"`
	Sticker         Text             `json:"sticker_id"`
	Attachments     List[attachment] `json:"attachments"`
	Referral        *referral        `json:"referral"`
	QuickReply      *struct {
		Payload Text `json:"payload"`
	} `json:"quick_reply"`
	ReplyTo *struct {
		Mid   Text `json:"mid"`
		Story *struct {
			ID  Text `json:"id"`
			URL Text `json:"url"`
		} `json:"story"`
	} `json:"reply_to"`
}

func (m message) empty() bool {
	return m.Text == "" && len(m.Attachments) == 0 && m.QuickReply == nil && !m.withheld()
}

// withheld reports whether the platform does not hand over something of the message.
func (m message) withheld() bool { return bool(m.Unsupported) || m.UnsupportedType != "" }

type attachment struct {
	Type    Text     `json:"type"`
	Title   Text     `json:"title"`
	URL     Text     `json:"url"`
	Payload *payload `json:"payload"`
}

type payload struct {
	URL         Text `json:"url"`
	Title       Text `json:"title"`
	Text        Text `json:"text"`
	Sticker     Text `json:"sticker_id"`
	Coordinates *struct {
		Lat  Text `json:"lat"`
		Long Text `json:"long"`
	} `json:"coordinates"`
	Product *struct {
		Elements List[element] `json:"elements"`
	} `json:"product"`
	Elements List[element] `json:"elements"`
	Buttons  List[button]  `json:"buttons"`
	Generic  *struct {
		Elements List[element] `json:"elements"`
	} `json:"generic"`
	Story Text `json:"story_media_url"`

	raw json.RawMessage // for kinds that are not known
}

// UnmarshalJSON implements json.Unmarshaler.
func (p *payload) UnmarshalJSON(raw []byte) error {
	type plain payload
	err := json.Unmarshal(raw, (*plain)(p))
	p.raw = bytes.Clone(raw)
	return err
}

type element struct {
	ID       Text         `json:"id"`
	Title    Text         `json:"title"`
	Subtitle Text         `json:"subtitle"`
	URL      Text         `json:"url"`
	Buttons  List[button] `json:"buttons"`
}

type button struct {
	Title Text `json:"title"`
	URL   Text `json:"url"`
}

type postback struct {
	ID       Text      `json:"mid"`
	Title    Text      `json:"title"`
	Payload  Text      `json:"payload"`
	Referral *referral `json:"referral"`
}

type referral struct {
	Ref     Text `json:"ref"`
	Ad      Text `json:"ad_id"`
	Source  Text `json:"source"`
	URL     Text `json:"referer_uri"`
	Context struct {
		Title   Text `json:"ad_title"`
		Photo   Text `json:"photo_url"`
		Video   Text `json:"video_url"`
		Post    Text `json:"post_id"`
		Product Text `json:"product_id"`
	} `json:"ads_context_data"`
	Product *struct {
		ID Text `json:"id"`
	} `json:"product"`
}

type optin struct {
	Ref     Text `json:"ref"`
	Payload Text `json:"payload"` // what the business put into the request to agree
	Type    Text `json:"type"`
	Title   Text `json:"title"`
	Status  Text `json:"notification_messages_status"`
}

// core returns the referral in our words. An ad is called so by all platforms.
func (r referral) core() *core.Referral {
	out := &core.Referral{Source: strings.ToLower(string(r.Source)), ID: string(cmp.Or(r.Ad, r.Context.Post)), URL: string(r.URL), Ref: string(r.Ref),
		Headline: string(r.Context.Title), MediaURL: string(cmp.Or(r.Context.Photo, r.Context.Video))}
	if out.Source == "ads" || out.Source == "" && r.Ad != "" {
		out.Source = "ad"
	}
	return out
}

// quote names the product that a person came from, nil if there is none.
func (r referral) quote() *core.Quote {
	id := r.Context.Product
	if r.Product != nil {
		id = cmp.Or(r.Product.ID, id)
	}
	if id == "" {
		return nil
	}
	return &core.Quote{Product: string(id)}
}

func (r referral) content() core.Content {
	c := core.Content{Kind: core.KindSystem, Text: "Opened the conversation by a link.", Referral: r.core(), Quote: r.quote()}
	if c.Referral.Source == "ad" {
		c.Text = "Opened the conversation from an ad."
	}
	return c
}

func (o optin) content() core.Content {
	return core.Content{Kind: core.KindSystem, Text: "Agreed to be written to.", Referral: &core.Referral{Source: "optin", Ref: string(cmp.Or(o.Ref, o.Payload))}}
}

func chosen(payload, title Text) core.Content {
	return core.Content{Kind: core.KindChoice, Text: string(cmp.Or(title, payload)), Choice: &core.Choice{ID: string(payload), Title: string(cmp.Or(title, payload))}}
}

// contents reads what a message says, one for each file it has. It is never empty.
func (m message) contents() []core.Content {
	var all []core.Content
	if m.QuickReply != nil && cmp.Or(m.QuickReply.Payload, m.Text) != "" {
		all = append(all, chosen(m.QuickReply.Payload, m.Text))
	}
	for _, a := range m.files() {
		all = append(all, a.content(m))
	}
	switch text := string(m.Text); {
	case m.QuickReply != nil || text == "":
	case len(all) > 0 && all[0].Text == "" && all[0].Kind.HasMedia():
		all[0].Text = text
	case len(all) > 0 && all[0].Kind == core.KindText && m.Attachments[0].spelled():
		all[0].Text = without(all[0].Text, text)
	default:
		all = append([]core.Content{{Kind: core.KindText, Text: text}}, all...)
	}
	if len(all) == 0 || len(m.Attachments) == 0 && m.withheld() { // words beside what is not handed over are not all of it
		all = append(all, m.unsupported())
	}
	m.around(&all[0])
	return all
}

// spelled reports whether an attachment only spells out what the text says: the title of a link in it.
func (a attachment) spelled() bool { return a.Type == "fallback" || a.Type == "template" }

// without adds to a text those lines of an attachment that it does not hold already: none where the link itself is in it.
func without(lines, text string) string {
	added := text
	for _, line := range strings.Split(lines, "\n") {
		switch {
		case strings.Contains(text, line) && core.WebAddress(line):
			return text
		case !strings.Contains(text, line):
			added = joined(added, line)
		}
	}
	return added
}

// files are the attachments without those that stand there a second time: since June 2026 a sticker comes as one and, for a while, as a picture; what
// Instagram shows comes as a post or a reel and as a share.
func (m message) files() []attachment {
	sticker, post := m.has("sticker"), m.has("ig_post", "ig_reel", "ig_story")
	var all []attachment
	for _, a := range m.Attachments {
		again := sticker && a.Type == "image" && a.Payload != nil && a.Payload.Sticker != "" || post && a.Type == "share"
		if !again {
			all = append(all, a)
		}
	}
	return all
}

func (m message) has(kinds ...Text) bool {
	return slices.ContainsFunc(m.Attachments, func(a attachment) bool { return slices.Contains(kinds, a.Type) })
}

// around adds what the message answers to and what brought the person.
func (m message) around(c *core.Content) {
	if r := m.Referral; r != nil {
		c.Quote = cmp.Or(r.quote(), c.Quote)
		if r.Ref != "" || r.Ad != "" || r.Source != "" {
			c.Referral = r.core()
		}
	}
	if m.ReplyTo == nil {
		return
	}
	if GoodID(string(m.ReplyTo.Mid)) {
		if c.Quote == nil {
			c.Quote = &core.Quote{}
		}
		c.Quote.Provider = string(m.ReplyTo.Mid)
	}
	if s := m.ReplyTo.Story; s != nil {
		c.Referral = &core.Referral{Source: core.ReferredByStory, ID: string(s.ID), URL: string(s.URL)}
	}
}

// likes are the stickers of the thumb, in its three sizes.
var likes = map[Text]bool{"369239263222822": true, "369239343222814": true, "369239383222810": true}

// mediaKinds are the attachments that are files.
var mediaKinds = map[Text]core.ContentKind{"image": core.KindImage, "animated_image": core.KindImage, "video": core.KindVideo, "audio": core.KindAudio,
	"file": core.KindDocument, "sticker": core.KindSticker, "ig_reel": core.KindVideo, "reel": core.KindVideo}

func (a attachment) content(m message) core.Content {
	link, title, sticker := a.URL, a.Title, m.Sticker
	if a.Payload != nil {
		link, title, sticker = cmp.Or(a.Payload.URL, a.URL, a.Payload.Story), cmp.Or(a.Payload.Title, a.Title), cmp.Or(a.Payload.Sticker, m.Sticker)
	}
	link = direct(link)
	kind, isFile := mediaKinds[a.Type]
	switch {
	case likes[sticker] && (a.Type == "image" || a.Type == "sticker"):
		return core.Content{Kind: core.KindText, Text: "👍"}
	case a.Type == "like_heart":
		return core.Content{Kind: core.KindText, Text: "❤️"}
	case isFile && core.WebAddress(string(link)) && !aPage(string(link)):
		if sticker != "" && a.Type == "image" {
			kind = core.KindSticker
		}
		return core.Content{Kind: kind, Text: caption(a.Type, title), Media: &core.Media{URL: string(link), Animated: a.Type == "animated_image"}}
	case a.Type == "location" && a.place() != nil:
		return core.Content{Kind: core.KindLocation, Location: a.place()}
	case a.Type == "story_mention":
		return story("story_mention", "story mention", "The customer mentioned you in their story.", link)
	case a.Type == "ig_story":
		return story("ig_story", "story", "The customer passed on a story.", link)
	case a.Type == "template":
		return a.template()
	}
	return a.shared(string(link), string(title))
}

// place is where a location is, nil if it does not say.
func (a attachment) place() *core.Location {
	if a.Payload == nil || a.Payload.Coordinates == nil {
		return nil
	}
	p := Place(a.Payload.Coordinates.Lat, a.Payload.Coordinates.Long)
	if p != nil {
		p.Name, p.URL = string(a.Title), string(direct(a.URL))
	}
	return p
}

// direct is where a link leads: in the place of others' addresses the platform puts one of its own, which leads there.
func direct(link Text) Text {
	u, err := url.Parse(string(link))
	if err != nil {
		return link
	}
	switch strings.ToLower(u.Hostname()) {
	case "l.facebook.com", "lm.facebook.com", "l.messenger.com", "l.instagram.com":
	case "facebook.com", "www.facebook.com", "m.facebook.com":
		if u.Path != "/l.php" {
			return link
		}
	default:
		return link
	}
	if to := u.Query().Get("u"); core.WebAddress(to) {
		return Text(to)
	}
	return link
}

// aPage reports whether a link leads to a page of the platform, which shows the film to people, rather than to a file.
func aPage(link string) bool {
	u, err := url.Parse(link)
	if err != nil {
		return false
	}
	host := strings.ToLower(u.Hostname())
	for _, sub := range []string{"www.", "m.", "web."} {
		host = strings.TrimPrefix(host, sub)
	}
	return host == "facebook.com" || host == "fb.com" || host == "fb.watch" || host == "instagram.com"
}

// caption is what a reel is called; other files have no words of their own.
func caption(kind, title Text) string {
	if kind == "ig_reel" || kind == "reel" {
		return string(title)
	}
	return ""
}

// story is a message that brings a story, or tells that one mentions the business. Instagram allows nobody to keep one, so it is named and not fetched.
func story(kind, source, what string, link Text) core.Content {
	c := core.Content{Kind: core.KindUnsupported, Unsupported: &core.Unsupported{Type: kind, Detail: what + " Stories may not be kept: look at it in the Instagram app within 24 hours."}}
	if core.WebAddress(string(link)) {
		c.Referral = &core.Referral{Source: source, URL: string(link)}
	}
	return c
}

// template is what a template shows: products that a customer asks about, or what another program sent.
func (a attachment) template() core.Content {
	var lines []string
	c := core.Content{Kind: core.KindText}
	if a.Payload != nil {
		elements := a.Payload.Elements
		if a.Payload.Product != nil {
			elements = append(elements, a.Payload.Product.Elements...)
			if len(elements) > 0 && elements[0].ID != "" {
				c.Quote = &core.Quote{Product: string(elements[0].ID)}
			}
		}
		if a.Payload.Generic != nil {
			elements = append(elements, a.Payload.Generic.Elements...)
		}
		lines = append(lines, string(a.Payload.Text))
		for _, e := range elements {
			lines = append(lines, strings.Trim(string(e.Title)+" – "+string(e.Subtitle), " –"), linkOnly(e.URL))
			lines = append(lines, offered(e.Buttons)...)
		}
		lines = append(lines, offered(a.Payload.Buttons)...)
	}
	if c.Text = joined(lines...); c.Text == "" {
		c.Text = joined(string(a.Title), linkOnly(a.URL))
	}
	if c.Text == "" {
		return unsupported("template", "A message of buttons or cards.")
	}
	return c
}

// offered are buttons, a line each.
func offered(all []button) []string {
	var lines []string
	for _, b := range all {
		if b.Title != "" {
			lines = append(lines, strings.TrimSuffix("• "+string(b.Title)+" – "+linkOnly(b.URL), " – "))
		}
	}
	return lines
}

// shared is something of the platform or the web that was passed on: a picture or a film if that can be told, else its link.
func (a attachment) shared(link, title string) core.Content {
	kind := cmp.Or(string(a.Type), "unknown")
	switch u, err := url.Parse(link); {
	case !core.WebAddress(link) || err != nil:
		return a.unknown(kind, joined(title, link))
	case kind == "fallback" || kind == "ephemeral":
	case pictures[strings.ToLower(path.Ext(u.Path))]:
		return core.Content{Kind: core.KindImage, Text: title, Media: &core.Media{URL: link}}
	case films[strings.ToLower(path.Ext(u.Path))]:
		return core.Content{Kind: core.KindVideo, Text: title, Media: &core.Media{URL: link}}
	case strings.HasSuffix(u.Hostname(), ".fbsbx.com") || strings.HasSuffix(u.Hostname(), ".fbcdn.net") || strings.HasSuffix(u.Hostname(), ".cdninstagram.com"):
		return core.Content{Kind: core.KindDocument, Text: title, Media: &core.Media{URL: link}} // a copy that is soon gone
	}
	return core.Content{Kind: core.KindText, Text: joined(title, link)}
}

// unknown is what stands for an attachment that is neither a file nor a link: with what can be read of it, for Meta does hand that over.
func (a attachment) unknown(kind, lines string) core.Content {
	c := unsupported(kind, lines)
	if a.Payload != nil && mediaKinds[a.Type] == "" {
		if more := legible(a.Payload.raw); more != "" {
			c.Unsupported.Detail = joined("Causeway does not know messages of this kind. It can be read in the app.", lines, more)
		}
	}
	return c
}

var (
	pictures = map[string]bool{".jpg": true, ".jpeg": true, ".png": true, ".gif": true, ".webp": true}
	films    = map[string]bool{".mp4": true, ".mov": true, ".webm": true}
)

// unsupported is what stands for a message without words or files: a product asked about, or what the platform does not hand over.
func (m message) unsupported() core.Content {
	if m.Referral != nil && !m.withheld() {
		return core.Content{Kind: core.KindSystem, Text: "Asked about something shown at the platform."}
	}
	return unsupported(cmp.Or(string(m.UnsupportedType), "unknown"), "")
}

// unsupported is what is shown in the place of a message that cannot be shown.
func unsupported(kind, detail string) core.Content {
	why := "Meta does not hand over messages of this kind. It can be read in the app."
	if kind == "ephemeral" {
		why = "It can be seen once, and only in the app."
	}
	return core.Content{Kind: core.KindUnsupported, Unsupported: &core.Unsupported{Type: kind, Detail: strings.TrimSpace(why + " " + detail)}}
}

func linkOnly(link Text) string {
	if core.WebAddress(string(link)) {
		return string(direct(link))
	}
	return ""
}

// joined puts what is not empty on lines of its own.
func joined(all ...string) string {
	var some []string
	for _, s := range all {
		if s != "" {
			some = append(some, s)
		}
	}
	return strings.Join(some, "\n")
}
