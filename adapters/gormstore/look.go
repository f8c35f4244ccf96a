package gormstore

import (
	"cmp"
	"context"
	"hash/fnv"
	"maps"
	"slices"
	"strconv"

	"causeway/core"
)

// Look claims events and finds what they are about. In the order of their ids the conversations are locked, and only then the provider ids guarded,
// as do those who send: they hold a conversation when they learn a provider's id. What keys find is read after that, and last the messages. On
// PostgreSQL new messages need one round trip: more are made for what came between two statements, for what was not found and for messages that are
// here already.
func (t *transaction) Look(ctx context.Context, w core.Wanted) (core.Found, error) {
	l := &look{t: t, parts: map[core.Owned[core.PartID]]partRow{}, open: map[string]string{}, locked: map[string]bool{}}
	l.found.Fresh = map[core.EventKey]bool{}
	coming := providerKeys(w.Coming)
	err := t.bulk(ctx, t.byIndex(), l.claims(w.Claims), l.lockAhead(w), t.guard(true, w.Coming), l.partsByProvider(coming),
		l.partsByProvider(providerKeys(w.Targets)), l.partsByID(w.Parts), l.people(w.Identities), l.erased(w.Erased), l.parked(coming), l.suppressed(w.Identities))
	if err == nil {
		missing := l.missing(w.Targets)
		err = t.bulk(ctx, l.lockConversations(), t.guard(false, missing), l.missed(missing))
	}
	if err == nil && l.moved {
		l.found.Identities, l.found.Contacts = nil, nil
		err = t.bulk(ctx, l.people(w.Identities))
	}
	if err == nil {
		err = t.bulk(ctx, l.lockConversations()) // of what came meanwhile
	}
	if err == nil {
		err = l.messages(ctx)
	}
	for _, p := range l.parts {
		l.found.Parts = append(l.found.Parts, core.Owned[core.Part]{Workspace: core.WorkspaceID(p.Workspace), Value: p.core()})
	}
	slices.SortFunc(l.found.Parts, func(a, b core.Owned[core.Part]) int {
		return cmp.Or(cmp.Compare(a.Value.Seq, b.Value.Seq), cmp.Compare(a.Value.ID, b.Value.ID))
	})
	return l.found, err
}

// look is what a Look has found so far.
type look struct {
	t      *transaction
	found  core.Found
	parts  map[core.Owned[core.PartID]]partRow
	open   map[string]string // open conversations, and whose they are
	locked map[string]bool
	moved  bool // one of them was another's when it was locked: who was merged with whom is to be read anew
}

// byIndex has PostgreSQL make its plans for large tables only: it keeps them, also those that it made when the tables were still empty.
func (t *transaction) byIndex() step {
	if t.s.postgres == nil {
		return step{}
	}
	return step{text: "SELECT set_config(name, 'off', true) FROM unnest($1::text[]) name", table: table{types: "t"},
		rows: [][]any{{"enable_seqscan"}, {"enable_hashjoin"}, {"enable_mergejoin"}, {"jit"}}}
}

// claims records the events as being applied.
func (l *look) claims(keys []core.EventKey) step {
	keys = slices.SortedFunc(slices.Values(keys), func(a, b core.EventKey) int {
		return cmp.Or(cmp.Compare(a.Workspace, b.Workspace), cmp.Compare(a.Channel, b.Channel), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.ID, b.ID))
	})
	keys = slices.Compact(keys)
	byText := make(map[core.EventKey]core.EventKey, len(keys))
	rows := make([][]any, len(keys))
	now := at(l.t.s.now())
	for i, k := range keys {
		rows[i] = []any{string(k.Workspace), string(k.Channel), string(k.Kind), k.ID, now}
		stored := k
		stored.ID = readable(k.ID)
		byText[stored] = k
	}
	s := l.t.insert(seenTable, rows, "ON CONFLICT DO NOTHING RETURNING workspace, channel, kind, id", false)
	s.each = func(scan func(...any) error) error {
		var ws, ch, kind, id string
		if err := scan(&ws, &ch, &kind, &id); err != nil {
			return err
		}
		l.found.Fresh[byText[core.EventKey{Workspace: core.WorkspaceID(ws), Channel: core.ChannelID(ch), Kind: core.EventKind(kind), ID: id}]] = true
		return nil
	}
	return s
}

func providerKeys(keys []core.Owned[core.ProviderKey]) [][]any {
	rows := make([][]any, 0, len(keys))
	for _, k := range keys {
		if k.Value.Provider != "" {
			rows = append(rows, []any{string(k.Workspace), string(k.Value.Channel), k.Value.Provider})
		}
	}
	return rows
}

var partsByProvider = "SELECT " + partTable.of("p") +
	" FROM {keys} {with parts AS p: p.channel = k.k1 AND p.provider = k.k2 AND p.provider <> '' AND p.workspace = k.k0}"

func (l *look) partsByProvider(keys [][]any) step {
	return l.t.s.find(partsByProvider, "ttt", keys, l.part)
}

var partsByID = "SELECT " + partTable.of("p") + " FROM {keys} {with parts AS p: p.workspace = k.k0 AND p.id = k.k1}"

func (l *look) partsByID(ids []core.Owned[core.PartID]) step {
	rows := make([][]any, len(ids))
	for i, id := range ids {
		rows[i] = []any{string(id.Workspace), string(id.Value)}
	}
	return l.t.s.find(partsByID, "tt", rows, l.part)
}

func (l *look) part(scan func(...any) error) error {
	var p partRow
	if err := scan(p.fields()...); err != nil {
		return err
	}
	l.parts[core.Owned[core.PartID]{Workspace: core.WorkspaceID(p.Workspace), Value: core.PartID(p.ID)}] = p
	return nil
}

// people finds identities with their contacts, and which conversations of these are open.
func (l *look) people(keys []core.Owned[core.IdentityKey]) step {
	rows := make([][]any, len(keys))
	for i, k := range keys {
		rows[i] = []any{string(k.Workspace), string(k.Value.Scheme), k.Value.Scope, k.Value.Value}
	}
	const text = " FROM {keys} {with identities AS i: i.workspace = k.k0 AND i.scheme = k.k1 AND i.scope = k.k2 AND i.value = k.k3}" +
		" {with contacts AS c: c.workspace = i.workspace AND c.id = i.contact}"
	columns := "SELECT " + identityTable.of("i") + ", " + contactTable.of("c") + ", (SELECT o.id FROM conversations o WHERE o.workspace = c.workspace" +
		" AND o.contact = c.id AND o.state = 'open')"
	return l.t.s.find(columns+text, "tttt", rows, l.person)
}

func (l *look) person(scan func(...any) error) error {
	var (
		i    identityRow
		c    contactRow
		open optional
	)
	if err := scan(slices.Concat(i.fields(), c.fields(), []any{&open})...); err != nil {
		return err
	}
	l.found.Identities = append(l.found.Identities, core.Owned[core.Identity]{Workspace: core.WorkspaceID(i.Workspace), Value: i.core()})
	l.found.Contacts = append(l.found.Contacts, c.core())
	if open.id != "" {
		l.open[open.id] = c.ID
	}
	return nil
}

// parked finds out for which of the keys events wait.
func (l *look) parked(keys [][]any) step {
	const text = "SELECT k.k0, k.k1, k.k2 FROM {keys} WHERE EXISTS (SELECT 1 FROM parked_events p WHERE p.workspace = k.k0 AND p.channel = k.k1 AND p.target = k.k2)"
	return l.t.s.find(text, "ttt", keys, func(scan func(...any) error) error {
		var ws, ch, provider string
		if err := scan(&ws, &ch, &provider); err != nil {
			return err
		}
		l.found.Parked = append(l.found.Parked, core.Owned[core.ProviderKey]{Workspace: core.WorkspaceID(ws),
			Value: core.ProviderKey{Channel: core.ChannelID(ch), Provider: provider}})
		return nil
	})
}

// erased finds marks of messages that were erased.
func (l *look) erased(marks []core.Owned[string]) step {
	rows := make([][]any, len(marks))
	for i, m := range marks {
		rows[i] = []any{string(m.Workspace), m.Value}
	}
	const text = "SELECT e.workspace, e.mark FROM {keys} {with erased_ids AS e: e.workspace = k.k0 AND e.mark = k.k1}"
	return l.t.s.find(text, "tt", rows, func(scan func(...any) error) error {
		var ws, mark string
		if err := scan(&ws, &mark); err != nil {
			return err
		}
		l.found.Erased = append(l.found.Erased, core.Owned[string]{Workspace: core.WorkspaceID(ws), Value: mark})
		return nil
	})
}

// suppressed finds out whether anybody's silence is kept: where some of the keys are nobody's, it may be theirs.
func (l *look) suppressed(keys []core.Owned[core.IdentityKey]) step {
	l.found.Suppressed = map[core.WorkspaceID]bool{}
	var rows [][]any
	for _, k := range keys {
		if _, asked := l.found.Suppressed[k.Workspace]; !asked {
			l.found.Suppressed[k.Workspace] = false
			rows = append(rows, []any{string(k.Workspace)})
		}
	}
	const text = "SELECT k.k0 FROM {keys} WHERE EXISTS (SELECT 1 FROM suppressions s WHERE s.workspace = k.k0)"
	return l.t.s.find(text, "t", rows, func(scan func(...any) error) error {
		var ws string
		err := scan(&ws)
		l.found.Suppressed[core.WorkspaceID(ws)] = err == nil
		return err
	})
}

// missing are the targets that were not found.
func (l *look) missing(targets []core.Owned[core.ProviderKey]) []core.Owned[core.ProviderKey] {
	here := map[core.Owned[core.ProviderKey]]bool{}
	for _, p := range l.parts {
		here[core.Owned[core.ProviderKey]{Workspace: core.WorkspaceID(p.Workspace), Value: core.ProviderKey{Channel: core.ChannelID(p.Channel), Provider: p.Provider}}] = true
	}
	var missing []core.Owned[core.ProviderKey]
	for _, k := range targets {
		k.Value.Provider = readable(k.Value.Provider)
		if !here[k] && k.Value.Provider != "" {
			missing = append(missing, k)
		}
	}
	return missing
}

// missed looks once more for provider ids, once nobody else can bring them. On SQLite nobody could at any time.
func (l *look) missed(keys []core.Owned[core.ProviderKey]) step {
	if l.t.s.postgres == nil {
		return step{}
	}
	return l.partsByProvider(providerKeys(keys))
}

// guard keeps other transactions from bringing the provider ids until this one ends or, shared, from finding out that they are missing. What the
// transaction has for itself already it need not ask for again.
func (t *transaction) guard(shared bool, keys []core.Owned[core.ProviderKey]) step {
	if t.s.postgres == nil || len(keys) == 0 {
		return step{}
	}
	var locks []int64
	for _, k := range keys {
		if l := guardOf(k.Value.Channel, k.Value.Provider); !slices.Contains(t.guarded, l) {
			locks = append(locks, l)
		}
	}
	slices.Sort(locks)
	locks = slices.Compact(locks)
	rows := make([][]any, len(locks))
	for i, l := range locks {
		rows[i] = []any{l}
	}
	s := step{table: table{types: "i"}, rows: rows}
	lock := "pg_advisory_xact_lock"
	if shared {
		lock += "_shared"
	} else {
		s.each = t.holds
	}
	s.text = "SELECT l, " + lock + "(" + strconv.Itoa(int(guardSpace)) + ", l::int) FROM unnest($1::bigint[]) l"
	return s
}

// holds reads a lock that the transaction has for itself now.
func (t *transaction) holds(scan func(into ...any) error) error {
	var l int64
	if err := scan(&l, nil); err != nil {
		return err
	}
	t.guarded = append(t.guarded, l)
	return nil
}

// guardOf is the lock of a provider's id.
func guardOf(ch core.ChannelID, provider string) int64 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(string(ch) + "/" + readable(provider)))
	return int64(h.Sum32() % guards)
}

// lockConversations locks the conversations of all that was found, in the order of their ids, but for those that are locked already. Ids are unique over all
// workspaces; that they are the right workspace's is known from where they were found.
func (l *look) lockConversations() step {
	ids := slices.Collect(maps.Keys(l.open))
	for _, p := range l.parts {
		ids = append(ids, p.Conversation)
	}
	slices.Sort(ids)
	var rows [][]any
	for _, id := range slices.Compact(ids) {
		if !l.locked[id] {
			l.locked[id] = true
			rows = append(rows, []any{id})
		}
	}
	text := "SELECT " + conversationTable.of("c") + " FROM {keys} {with conversations AS c: c.id = k.k0}"
	if l.t.s.postgres != nil {
		text = "SELECT " + conversationTable.of("c") + " FROM conversations c WHERE c.id = ANY($1::text[]) ORDER BY c.id FOR NO KEY UPDATE"
	}
	return l.t.s.find(text, "t", rows, l.conversation)
}

// conversation reads one that is locked.
func (l *look) conversation(scan func(...any) error) error {
	var c conversationRow
	if err := scan(c.fields()...); err != nil {
		return err
	}
	if whose, there := l.open[c.ID]; there && whose != c.Contact {
		l.moved = true
	}
	l.locked[c.ID] = true
	l.found.Conversations = append(l.found.Conversations, c.core())
	return nil
}

// lockAhead locks the conversations of what is wanted where it is looked for, so that nothing has to be found before. What came since is locked later.
func (l *look) lockAhead(w core.Wanted) step {
	if l.t.s.postgres == nil {
		return step{}
	}
	rows := make([][]any, 0, len(w.Identities)+len(w.Coming)+len(w.Targets)+len(w.Parts))
	for _, k := range w.Identities {
		rows = append(rows, []any{"identity", string(k.Workspace), string(k.Value.Scheme), k.Value.Scope, k.Value.Value})
	}
	for _, k := range slices.Concat(w.Coming, w.Targets) {
		rows = append(rows, []any{"provider", string(k.Workspace), string(k.Value.Channel), k.Value.Provider, ""})
	}
	for _, id := range w.Parts {
		rows = append(rows, []any{"part", string(id.Workspace), string(id.Value), "", ""})
	}
	return l.t.s.find(lockingAhead, "ttttt", rows, l.conversation)
}

var lockingAhead = "SELECT " + conversationTable.of("c") + " FROM conversations c WHERE c.id = ANY(ARRAY(" +
	"SELECT o.id FROM {keys} {with identities AS i: k.k0 = 'identity' AND i.workspace = k.k1 AND i.scheme = k.k2 AND i.scope = k.k3 AND i.value = k.k4}" +
	" {with conversations AS o: o.workspace = i.workspace AND o.contact = i.contact AND o.state = 'open'} UNION ALL " +
	"SELECT p.conversation FROM {keys} {with parts AS p: k.k0 = 'provider' AND p.channel = k.k2 AND p.provider = k.k3 AND p.provider <> '' AND p.workspace = k.k1} UNION ALL " +
	"SELECT p.conversation FROM {keys} {with parts AS p: k.k0 = 'part' AND p.workspace = k.k1 AND p.id = k.k2}" +
	")) ORDER BY c.id FOR NO KEY UPDATE"

var (
	messagesByID   = "SELECT " + messageTable.of("m") + ", {reactions to m} FROM {keys} {with messages AS m: m.workspace = k.k0 AND m.id = k.k1}"
	partsByMessage = "SELECT " + partTable.of("p") + " FROM {keys} {with parts AS p: p.workspace = k.k0 AND p.message = k.k1} ORDER BY p.seq, p.id"
)

// messages reads the messages that were found, and their parts once more, now that nobody else changes them.
func (l *look) messages(ctx context.Context) error {
	aims := make([][]any, 0, len(l.parts))
	for _, p := range l.parts {
		aims = append(aims, []any{p.Workspace, p.Message})
	}
	slices.SortFunc(aims, func(a, b []any) int {
		return cmp.Or(cmp.Compare(a[0].(string), b[0].(string)), cmp.Compare(a[1].(string), b[1].(string)))
	})
	aims = slices.CompactFunc(aims, func(a, b []any) bool { return a[0] == b[0] && a[1] == b[1] })
	messages := l.t.s.find(messagesByID, "tt", aims, func(scan func(...any) error) error { return another(scan, new(messageRow), &l.found.Messages) })
	return l.t.bulk(ctx, messages, l.t.s.find(partsByMessage, "tt", aims, l.part))
}
