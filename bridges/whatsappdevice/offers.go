package whatsappdevice

import (
	"cmp"
	"encoding/json"
	"strings"

	"go.mau.fi/whatsmeow/proto/waE2E"
)

// sayOffer reads what businesses offer to pick from: what is there to read, what there is to pick, and the file above it.
func sayOffer(m *waE2E.Message) (said, bool) {
	var s said
	switch {
	case m.GetTemplateMessage() != nil:
		s = templateText(m.GetTemplateMessage())
	case m.GetButtonsMessage() != nil:
		b := m.GetButtonsMessage()
		all := []string{b.GetText(), b.GetContentText(), b.GetFooterText()}
		for _, o := range b.GetButtons() {
			all = append(all, "- "+o.GetButtonText().GetDisplayText())
		}
		s = headed(text(lines(all...), b.GetContextInfo()), b)
	case m.GetListMessage() != nil:
		s = listText(m.GetListMessage())
	case m.GetInteractiveMessage() != nil:
		i := m.GetInteractiveMessage()
		s = headed(text(lines(interactive(i)...), i.GetContextInfo()), i.GetHeader())
	}
	return s, s.Text != "" || s.Media != nil
}

// header is what may have a file.
type header interface {
	GetImageMessage() *waE2E.ImageMessage
	GetVideoMessage() *waE2E.VideoMessage
	GetDocumentMessage() *waE2E.DocumentMessage
}

// headed puts words below the file of their header, if it has one.
func headed(s said, h header) said {
	file, ok := sayFile(&waE2E.Message{ImageMessage: h.GetImageMessage(), VideoMessage: h.GetVideoMessage(), DocumentMessage: h.GetDocumentMessage()})
	if !ok || file.nowhere() {
		return s
	}
	s.Kind, s.Media = file.Kind, file.Media
	return s
}

func listText(l *waE2E.ListMessage) said {
	all := []string{l.GetTitle(), l.GetDescription()}
	for _, section := range l.GetSections() {
		all = append(all, section.GetTitle())
		for _, row := range section.GetRows() {
			all = append(all, "- "+row.GetTitle())
		}
	}
	return text(lines(append(all, l.GetFooterText())...), l.GetContextInfo())
}

func templateText(t *waE2E.TemplateMessage) said {
	h := t.GetHydratedTemplate()
	if h == nil {
		h = t.GetHydratedFourRowTemplate()
	}
	all := []string{h.GetHydratedTitleText(), h.GetHydratedContentText(), h.GetHydratedFooterText()}
	for _, b := range h.GetHydratedButtons() {
		all = append(all, "- "+cmp.Or(b.GetQuickReplyButton().GetDisplayText(), b.GetUrlButton().GetDisplayText(), b.GetCallButton().GetDisplayText()))
	}
	newer := t.GetInteractiveMessageTemplate()
	s := text(lines(append(all, interactive(newer)...)...), t.GetContextInfo())
	return headed(headed(s, newer.GetHeader()), h)
}

// interactive is what stands in an offer of the newer kind, and in the cards that hang on it.
func interactive(i *waE2E.InteractiveMessage) []string {
	all := []string{i.GetHeader().GetTitle(), i.GetHeader().GetSubtitle(), i.GetBody().GetText(), i.GetFooter().GetText()}
	for _, b := range i.GetNativeFlowMessage().GetButtons() {
		all = append(all, "- "+buttonText(b.GetButtonParamsJSON()))
	}
	for _, card := range i.GetCarouselMessage().GetCards() {
		all = append(all, interactive(card)...)
	}
	return all
}

// buttonText is what stands on a button of the newer kind, and where it leads.
func buttonText(params string) string {
	var p struct {
		Text  string `json:"display_text"`
		Title string `json:"title"`
		URL   string `json:"url"`
	}
	if json.Unmarshal([]byte(params), &p) != nil {
		return ""
	}
	return strings.TrimSpace(cmp.Or(p.Text, p.Title) + " " + p.URL)
}
