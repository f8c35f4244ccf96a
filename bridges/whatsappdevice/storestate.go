package whatsappdevice

import (
	"cmp"
	"context"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"

	"causeway/core"

	"go.mau.fi/whatsmeow/store"
)

// appKey is a key of the settings that the account's devices share.
type appKey struct {
	ID          []byte `json:"id"`
	Data        []byte `json:"data"`
	Fingerprint []byte `json:"fingerprint"`
	Timestamp   int64  `json:"timestamp"`
}

func (k appKey) key() *store.AppStateSyncKey {
	return &store.AppStateSyncKey{Data: k.Data, Fingerprint: k.Fingerprint, Timestamp: k.Timestamp}
}

// PutAppStateSyncKey implements store.AppStateSyncKeyStore. An older one of the same id changes nothing.
func (r *records) PutAppStateSyncKey(ctx context.Context, id []byte, key store.AppStateSyncKey) error {
	r.changing.Lock()
	defer r.changing.Unlock()
	var known appKey
	name := hex.EncodeToString(id)
	there, err := r.one(ctx, r.own(spaceAppKey), name, &known)
	if err != nil || there && known.Timestamp >= key.Timestamp {
		return err
	}
	k := appKey{ID: id, Data: key.Data, Fingerprint: key.Fingerprint, Timestamp: key.Timestamp}
	return r.apply(ctx, core.Keep(r.own(spaceAppKey), name, encode(k)))
}

// GetAppStateSyncKey implements store.AppStateSyncKeyStore.
func (r *records) GetAppStateSyncKey(ctx context.Context, id []byte) (*store.AppStateSyncKey, error) {
	var known appKey
	there, err := r.one(ctx, r.own(spaceAppKey), hex.EncodeToString(id), &known)
	if err != nil || !there {
		return nil, err
	}
	return known.key(), nil
}

// appKeys lists them, the newest first.
func (r *records) appKeys(ctx context.Context) ([]appKey, error) {
	found, err := r.list(ctx, r.own(spaceAppKey), "")
	if err != nil {
		return nil, err
	}
	var all []appKey
	for _, raw := range found {
		var k appKey
		if err := decode(spaceAppKey, raw, &k); err != nil {
			return nil, err
		}
		all = append(all, k)
	}
	slices.SortFunc(all, func(a, b appKey) int {
		return cmp.Or(cmp.Compare(b.Timestamp, a.Timestamp), slices.Compare(b.ID, a.ID))
	})
	return all, nil
}

// GetLatestAppStateSyncKeyID implements store.AppStateSyncKeyStore.
func (r *records) GetLatestAppStateSyncKeyID(ctx context.Context) ([]byte, error) {
	all, err := r.appKeys(ctx)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	return all[0].ID, nil
}

// GetAllAppStateSyncKeys implements store.AppStateSyncKeyStore.
func (r *records) GetAllAppStateSyncKeys(ctx context.Context) ([]*store.AppStateSyncKey, error) {
	all, err := r.appKeys(ctx)
	var found []*store.AppStateSyncKey
	for _, k := range all {
		found = append(found, k.key())
	}
	return found, err
}

// PutAppStateVersion implements store.AppStateStore.
func (r *records) PutAppStateVersion(ctx context.Context, name string, version uint64, hash [128]byte) error {
	return r.apply(ctx, core.Keep(r.own(spaceAppVersion), name, append(putUint64(version), hash[:]...)))
}

// GetAppStateVersion implements store.AppStateStore. Where nothing is stored, it is zero.
func (r *records) GetAppStateVersion(ctx context.Context, name string) (version uint64, hash [128]byte, err error) {
	raw, err := r.get(ctx, r.own(spaceAppVersion), name)
	if err != nil || raw == nil {
		return 0, hash, err
	}
	if len(raw) != 8+len(hash) {
		return 0, hash, fmt.Errorf("state %s: %d bytes are stored", name, len(raw))
	}
	if version = binary.BigEndian.Uint64(raw); version == 0 {
		return 0, hash, fmt.Errorf("state %s: the version 0 is stored", name)
	}
	return version, [128]byte(raw[8:]), nil
}

// DeleteAppStateVersion implements store.AppStateStore, with what belongs to it.
func (r *records) DeleteAppStateVersion(ctx context.Context, name string) error {
	return r.apply(ctx, core.Forget(r.own(spaceAppVersion), name), core.ForgetAll(r.own(spaceAppMAC), name+"/"))
}

func macName(name string, index []byte) string { return name + "/" + hex.EncodeToString(index) }

// PutAppStateMutationMACs implements store.AppStateStore. Of an index the one of the highest version counts.
func (r *records) PutAppStateMutationMACs(ctx context.Context, name string, version uint64, mutations []store.AppStateMutationMAC) error {
	r.changing.Lock()
	defer r.changing.Unlock()
	names := make([]string, len(mutations))
	for i, m := range mutations {
		names[i] = macName(name, m.IndexMAC)
	}
	known, err := r.getMany(ctx, r.own(spaceAppMAC), names)
	if err != nil {
		return err
	}
	var changes []core.Change
	for i, m := range mutations {
		if was := known[names[i]]; len(was) >= 8 && binary.BigEndian.Uint64(was) > version {
			continue
		}
		changes = append(changes, core.Keep(r.own(spaceAppMAC), names[i], append(putUint64(version), m.ValueMAC...)))
	}
	return r.apply(ctx, changes...)
}

// DeleteAppStateMutationMACs implements store.AppStateStore.
func (r *records) DeleteAppStateMutationMACs(ctx context.Context, name string, indexMACs [][]byte) error {
	var changes []core.Change
	for _, index := range indexMACs {
		changes = append(changes, core.Forget(r.own(spaceAppMAC), macName(name, index)))
	}
	return r.apply(ctx, changes...)
}

// GetAppStateMutationMAC implements store.AppStateStore.
func (r *records) GetAppStateMutationMAC(ctx context.Context, name string, indexMAC []byte) ([]byte, error) {
	raw, err := r.get(ctx, r.own(spaceAppMAC), macName(name, indexMAC))
	if err != nil || len(raw) < 8 {
		return nil, err
	}
	return raw[8:], nil
}

const saltName = "salt"

// PutNCTSalt implements store.NCTSaltStore.
func (r *records) PutNCTSalt(ctx context.Context, salt []byte) error {
	return r.apply(ctx, core.Keep(r.own(spaceSalt), saltName, salt))
}

// GetNCTSalt implements store.NCTSaltStore.
func (r *records) GetNCTSalt(ctx context.Context) ([]byte, error) {
	return r.get(ctx, r.own(spaceSalt), saltName)
}

// DeleteNCTSalt implements store.NCTSaltStore.
func (r *records) DeleteNCTSalt(ctx context.Context) error {
	return r.apply(ctx, core.Forget(r.own(spaceSalt), saltName))
}
