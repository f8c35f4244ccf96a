package whatsapptest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"go.mau.fi/libsignal/ecc"
	"go.mau.fi/libsignal/groups"
	"go.mau.fi/libsignal/keys/identity"
	"go.mau.fi/libsignal/keys/prekey"
	"go.mau.fi/libsignal/protocol"
	"go.mau.fi/libsignal/session"
	"go.mau.fi/libsignal/util/optional"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/store"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/util/keys"
	"google.golang.org/protobuf/proto"
)

// device is one device of a person: its keys and sessions, as a Signal client has them.
type device struct {
	jid types.JID // of the LID, with its number
	box box

	mu   sync.Mutex // one message at a time: a session is read, used and written
	keys *store.Device
	ring *keyring
}

func newDevice(jid types.JID) *device {
	own := keys.NewKeyPair()
	r := &keyring{NoopStore: &store.NoopStore{}, sessions: map[string][]byte{}, senders: map[string][]byte{}, prekeys: map[uint32]*keys.PreKey{}}
	d := &store.Device{IdentityKey: own, SignedPreKey: own.CreateSignedPreKey(1), RegistrationID: 4711 + uint32(jid.Device),
		Identities: r, Sessions: r, PreKeys: r, SenderKeys: r}
	return &device{jid: jid, keys: d, ring: r}
}

// keyring keeps a device's sessions in memory. Whom it hears from it trusts.
type keyring struct {
	*store.NoopStore
	sessions, senders map[string][]byte
	prekeys           map[uint32]*keys.PreKey
	last              uint32
}

func (*keyring) IsTrustedIdentity(context.Context, string, [32]byte) (bool, error) { return true, nil }

func (r *keyring) GetSession(_ context.Context, address string) ([]byte, error) {
	return r.sessions[address], nil
}

func (r *keyring) HasSession(_ context.Context, address string) (bool, error) {
	return r.sessions[address] != nil, nil
}

func (r *keyring) PutSession(_ context.Context, address string, s []byte) error {
	r.sessions[address] = s
	return nil
}

func (r *keyring) GetPreKey(_ context.Context, id uint32) (*keys.PreKey, error) {
	return r.prekeys[id], nil
}

func (r *keyring) RemovePreKey(_ context.Context, id uint32) error {
	delete(r.prekeys, id)
	return nil
}

func (r *keyring) PutSenderKey(_ context.Context, group, user string, s []byte) error {
	r.senders[group+" "+user] = s
	return nil
}

func (r *keyring) GetSenderKey(_ context.Context, group, user string) ([]byte, error) {
	return r.senders[group+" "+user], nil
}

// prekey makes a one-time key for whoever wants to write to the device.
func (r *keyring) prekey() *keys.PreKey {
	r.last++
	k := keys.NewPreKey(r.last)
	r.prekeys[r.last] = k
	return k
}

// bundle is what one device needs to write to another for the first time.
type bundle struct {
	registration uint32
	identity     []byte
	signed       *keys.PreKey
	once         *keys.PreKey // nil when they are used up
}

// bundle gives out a one-time key.
func (d *device) bundle() bundle {
	d.mu.Lock()
	defer d.mu.Unlock()
	return bundle{d.keys.RegistrationID, d.keys.IdentityKey.Pub[:], d.keys.SignedPreKey, d.ring.prekey()}
}

func (b bundle) signal(number uint16) *prekey.Bundle {
	id, once := optional.NewEmptyUint32(), ecc.ECPublicKeyable(nil)
	if b.once != nil {
		id, once = optional.NewOptionalUint32(b.once.KeyID), ecc.NewDjbECPublicKey(*b.once.Pub)
	}
	return prekey.NewBundle(b.registration, uint32(number), id, b.signed.KeyID, once, ecc.NewDjbECPublicKey(*b.signed.Pub), *b.signed.Signature,
		identity.NewKey(ecc.NewDjbECPublicKey([32]byte(b.identity))))
}

// sealed is an encrypted message and its kind: "pkmsg" opens a session, "msg" continues one, "skmsg" is for a group.
type sealed struct {
	kind string
	body []byte
}

// seal encrypts for another device. Without a session, and whenever keys are given, it begins one.
func (d *device) seal(ctx context.Context, to types.JID, m *waE2E.Message, fetch func() (bundle, error), given *bundle) (sealed, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	builder := session.NewBuilderFromSignal(d.keys, to.SignalAddress(), store.SignalProtobufSerializer)
	if given == nil && d.ring.sessions[to.SignalAddress().String()] == nil {
		fetched, err := fetch()
		if err != nil {
			return sealed{}, err
		}
		given = &fetched
	}
	if given != nil {
		if err := builder.ProcessBundle(ctx, given.signal(to.Device)); err != nil {
			return sealed{}, err
		}
	}
	c, err := session.NewCipher(builder, to.SignalAddress()).Encrypt(ctx, pad(mustMarshal(m)))
	if err != nil {
		return sealed{}, err
	}
	kind := "msg"
	if c.Type() == protocol.PREKEY_TYPE {
		kind = "pkmsg"
	}
	return sealed{kind, c.Serialize()}, nil
}

// open decrypts what another device sent.
func (d *device) open(ctx context.Context, from types.JID, s sealed) (*waE2E.Message, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	address := from.SignalAddress()
	cipher := session.NewCipher(session.NewBuilderFromSignal(d.keys, address, store.SignalProtobufSerializer), address)
	serializer := store.SignalProtobufSerializer
	var plain []byte
	switch s.kind {
	case "pkmsg":
		m, err := protocol.NewPreKeySignalMessageFromBytes(s.body, serializer.PreKeySignalMessage, serializer.SignalMessage)
		if err != nil {
			return nil, err
		}
		if plain, err = cipher.DecryptMessage(ctx, m); err != nil {
			return nil, err
		}
	case "msg":
		m, err := protocol.NewSignalMessageFromBytes(s.body, serializer.SignalMessage)
		if err != nil {
			return nil, err
		}
		if plain, err = cipher.Decrypt(ctx, m); err != nil {
			return nil, err
		}
	default:
		return nil, fmt.Errorf("a message of the kind %q", s.kind)
	}
	return unpadded(plain)
}

// sealGroup encrypts for a group and returns the key that its members need to read it.
func (d *device) sealGroup(ctx context.Context, group types.JID, m *waE2E.Message) (sealed, *waE2E.Message, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	name := protocol.NewSenderKeyName(group.String(), d.jid.SignalAddress())
	builder := groups.NewGroupSessionBuilder(d.keys, store.SignalProtobufSerializer)
	key, err := builder.Create(ctx, name)
	if err != nil {
		return sealed{}, nil, err
	}
	c, err := groups.NewGroupCipher(builder, name, d.keys).Encrypt(ctx, pad(mustMarshal(m)))
	if err != nil {
		return sealed{}, nil, err
	}
	return sealed{"skmsg", c.SignedSerialize()}, &waE2E.Message{SenderKeyDistributionMessage: &waE2E.SenderKeyDistributionMessage{
		GroupID: proto.String(group.String()), AxolotlSenderKeyDistributionMessage: key.Serialize()}}, nil
}

// learn takes the key of a group's member.
func (d *device) learn(ctx context.Context, group, from types.JID, key []byte) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	m, err := protocol.NewSenderKeyDistributionMessageFromBytes(key, store.SignalProtobufSerializer.SenderKeyDistributionMessage)
	if err != nil {
		return err
	}
	builder := groups.NewGroupSessionBuilder(d.keys, store.SignalProtobufSerializer)
	return builder.Process(ctx, protocol.NewSenderKeyName(group.String(), from.SignalAddress()), m)
}

// openGroup decrypts what a member of a group sent.
func (d *device) openGroup(ctx context.Context, group, from types.JID, body []byte) (*waE2E.Message, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	m, err := protocol.NewSenderKeyMessageFromBytes(body, store.SignalProtobufSerializer.SenderKeyMessage)
	if err != nil {
		return nil, err
	}
	name := protocol.NewSenderKeyName(group.String(), from.SignalAddress())
	plain, err := groups.NewGroupCipher(groups.NewGroupSessionBuilder(d.keys, store.SignalProtobufSerializer), name, d.keys).Decrypt(ctx, m)
	if err != nil {
		return nil, err
	}
	return unpadded(plain)
}

// dropSessions forgets every session, as a phone does that was set up anew.
func (d *device) dropSessions() {
	d.mu.Lock()
	defer d.mu.Unlock()
	clear(d.ring.sessions)
	clear(d.ring.senders)
}

// pad hides a message's length: as many bytes as each of them says.
func pad(plain []byte) []byte { return append(plain, 3, 3, 3) }

func unpadded(plain []byte) (*waE2E.Message, error) {
	if len(plain) == 0 || int(plain[len(plain)-1]) > len(plain) {
		return nil, errors.New("a message without padding")
	}
	var m waE2E.Message
	plain = slices.Clone(plain[:len(plain)-int(plain[len(plain)-1])])
	return &m, proto.Unmarshal(plain, &m)
}
