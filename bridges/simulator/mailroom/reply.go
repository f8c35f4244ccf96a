package mailroom

import (
	"context"
	"errors"
	"fmt"
	"html"
	"slices"
	"strings"

	"github.com/emersion/go-message/mail"
)

// Client is the mail program whose habits an answer follows.
type Client string

// The programs. The zero value is Gmail.
const (
	Gmail       Client = "gmail"
	Outlook     Client = "outlook"
	Apple       Client = "apple"
	Thunderbird Client = "thunderbird"
	PlainText   Client = "plain" // text only, as mutt writes
)

// ReplyOptions change how an answer is written. The zero value is Gmail's.
type ReplyOptions struct {
	Client    Client
	Files     []File
	Signature string
	NoQuote   bool
	Below     bool        // the answer stands under the quote
	From      Address     // default: the mailbox
	To        []Address   // default: Reply-To, else From, of the mail
	Headers   [][2]string // further ones
	Sender    *string     // MAIL FROM; default the address of From
	Forget    bool        // neither In-Reply-To nor References
}

// Reply answers a mail as a mail program does and hands it to the gateway.
func (b *Mailbox) Reply(ctx context.Context, m Mail, text string, o ReplyOptions) (Mail, error) {
	o = b.addressed(m, o)
	raw, err := b.Compose(m, text, o)
	if err != nil {
		return Mail{}, fmt.Errorf("write an answer: %w", err)
	}
	return b.send(ctx, o, o.To, raw)
}

// addressed fills in whom an answer is from and to.
func (b *Mailbox) addressed(m Mail, o ReplyOptions) ReplyOptions {
	if len(o.To) == 0 {
		o.To = m.ReplyTo
	}
	if len(o.To) == 0 {
		o.To = m.From
	}
	if o.From.Address == "" {
		o.From = Address{b.Name(), b.address}
	}
	return o
}

func (b *Mailbox) send(ctx context.Context, o ReplyOptions, to []Address, raw []byte) (Mail, error) {
	sender := o.From.Address
	if o.Sender != nil {
		sender = *o.Sender
	}
	var recipients []string
	for _, a := range to {
		recipients = append(recipients, a.Address)
	}
	if err := b.room.SendRaw(ctx, sender, recipients, raw); err != nil {
		return Mail{}, err
	}
	sent := Parse(raw)
	sent.Outgoing, sent.Seen, sent.Sender, sent.Recipient = true, true, sender, recipients[0]
	return b.room.put(b.address, sent), nil
}

// Compose writes an answer as Reply does, and keeps it.
func (b *Mailbox) Compose(m Mail, text string, o ReplyOptions) ([]byte, error) {
	o = b.addressed(m, o)
	if len(o.To) == 0 {
		return nil, errors.New("the mail does not say whom to answer")
	}
	h := b.header(m, o.To, o)
	plain := arrange(text+signature(o, "\n\n-- \n"), quoteText(m, o), o)
	rich := ""
	if o.Client != PlainText {
		rich = page(arrange(paragraphs(text+signature(o, "\n\n-- \n")), quoteHTML(m, o), o))
	}
	return write(h, plain, rich, o.Files)
}

func (b *Mailbox) header(m Mail, to []Address, o ReplyOptions) mail.Header {
	var h mail.Header
	for _, f := range slices.Backward(o.Headers) {
		h.Set(f[0], f[1])
	}
	h.SetDate(b.room.opts.Now())
	h.SetAddressList("From", []*mail.Address{{Name: o.From.Name, Address: o.From.Address}})
	var list []*mail.Address
	for _, a := range to {
		list = append(list, &mail.Address{Name: a.Name, Address: a.Address})
	}
	h.SetAddressList("To", list)
	h.SetSubject(resubject(m.Subject))
	h.SetMessageID(newMessageID(o.From.Address))
	if !o.Forget && m.MessageID != "" {
		h.SetMsgIDList("In-Reply-To", []string{m.MessageID})
		h.SetMsgIDList("References", append(slices.Clone(m.References), m.MessageID))
	}
	h.Set("Mime-Version", "1.0")
	return h
}

func resubject(s string) string {
	if len(s) >= 3 && strings.EqualFold(s[:3], "re:") {
		return s
	}
	return "Re: " + s
}

func signature(o ReplyOptions, mark string) string {
	if o.Signature == "" {
		return ""
	}
	return mark + o.Signature
}

func arrange(answer, quote string, o ReplyOptions) string {
	switch {
	case quote == "":
		return answer
	case o.Below:
		return quote + "\n" + answer
	}
	return answer + "\n\n" + quote
}

// attribution is the line, or lines, over a quote.
func attribution(m Mail, o ReplyOptions) string {
	from := Address{}
	if len(m.From) > 0 {
		from = m.From[0]
	}
	name := from.Name
	if name == "" {
		name = from.Address
	}
	if m.Date.IsZero() { // programs show when it came instead
		m.Date = m.At
	}
	switch o.Client {
	case Outlook:
		return fmt.Sprintf("________________________________\nFrom: %s\nSent: %s\nTo: %s\nSubject: %s\n",
			from, m.Date.Format("Monday, January 2, 2006 3:04 PM"), m.Recipient, m.Subject)
	case Apple:
		return fmt.Sprintf("On %s, %s <%s> wrote:", m.Date.Format("2. Jan 2006, at 15:04"), name, from.Address)
	case Thunderbird:
		return fmt.Sprintf("On %s, %s wrote:", m.Date.Format("02.01.06 15:04"), name)
	case Gmail, PlainText: // as below
	}
	return fmt.Sprintf("On %s %s <%s> wrote:", m.Date.Format("Mon, Jan 2, 2006 at 3:04 PM"), name, from.Address)
}

func quoteText(m Mail, o ReplyOptions) string {
	if o.NoQuote {
		return ""
	}
	body := strings.TrimRight(m.Text, "\n")
	if o.Client == Outlook { // it marks no lines
		return attribution(m, o) + "\n" + body + "\n"
	}
	return attribution(m, o) + "\n\n> " + strings.ReplaceAll(body, "\n", "\n> ") + "\n"
}

func quoteHTML(m Mail, o ReplyOptions) string {
	if o.NoQuote {
		return ""
	}
	body := inner(m.HTML)
	if body == "" {
		body = paragraphs(m.Text)
	}
	head := strings.ReplaceAll(html.EscapeString(attribution(m, o)), "\n", "<br>")
	switch o.Client {
	case Outlook:
		return `<hr style="display:inline-block;width:98%"><div id="divRplyFwdMsg" dir="ltr">` + head + `</div><div>` + body + `</div>`
	case Apple:
		return `<div><br><blockquote type="cite"><div>` + head + `</div><br><div>` + body + `</div></blockquote></div>`
	case Thunderbird:
		return `<div class="moz-cite-prefix">` + head + `</div><blockquote type="cite" cite="mid:` +
			html.EscapeString(m.MessageID) + `">` + body + `</blockquote>`
	case Gmail, PlainText: // as below
	}
	return `<br><div class="gmail_quote gmail_quote_container"><div dir="ltr" class="gmail_attr">` + head +
		`<br></div><blockquote class="gmail_quote" style="margin:0px 0px 0px 0.8ex;border-left:1px solid rgb(204,204,204);padding-left:1ex">` +
		body + `</blockquote></div>`
}

// inner is what stands between the body tags.
func inner(s string) string {
	low := strings.ToLower(s)
	if i := strings.Index(low, "<body"); i >= 0 {
		if j := strings.IndexByte(s[i:], '>'); j >= 0 {
			s, low = s[i+j+1:], low[i+j+1:]
		}
	}
	if i := strings.LastIndex(low, "</body"); i >= 0 {
		s = s[:i]
	}
	return strings.TrimSpace(s)
}

func paragraphs(text string) string {
	var out strings.Builder
	for line := range strings.SplitSeq(text, "\n") {
		if line == "" {
			line = "<br>"
		} else {
			line = html.EscapeString(line)
		}
		out.WriteString(`<div dir="auto">` + line + "</div>")
	}
	return out.String()
}

func page(body string) string {
	return `<html><head><meta http-equiv="Content-Type" content="text/html; charset=utf-8"></head><body>` + body + `</body></html>`
}
