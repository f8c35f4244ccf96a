package core

import (
	"encoding/binary"
	"time"
)

// Outlook puts mails together by Thread-Index: 22 bytes of the conversation, of which the first six are the head of the time at which it began and the others
// name it, and five for each answer.

// ThreadIndexHead is how long the index of a conversation's first mail is.
const ThreadIndexHead = 22

// ThreadIndex is the index of a conversation.
func ThreadIndex(began time.Time, name [16]byte) []byte {
	head := binary.BigEndian.AppendUint64(nil, filetime(began))[:6]
	head[0] = 1
	return append(head, name[:]...)
}

// ThreadIndexAnswer appends an answer to an index, which has at least ThreadIndexHead bytes. The mark tells answers of the same moment apart.
func ThreadIndexAnswer(index []byte, at time.Time, mark byte) []byte {
	began, since := binary.BigEndian.Uint64(append([]byte{1}, append(index[1:6:6], 0, 0)...)), uint64(0)
	if now := filetime(at); now > began {
		since = now - began
	}
	index = binary.BigEndian.AppendUint32(index, uint32(since>>18)&0x7fffffff) //nolint:gosec // 31 bits are what the format has
	return append(index, mark)
}

// filetime counts 100 ns since 1601.
func filetime(t time.Time) uint64 {
	const epoch = 11644473600                                              // seconds from 1601 to 1970
	return uint64(max(t.Unix()+epoch, 0))*1e7 + uint64(t.Nanosecond()/100) //nolint:gosec // not negative
}
