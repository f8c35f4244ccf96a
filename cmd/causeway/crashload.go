package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"mime"
	"mime/multipart"
	"net/http"
	"net/smtp"
	"net/textproto"
	"strconv"
	"strings"
	"sync"
	"time"

	"causeway/bridges/simulator"
	"causeway/bridges/simulator/mailroom"
	"causeway/core"
)

// storm is a load on a rig, from everybody who calls the gateway: customers, the owner's phone, agents by mail, programs by the API, and a flood of
// further webhooks on connections of their own. Each repeats what was not acknowledged, as a platform, a mail server or a program does; but for
// the flood, which forgets it.
type storm struct {
	*rig
	ledger    *ledger
	seed      uint64
	customers []*regular
	floods    int
	pace      time.Duration // of agents' answers, at most
	key       string        // of the API
	all       sync.WaitGroup
}

// regular is a customer with whom agents and programs talk.
type regular struct {
	*simulator.Customer
	lane         int
	conversation core.ConversationID
	first        mailroom.Mail // Lena's mail of the first message, which her answers answer
}

const (
	stormAgent  = "lena@example.com"
	mostAnswers = 55          // of an agent in a conversation
	helloTime   = time.Minute // for what is there before the first kill
)

// chance is a source of its own for each party, so that a seed tells each one's acts whatever the others do.
func (s *storm) chance(party int) *rand.Rand {
	return rand.New(rand.NewPCG(s.seed, uint64(party))) //nolint:gosec // chance, not secrecy; not negative
}

// greet has every customer write once, so that there are conversations for agents and programs.
func (s *storm) greet(ctx context.Context, customers int) error {
	ctx, cancel := context.WithTimeout(ctx, helloTime)
	defer cancel()
	for i := range customers {
		s.customers = append(s.customers, &regular{Customer: s.sim.Customer(fmt.Sprintf("49151%08d", i), fmt.Sprintf("Customer %02d", i)), lane: i})
	}
	hello := make([]string, customers)
	for i, c := range s.customers {
		hello[i] = c.Say(s.ledger.begin(kindSaid, i) + " good morning")
	}
	if err := s.sim.AwaitQuiet(ctx); err != nil {
		return err
	}
	for i, c := range s.customers {
		var err error
		if c.conversation, err = s.conversationOf(ctx, hello[i]); err != nil {
			return fmt.Errorf("conversation of customer %d: %w", i, err)
		}
		m, _ := c.Message(hello[i])
		if c.first, err = s.room.Mailbox(stormAgent).Await(ctx, contains(m.Text)); err != nil {
			return fmt.Errorf("mail about customer %d: %w", i, err)
		}
	}
	return nil
}

// rage puts the load on until ctx is done, and waits until everybody has said what they began to say or given it up.
func (s *storm) rage(ctx context.Context) {
	for i, c := range s.customers {
		for j, party := range []func(context.Context, *rand.Rand, *regular){s.talk, s.answerByMail, s.sendByAPI} {
			s.all.Go(func() { party(ctx, s.chance(10+3*i+j), c) })
		}
	}
	for i := range s.floods {
		s.all.Go(func() { s.flood(ctx, s.chance(100_000+i), i) })
	}
	s.all.Go(func() { s.trouble(ctx, s.chance(1)) })
}

// pause waits for up to most; false means that it is over.
func pause(ctx context.Context, chance *rand.Rand, most time.Duration) bool {
	return until(ctx, time.Now().Add(time.Duration(chance.Int64N(int64(most)))))
}

// again repeats f until it has worked. False: it is over before.
func again(ctx context.Context, f func() bool) bool {
	for ctx.Err() == nil {
		if f() {
			return true
		}
		if !until(ctx, time.Now().Add(50*time.Millisecond)) {
			return false
		}
	}
	return false
}

// talk is a customer who writes, and goes on when the second tick is there; now and then the owner writes from the phone.
func (s *storm) talk(ctx context.Context, chance *rand.Rand, c *regular) {
	for pause(ctx, chance, 600*time.Millisecond) {
		id := ""
		switch chance.IntN(12) {
		case 0:
			id = c.SendImage("p.png", stockPicture(chance.IntN(12)), "image/png", s.ledger.begin(kindPicture, c.lane))
		case 1:
			s.sim.Business().Phone().Type(c.Customer, s.ledger.begin(kindPhone, c.lane)+" from my phone")
			continue
		default:
			id = c.Say(s.ledger.begin(kindSaid, c.lane) + " is it there?")
		}
		again(ctx, func() bool { m, _ := c.Message(id); return m.Tick == simulator.Delivered || m.Tick == simulator.Read })
	}
}

// answerByMail is an agent's mail program with the server behind it, which repeats a mail until it is taken.
func (s *storm) answerByMail(ctx context.Context, chance *rand.Rand, c *regular) {
	for range mostAnswers {
		if !pause(ctx, chance, s.pace) {
			return
		}
		token := s.ledger.begin(kindMail, c.lane)
		raw, to := letterOf(token, c.first, chance.IntN(6) == 0), c.first.ReplyTo[0].Address
		if again(ctx, func() bool { return s.handOver(to, raw) == nil }) {
			s.ledger.acknowledge(token)
		}
	}
}

// letterOf writes an agent's answer, with a picture or without.
func letterOf(token string, to mailroom.Mail, picture bool) []byte {
	var b, parts bytes.Buffer
	fmt.Fprintf(&b, "From: Lena Brandt <%s>\r\nTo: <%s>\r\nSubject: Re: %s\r\nMessage-ID: <%s@example.com>\r\nIn-Reply-To: <%s>\r\nReferences: <%s>\r\nDate: %s\r\nMIME-Version: 1.0\r\n",
		stormAgent, to.ReplyTo[0].Address, mime.QEncoding.Encode("utf-8", to.Subject), token, to.MessageID, to.MessageID, time.Now().Format(time.RFC1123Z))
	if !picture {
		fmt.Fprintf(&b, "Content-Type: text/plain; charset=utf-8\r\n\r\n%s from the agent\r\n", token)
		return b.Bytes()
	}
	w := multipart.NewWriter(&parts) // a buffer takes everything
	text, _ := w.CreatePart(textproto.MIMEHeader{"Content-Type": {"text/plain; charset=utf-8"}})
	fmt.Fprintf(text, "%s from the agent\r\n", token)
	file, _ := w.CreatePart(textproto.MIMEHeader{"Content-Type": {"image/png"}, "Content-Disposition": {`attachment; filename="p.png"`}})
	_, _ = file.Write(stockPicture(len(token)))
	_ = w.Close()
	fmt.Fprintf(&b, "Content-Type: multipart/mixed; boundary=%q\r\n\r\n", w.Boundary())
	return append(b.Bytes(), parts.Bytes()...)
}

// handOver is an SMTP client that believes the answer to its data, whatever comes after.
func (s *storm) handOver(to string, raw []byte) error {
	address := strings.TrimPrefix(envOf(s.env, "CAUSEWAY_SMTP_LISTEN"), "CAUSEWAY_SMTP_LISTEN=")
	c, err := smtp.Dial(address)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }()
	if err := c.Mail(stormAgent); err != nil {
		return err
	}
	if err := c.Rcpt(to); err != nil {
		return err
	}
	w, err := c.Data()
	if err != nil {
		return err
	}
	if _, err := w.Write(raw); err != nil {
		return err
	}
	return w.Close()
}

func envOf(env []string, name string) string {
	for _, e := range env {
		if strings.HasPrefix(e, name+"=") {
			return e
		}
	}
	return ""
}

// sendByAPI is a program that repeats a request under its key until it is answered 201.
func (s *storm) sendByAPI(ctx context.Context, chance *rand.Rand, c *regular) {
	for pause(ctx, chance, 2*time.Second) {
		token := s.ledger.begin(kindAPI, c.lane)
		text, _ := json.Marshal(map[string]any{"contents": []any{map[string]any{"kind": "text", "text": token + " from the program"}}})
		if again(ctx, func() bool { return s.request(ctx, c.conversation, token, text) }) {
			s.ledger.acknowledge(token)
		}
	}
}

// request reports whether the API took a message. What it refuses for good is trouble.
func (s *storm) request(ctx context.Context, id core.ConversationID, token string, body []byte) bool {
	q, err := http.NewRequestWithContext(ctx, http.MethodPost, s.public()+"/api/v1/conversations/"+string(id)+"/messages", bytes.NewReader(body))
	if err != nil {
		return false
	}
	q.Header.Set("Authorization", "Bearer "+s.key)
	q.Header.Set("Content-Type", "application/json")
	q.Header.Set("Idempotency-Key", token)
	a, err := http.DefaultClient.Do(q)
	if err != nil {
		return false
	}
	defer func() { _ = a.Body.Close() }()
	said, _ := io.ReadAll(io.LimitReader(a.Body, 2000))
	if a.StatusCode/100 == 4 && a.StatusCode != http.StatusTooManyRequests {
		s.ledger.complain("the API answered %d to %s: %s", a.StatusCode, token, said)
	}
	return a.StatusCode == http.StatusCreated
}

// flood is a connection of the platform for customers to whom nobody answers. Some webhooks come twice, one after the other or at once.
func (s *storm) flood(ctx context.Context, chance *rand.Rand, lane int) {
	a := s.sim.Business().Account()
	for pause(ctx, chance, 160*time.Millisecond) {
		token := s.ledger.begin(kindFlood, lane)
		from := strconv.FormatInt(4_917_000_000_000+int64(lane)*1000+chance.Int64N(30), 10)
		body := webhookBody(a.PhoneNumberID, a.WABA, token, from, token+" of many", time.Now().Unix())
		times := 1
		if chance.IntN(10) == 0 {
			times = 2
		}
		var both sync.WaitGroup
		for range times {
			both.Go(func() {
				if status, err := s.sim.Business().PostRaw(ctx, body); err == nil && status == http.StatusOK {
					s.ledger.acknowledge(token)
				}
			})
		}
		both.Wait()
	}
}

// trouble is what the platform does wrong: answers that get lost after a message was sent, and webhooks that come twice.
func (s *storm) trouble(ctx context.Context, chance *rand.Rand) {
	for pause(ctx, chance, 4*time.Second) {
		s.sim.Inject(simulator.Fault{Kind: simulator.FaultCut, Times: 1, SendsOnly: true})
		s.sim.Inject(simulator.Fault{Kind: simulator.FaultDuplicate, Times: 1 + chance.IntN(5)})
	}
}
