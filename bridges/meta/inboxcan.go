package meta

import (
	"time"

	"causeway/core"
)

// Free is how long after a person's last act anything may be sent to them, and Longest how long what a person of the business wrote.
const (
	Free    = 24 * time.Hour
	Longest = 7 * Free
)

const (
	inboxImage = 8 << 20
	inboxFile  = 25 << 20
	inboxRate  = 40 // messages a second: an account that sends more finds its inbox blocked
)

// InboxCan is what every inbox carries. A bridge adds its texts, sounds, documents and receipts, and what else is its own. Human is for how long what a
// person wrote may go out; Sounds are the types of audio files and of voice notes.
func InboxCan(human time.Duration, sounds ...string) core.Capabilities {
	sound := core.MediaRule{MIME: sounds, Bytes: inboxFile}
	return core.Capabilities{
		Media: map[core.ContentKind]core.MediaRule{
			core.KindImage:    {MIME: []string{"image/jpeg", "image/png", "image/gif"}, Bytes: inboxImage},
			core.KindVideo:    {MIME: []string{"video/mp4", "video/quicktime", "video/webm", "video/ogg", "video/x-msvideo"}, Bytes: inboxFile},
			core.KindAudio:    sound,
			core.KindVoice:    sound,
			core.KindDocument: {Bytes: inboxFile},
		},
		Kinds: []core.ContentKind{core.KindChoices}, Buttons: MaxReplies,
		Actions: []core.Action{core.ActionRead, core.ActionTyping},
		Receives: []core.ContentKind{core.KindText, core.KindImage, core.KindVideo, core.KindAudio, core.KindDocument, core.KindSticker, core.KindChoice,
			core.KindSystem, core.KindUnsupported},
		Window: core.Window{Free: Free, Human: human, After: core.AfterNothing}, PerSecond: inboxRate,
	}
}
