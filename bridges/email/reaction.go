package email

import (
	"encoding/json"
	"slices"
	"strings"
)

// reactionType is of the part by which Gmail tells programs of an emoji that somebody put on a mail. For people the same mail says it in words.
// https://developers.google.com/workspace/gmail/reactions/format
const reactionType = "text/vnd.google.email-reaction+json"

// longestEmoji bounds what is taken for one, in bytes.
const longestEmoji = 64

// reaction returns the emoji of a mail that is nothing but one, "" if it is not.
func reaction(m Letter) string {
	i := slices.IndexFunc(m.Files, func(f File) bool { return f.MIME == reactionType })
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
