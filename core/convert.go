package core

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/google/uuid"
)

// Converter makes files what a channel or a mail program takes. Nil, where one is asked for, is none.
type Converter interface {
	// Reads reports whether it reads files of a MIME type.
	Reads(mime string) bool
	// Convert reads a file and returns it changed. A *Problem: this file cannot be changed so, and trying again is useless.
	Convert(ctx context.Context, file io.Reader, c Conversion) (io.ReadCloser, error)
}

// Conversion is how a file is changed.
type Conversion struct {
	From, To string      // MIME types
	Voice    bool        // spoken: one audio channel is enough
	Most     int64       // bytes; zero: as large as it gets
	As       ContentKind // what it is then
}

const (
	mp4  = "video/mp4"
	ogg  = "audio/ogg"
	gif  = "image/gif"
	jpeg = "image/jpeg"
)

// MP3 is what voice notes become for mail programs, few of which play the notes of chats.
const MP3 = "audio/mpeg"

var (
	stills  = []string{"image/jpeg", "image/png", "image/webp", "image/heic", "image/heif", "image/avif", "image/bmp", "image/x-ms-bmp", "image/tiff"}
	spoken  = []string{ogg, "audio/mp4", MP3, "audio/aac"} // what a voice note may become, the best first
	listens = []string{MP3, "audio/mp4", "audio/aac", ogg} // and other audio
)

// Conversion tells how a file that the channel does not take as it is could be changed so that it does. It is false where nothing needs to change, or
// nothing helps. A picture that moves becomes a film where the channel has films, else its first picture.
func (c Capabilities) Conversion(content Content) (Conversion, bool) {
	if _, carried := c.Media[content.Kind]; !carried || content.Media == nil || c.Refuses(content) == "" {
		return Conversion{}, false
	}
	from := content.Media.MIME
	switch {
	case content.Kind == KindImage && from == gif:
		if change, ok := c.change(from, KindVideo, mp4); ok {
			return change, true
		}
		return c.change(from, KindImage, jpeg)
	case content.Kind == KindImage && slices.Contains(stills, from):
		return c.change(from, KindImage, jpeg)
	case content.Kind == KindVideo && FileKind(from) == KindVideo:
		return c.change(from, KindVideo, mp4)
	case content.Kind == KindVoice && FileKind(from) == KindAudio:
		return c.change(from, KindVoice, spoken...)
	case content.Kind == KindAudio && FileKind(from) == KindAudio:
		return c.change(from, KindAudio, listens...)
	}
	return Conversion{}, false
}

// change is how a file becomes the first of the types that the channel takes for a kind.
func (c Capabilities) change(from string, kind ContentKind, types ...string) (Conversion, bool) {
	rule, carried := c.Media[kind]
	for _, to := range types {
		if carried && rule.Accepts(to) {
			return Conversion{From: from, To: to, Voice: kind == KindVoice, Most: rule.Bytes, As: kind}, true
		}
	}
	return Conversion{}, false
}

// Recoding tells how a file whose type the channel takes must be changed for what is in it: voice notes are Opus in one channel, sound in Ogg is
// Opus, films are H.264. It is not needed where the coding is right, or not known. Fine is whether the file may be sent all the same.
func (c Capabilities) Recoding(content Content, in Coding) (change Conversion, fine, needed bool) {
	if content.Media == nil || in.Codec == "" || len(c.Media[content.Kind].MIME) == 0 {
		return Conversion{}, false, false
	}
	from := content.Media.MIME
	switch {
	case content.Kind == KindVoice && from == ogg && (in.Codec != CodecOpus || in.Channels > 1):
		change, needed = c.change(from, KindVoice, ogg)
	case content.Kind == KindAudio && from == ogg && in.Codec != CodecOpus:
		change, needed = c.change(from, KindAudio, listens...)
	case content.Kind == KindVideo && from == mp4 && in.Codec != CodecH264:
		change, needed = c.change(from, KindVideo, mp4)
	}
	return change, in.Codec == CodecOpus || content.Kind == KindVideo, needed
}

// Carried is Carry where files may be converted: a file goes under its own kind rather than as a document.
func (c Capabilities) Carried(by Converter, mime string, size int64) ContentKind {
	content := Content{Kind: FileKind(mime), Media: &Media{MIME: mime, Size: size}}
	if change, ok := c.Conversion(content); ok && by != nil && by.Reads(change.From) {
		return content.Kind
	}
	return c.Carry(mime, size)
}

// Workshop is where files are converted, each once.
type Workshop struct {
	Repo  Repo
	Blobs Blobs
	By    Converter
	Now   Clock
}

// Converted returns a file that is here, changed. What was made is kept with its message, and found again by an id made from the file's.
func (w Workshop) Converted(ctx context.Context, f File, c Conversion) (File, error) {
	made := f
	made.ID = MediaID(uuid.NewSHA1(uuid.NameSpaceURL, fmt.Append(nil, "converted/", f.ID, "/", c.To, "/", c.Voice, "/", c.Most)).String())
	if kept, err := w.Repo.File(ctx, made.ID); !errors.Is(err, ErrNotFound) {
		return kept, err
	}
	made.Blob, made.Created = "media/"+string(made.ID), w.Now()
	made.Media = Media{ID: made.ID, MIME: c.To, Name: Renamed(f.Media.Name, c.To)}
	if err := w.change(ctx, f, &made, c); err != nil {
		return File{}, err
	}
	if err := w.Repo.AddFile(ctx, made); err != nil && !errors.Is(err, ErrDuplicate) { // a duplicate: another worker made the same
		return File{}, fmt.Errorf("add converted file: %w", err)
	}
	return made, nil
}

func (w Workshop) change(ctx context.Context, f File, made *File, c Conversion) error {
	r, err := w.Blobs.Open(ctx, f.Blob)
	if err != nil {
		return fmt.Errorf("open file to convert: %w", err)
	}
	defer func() { _ = r.Close() }()
	out, err := w.By.Convert(ctx, r, c)
	if err != nil {
		return err
	}
	defer func() { _ = out.Close() }()
	if made.Media.Size, err = w.Blobs.Put(ctx, made.Blob, out); err != nil {
		return fmt.Errorf("keep converted file: %w", err)
	}
	return nil
}

// Renamed gives a file's name the ending of another type.
func Renamed(name, mime string) string {
	ending := map[string]string{"image/jpeg": ".jpg", "audio/ogg": ".ogg", "audio/mp4": ".m4a", MP3: ".mp3", "audio/aac": ".aac", mp4: ".mp4"}[mime]
	if name == "" || ending == "" {
		return name
	}
	return strings.TrimSuffix(name, path.Ext(name)) + ending
}

// refusedFile says what would help where a file is refused that a converter could change.
func refusedFile(c Conversion) string {
	most := ""
	if c.Most > 0 {
		most = " of at most " + Bytes(c.Most)
	}
	return fmt.Sprintf("Send it as %s%s. With an ffmpeg on the gateway's machine that reads %s, it would be converted; causeway doctor shows what is there.", c.To, most, c.From)
}

// Unconvertible is the Problem of a file that was to be converted for a channel, and could not be.
func Unconvertible(c Conversion, why string, cause ...error) *Problem {
	p := Problemf(CodeUnsupported, "This file (%s) could not be made %s: %s.", c.From, c.To, why).Remedied("Send it as %s.", c.To)
	p.Err = errors.Join(cause...)
	return p
}
