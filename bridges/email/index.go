package email

import (
	"encoding/base64"
	"hash/fnv"
	"time"

	"causeway/core"
)

// indexMost is more than any Thread-Index has.
const indexMost = 2000

// childIndex is the Thread-Index of an answer to a mail, "" where that had none that can be read.
func childIndex(parent, id string, at time.Time) string {
	raw, err := base64.StdEncoding.DecodeString(parent)
	if err != nil || len(raw) < core.ThreadIndexHead || len(raw) > indexMost {
		return ""
	}
	sum := fnv.New32a()
	_, _ = sum.Write([]byte(id)) // it takes all
	return base64.StdEncoding.EncodeToString(core.ThreadIndexAnswer(raw, at, byte(sum.Sum32())))
}
