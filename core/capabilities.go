package core

import (
	"fmt"
	"mime"
	"strings"
	"time"
)

// Unit is what a channel counts text in.
type Unit string

const (
	UnitBytes Unit = "bytes" // of UTF-8
	UnitRunes Unit = "characters"
	UnitUTF16 Unit = "UTF-16 units"
)

// Capabilities is what a channel can carry, as data: core splits, checks and refuses by it, and the tables in docs and pages are made from it.
type Capabilities struct {
	TextLimit    int // the longest text of one part, in Unit; zero means no limit
	CaptionLimit int // likewise of a medium's caption; zero means captions are sent as text of their own
	Unit         Unit
	Marks        bool                      // *bold* and the like are shown as such; else they are taken out before sending
	Names        bool                      // the admin wants the name of the person who answers in a line before their words
	Media        map[ContentKind]MediaRule // the media kinds it carries
	Kinds        []ContentKind             // what else it can send besides text and media
	Buttons      int                       // most options shown as buttons
	ListRows     int                       // most options shown as a list; zero means no lists
	Actions      []Action
	EditFor      time.Duration // how long after sending a message can be edited; zero means always
	RevokeFor    time.Duration // likewise deleted
	Receipts     []Status      // which it reports
	Receives     []ContentKind
	MayInitiate  bool // a free-form first message is allowed
	Idempotent   bool // a repeated key is not shown twice: an unknown outcome may be sent again
	Window       Window
	PerSecond    float64 // messages a second for the channel; zero means unlimited
}

// MediaRule limits one kind of medium.
type MediaRule struct {
	MIME    []string // accepted types; empty means any
	Bytes   int64    // largest size; zero means unlimited
	Caption bool
	Amend   bool // a caption can be changed after sending, where ActionEdit is there
}

// Action is something done in a conversation that is not a message.
type Action string

const (
	ActionRead     Action = "read"   // mark what came as read
	ActionTyping   Action = "typing" // show that an answer is being written
	ActionReaction Action = "reaction"
	ActionEdit     Action = "edit"
	ActionRevoke   Action = "revoke"
)

// Can reports whether the channel does the action.
func (c Capabilities) Can(a Action) bool {
	for _, have := range c.Actions {
		if have == a {
			return true
		}
	}
	return false
}

// Amendable is how long after sending a message can be edited or deleted; zero means always.
func (c Capabilities) Amendable(a Action) time.Duration {
	if a == ActionEdit {
		return c.EditFor
	}
	return c.RevokeFor
}

// Sends reports whether the channel can carry the kind.
func (c Capabilities) Sends(k ContentKind) bool {
	if k == KindText {
		return true
	}
	if _, ok := c.Media[k]; ok {
		return true
	}
	for _, have := range c.Kinds {
		if have == k {
			return true
		}
	}
	return false
}

// Degrades reports whether choices go over the channel as a numbered text: it has none, or shows fewer. A form has no words to be put in.
func (c Capabilities) Degrades(content Content) bool {
	if content.Kind != KindChoices || content.Choices == nil || content.Choices.Style == ChoicesForm {
		return false
	}
	return !c.Sends(KindChoices) || content.Choices.Style == ChoicesAuto && len(content.Choices.Options) > max(c.Buttons, c.ListRows)
}

// Refuses says in a sentence why the content cannot go over the channel, or "" if it can. Too long a text is no reason: it is split.
func (c Capabilities) Refuses(content Content) string {
	if !c.Sends(content.Kind) && !c.Degrades(content) {
		return fmt.Sprintf("This channel cannot send a message of the kind %q.", content.Kind)
	}
	if !content.Kind.HasMedia() || content.Media == nil {
		return ""
	}
	rule := c.Media[content.Kind]
	if !rule.Accepts(content.Media.MIME) {
		return fmt.Sprintf("This channel takes %s only as %s; this file is %s.", content.Kind, strings.Join(rule.MIME, ", "), content.Media.MIME)
	}
	if rule.Bytes > 0 && content.Media.Size > rule.Bytes {
		return fmt.Sprintf("This channel takes a file of this kind (%s) up to %s; this one is %s.", content.Kind, Bytes(rule.Bytes), Bytes(content.Media.Size))
	}
	return ""
}

// Accepts reports whether the rule takes the MIME type. An unknown (empty) type is taken.
func (r MediaRule) Accepts(mime string) bool {
	if len(r.MIME) == 0 || mime == "" {
		return true
	}
	for _, m := range r.MIME {
		if m == mime {
			return true
		}
	}
	return false
}

// Carry returns the media kind under which the channel takes a file of this type and size: its own kind if it fits, else a document.
// It is "" if the channel takes it in no way.
func (c Capabilities) Carry(mime string, size int64) ContentKind {
	for _, k := range []ContentKind{FileKind(mime), KindDocument} {
		rule, ok := c.Media[k]
		if ok && rule.Accepts(mime) && (rule.Bytes == 0 || size <= rule.Bytes) {
			return k
		}
	}
	return ""
}

// MediaType is a MIME type as channels know it: without parameters, and the usual one of several names. It is empty for what is none.
func MediaType(declared string) string {
	kind, _, err := mime.ParseMediaType(declared)
	switch {
	case err != nil || !strings.Contains(kind, "/"):
		return ""
	case kind == "image/jpg" || kind == "image/pjpeg":
		return jpeg
	case kind == "audio/x-m4a" || kind == "audio/m4a" || kind == "audio/mp4a-latm":
		return "audio/mp4"
	case kind == "audio/mp3" || kind == "audio/x-mp3":
		return MP3
	case kind == "audio/opus" || kind == "application/ogg":
		return ogg
	case kind == "application/x-pdf":
		return "application/pdf"
	}
	return kind
}

// FileKind returns the kind of content that a file of this MIME type is.
func FileKind(mime string) ContentKind {
	switch kind, _, _ := strings.Cut(mime, "/"); kind {
	case "image":
		return KindImage
	case "video":
		return KindVideo
	case "audio":
		return KindAudio
	}
	return KindDocument
}

// Bytes writes a size for people.
func Bytes(n int64) string {
	switch {
	case n >= 10<<30:
		return fmt.Sprintf("%d GB", n>>30)
	case n >= 1<<30:
		return fmt.Sprintf("%.3g GB", float64(n)/(1<<30))
	case n >= 1<<20:
		return fmt.Sprintf("%.4g MB", float64(n)/(1<<20))
	case n >= 1<<10:
		return fmt.Sprintf("%d KB", n>>10)
	}
	return fmt.Sprintf("%d bytes", n)
}
