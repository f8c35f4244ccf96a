package session

import "strings"

// rememberMost bounds what is remembered of a channel's records, in bytes.
const rememberMost = 16 << 20

// memory is what is known of records, up to about a size; what was not asked for for long goes first. A nil value: there is none. The zero memory is
// empty.
type memory struct {
	young, old map[string][]byte // by space and key
	size       int               // of young, in bytes
}

func at(space, key string) string { return space + "\x00" + key }

func (m *memory) get(space, key string) (value []byte, known bool) {
	k := at(space, key)
	if value, known = m.young[k]; known {
		return value, true
	}
	if value, known = m.old[k]; known {
		delete(m.old, k)
		m.add(k, value)
	}
	return value, known
}

func (m *memory) put(space, key string, value []byte) {
	m.drop(space, key)
	m.add(at(space, key), value)
}

func (m *memory) add(k string, value []byte) {
	const entry = 64 // what a map needs beside the texts
	if m.young == nil || m.size > rememberMost/2 {
		m.young, m.old, m.size = map[string][]byte{}, m.young, 0
	}
	m.young[k] = value
	m.size += len(k) + len(value) + entry
}

func (m *memory) drop(space, key string) {
	delete(m.young, at(space, key))
	delete(m.old, at(space, key))
}

func (m *memory) dropAll(space, prefix string) {
	for _, all := range []map[string][]byte{m.young, m.old} {
		for k := range all {
			if strings.HasPrefix(k, at(space, prefix)) {
				delete(all, k)
			}
		}
	}
}
