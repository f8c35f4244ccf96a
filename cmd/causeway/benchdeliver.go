package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"causeway/bridges/simulator"
	"causeway/core"
	"causeway/core/outbound"

	"github.com/spf13/cobra"
)

func benchDeliverCommand() *cobra.Command {
	c := &cobra.Command{Use: "deliver", Short: "Measure how many messages a second one number sends, and whether another number waits for it", Args: cobra.NoArgs, RunE: benchDeliver,
		Long: "Start a gateway whose WhatsApp platform is simulated, with two numbers. In each of many conversations of the first, several messages are put into\n" +
			"the queue at once. Meanwhile the second number sends one now and then. Printed are the messages a second that reached the platform by the first,\n" +
			"how many a phone showed out of order, and how long those of the second number took from being composed to being there."}
	databaseFlag(c)
	c.Flags().Int("conversations", 200, "conversations of the busy number")
	c.Flags().Int("messages", 10, "messages in each of them")
	c.Flags().Float64("rate", 80, "messages a second that the busy number may send, at most 1000")
	c.Flags().String("workers", "", "conversations sent at the same time; default as in serve")
	return c
}

func benchDeliver(cmd *cobra.Command, _ []string) error {
	t := newTable(cmd.OutOrStdout(), "DATABASE", "CONVERSATIONS", "MESSAGES", "MAY SEND", "A SECOND", "OUT OF ORDER", "OTHER NUMBER P50 ms", "MAX ms")
	return onServers(cmd, t, func(server string) error {
		return onTestbed(cmd.Context(), server, func(b testbed) error { return benchDeliverOn(cmd, b, t) })
	})
}

// rush is many messages by one number, and a few by another.
type rush struct {
	*world
	conversations, messages int
	rate                    float64
	many, few               []*simulator.Customer
	took                    []time.Duration // of the few
}

func benchDeliverOn(cmd *cobra.Command, b testbed, t table) (err error) {
	var r rush
	r.conversations, _ = cmd.Flags().GetInt("conversations")
	r.messages, _ = cmd.Flags().GetInt("messages")
	r.rate, _ = cmd.Flags().GetFloat64("rate")
	workers, _ := cmd.Flags().GetString("workers")
	if err := r.open(cmd.Context(), b, workers); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.close()) }()
	perSecond, crossed, err := r.run(cmd.Context())
	if err != nil {
		return err
	}
	slices.Sort(r.took)
	t.row(b.kind(), fmt.Sprint(r.conversations), fmt.Sprint(r.conversations*r.messages), fmt.Sprint(r.rate), fmt.Sprintf("%.1f", perSecond), fmt.Sprint(crossed),
		millis(quantile(r.took, 0.5)), millis(quantile(r.took, 1)))
	return nil
}

// open starts the world, and has every customer write, so that all may be answered.
func (r *rush) open(ctx context.Context, b testbed, workers string) (err error) {
	busy, other := simulator.DefaultAccount(), simulator.DefaultAccount()
	other.PhoneNumberID, other.WABA, other.DisplayNumber = busy.PhoneNumberID+"9", busy.WABA+"9", "+1 555-078-3882"
	o := worldOptions{Dir: b.dir, Database: b.database, Sim: simulator.Options{Businesses: []simulator.Account{busy, other}},
		Business: "channels:\n" + rushChannel("busy", busy, r.rate) + rushChannel("other", other, 80), Flags: map[string]string{}}
	if workers != "" {
		o.Flags["workers"] = workers
	}
	if r.world, err = newWorld(ctx, o); err != nil {
		return err
	}
	numbers := r.sim.Businesses()
	for i := range r.conversations {
		r.many = append(r.many, numbers[0].Customer(fmt.Sprint(491510000000+i), fmt.Sprint("Customer ", i)))
	}
	for i := range 10 {
		r.few = append(r.few, numbers[1].Customer(fmt.Sprint(491520000000+i), fmt.Sprint("Other ", i)))
	}
	for _, c := range slices.Concat(r.many, r.few) {
		c.Say("Hello")
	}
	return r.sim.AwaitQuiet(ctx)
}

func rushChannel(name string, a simulator.Account, rate float64) string {
	return fmt.Sprintf("  - {name: %s, kind: whatsapp-cloud, settings: {phone_number_id: %q, business_account_id: %q, messages_per_second: \"%g\", "+
		"access_token: {env: TOKEN}, app_secret: {env: APP_SECRET}, api_base: {env: GRAPH}}}\n", name, a.PhoneNumberID, a.WABA, rate)
}

// run composes everything at once and waits until all phones show all of it.
func (r *rush) run(ctx context.Context) (perSecond float64, crossed int, err error) {
	conversations, err := r.conversationsBy(ctx)
	if err != nil {
		return 0, 0, err
	}
	probing, stop := context.WithCancel(ctx)
	defer stop()
	probed := make(chan error, 1)
	go func() { probed <- r.probe(probing, conversations) }()
	for _, c := range r.many {
		contents := make([]core.Content, r.messages)
		for i := range contents {
			contents[i] = core.Content{Kind: core.KindText, Text: fmt.Sprint(i)}
		}
		if err := r.compose(ctx, conversations[c.Phone()], contents...); err != nil {
			return 0, 0, err
		}
	}
	var times []time.Time
	for _, c := range r.many {
		shown, err := r.shown(ctx, c, r.messages)
		if err != nil {
			return 0, 0, err
		}
		for i, m := range shown {
			times = append(times, m.At)
			if m.Text != fmt.Sprint(i) {
				crossed++
			}
		}
	}
	stop()
	slices.SortFunc(times, time.Time.Compare)
	took := times[len(times)-1].Sub(times[0])
	return float64(len(times)-1) / took.Seconds(), crossed, <-probed
}

// conversationsBy finds the conversation of each phone.
func (r *rush) conversationsBy(ctx context.Context) (map[string]core.ConversationID, error) {
	all := map[string]core.ConversationID{}
	for _, c := range slices.Concat(r.many, r.few) {
		ids, err := r.repo().Identities(ctx, []core.IdentityKey{{Scheme: core.SchemePhone, Value: c.Phone()}})
		if err == nil && len(ids) == 0 {
			err = core.ErrNotFound
		}
		if err != nil {
			return nil, fmt.Errorf("customer %s: %w", c.Phone(), err)
		}
		conv, err := r.repo().OpenConversation(ctx, ids[0].Contact)
		if err != nil {
			return nil, fmt.Errorf("conversation of %s: %w", c.Phone(), err)
		}
		all[c.Phone()] = conv.ID
	}
	return all, nil
}

func (r *rush) compose(ctx context.Context, id core.ConversationID, contents ...core.Content) error {
	_, _, err := r.outbox.Compose(ctx, r.workspace, outbound.Request{Conversation: id, Author: core.Author{Kind: core.AuthorAPI, Name: "bench"}, Contents: contents})
	return err
}

// shown waits until a phone shows n messages.
func (r *rush) shown(ctx context.Context, c *simulator.Customer, n int) ([]simulator.ChatMessage, error) {
	for {
		if got := c.Received(); len(got) >= n {
			return got, nil
		}
		if !until(ctx, time.Now().Add(20*time.Millisecond)) {
			return nil, ctx.Err()
		}
	}
}

// probe sends by the other number until ctx is done, and notes how long each message took.
func (r *rush) probe(ctx context.Context, conversations map[string]core.ConversationID) error {
	for i := 0; until(ctx, time.Now().Add(200*time.Millisecond)); i++ {
		c, n, began := r.few[i%len(r.few)], i/len(r.few)+1, time.Now()
		if err := r.compose(ctx, conversations[c.Phone()], core.Content{Kind: core.KindText, Text: fmt.Sprint(n)}); err != nil {
			return ignoreEnd(ctx, err)
		}
		got, err := r.shown(context.WithoutCancel(ctx), c, n)
		if err != nil {
			return err
		}
		r.took = append(r.took, got[n-1].At.Sub(began))
	}
	return nil
}

// ignoreEnd forgets an error that only says that ctx is done.
func ignoreEnd(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}
