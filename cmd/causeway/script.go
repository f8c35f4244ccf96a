package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"io"
	"regexp"
	"strings"
	"time"

	"causeway/bridges/simulator"
	"causeway/bridges/simulator/mailroom"
	"causeway/core"
)

// stepTime is how long a step of the script may take, on a machine that has other things to do.
const stepTime = time.Minute

// play is the demo's whole conversation with a check at each step.
func (w *world) play(ctx context.Context, out io.Writer) error {
	p := &player{world: w, out: out, grace: w.sim.Customer("447700900123", "Grace Miller"), mona: w.sim.Customer("966501234567", "منى حداد"),
		lena: w.room.Mailbox("lena@example.com"), omar: w.room.Mailbox("omar@example.com")}
	began := time.Now()
	for _, step := range []struct {
		what string
		do   func(context.Context) error
	}{
		{"Grace writes on WhatsApp, and both agents get a mail", p.arrives},
		{"Lena answers the mail, and Grace reads the answer on her phone", p.answered},
		{"the answer gets its ticks: sent, delivered, read", p.ticks},
		{"Grace sends a picture, and it is attached to the mail", p.picture},
		{"Omar answers with a file, and Grace's phone shows it", p.file},
		{"the owner types on the phone and changes it: the agents see it, Grace gets it once, the ledger has one message", p.coexists},
		{"Mona writes in Arabic, and her mail is set from right to left", p.arabic},
		{"the same webhook again changes nothing", p.again},
		{"25 hours later Lena's answer is refused, with the templates she can send", p.refused},
		{"Lena answers that mail with a template, and it reaches Grace", p.template},
		{"Grace writes back, and Lena may answer freely again", p.reopened},
		{"an out-of-office answer, a bounce and a forged answer reach nobody", p.odd},
		{"nobody got anything twice", p.twice},
	} {
		if err := p.step(ctx, step.do); err != nil {
			fmt.Fprintf(out, "✗ %s\n", step.what)
			return fmt.Errorf("%s: %w", step.what, err)
		}
		fmt.Fprintf(out, "✓ %s\n", step.what)
	}
	fmt.Fprintf(out, "all of it works, in %.1f seconds\n", time.Since(began).Seconds())
	return nil
}

// player plays the script.
type player struct {
	*world
	out         io.Writer
	grace, mona *simulator.Customer
	lena, omar  *mailroom.Mailbox
	first       mailroom.Mail // Lena's mail of the first message
	answer      simulator.ChatMessage
	refusal     mailroom.Mail
}

func (p *player) step(ctx context.Context, do func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, stepTime)
	defer cancel()
	return do(ctx)
}

func (p *player) arrives(ctx context.Context) error {
	const text = "Hello, is the blue bicycle still there?"
	p.grace.Say(text)
	var err error
	if p.first, err = p.lena.Await(ctx, contains(text)); err != nil {
		return err
	}
	if _, err = p.omar.Await(ctx, contains(text)); err != nil {
		return err
	}
	return check(strings.Contains(p.first.From[0].Name, "Grace Miller"), "the mail is from %q", p.first.From[0].Name)
}

func (p *player) answered(ctx context.Context) error {
	const text = "Hello Grace, it is. Would you like to try it on Saturday?"
	if _, err := p.lena.Reply(ctx, p.first, text, mailroom.ReplyOptions{Client: mailroom.Outlook, Signature: "Lena Brandt\nThe Bicycle Shop"}); err != nil {
		return err
	}
	var err error
	if p.answer, err = p.grace.Await(ctx, theirs); err != nil {
		return err
	}
	return check(p.answer.Text == text, "the phone shows %q", p.answer.Text)
}

func (p *player) ticks(ctx context.Context) error {
	if _, err := p.grace.Await(ctx, func(m simulator.ChatMessage) bool { return m.ID == p.answer.ID && m.Tick == simulator.Delivered }); err != nil {
		return err
	}
	p.grace.Read()
	return p.await(ctx, func() (bool, error) {
		m, err := p.message(ctx, p.answer.ID)
		return m.Status == core.StatusRead, err
	})
}

// message finds one by the provider's id.
func (p *player) message(ctx context.Context, provider string) (core.Message, error) {
	all, err := p.store.AllChannels(ctx)
	if err != nil {
		return core.Message{}, err
	}
	repo := p.store.In(all[0].Workspace)
	part, err := repo.PartByProvider(ctx, all[0].ID, provider)
	if err != nil {
		return core.Message{}, err
	}
	return repo.Message(ctx, part.Message)
}

// await looks until something is so.
func (p *player) await(ctx context.Context, so func() (bool, error)) error {
	for {
		if ok, err := so(); ok {
			return nil
		} else if err != nil && !errors.Is(err, core.ErrNotFound) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (p *player) picture(ctx context.Context) error {
	data := stockPicture(0)
	p.grace.SendImage("bike.png", data, "image/png", "this one")
	m, err := p.lena.Await(ctx, contains("this one"))
	if err != nil {
		return err
	}
	for _, f := range m.Files {
		if string(f.Data) == string(data) {
			return nil
		}
	}
	return fmt.Errorf("of the mail's %s none is the picture", count(len(m.Files), "file"))
}

func (p *player) file(ctx context.Context) error {
	m, err := p.omar.Await(ctx, contains("this one"))
	if err != nil {
		return err
	}
	invoice := mailroom.File{Name: "offer.pdf", MIME: "application/pdf", Data: []byte("%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n")}
	if _, err := p.omar.Reply(ctx, m, "Here is our offer.", mailroom.ReplyOptions{Files: []mailroom.File{invoice}}); err != nil {
		return err
	}
	_, err = p.grace.Await(ctx, func(m simulator.ChatMessage) bool {
		return theirs(m) && m.Media != nil && string(m.Media.Data) == string(invoice.Data)
	})
	return err
}

func (p *player) coexists(ctx context.Context) error {
	const text = "I put it aside for you (from my phone)"
	before := len(p.grace.Received())
	typed := p.sim.Business().Phone().Type(p.grace, text)
	if _, err := p.lena.Await(ctx, contains(text)); err != nil {
		return err
	}
	if err := check(len(p.grace.Received()) == before+1, "Grace got %d messages instead of one", len(p.grace.Received())-before); err != nil {
		return err
	}
	const changed = "I put it aside for you until Saturday (from my phone)"
	p.sim.Business().Phone().Edit(p.grace, typed, changed)
	var err error
	if p.first, err = p.lena.Await(ctx, contains(changed)); err != nil { // who answers an older mail is asked whether the owner's answer will do
		return err
	}
	return p.await(ctx, func() (bool, error) {
		m, err := p.message(ctx, typed)
		return m.Author.Kind == core.AuthorPhone && m.Content.Text == changed, err
	})
}

func (p *player) arabic(ctx context.Context) error {
	const text = "مرحبا، هل الدراجة متوفرة؟"
	p.mona.Say(text)
	m, err := p.omar.Await(ctx, contains(text))
	if err != nil {
		return err
	}
	return check(strings.Contains(m.HTML, `dir="rtl"`), "the HTML of the mail does not say its direction")
}

func (p *player) again(ctx context.Context) error {
	mails := len(p.lena.Received())
	var body []byte
	for _, h := range p.sim.Webhooks() {
		if strings.Contains(string(h.Body), "blue bicycle") {
			body = h.Body
		}
	}
	if status, err := p.sim.Business().PostRaw(ctx, body); err != nil || status != 200 {
		return fmt.Errorf("answered %d: %w", status, err)
	}
	if err := p.quiet(ctx); err != nil {
		return err
	}
	return check(len(p.lena.Received()) == mails, "Lena got another mail")
}

// quiet waits until no webhook is under way and no job waits.
func (p *player) quiet(ctx context.Context) error {
	if err := p.sim.AwaitQuiet(ctx); err != nil {
		return err
	}
	return p.await(ctx, func() (bool, error) {
		n, err := p.queue.Waiting(ctx)
		return n == 0, err
	})
}

func (p *player) refused(ctx context.Context) error {
	before := len(p.grace.Received())
	p.jump(25 * time.Hour) //nolint:contextcheck // what is moved is moved whole
	if _, err := p.lena.Reply(ctx, p.first, "Shall I keep it for you?", mailroom.ReplyOptions{Client: mailroom.Apple}); err != nil {
		return err
	}
	var err error
	if p.refusal, err = p.lena.Await(ctx, contains("#template")); err != nil {
		return err
	}
	if err := check(strings.Contains(p.refusal.Text, "Shall I keep it for you?"), "the mail does not give her words back"); err != nil {
		return err
	}
	return check(len(p.grace.Received()) == before, "it reached Grace all the same")
}

func (p *player) template(ctx context.Context) error {
	number := regexp.MustCompile(`(\d+)\. we_are_back \(en`).FindStringSubmatch(p.refusal.Text)
	if number == nil {
		return errors.New("the mail does not list the template we_are_back")
	}
	if _, err := p.lena.Reply(ctx, p.refusal, "#template "+number[1]+" | Grace | the blue bicycle", mailroom.ReplyOptions{}); err != nil {
		return err
	}
	m, err := p.grace.Await(ctx, func(m simulator.ChatMessage) bool { return theirs(m) && m.Template != "" })
	if err != nil {
		return err
	}
	return check(strings.Contains(m.Text, "Hello Grace") && strings.Contains(m.Text, "the blue bicycle"), "the phone shows %q", m.Text)
}

func (p *player) reopened(ctx context.Context) error {
	p.grace.Say("Yes please, I will come on Sunday")
	m, err := p.lena.Await(ctx, contains("I will come on Sunday"))
	if err != nil {
		return err
	}
	if _, err := p.lena.Reply(ctx, m, "See you then!", mailroom.ReplyOptions{Client: mailroom.Thunderbird}); err != nil {
		return err
	}
	_, err = p.grace.Await(ctx, func(m simulator.ChatMessage) bool { return theirs(m) && m.Text == "See you then!" })
	return err
}

func (p *player) odd(ctx context.Context) error {
	before := len(p.grace.Received()) + len(p.mona.Received())
	p.lena.ReplyAllOdd(ctx, p.first)
	if err := p.quiet(ctx); err != nil {
		return err
	}
	return check(len(p.grace.Received())+len(p.mona.Received()) == before, "a customer got one of them")
}

func (p *player) twice(ctx context.Context) error {
	if err := p.quiet(ctx); err != nil {
		return err
	}
	if shown := p.sim.ShownTwice(); len(shown) > 0 {
		return fmt.Errorf("shown twice on a phone: %v", shown)
	}
	if mails := p.room.Twice(); len(mails) > 0 {
		return fmt.Errorf("mailed twice: %v", mails)
	}
	return nil
}

func check(ok bool, format string, args ...any) error {
	if ok {
		return nil
	}
	return fmt.Errorf(format, args...)
}

func contains(text string) func(mailroom.Mail) bool {
	return func(m mailroom.Mail) bool { return strings.Contains(m.Text, text) }
}

// theirs accepts what the business sent through the API.
func theirs(m simulator.ChatMessage) bool { return !m.Mine && !m.Phone }

// stockPicture is a small picture, another one for each n.
func stockPicture(n int) []byte {
	img := image.NewRGBA(image.Rect(0, 0, 8, 8))
	draw.Draw(img, img.Bounds(), image.NewUniform(color.RGBA{R: uint8(n * 20), G: 90, B: 160, A: 255}), image.Point{}, draw.Src) //nolint:gosec // a shade
	var b bytes.Buffer
	_ = png.Encode(&b, img) // a buffer takes everything
	return b.Bytes()
}
