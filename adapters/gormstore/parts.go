package gormstore

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"time"

	"causeway/core"

	"gorm.io/gorm/clause"
)

type partRow struct {
	Workspace, ID, Message, Conversation, Channel string
	Seq                                           int64
	Content                                       doc[core.Content]
	Provider, Stanza, Status                      string
	Error                                         doc[*core.SendError]
	Attempts                                      int
	NotBefore, Sent, Updated                      stamp
}

func (partRow) TableName() string { return "parts" }

func (r partRow) core() core.Part {
	return core.Part{ID: core.PartID(r.ID), Message: core.MessageID(r.Message), Conversation: core.ConversationID(r.Conversation),
		Channel: core.ChannelID(r.Channel), Seq: r.Seq, Content: r.Content.v, Provider: r.Provider, Stanza: r.Stanza, Status: core.Status(r.Status),
		Error: r.Error.v, Attempts: r.Attempts, NotBefore: r.NotBefore.time(), Sent: r.Sent.time(), Updated: r.Updated.time()}
}

// partRow makes the row of a part. Message, conversation and channel are the message's, whatever the part says.
func (r repo) partRow(m core.Message, p core.Part) partRow {
	return partRow{Workspace: r.ws, ID: string(p.ID), Message: string(m.ID), Conversation: string(m.Conversation), Channel: string(m.Channel),
		Seq: p.Seq, Content: asDoc(p.Content), Provider: p.Provider, Stanza: p.Stanza, Status: string(p.Status), Error: asDoc(p.Error),
		Attempts: p.Attempts, NotBefore: at(p.NotBefore), Sent: at(p.Sent), Updated: at(p.Updated)}
}

// winAll adds the rows whose unique keys are free and returns how many these were.
func (r repo) winAll(ctx context.Context, rows any) (int64, error) {
	res := r.changes(ctx).Clauses(clause.OnConflict{DoNothing: true}).Create(rows)
	return res.RowsAffected, fail(res.Error)
}

func (r repo) Part(ctx context.Context, id core.PartID) (core.Part, error) {
	return take[partRow](r.rows(ctx).Where("id = ?", id))
}

// PartByProvider finds a part by the provider's id. Where it finds none inside a transaction, none comes up before that ends: so what is then
// parked for it is seen by the one who brings it.
func (r repo) PartByProvider(ctx context.Context, ch core.ChannelID, provider string) (core.Part, error) {
	if provider == "" {
		return core.Part{}, core.ErrNotFound
	}
	p, err := take[partRow](r.rows(ctx).Where("channel = ? AND provider = ? AND provider <> ''", ch, provider)) // as its index says
	if err == nil || !isNotFound(err) || r.t == nil || r.s.postgres == nil || slices.Contains(r.t.guarded, guardOf(ch, provider)) {
		return p, err
	}
	return r.ClaimProvider(ctx, ch, provider)
}

// ClaimProvider finds a part by the provider's id once it is guarded: what one looks for under the guard, others cannot bring meanwhile.
func (r repo) ClaimProvider(ctx context.Context, ch core.ChannelID, provider string) (core.Part, error) {
	if provider == "" || r.t == nil || r.s.postgres == nil {
		return r.PartByProvider(ctx, ch, provider)
	}
	key := []core.Owned[core.ProviderKey]{{Workspace: core.WorkspaceID(r.ws), Value: core.ProviderKey{Channel: ch, Provider: provider}}}
	var found []core.Part
	err := r.t.bulk(ctx, r.t.guard(false, key), r.s.find(partsByProvider, "ttt", providerKeys(key), func(scan func(...any) error) error {
		return another(scan, new(partRow), &found)
	}))
	if err != nil || len(found) == 0 {
		return core.Part{}, cmp.Or(err, core.ErrNotFound)
	}
	return found[0], nil
}

// guards is how many locks all provider ids of the database share: so many that those of two batches at once hardly ever meet. Transactions must
// not bring thousands of provider ids, or PostgreSQL's lock table runs out.
const guards = 1 << 20

// guardProviders keeps other transactions from bringing or missing the same provider ids until this one ends. SQLite needs no such thing.
func (r repo) guardProviders(ctx context.Context, parts ...core.Part) error {
	if r.t == nil || r.s.postgres == nil {
		return nil
	}
	var keys []core.Owned[core.ProviderKey]
	for _, p := range parts {
		if p.Provider != "" {
			keys = append(keys, core.Owned[core.ProviderKey]{Value: core.ProviderKey{Channel: p.Channel, Provider: p.Provider}})
		}
	}
	return r.t.bulk(ctx, r.t.guard(false, keys))
}

// guardSpace keeps these advisory locks apart from those of others.
const guardSpace int32 = 0x63776179

// NextPart returns the conversation's first part that holds up those behind it.
func (r repo) NextPart(ctx context.Context, id core.ConversationID) (core.Part, error) {
	return take[partRow](r.rows(ctx).Where("conversation = ? AND "+unsent, id).
		Where("status <> 'unknown' OR not_before IS NOT NULL").
		Where("status <> 'queued' OR attempts > 0 OR not_before IS NULL OR not_before <= ?", at(r.s.now())).Order("seq, id").Limit(1))
}

// PartsOf lists the parts of a message.
func (r repo) PartsOf(ctx context.Context, id core.MessageID) ([]core.Part, error) {
	return list[partRow](r.rows(ctx).Where("message = ?", id).Order("seq, id"))
}

// PartsAfter lists what is still to be sent of a conversation after a part.
func (r repo) PartsAfter(ctx context.Context, p core.Part, most int) ([]core.Part, error) {
	return list[partRow](r.rows(ctx).Where("conversation = ? AND seq > ? AND "+unsent, p.Conversation, p.Seq).Order("seq, id").Limit(most))
}

// SetPart updates status, error, provider, stanza, attempts, not-before, sent and updated. ErrDuplicate: another part has this provider id.
func (r repo) SetPart(ctx context.Context, p core.Part) error {
	return r.whole(ctx, func(r repo) error {
		if err := r.guardProviders(ctx, p); err != nil {
			return err
		}
		return r.set(ctx, "parts", string(p.ID), map[string]any{"status": p.Status, "error": asDoc(p.Error), "provider": p.Provider, "stanza": p.Stanza,
			"attempts": p.Attempts, "not_before": at(p.NotBefore), "sent": at(p.Sent), "updated": at(p.Updated)})
	})
}

// unsent are the statuses in which parts are still to be sent: spelled out, for that is what indexes are kept of. PostgreSQL finds its own, of a list of
// them, for this too.
const unsent = "(status = 'queued' OR status = 'parked' OR status = 'sending' OR status = 'unknown')"

// PartsIn lists a channel's parts in a status in which they are still to be sent, oldest first.
func (r repo) PartsIn(ctx context.Context, ch core.ChannelID, s core.Status, most int) ([]core.Part, error) {
	if most <= 0 {
		most = 50
	}
	return list[partRow](r.rows(ctx).Where("channel = ? AND status = ? AND "+unsent, ch, s).Order("id").Limit(most))
}

// GivenUp lists a channel's parts that failed though what stood in their way passes, newest first.
func (r repo) GivenUp(ctx context.Context, ch core.ChannelID, most int) ([]core.Part, error) {
	effect := "error ->> 'effect'"
	if r.s.postgres != nil {
		effect = "error::json ->> 'effect'"
	}
	return list[partRow](r.rows(ctx).Where("channel = ? AND status = 'failed' AND "+effect+" IN ?", ch, core.Passing()).Order("id DESC").Limit(max(most, 1)))
}

type attemptRow struct {
	Workspace, Part, ID string
	Number              int
	At                  stamp
	Took                int64
	Result              string
}

func (attemptRow) TableName() string { return "attempts" }

func (r attemptRow) core() core.Attempt {
	return core.Attempt{Part: core.PartID(r.Part), Number: r.Number, At: r.At.time(), Took: time.Duration(r.Took), Result: r.Result}
}

func (r repo) AddAttempt(ctx context.Context, a core.Attempt) error {
	return r.insert(ctx, &attemptRow{Workspace: r.ws, Part: string(a.Part), ID: core.NewID[string](), Number: a.Number, At: at(a.At), Took: int64(a.Took),
		Result: a.Result})
}

// Attempts lists the tries to send a part, in the order in which they were recorded.
func (r repo) Attempts(ctx context.Context, id core.PartID) ([]core.Attempt, error) {
	return list[attemptRow](r.rows(ctx).Where("part = ?", id).Order("id"))
}

// sequence reads a position in a conversation.
func sequence(s string) (int64, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return 0, &core.Problem{Code: core.CodeInvalid, Detail: "The place to go on from is not a number.", Field: "before", Err: err}
	}
	return n, nil
}
