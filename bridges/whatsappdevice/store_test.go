package whatsappdevice

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"causeway/bridges/bridgetest"
	"causeway/core"

	"go.mau.fi/whatsmeow/proto/waAdv"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/store"
	"go.mau.fi/whatsmeow/store/sqlstore"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/util/keys"
	waLog "go.mau.fi/whatsmeow/util/log"
	"google.golang.org/protobuf/proto"
	_ "modernc.org/sqlite"
	"pgregory.net/rapid"
)

// stores is all that whatsmeow asks of a store.
type stores interface {
	store.AllSessionSpecificStores
	store.LIDStore
}

// reference is whatsmeow's own store.
type reference struct {
	*sqlstore.SQLStore
	store.LIDStore
}

func openReference(t testing.TB) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", "file::memory:?_pragma=foreign_keys(1)")
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { _ = db.Close() })
	if err := sqlstore.NewWithDB(db, "sqlite", nil).Upgrade(t.Context()); err != nil {
		t.Fatal(err)
	}
	return db
}

// newReference makes an empty store in a database that others have used.
func newReference(ctx context.Context, db *sql.DB, n int) (reference, error) {
	c := sqlstore.NewWithDB(db, "sqlite", nil)
	device := c.NewDevice()
	device.ID = &types.JID{User: strconv.Itoa(n), Device: 1, Server: types.DefaultUserServer}
	device.Account = &waAdv.ADVSignedDeviceIdentity{Details: []byte("d"), AccountSignature: make([]byte, 64), AccountSignatureKey: make([]byte, 32), DeviceSignature: make([]byte, 64)}
	if err := c.PutDevice(ctx, device); err != nil {
		return reference{}, err
	}
	_, err := db.ExecContext(ctx, "DELETE FROM whatsmeow_lid_map")
	return reference{device.EventBuffer.(*sqlstore.SQLStore), c.LIDMap}, err
}

func newRecords() *records {
	return &records{safe: &bridgetest.Safe{}, now: time.Now, generation: "1"}
}

// What operations are made of: few, so that they meet.
var (
	numbers   = []types.JID{types.NewJID("4911", types.DefaultUserServer), types.NewJID("4922", types.DefaultUserServer), types.NewJID("4933", types.DefaultUserServer)}
	lids      = []types.JID{types.NewJID("701", types.HiddenUserServer), types.NewJID("702", types.HiddenUserServer)}
	people    = append(append([]types.JID{types.NewJID("g-1", types.GroupServer)}, numbers...), lids...)
	names     = []string{"", "Ana", "Bo", "नमस्ते"}
	ids       = []string{"3EB0A1", "x|y%/_ ", strings.Repeat("long", 99)}
	states    = []string{"regular", "critical_block"}
	moments   = []time.Time{time.Unix(100, 0), time.Unix(200, 0), time.Unix(300, 0)}
	addresses = func() (all []string) {
		for _, p := range people[1:] {
			for _, d := range []uint16{0, 7} {
				p.Device = d
				all = append(all, p.SignalAddress().String())
			}
		}
		return all
	}()
)

func key32(n int) [32]byte { return sha256.Sum256([]byte{byte(n)}) }

// draw is what an operation is made of, drawn once and used on both stores.
type draw struct {
	ctx              context.Context
	who, other       types.JID
	number, lid      types.JID
	address          string
	some             []string
	name, second, id string
	state            string
	n, version       int
	at               time.Time
	on               bool
}

func drawn(ctx context.Context, t *rapid.T) draw {
	one := func(all []string, what string) string { return rapid.SampledFrom(all).Draw(t, what) }
	return draw{ctx: ctx, who: rapid.SampledFrom(people).Draw(t, "who"), other: rapid.SampledFrom(people).Draw(t, "other"),
		number: rapid.SampledFrom(numbers).Draw(t, "number"), lid: rapid.SampledFrom(lids).Draw(t, "lid"), address: one(addresses, "address"),
		some: rapid.SliceOfNDistinct(rapid.SampledFrom(addresses), 0, 4, rapid.ID[string]).Draw(t, "some"), name: one(names, "name"), second: one(names, "second"),
		id: one(ids, "id"), state: one(states, "state"), n: rapid.IntRange(0, 5).Draw(t, "n"), version: rapid.IntRange(1, 3).Draw(t, "version"),
		at: rapid.SampledFrom(moments).Draw(t, "at"), on: rapid.Bool().Draw(t, "on")}
}

func (d draw) String() string {
	return fmt.Sprint(d.who, d.other, d.number, d.lid, d.address, d.some, d.name, d.second, len(d.id), d.state, d.n, d.version, d.at.Unix(), d.on)
}

func (d draw) bytes() []byte { return []byte(fmt.Sprint("value ", d.n)) }

func (d draw) hash() [32]byte { return key32(d.n) }

// replied is what a store answered, to be compared. Errors are alike whatever they say.
func replied(values ...any) string {
	text := ""
	for _, v := range values {
		if err, is := v.(error); is || v == nil && len(values) == 1 {
			v = err != nil
		}
		text += fmt.Sprintf("%+v;", plainly(v))
	}
	return text
}

func plainly(v any) any {
	r := reflect.ValueOf(v)
	if r.Kind() == reflect.Pointer && !r.IsNil() {
		return plainly(r.Elem().Interface())
	}
	switch v := v.(type) {
	case nil:
		return "none"
	case []byte:
		if v == nil {
			return "none"
		}
		return string(v)
	case time.Time:
		return v.Unix()
	case store.PrivacyToken:
		return fmt.Sprint(v.User, string(v.Token), v.Timestamp.Unix(), v.SenderTimestamp.Unix())
	case store.BufferedEvent:
		return fmt.Sprint(plainly(v.Plaintext), v.ServerTime.Unix())
	case types.LocalChatSettings:
		return fmt.Sprint(v.Found, v.Pinned, v.Archived, v.MutedUntil.Unix())
	case []store.AppStateSyncKey:
		return len(v)
	}
	return v
}

// operation is one call, with its answer as text.
type operation struct {
	name string
	do   func(s stores, d draw) string
}

// quiet operations only read.
var readings = []operation{
	{"IsTrustedIdentity", func(s stores, d draw) string { return replied(s.IsTrustedIdentity(d.ctx, d.address, key32(d.n))) }},
	{"GetSession", func(s stores, d draw) string { return replied(s.GetSession(d.ctx, d.address)) }},
	{"HasSession", func(s stores, d draw) string { return replied(s.HasSession(d.ctx, d.address)) }},
	{"GetManySessions", func(s stores, d draw) string {
		all, err := s.GetManySessions(d.ctx, d.some)
		text := replied(err)
		for _, a := range slices.Sorted(maps.Keys(all)) {
			text += replied(a, all[a])
		}
		return text
	}},
	{"UploadedPreKeyCount", func(s stores, d draw) string { return replied(s.UploadedPreKeyCount(d.ctx)) }},
	{"GetPreKey", func(s stores, d draw) string {
		k, err := s.GetPreKey(d.ctx, uint32(d.n))
		return replied(k != nil && k.KeyID == uint32(d.n), err)
	}},
	{"GetSenderKey", func(s stores, d draw) string { return replied(s.GetSenderKey(d.ctx, d.who.String(), d.address)) }},
	{"GetAppStateSyncKey", func(s stores, d draw) string { return replied(s.GetAppStateSyncKey(d.ctx, []byte{byte(d.n)})) }},
	{"GetAllAppStateSyncKeys", func(s stores, d draw) string {
		all, err := s.GetAllAppStateSyncKeys(d.ctx)
		var ages []int64
		for _, k := range all {
			ages = append(ages, k.Timestamp)
		}
		return replied(ages, err)
	}},
	{"GetAppStateVersion", func(s stores, d draw) string {
		v, hash, err := s.GetAppStateVersion(d.ctx, d.state)
		return replied(v, hash, err)
	}},
	{"GetAppStateMutationMAC", func(s stores, d draw) string {
		index := d.hash()
		return replied(s.GetAppStateMutationMAC(d.ctx, d.state, index[:]))
	}},
	{"GetContact", func(s stores, d draw) string { return replied(s.GetContact(d.ctx, d.who)) }},
	{"GetAllContacts", func(s stores, d draw) string { return replied(s.GetAllContacts(d.ctx)) }},
	{"GetChatSettings", func(s stores, d draw) string { return replied(s.GetChatSettings(d.ctx, d.who)) }},
	{"GetMessageSecret", func(s stores, d draw) string {
		secret, who, err := s.GetMessageSecret(d.ctx, d.who, d.other, d.id)
		return replied(secret, who.String(), err)
	}},
	{"GetPrivacyToken", func(s stores, d draw) string { return replied(s.GetPrivacyToken(d.ctx, d.who)) }},
	{"GetNCTSalt", func(s stores, d draw) string { return replied(s.GetNCTSalt(d.ctx)) }},
	{"GetBufferedEvent", func(s stores, d draw) string { return replied(s.GetBufferedEvent(d.ctx, d.hash())) }},
	{"GetOutgoingEvent", func(s stores, d draw) string {
		chat := d.who // where both chats have the message, the reference answers with either of them
		if _, _, err := s.GetOutgoingEvent(d.ctx, d.who, d.who, d.id); err != nil {
			chat = d.other
		}
		format, text, err := s.GetOutgoingEvent(d.ctx, d.who, chat, d.id)
		return replied(format, string(text), err)
	}},
	{"GetPNForLID", func(s stores, d draw) string { return replied(s.GetPNForLID(d.ctx, d.who)) }},
	{"GetLIDForPN", func(s stores, d draw) string { return replied(s.GetLIDForPN(d.ctx, d.who)) }},
	{"GetManyLIDsForPNs", func(s stores, d draw) string { return replied(s.GetManyLIDsForPNs(d.ctx, people)) }},
}

var changings = []operation{
	{"PutIdentity", func(s stores, d draw) string { return replied(s.PutIdentity(d.ctx, d.address, key32(d.n))) }},
	{"DeleteAllIdentities", func(s stores, d draw) string { return replied(s.DeleteAllIdentities(d.ctx, d.who.SignalAddressUser())) }},
	{"DeleteIdentity", func(s stores, d draw) string { return replied(s.DeleteIdentity(d.ctx, d.address)) }},
	{"PutSession", func(s stores, d draw) string { return replied(s.PutSession(d.ctx, d.address, d.bytes())) }},
	{"PutManySessions", func(s stores, d draw) string {
		all := map[string][]byte{}
		for i, a := range d.some {
			all[a] = []byte(fmt.Sprint(d.n, i))
		}
		return replied(s.PutManySessions(d.ctx, all))
	}},
	{"DeleteAllSessions", func(s stores, d draw) string { return replied(s.DeleteAllSessions(d.ctx, d.who.SignalAddressUser())) }},
	{"DeleteSession", func(s stores, d draw) string { return replied(s.DeleteSession(d.ctx, d.address)) }},
	{"MigratePNToLID", func(s stores, d draw) string { return replied(s.MigratePNToLID(d.ctx, d.number, d.lid)) }},
	{"RemovePreKey", func(s stores, d draw) string { return replied(s.RemovePreKey(d.ctx, uint32(d.n))) }},
	{"MarkPreKeysAsUploaded", func(s stores, d draw) string { return replied(s.MarkPreKeysAsUploaded(d.ctx, uint32(d.n))) }},
	{"GetOrGenPreKeys", func(s stores, d draw) string {
		made, err := s.GetOrGenPreKeys(d.ctx, uint32(d.n))
		return replied(preKeyIDs(s, d, made...), err)
	}},
	{"GenOnePreKey", func(s stores, d draw) string {
		made, err := s.GenOnePreKey(d.ctx)
		return replied(preKeyIDs(s, d, made), err)
	}},
	{"PutSenderKey", func(s stores, d draw) string {
		return replied(s.PutSenderKey(d.ctx, d.who.String(), d.address, d.bytes()))
	}},
	{"PutAppStateSyncKey", func(s stores, d draw) string {
		return replied(s.PutAppStateSyncKey(d.ctx, []byte{byte(d.n)}, store.AppStateSyncKey{Data: d.bytes(), Fingerprint: []byte(d.id), Timestamp: d.at.Unix()}))
	}},
	{"PutAppStateVersion", func(s stores, d draw) string {
		return replied(s.PutAppStateVersion(d.ctx, d.state, uint64(d.version), [128]byte{byte(d.n)}))
	}},
	{"DeleteAppStateVersion", func(s stores, d draw) string { return replied(s.DeleteAppStateVersion(d.ctx, d.state)) }},
	{"PutAppStateMutationMACs", func(s stores, d draw) string { return replied(putMACs(s, d)) }},
	{"DeleteAppStateMutationMACs", func(s stores, d draw) string {
		index := d.hash()
		return replied(s.DeleteAppStateMutationMACs(d.ctx, d.state, [][]byte{index[:]}))
	}},
	{"PutPushName", func(s stores, d draw) string {
		changed, was, err := s.PutPushName(d.ctx, d.who, d.name)
		return replied(changed, was, err)
	}},
	{"PutBusinessName", func(s stores, d draw) string {
		changed, was, err := s.PutBusinessName(d.ctx, d.who, d.name)
		return replied(changed, was, err)
	}},
	{"PutContactName", func(s stores, d draw) string { return replied(s.PutContactName(d.ctx, d.who, d.name, d.second)) }},
	{"PutAllContactNames", func(s stores, d draw) string {
		return replied(s.PutAllContactNames(d.ctx, []store.ContactEntry{{JID: d.who, FirstName: d.name}, {JID: d.other, FullName: d.second}, {JID: d.who, FirstName: d.second, FullName: d.name}}))
	}},
	{"PutManyRedactedPhones", func(s stores, d draw) string {
		return replied(s.PutManyRedactedPhones(d.ctx, []store.RedactedPhoneEntry{{JID: d.who, RedactedPhone: "+49∙∙" + d.name}, {JID: d.other, RedactedPhone: "+49"}}))
	}},
	{"PutMutedUntil", func(s stores, d draw) string {
		return replied(s.PutMutedUntil(d.ctx, d.who, []time.Time{d.at, {}, store.MutedForever}[d.n%3]))
	}},
	{"PutPinned", func(s stores, d draw) string { return replied(s.PutPinned(d.ctx, d.who, d.on)) }},
	{"PutArchived", func(s stores, d draw) string { return replied(s.PutArchived(d.ctx, d.who, d.on)) }},
	{"PutMessageSecret", func(s stores, d draw) string { return replied(putSecret(s, d)) }},
	{"PutPrivacyTokens", func(s stores, d draw) string { return replied(putTokens(s, d)) }},
	{"DeleteExpiredPrivacyTokens", func(s stores, d draw) string { return replied(s.DeleteExpiredPrivacyTokens(d.ctx, d.at)) }},
	{"PutNCTSalt", func(s stores, d draw) string { return replied(s.PutNCTSalt(d.ctx, d.bytes())) }},
	{"DeleteNCTSalt", func(s stores, d draw) string { return replied(s.DeleteNCTSalt(d.ctx)) }},
	{"PutBufferedEvent", func(s stores, d draw) string {
		if there, err := s.GetBufferedEvent(d.ctx, d.hash()); err != nil || there != nil {
			return replied(err) // whatsmeow does not put what it found
		}
		return replied(s.PutBufferedEvent(d.ctx, d.hash(), []byte("plain "+d.name), d.at))
	}},
	{"ClearBufferedEventPlaintext", func(s stores, d draw) string { return replied(s.ClearBufferedEventPlaintext(d.ctx, d.hash())) }},
	{"DeleteOldBufferedHashes", func(s stores, d draw) string { return replied(s.DeleteOldBufferedHashes(d.ctx)) }},
	{"AddOutgoingEvent", func(s stores, d draw) string { return replied(s.AddOutgoingEvent(d.ctx, d.who, d.id, "wa", d.bytes())) }},
	{"DeleteOldOutgoingEvents", func(s stores, d draw) string { return replied(s.DeleteOldOutgoingEvents(d.ctx)) }},
	{"PutLIDMapping", func(s stores, d draw) string { return replied(s.PutLIDMapping(d.ctx, d.who, d.other)) }},
	{"PutManyLIDMappings", func(s stores, d draw) string {
		// No one twice: the reference compares the second with what was before the first.
		second := store.LIDMapping{LID: lids[(slices.Index(lids, d.lid)+1)%len(lids)], PN: numbers[(slices.Index(numbers, d.number)+1)%len(numbers)]}
		return replied(s.PutManyLIDMappings(d.ctx, []store.LIDMapping{{LID: d.lid, PN: d.number}, {LID: d.number, PN: d.lid}, second}))
	}},
}

// preKeyIDs are the ids of keys that must be as they were given out when they are asked for.
func preKeyIDs(s stores, d draw, made ...*keys.PreKey) (all []uint32) {
	for _, k := range made {
		if again, err := s.GetPreKey(d.ctx, k.KeyID); err != nil || again == nil || *again.Pub != *k.Pub {
			return append(all, 0)
		}
		all = append(all, k.KeyID)
	}
	return all
}

// putMACs puts MACs of a version that is there and has none of them yet: another is refused by the reference's keys, and whatsmeow does not do it.
func putMACs(s stores, d draw) error {
	index, value := d.hash(), key32(d.n+100+d.version)
	version, _, err := s.GetAppStateVersion(d.ctx, d.state)
	if err != nil || version == 0 {
		return err
	}
	if err := s.DeleteAppStateMutationMACs(d.ctx, d.state, [][]byte{index[:]}); err != nil {
		return err
	}
	if err := s.PutAppStateMutationMACs(d.ctx, d.state, uint64(d.version), []store.AppStateMutationMAC{{IndexMAC: index[:], ValueMAC: value[:]}}); err != nil {
		return err
	}
	newer := key32(d.n + 200)
	return s.PutAppStateMutationMACs(d.ctx, d.state, uint64(d.version)+[]uint64{1, 2}[d.n%2], []store.AppStateMutationMAC{{IndexMAC: index[:], ValueMAC: newer[:]}})
}

// putSecret puts a secret unless it can be found already: of two under names of one person the reference returns either.
func putSecret(s stores, d draw) error {
	if secret, _, err := s.GetMessageSecret(d.ctx, d.who, d.other, d.id); err != nil || secret != nil {
		return err
	}
	return s.PutMessageSecret(d.ctx, d.who, d.other, d.id, d.bytes())
}

// putTokens gives each person's names times of their own: of two as old the reference returns either.
func putTokens(s stores, d draw) error {
	at := d.at.Add(time.Duration(slices.Index(people, d.who)) * time.Second)
	sender := time.Time{}
	if d.on {
		sender = at
	}
	return s.PutPrivacyTokens(d.ctx, store.PrivacyToken{User: d.who, Token: d.bytes(), Timestamp: at, SenderTimestamp: sender})
}

// both runs operations on ours and the reference, which must answer the same.
type both struct {
	ours, theirs stores
	log          []string
}

func (b *both) run(t *rapid.T, ctx [2]context.Context, op operation, d draw) {
	if wrong := b.answers(ctx, op, d); wrong != "" {
		t.Fatal(wrong)
	}
}

var errOther = errors.New("the answers differ")

// answers says where they differ, "" if they do not.
func (b *both) answers(ctx [2]context.Context, op operation, d draw) string {
	d.ctx = ctx[0]
	ours := op.do(b.ours, d)
	d.ctx = ctx[1]
	theirs := op.do(b.theirs, d)
	b.log = append(b.log, fmt.Sprintf("%s(%s) = %s", op.name, d, ours))
	if ours == theirs {
		return ""
	}
	return fmt.Sprintf("%s\n answers %s\nwant    %s\nafter %s", op.name, ours, theirs, strings.Join(b.log, "\n"))
}

// inOne runs some operations in one transaction of each store, which fails or not.
func (b *both) inOne(t *rapid.T, ctx context.Context) {
	var ops []operation
	var draws []draw
	for range rapid.IntRange(1, 6).Draw(t, "operations") { // drawn before: a draw may end the test
		ops, draws = append(ops, rapid.SampledFrom(inDecryption).Draw(t, "operation")), append(draws, drawn(ctx, t))
	}
	var end error
	if rapid.Bool().Draw(t, "fails") {
		end = errors.New("on purpose")
	}
	wrong := ""
	err := b.ours.DoDecryptionTxn(ctx, func(ours context.Context) error {
		return b.theirs.DoDecryptionTxn(ctx, func(theirs context.Context) error {
			for i, op := range ops {
				if wrong = b.answers([2]context.Context{ours, theirs}, op, draws[i]); wrong != "" {
					return errOther
				}
			}
			return end
		})
	})
	b.log = append(b.log, fmt.Sprint("transaction over: ", err))
	if wrong != "" {
		t.Fatal(wrong)
	}
	if !errors.Is(err, end) {
		t.Fatalf("transaction: %v, want %v", err, end)
	}
}

// inDecryption are the operations that whatsmeow does in a transaction. The reference's caches of contacts and LIDs do not follow one that fails.
var inDecryption = only("PutIdentity", "DeleteIdentity", "PutSession", "DeleteSession", "DeleteAllSessions", "RemovePreKey", "PutSenderKey", "PutBufferedEvent", "ClearBufferedEventPlaintext",
	"IsTrustedIdentity", "GetSession", "HasSession", "GetManySessions", "GetSenderKey", "GetBufferedEvent", "GetPreKey", "UploadedPreKeyCount", "PutManySessions", "DeleteAllIdentities", "GetMessageSecret")

func only(names ...string) (some []operation) {
	for _, op := range append(slices.Clone(readings), changings...) {
		if slices.Contains(names, op.name) {
			some = append(some, op)
		}
	}
	return some
}

// TestStoreAsReference: whatever whatsmeow does, ours answers what whatsmeow's own store does.
func TestStoreAsReference(t *testing.T) {
	db, n := openReference(t), 0
	rapid.Check(t, func(r *rapid.T) {
		ctx := t.Context()
		n++
		theirs, err := newReference(ctx, db, n)
		if err != nil {
			r.Fatal(err)
		}
		b := &both{ours: newRecords(), theirs: theirs}
		for range rapid.IntRange(1, 40).Draw(r, "operations") {
			if rapid.IntRange(0, 9).Draw(r, "what") == 0 {
				b.inOne(r, ctx)
				continue
			}
			b.run(r, [2]context.Context{ctx, ctx}, rapid.SampledFrom(changings).Draw(r, "operation"), drawn(ctx, r))
		}
		last := drawn(ctx, r)
		for _, op := range readings {
			for i := range 6 {
				last.n, last.who, last.address = i, people[i%len(people)], addresses[(i*2+last.version)%len(addresses)]
				b.run(r, [2]context.Context{ctx, ctx}, op, last)
			}
		}
	})
}

// TestDecryptionIsOneStep: wherever a crash falls, a ratchet has moved on only together with the plaintext that it opened, which can then be read again.
func TestDecryptionIsOneStep(t *testing.T) {
	for applies, want := range []string{"old;none;false;", "new;plain;false;", "new;none;false;"} {
		safe := &bridgetest.Safe{}
		r := &records{safe: safe, now: time.Now, generation: "1"}
		ctx := t.Context()
		if err := r.PutSession(ctx, "1:0", []byte("old")); err != nil {
			t.Fatal(err)
		}
		safe.CutAfter(applies)
		err := r.DoDecryptionTxn(ctx, func(ctx context.Context) error {
			inner := r.DoDecryptionTxn(ctx, func(ctx context.Context) error { return r.PutSession(ctx, "1:0", []byte("new")) })
			return errors.Join(inner, r.RemovePreKey(ctx, 1), r.PutBufferedEvent(ctx, key32(1), []byte("plain"), time.Now()))
		})
		if (err == nil) != (applies > 0) {
			t.Errorf("after %d writes: %v", applies, err)
		}
		_ = r.ClearBufferedEventPlaintext(ctx, key32(1)) // it was taken: this may be cut off
		r.safe = safe.Clone()
		session, err1 := r.GetSession(ctx, "1:0")
		buffered, err2 := r.GetBufferedEvent(ctx, key32(1))
		var text []byte
		if buffered != nil {
			text = buffered.Plaintext
		}
		if got := replied(session) + replied(text) + replied(errors.Join(err1, err2)); got != want {
			t.Errorf("after %d writes: %s, want %s", applies, got, want)
		}
	}
}

// TestAnotherNumber: what the phone of one number offered of its conversations is not imported for the next number that the channel is paired with.
func TestAnotherNumber(t *testing.T) {
	d := devices{host: bridgetest.NewHost(t), log: waLog.Noop}
	for _, c := range []struct {
		number string
		kept   int
	}{{"4930123456", 0}, {"4930123456", 1}, {"4930999999", 0}} {
		device, err := d.fresh(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		jid := types.JID{User: c.number, Device: 1, Server: types.DefaultUserServer}
		device.ID = &jid
		if err := d.promote(t.Context(), device); err != nil {
			t.Fatal(err)
		}
		kept, err := d.host.Safe().List(t.Context(), spaceHistory, "")
		if err != nil || len(kept) != c.kept {
			t.Errorf("paired with %s: %d pieces of history wait, %v, want %d", c.number, len(kept), err, c.kept)
		}
		if err := d.host.Safe().Apply(t.Context(), core.Keep(spaceHistory, "piece", []byte("of the one before"))); err != nil {
			t.Fatal(err)
		}
	}
}

// TestHistoryIsKeptWithItsRatchet: what the phone offers is kept in the step that decrypts it, once however often it is offered; what anybody else sends as
// such is not.
func TestHistoryIsKeptWithItsRatchet(t *testing.T) {
	piece := &waE2E.Message{ProtocolMessage: &waE2E.ProtocolMessage{HistorySyncNotification: &waE2E.HistorySyncNotification{DirectPath: proto.String("/a?b")}}}
	for name, c := range map[string]struct {
		from string
		m    *waE2E.Message
		kept int
	}{
		"the phone":                     {"1:0", piece, 1},
		"the phone, to its own devices": {"1_1:0", &waE2E.Message{DeviceSentMessage: &waE2E.DeviceSentMessage{Message: piece}}, 1},
		"another device":                {"1:7", piece, 0},
		"somebody else":                 {"2:0", piece, 0},
		"the phone, words":              {"1:0", &waE2E.Message{Conversation: proto.String("hello")}, 0},
		"the phone, nothing":            {"1:0", nil, 0},
	} {
		r := newRecords()
		r.phone = []string{"1:0", "1_1:0"}
		plain, err := proto.Marshal(c.m)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 2 {
			err := r.DoDecryptionTxn(t.Context(), func(ctx context.Context) error {
				return errors.Join(r.PutSession(ctx, c.from, []byte("new")), r.PutBufferedEvent(ctx, key32(i), append(plain, 3, 3, 3), time.Now()))
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		kept, err := r.safe.List(t.Context(), spaceHistory, "")
		if err != nil || len(kept) != c.kept {
			t.Errorf("%s: %d offers are kept, want %d; %v", name, len(kept), c.kept, err)
		}
	}
}
