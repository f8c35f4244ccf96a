package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"causeway/bridges/meta"
	"causeway/bridges/whatsappcloud"
	"causeway/bridges/whatsappcloud/signup"
	"causeway/core"
	"causeway/core/session"

	"github.com/spf13/cobra"
)

// ticketFor is how long a link to connect a number is good.
const ticketFor = 24 * time.Hour

func connectCommand() *cobra.Command {
	c := &cobra.Command{Use: "connect NAME", Short: "Make a link on which a WhatsApp Business app is connected to a channel", Args: cobra.ExactArgs(1), RunE: connectChannel,
		Long: "Make a link to the page on which the owner of a WhatsApp Business app connects its number to a channel, by Meta's Embedded Signup. For that you\n" +
			"must be a Tech Provider at Meta: the ids are those of your own app. The link is good for one number and for a day; whoever has it can\n" +
			"connect a number, so give it only to the owner. The channel is made if there is none of this name."}
	c.Flags().String("app-id", "", "id of your app at Meta")
	c.Flags().String("config-id", "", "id of its Embedded Signup configuration: App dashboard, Facebook Login for Business, Configurations")
	c.Flags().String("app-secret-file", "", "file with the app's secret; default: the secret of the channel")
	c.Flags().String("phone-number-id", "", "the number to take, where the account has several")
	c.Flags().String("api-base", meta.DefaultBase, "where the Graph interface is")
	c.Flags().String("api-version", meta.DefaultVersion, "its version")
	return c
}

func connectChannel(cmd *cobra.Command, args []string) error {
	return withBase(cmd, func(b *base) error {
		flag := func(name string) string { v, _ := cmd.Flags().GetString(name); return strings.TrimSpace(v) }
		t := signup.Ticket{Channel: args[0], App: flag("app-id"), Config: flag("config-id"), Number: flag("phone-number-id"), Base: flag("api-base"), Version: flag("api-version")}
		if file := flag("app-secret-file"); file != "" {
			secret, err := readSecretFile("app-secret-file", file)
			if err != nil {
				return err
			}
			t.Secret = core.NewSecret(strings.TrimSpace(secret.Reveal()))
		}
		token, err := b.makeTicket(cmd.Context(), t)
		if err != nil {
			return err
		}
		fmt.Fprintf(cmd.OutOrStdout(), "%s#%s\n\nGive this link to the owner of the number. It is good once, until %s.\n", strings.TrimRight(b.public(), "/")+signup.Path, token,
			b.now().Add(ticketFor).Local().Format("2 Jan 2006 15:04"))
		return nil
	})
}

// ticket is a signup.Ticket as it is stored, under the hash of its token.
type ticket struct {
	signup.Ticket
	Until time.Time `json:"until"`
	Used  time.Time `json:"used,omitzero"`
}

const (
	ticketKey    = "ticket"
	ticketSecret = "app_secret"
	ticketOwners = "connect/"
)

func ticketOwner(token string) string {
	sum := sha256.Sum256([]byte("causeway connect\x00" + token))
	return ticketOwners + hex.EncodeToString(sum[:])
}

// makeTicket stores a ticket and returns its token, which only the link has.
func (b *base) makeTicket(ctx context.Context, t signup.Ticket) (string, error) {
	if t.App == "" || t.Config == "" {
		return "", core.Problemf(core.CodeInvalid, "The app and its Embedded Signup configuration are not named.").
			Remedied("Give --app-id and --config-id. Who is no Tech Provider of Meta's connects by hand: see docs/whatsapp.md.")
	}
	ch, err := b.repo().ChannelByName(ctx, t.Channel)
	if err == nil && ch.Kind != whatsappcloud.Kind {
		return "", core.Problemf(core.CodeInvalid, "The channel %s is no %s channel.", ch.Name, whatsappcloud.Kind).Remedied("Give the channel of the connected number a name of its own.")
	}
	if err == nil && t.Secret.Empty() {
		t.Secret, err = b.secret(ctx, ch.Workspace, ownerOf(ch), "app_secret")
	}
	switch {
	case err != nil && !errors.Is(err, core.ErrNotFound):
		return "", fmt.Errorf("channel to connect: %w", err)
	case t.Secret.Empty():
		return "", core.Problemf(core.CodeInvalid, "The app's secret is not known.").Remedied("Give --app-secret-file.")
	}
	if err := b.forgetTickets(ctx); err != nil {
		return "", err
	}
	token := string(b.workspace) + "." + core.NewToken(32)
	raw, err := json.Marshal(ticket{Ticket: t, Until: b.now().Add(ticketFor)})
	if err != nil {
		return "", err
	}
	return token, b.store.Tx(ctx, func(tx core.Tx) error {
		repo := tx.In(b.workspace)
		if err := repo.SetValueUntil(ctx, ticketOwner(token), ticketKey, raw, b.now().Add(ticketFor)); err != nil {
			return err
		}
		return b.seal(ctx, repo, b.workspace, ticketOwner(token), ticketSecret, t.Secret)
	})
}

// forgetTickets forgets the secrets of tickets whose day is over, and which nobody used: the rest of these is forgotten like all that expires.
func (b *base) forgetTickets(ctx context.Context) error {
	sealed, err := b.store.SealedSecrets(ctx)
	if err != nil {
		return fmt.Errorf("secrets of old tickets: %w", err)
	}
	for _, s := range sealed {
		if s.Workspace != b.workspace || !strings.HasPrefix(s.Owner, ticketOwners) || b.now().Sub(s.Set) < ticketFor {
			continue
		}
		if err := b.repo().DropSecret(ctx, s.Owner, s.Name); err != nil {
			return fmt.Errorf("secret of old ticket: %w", err)
		}
	}
	return nil
}

// seal keeps a secret.
func (b *base) seal(ctx context.Context, repo core.Repo, ws core.WorkspaceID, owner, name string, value core.Secret) (err error) {
	s := core.SealedSecret{Workspace: ws, Owner: owner, Name: name, Set: b.now()}
	if v := value.Reveal(); len(v) >= 12 {
		s.Hint = v[len(v)-4:]
	}
	if s.Box, err = b.vault.Seal(value, s.Context()); err != nil {
		return fmt.Errorf("seal %s: %w", name, err)
	}
	return repo.PutSecret(ctx, s)
}

// secret opens one; it is empty if there is none.
func (b *base) secret(ctx context.Context, ws core.WorkspaceID, owner, name string) (core.Secret, error) {
	sealed, err := b.store.In(ws).Secrets(ctx, owner)
	for _, s := range sealed {
		if s.Name == name {
			return b.vault.Open(s.Box, s.Context())
		}
	}
	return core.Secret{}, err
}

// workspaceOf is the one that a ticket's token names. Whoever makes one up finds no ticket in it.
func workspaceOf(token string) core.WorkspaceID {
	ws, _, _ := strings.Cut(token, ".")
	return core.WorkspaceID(ws)
}

// ticket finds one that is good.
func (b *base) ticket(ctx context.Context, token string) (signup.Ticket, error) {
	if len(token) < 40 || len(token) > 200 {
		return signup.Ticket{}, core.ErrNotFound
	}
	t, err := readTicket(ctx, b.store.In(workspaceOf(token)), token, b.now())
	if err != nil {
		return signup.Ticket{}, err
	}
	t.Token = token
	t.Secret, err = b.secret(ctx, workspaceOf(token), ticketOwner(token), ticketSecret)
	return t.Ticket, err
}

func readTicket(ctx context.Context, repo core.Repo, token string, now time.Time) (t ticket, err error) {
	raw, err := repo.Value(ctx, ticketOwner(token), ticketKey)
	if err != nil {
		return t, fmt.Errorf("read ticket: %w", err)
	}
	if raw == nil || json.Unmarshal(raw, &t) != nil || !t.Used.IsZero() || !now.Before(t.Until) {
		return t, core.ErrNotFound
	}
	return t, nil
}

// connectPage is the page's handler.
func (b *base) connectPage() (http.Handler, error) {
	return signup.New(signup.Options{Ticket: b.ticket, Keep: b.keepConnected, Log: b.log, SDK: b.sdk, HTTP: func(t signup.Ticket, secrets ...core.Secret) *http.Client {
		return b.clients.For(core.Channel{Workspace: workspaceOf(t.Token)}, secrets)
	}})
}

// keepConnected makes the channel of a number that was connected, and has its webhooks sent here.
func (b *base) keepConnected(ctx context.Context, t signup.Ticket, c signup.Connected) error {
	var ch core.Channel
	err := b.store.Tx(ctx, func(tx core.Tx) (err error) {
		repo := tx.In(workspaceOf(t.Token))
		if err := b.useUp(ctx, repo, t.Token); err != nil {
			return err
		}
		ch, err = b.putChannel(ctx, repo, t, c)
		return err
	})
	if errors.Is(err, core.ErrDuplicate) {
		err = core.Problemf(core.CodeInvalid, "The number %s is another channel's already.", c.Display).Remedied("Connect that channel anew, or remove it first.")
	}
	if err != nil {
		return err
	}
	b.links.Refresh(ctx)
	if err := b.returned(ctx, ch); err != nil {
		return fmt.Errorf("connected, and not noted as such: %w", err)
	}
	if err := b.subscribe(ctx, ch); err != nil {
		return fmt.Errorf("connected, and not subscribed: %w", err)
	}
	return nil
}

// useUp ends a ticket, whose secret goes, unless it was used meanwhile.
func (b *base) useUp(ctx context.Context, repo core.Repo, token string) error {
	if err := repo.SetValueUntil(ctx, ticketOwner(token), "turn", []byte("-"), b.now().Add(ticketFor)); err != nil { // one after the other
		return err
	}
	t, err := readTicket(ctx, repo, token, b.now())
	if err != nil {
		return err
	}
	t.Used = b.now()
	raw, err := json.Marshal(t)
	if err != nil {
		return err
	}
	if err := repo.DropSecret(ctx, ticketOwner(token), ticketSecret); err != nil {
		return err
	}
	return repo.SetValueUntil(ctx, ticketOwner(token), ticketKey, raw, t.Until)
}

// left reports whether Meta has taken a channel's number from us: then another may take its place, as when the phone has a new one.
func left(ch core.Channel) bool {
	return ch.Health.Level == core.HealthBad && slices.Contains([]string{"PARTNER_REMOVED", "ACCOUNT_DELETED"}, ch.Health.Code)
}

// returned ends what kept a channel from sending because its number was disconnected.
func (b *base) returned(ctx context.Context, ch core.Channel) error {
	var news []core.Event
	for _, topic := range whatsappcloud.Connection() {
		news = append(news, core.Event{Kind: core.EventAccount, ID: "connected/" + core.NewID[string](), At: b.now().Truncate(time.Second), Origin: core.OriginGateway,
			Change: &core.AccountBody{Name: "connected", Detail: "The number was connected on the page.", Topic: topic, Health: &core.Health{Level: core.HealthGood, Code: "connected", Reason: "The number is connected."}}})
	}
	return b.acceptor.Accept(ctx, ch, news)
}

// putChannel stores the channel, its imports to be asked for anew.
func (b *base) putChannel(ctx context.Context, repo core.Repo, t signup.Ticket, c signup.Connected) (core.Channel, error) {
	ch, err := b.ticketChannel(ctx, repo, t, c)
	if err != nil {
		return ch, err
	}
	if err := b.importAnew(ctx, repo, ch.ID); err != nil { // first, as news of the channel does: whoever waits for the other does so in this order
		return ch, err
	}
	if err := repo.SaveChannel(ctx, ch); err != nil {
		return ch, err
	}
	if key, value := whatsappcloud.InApp(); c.Shared {
		if err := repo.SetValue(ctx, session.Owner(ch.ID), key, value); err != nil {
			return ch, err
		}
	}
	return ch, b.sealConnected(ctx, repo, ch, t, c)
}

// ticketChannel is the channel of a ticket, new or as it was, set to the number that was connected.
func (b *base) ticketChannel(ctx context.Context, repo core.Repo, t signup.Ticket, c signup.Connected) (core.Channel, error) {
	ch, err := repo.ChannelByName(ctx, t.Channel)
	switch {
	case errors.Is(err, core.ErrNotFound):
		if ch, err = core.FormerChannel(ctx, repo, whatsappcloud.Kind, c.Number); err == nil {
			ch.Name, ch.State = t.Channel, core.ChannelActive
			break
		} else if !errors.Is(err, core.ErrNotFound) {
			return ch, err
		}
		ch = core.Channel{ID: core.NewID[core.ChannelID](), Workspace: workspaceOf(t.Token), Kind: whatsappcloud.Kind, Name: t.Channel, State: core.ChannelActive, Created: b.now()}
	case err != nil:
		return ch, err
	case ch.Kind != whatsappcloud.Kind, ch.Account != "" && ch.Account != c.Number && !left(ch):
		return ch, core.Problemf(core.CodeInvalid, "The channel %s stands for another account.", ch.Name).Remedied("Make a link with another name: causeway channel connect NAME.")
	}
	settings := map[string]string{"phone_number_id": c.Number, "business_account_id": c.Account, "business_phone": c.Display, "api_base": t.Base, "api_version": t.Version}
	for key, value := range ch.Settings {
		if settings[key] == "" {
			settings[key] = value
		}
	}
	ch.Settings, ch.Account = settings, c.Number
	return ch, nil
}

// importAnew has the imports of a channel asked for once more.
func (b *base) importAnew(ctx context.Context, repo core.Repo, ch core.ChannelID) error {
	for _, what := range core.ImportKinds() {
		if err := core.TurnOfImport(ctx, repo, ch, what); err != nil {
			return err
		}
		i, err := core.ReadImport(ctx, repo, ch, what)
		if err == nil && i.State != core.ImportWanted {
			err = core.KeepImport(ctx, repo, ch, i.Anew(b.now()))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// sealConnected keeps the secrets of a channel that was connected. Its verify token stays, if it has one.
func (b *base) sealConnected(ctx context.Context, repo core.Repo, ch core.Channel, t signup.Ticket, c signup.Connected) error {
	verify, err := b.secret(ctx, ch.Workspace, ownerOf(ch), "verify_token")
	if err != nil {
		return err
	}
	if verify.Empty() {
		verify = core.NewSecret(core.NewToken(20))
	}
	for name, value := range map[string]core.Secret{"access_token": c.Token, "app_secret": t.Secret, "verify_token": verify} {
		if err := b.seal(ctx, repo, ch.Workspace, ownerOf(ch), name, value); err != nil {
			return err
		}
	}
	return nil
}
