package email

import (
	"encoding/json"
	"slices"
	"strings"

	"causeway/core"
)

// longestEmoji bounds what is taken for one, in bytes.
const longestEmoji = 64

// reaction returns the emoji of a mail that is nothing but one, "" if it is not.
func reaction(m Letter) string {
	i := slices.IndexFunc(m.Files, func(f File) bool { return f.MIME == core.MailReaction })
	if i < 0 {
		return ""
	}
	var said struct {
		Emoji   string `json:"emoji"`
		Version int    `json:"version"`
	}
	err := json.Unmarshal(m.Files[i].Data, &said)
	if emoji := strings.TrimSpace(said.Emoji); err == nil && said.Version == 1 && len(emoji) <= longestEmoji && !strings.ContainsAny(emoji, " \r\n\t") {
		return emoji
	}
	return ""
}
