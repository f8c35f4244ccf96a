package outbound

import (
	"context"
	"errors"
	"fmt"

	"causeway/core"
)

// converts reports whether a file that the channel does not take as it is can be changed so that it does.
func (o *Outbox) converts(can core.Capabilities, c core.Content) bool {
	change, ok := can.Conversion(c)
	return ok && c.Media.ID != "" && o.reads(change)
}

func (o *Outbox) reads(c core.Conversion) bool {
	return o.Converter != nil && o.Converter.Reads(c.From)
}

// fit returns a content with its file as the channel takes it. It is done before a part counts as being sent, for it may take its time.
func (o *Outbox) fit(ctx context.Context, repo core.Repo, rt route, c core.Content) (core.Content, error) {
	if c.Media == nil || c.Media.ID == "" || o.Blobs == nil {
		return c, nil
	}
	change, needed := rt.capabilities.Conversion(c)
	if needed && !o.reads(change) || !needed && !codecMatters(rt.capabilities, c) {
		return c, nil
	}
	f, err := repo.File(ctx, c.Media.ID)
	if errors.Is(err, core.ErrNotFound) || err == nil && f.State != core.FileHere {
		return c, nil // the bridge says what is missing
	}
	if err != nil {
		return c, fmt.Errorf("file to convert: %w", err)
	}
	if !needed {
		if change, needed, err = o.inspect(ctx, rt.capabilities, c, f); err != nil || !needed {
			return c, err
		}
	}
	return o.converted(ctx, repo, rt, c, f, change)
}

// converted returns the content with its file converted. A film or a moving picture that cannot be goes as a file to save, where the channel has those.
func (o *Outbox) converted(ctx context.Context, repo core.Repo, rt route, c core.Content, f core.File, change core.Conversion) (core.Content, error) {
	if f.Conversation == "" && f.Message == "" {
		f.Conversation = rt.conversation.ID // what is made of an upload goes when that goes
	}
	made, err := core.Workshop{Repo: repo, Blobs: o.Blobs, By: o.Converter, Now: o.Now}.Converted(ctx, f, change)
	switch {
	case errors.Is(err, core.ErrNotFound):
		return c, nil
	case core.CodeOf(err) == core.CodeUnsupported && change.As == core.KindVideo && rt.capabilities.Carry(c.Media.MIME, c.Media.Size) != "":
		c.Kind = rt.capabilities.Carry(c.Media.MIME, c.Media.Size)
		return c, nil
	case err != nil:
		return c, fmt.Errorf("convert file: %w", err)
	}
	made.Media.Animated = c.Media.Animated || c.Kind == core.KindImage && change.As == core.KindVideo
	c.Kind, c.Media = change.As, &made.Media
	return c, nil
}

// codecMatters reports whether it matters how the file is coded that a content carries.
func codecMatters(can core.Capabilities, c core.Content) bool {
	for _, codec := range []core.Codec{core.CodecOther, core.CodecOpus} {
		if _, _, needed := can.Recoding(c, core.Coding{Codec: codec, Channels: 2}); needed {
			return true
		}
	}
	return false
}

// inspect looks into a file whose type the channel takes. A Problem: it cannot be sent as it is, and nothing here changes it.
func (o *Outbox) inspect(ctx context.Context, can core.Capabilities, c core.Content, f core.File) (core.Conversion, bool, error) {
	r, err := o.Blobs.Open(ctx, f.Blob)
	if errors.Is(err, core.ErrNotFound) {
		return core.Conversion{}, false, nil // the bridge says so
	}
	if err != nil {
		return core.Conversion{}, false, fmt.Errorf("look into file: %w", err)
	}
	defer func() { _ = r.Close() }()
	change, fine, needed := can.Recoding(c, core.CodingOf(c.Media.MIME, r))
	switch {
	case !needed || !o.reads(change) && fine:
		return change, false, nil
	case !o.reads(change):
		return change, false, core.Problemf(core.CodeUnsupported, "This sound is Ogg, but not coded as Opus, which is what the channel plays.").
			Remedied("Send it as Opus, or as %s. With an ffmpeg on the gateway's machine it would be converted; causeway doctor shows what is there.", change.To)
	}
	return change, true, nil
}
