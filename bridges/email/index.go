package email

import (
	"encoding/base64"
	"encoding/binary"
	"hash/fnv"
	"time"
)

// Outlook puts mails together by Thread-Index: 22 bytes of the conversation, whose first six are the head of the time at which it began, and five for each
// answer.
const (
	indexHead = 22
	indexMost = 2000
)

// childIndex is the index of an answer to a mail, "" where that had none that can be read.
func childIndex(parent, id string, at time.Time) string {
	raw, err := base64.StdEncoding.DecodeString(parent)
	if err != nil || len(raw) < indexHead || len(raw) > indexMost {
		return ""
	}
	began, since := binary.BigEndian.Uint64(append([]byte{1}, append(raw[1:6:6], 0, 0)...)), uint64(0)
	if now := filetime(at); now > began {
		since = now - began
	}
	sum := fnv.New32a()
	_, _ = sum.Write([]byte(id))                                           // it takes all
	raw = binary.BigEndian.AppendUint32(raw, uint32(since>>18)&0x7fffffff) //nolint:gosec // 31 bits are what the format has
	return base64.StdEncoding.EncodeToString(append(raw, byte(sum.Sum32())))
}

// filetime counts 100 ns since 1601.
func filetime(t time.Time) uint64 {
	const epoch = 11644473600                                              // seconds from 1601 to 1970
	return uint64(max(t.Unix()+epoch, 0))*1e7 + uint64(t.Nanosecond()/100) //nolint:gosec // not negative
}
