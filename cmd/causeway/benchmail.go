package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"causeway/bridges/simulator"
	"causeway/bridges/simulator/mailroom"

	"github.com/spf13/cobra"
)

func benchMailCommand() *cobra.Command {
	c := &cobra.Command{Use: "mail", Short: "Measure how long a message takes to the agent's mailbox, and the answer to the customer's phone", Args: cobra.NoArgs, RunE: benchMail,
		Long: "Start a gateway whose WhatsApp platform and mail server are simulated. Customers write at a steady rate; then the agent answers as many mails at the\n" +
			"same rate. Printed are the times from the customer's writing until the relay has the mail, and from the gateway's taking the answer until the\n" +
			"platform was called with it."}
	databaseFlag(c)
	c.Flags().Int("messages", 2000, "how many messages, and answers to them")
	c.Flags().Int("customers", 200, "how many customers write")
	c.Flags().Float64("rate", 100, "messages a second")
	return c
}

const (
	postAgent    = "agent@example.com"
	postBusiness = `agents:
  - {name: Agent, addresses: [` + postAgent + `]}
forwards:
  - {name: all, to: [Agent]}
channels:
`
)

func benchMail(cmd *cobra.Command, _ []string) error {
	t := newTable(cmd.OutOrStdout(), "DATABASE", "WAY", "MESSAGES", "P50 ms", "P99 ms", "MAX ms")
	return onServers(cmd, t, func(server string) error {
		return onTestbed(cmd.Context(), server, func(b testbed) error { return benchMailOn(cmd, b, t) })
	})
}

// post is a world in which messages become mails, and answers to them messages.
type post struct {
	*world
	messages  int
	rate      float64
	customers []*simulator.Customer
}

func benchMailOn(cmd *cobra.Command, b testbed, t table) (err error) {
	var p post
	p.messages, _ = cmd.Flags().GetInt("messages")
	p.rate, _ = cmd.Flags().GetFloat64("rate")
	customers, _ := cmd.Flags().GetInt("customers")
	number := simulator.DefaultAccount()
	if p.world, err = newWorld(cmd.Context(), worldOptions{Dir: b.dir, Database: b.database, Sim: simulator.Options{Businesses: []simulator.Account{number}},
		Business: postBusiness + rushChannel("busy", number, 1000)}); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	for i := range customers {
		p.customers = append(p.customers, p.sim.Businesses()[0].Customer(fmt.Sprint(491510000000+i), fmt.Sprint("Customer ", i)))
	}
	mails, in, err := p.inward(cmd.Context())
	if err != nil {
		return err
	}
	out, err := p.outward(cmd.Context(), mails)
	for _, way := range []struct {
		name string
		took []time.Duration
	}{{"message to mail", in}, {"answer to call", out}} {
		slices.Sort(way.took)
		t.row(b.kind(), way.name, fmt.Sprint(len(way.took)), millis(quantile(way.took, 0.5)), millis(quantile(way.took, 0.99)), millis(quantile(way.took, 1)))
	}
	return err
}

// inward has the customers write, and returns each customer's last mail and how long the mails took.
func (p *post) inward(ctx context.Context) (map[string]mailroom.Mail, []time.Duration, error) {
	said := map[string]time.Time{}
	began := time.Now()
	for n := range p.messages {
		if !paced(ctx, began, int64(n), p.rate) {
			return nil, nil, ctx.Err()
		}
		text := fmt.Sprintf("message-%06d.", n)
		said[text] = time.Now()
		p.customers[n%len(p.customers)].Say(text)
	}
	ctx, cancel := context.WithTimeout(ctx, stepTime)
	defer cancel()
	if err := p.sim.AwaitQuiet(ctx); err != nil {
		return nil, nil, err
	}
	last := map[string]mailroom.Mail{}
	var took []time.Duration
	for { // one mail may hold several messages
		for _, m := range p.room.Mailbox(postAgent).Received() {
			for text, at := range said {
				if strings.Contains(m.Text, text) {
					took = append(took, m.At.Sub(at))
					last[m.ReplyTo[0].Address] = m
					delete(said, text)
				}
			}
		}
		if len(said) == 0 {
			return last, took, nil
		}
		if !until(ctx, time.Now().Add(100*time.Millisecond)) {
			return nil, nil, fmt.Errorf("%d messages became no mail: %w", len(said), ctx.Err())
		}
	}
}

// outward has the agent answer the mails, one after the other and again, and returns how long the answers took.
func (p *post) outward(ctx context.Context, mails map[string]mailroom.Mail) ([]time.Duration, error) {
	var (
		all    sync.WaitGroup
		mu     sync.Mutex
		taken  = map[string]time.Time{}
		failed error
		first  []mailroom.Mail
	)
	for _, m := range mails {
		first = append(first, m)
	}
	began := time.Now()
	for n := range p.messages {
		if !paced(ctx, began, int64(n), p.rate) {
			return nil, ctx.Err()
		}
		all.Go(func() {
			text := fmt.Sprintf("answer-%06d.", n)
			_, err := p.room.Mailbox(postAgent).Reply(ctx, first[n%len(first)], text, mailroom.ReplyOptions{Client: mailroom.Gmail})
			mu.Lock()
			defer mu.Unlock()
			taken[text] = time.Now()
			failed = errors.Join(failed, err)
		})
	}
	all.Wait()
	if failed != nil {
		return nil, failed
	}
	return p.arrived(ctx, taken)
}

// arrived waits until the phones show all answers.
func (p *post) arrived(ctx context.Context, taken map[string]time.Time) (took []time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, stepTime)
	defer cancel()
	for {
		for _, c := range p.customers {
			for _, m := range c.Received() {
				if at, waits := taken[m.Text]; waits {
					took = append(took, max(m.At.Sub(at), 0)) // the answer of the door may come after the call
					delete(taken, m.Text)
				}
			}
		}
		if len(taken) == 0 {
			return took, nil
		}
		if !until(ctx, time.Now().Add(100*time.Millisecond)) {
			return took, fmt.Errorf("%d answers did not arrive: %w", len(taken), ctx.Err())
		}
	}
}
