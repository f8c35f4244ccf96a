package whatsappdevice

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"causeway/core"

	"github.com/google/uuid"
	"go.mau.fi/whatsmeow/proto/waAdv"
	"go.mau.fi/whatsmeow/store"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/util/keys"
	waLog "go.mau.fi/whatsmeow/util/log"
	"google.golang.org/protobuf/proto"
)

// Keys of the space of devices.
const (
	deviceNow  = "now"     // the one that is joined to the account
	deviceNext = "next"    // one that is being paired; it takes the place of the other when the phone has agreed
	accountNow = "account" // whose the last device was; it stays when that is unlinked
)

// deviceRecord is a device with its keys, and the generation of its records.
type deviceRecord struct {
	Generation   int       `json:"generation"`
	Noise        []byte    `json:"noise"`
	Identity     []byte    `json:"identity"`
	SignedKey    []byte    `json:"signed_key"`
	SignedKeyID  uint32    `json:"signed_key_id"`
	Signature    []byte    `json:"signature"`
	Registration uint32    `json:"registration"`
	Secret       []byte    `json:"secret"`
	JID          string    `json:"jid"`
	LID          string    `json:"lid"`
	Account      []byte    `json:"account"` // signed by the phone
	Platform     string    `json:"platform"`
	BusinessName string    `json:"business_name"`
	PushName     string    `json:"push_name"`
	Migrated     int64     `json:"migrated"` // to LIDs
	Nonce        string    `json:"nonce"`
	Facebook     uuid.UUID `json:"facebook"`
}

// account is whose device it is. It is our own copy: whatsmeow empties its own while it tells that the device was unlinked.
type account struct {
	PN     string    `json:"pn"`  // the phone number's digits
	LID    string    `json:"lid"` // without server
	Name   string    `json:"name"`
	Paired time.Time `json:"paired"`
}

// devices keeps the devices of a channel. Only one is joined at a time.
type devices struct {
	host core.Host
	log  waLog.Logger // whatsmeow's
}

// slot is where one device is kept. It is that device's store.DeviceContainer.
type slot struct {
	devices
	generation int
	mu         sync.Mutex
	key        string // deviceNext, until it is joined
}

var _ store.DeviceContainer = (*slot)(nil)

// account tells whose device is joined or was joined last; the zero account: none ever was.
func (d devices) account(ctx context.Context) (a account, err error) {
	_, err = d.records("").one(ctx, spaceDevice, accountNow, &a)
	return a, err
}

func (d devices) records(generation string) *records {
	return &records{safe: d.host.Safe(), now: d.host.Now, generation: generation}
}

// now returns the joined device and its generation. One whose pairing was cut short right at its end is taken if there is no other: the phone may
// have agreed to it.
func (d devices) now(ctx context.Context) (*store.Device, int, error) {
	found, err := d.host.Safe().Get(ctx, spaceDevice, deviceNow, deviceNext)
	if err != nil {
		return nil, 0, fmt.Errorf("read device: %w", err)
	}
	key := deviceNow
	if found[deviceNow] == nil {
		key = deviceNext
	}
	if found[key] == nil {
		return nil, 0, nil
	}
	var r deviceRecord
	if err := decode(spaceDevice, found[key], &r); err != nil {
		return nil, 0, err
	}
	device, err := d.restore(r)
	if err != nil {
		return nil, 0, err
	}
	if key == deviceNext {
		err = d.promote(ctx, device)
	}
	return device, r.Generation, err
}

// restore makes a device of its record.
func (d devices) restore(r deviceRecord) (*store.Device, error) {
	noise, err1 := thirtyTwo(r.Noise)
	identity, err2 := thirtyTwo(r.Identity)
	signed, err3 := thirtyTwo(r.SignedKey)
	jid, err4 := types.ParseJID(r.JID)
	lid, err5 := types.ParseJID(r.LID)
	account := &waAdv.ADVSignedDeviceIdentity{}
	if err := errors.Join(err1, err2, err3, err4, err5, proto.Unmarshal(r.Account, account)); err != nil {
		return nil, fmt.Errorf("stored device: %w", err)
	}
	if len(r.Signature) != 64 {
		return nil, fmt.Errorf("stored device: a signature of %d bytes", len(r.Signature))
	}
	signature := [64]byte(r.Signature)
	device := &store.Device{
		Log: d.log, NoiseKey: keys.NewKeyPairFromPrivateKey(noise), IdentityKey: keys.NewKeyPairFromPrivateKey(identity),
		SignedPreKey:   &keys.PreKey{KeyPair: *keys.NewKeyPairFromPrivateKey(signed), KeyID: r.SignedKeyID, Signature: &signature},
		RegistrationID: r.Registration, AdvSecretKey: r.Secret, ID: &jid, LID: lid, Account: account, Platform: r.Platform, BusinessName: r.BusinessName,
		PushName: r.PushName, LIDMigrationTimestamp: r.Migrated, CompanionMetaNonce: r.Nonce, FacebookUUID: r.Facebook}
	d.furnish(device, deviceNow, r.Generation)
	return device, nil
}

// furnish gives a device its stores.
func (d devices) furnish(device *store.Device, key string, generation int) {
	r := d.records(strconv.Itoa(generation))
	device.SetAllStores(r)
	device.LIDs, device.Container, device.Initialized = r, &slot{devices: d, key: key, generation: generation}, true
}

// fresh makes a device to be paired. What an earlier attempt left is forgotten.
func (d devices) fresh(ctx context.Context) (*store.Device, error) {
	_, generation, err := d.now(ctx)
	if err != nil {
		return nil, err
	}
	s := &slot{devices: d, key: deviceNext, generation: generation + 1}
	if err := d.host.Safe().Apply(ctx, s.forget()...); err != nil {
		return nil, err
	}
	identity, random := keys.NewKeyPair(), make([]byte, 36)
	_, _ = rand.Read(random) // it never fails
	device := &store.Device{Log: d.log, NoiseKey: keys.NewKeyPair(), IdentityKey: identity, SignedPreKey: identity.CreateSignedPreKey(1),
		RegistrationID: binary.BigEndian.Uint32(random), AdvSecretKey: random[4:]}
	d.furnish(device, deviceNext, generation+1)
	return device, nil
}

// PutDevice implements store.DeviceContainer.
func (s *slot) PutDevice(ctx context.Context, device *store.Device) error {
	r, err := s.record(device)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.host.Safe().Apply(ctx, core.Keep(spaceDevice, s.key, encode(r)))
}

func (s *slot) record(device *store.Device) (deviceRecord, error) {
	if device.ID == nil {
		return deviceRecord{}, errors.New("the device is joined to no account")
	}
	account, err := proto.Marshal(device.Account)
	if err != nil {
		return deviceRecord{}, fmt.Errorf("account of device: %w", err)
	}
	return deviceRecord{Generation: s.generation, Noise: device.NoiseKey.Priv[:], Identity: device.IdentityKey.Priv[:], SignedKey: device.SignedPreKey.Priv[:],
		SignedKeyID: device.SignedPreKey.KeyID, Signature: device.SignedPreKey.Signature[:], Registration: device.RegistrationID, Secret: device.AdvSecretKey,
		JID: device.ID.String(), LID: device.LID.String(), Account: account, Platform: device.Platform, BusinessName: device.BusinessName,
		PushName: device.PushName, Migrated: device.LIDMigrationTimestamp, Nonce: device.CompanionMetaNonce, Facebook: device.FacebookUUID}, nil
}

// DeleteDevice implements store.DeviceContainer. What belongs to the account stays.
func (s *slot) DeleteDevice(ctx context.Context, _ *store.Device) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.host.Safe().Apply(ctx, s.forget()...)
}

// forget removes a device and what belongs to its keys.
func (s *slot) forget() []core.Change {
	return append(wipe(s.generation), core.Forget(spaceDevice, s.key))
}

func wipe(generation int) (changes []core.Change) {
	for _, space := range ofDevice {
		changes = append(changes, core.ForgetAll(space+strconv.Itoa(generation), ""))
	}
	return changes
}

// promote makes a device that was paired the joined one, in one step. What belonged to the keys of the one before goes; contacts and the like stay,
// unless they are another account's.
func (d devices) promote(ctx context.Context, device *store.Device) error {
	s, ours := device.Container.(*slot)
	if !ours || device.ID == nil {
		return errors.New("the device is joined to no account")
	}
	before, err := d.account(ctx)
	if err != nil {
		return err
	}
	r, err := s.record(device)
	if err != nil {
		return err
	}
	whose := account{PN: device.ID.User, LID: device.LID.User, Name: device.BusinessName, Paired: d.host.Now()}
	changes := []core.Change{core.Keep(spaceDevice, deviceNow, encode(r)), core.Forget(spaceDevice, deviceNext), core.Keep(spaceDevice, accountNow, encode(whose))}
	changes = append(changes, wipe(s.generation-1)...)
	if before.PN != "" && before.PN != whose.PN {
		for _, space := range ofAccount {
			changes = append(changes, core.ForgetAll(space, ""))
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := d.host.Safe().Apply(ctx, changes...); err != nil {
		return fmt.Errorf("keep the paired device: %w", err)
	}
	s.key = deviceNow
	return nil
}

// devices returns those of the channel.
func (l *link) devices() devices { return devices{host: l.host, log: log{l.host.Log()}} }

// device returns the device that is joined to the account, nil if none is.
func (l *link) device(ctx context.Context) (*store.Device, error) {
	device, _, err := l.devices().now(ctx)
	return device, err
}
