// Package convert changes files with ffmpeg: voice notes into what a channel or a mail program plays, pictures into JPEG and films into H.264 of a size
// that a channel takes.
//
// Files come from strangers. ffmpeg reads them from a folder of its own, by demuxers that open nothing but that file, under limits of time, memory
// and size, with an environment that holds nothing but its path; the folder is removed whatever happens. What ffmpeg cannot read is a *core.Problem;
// any other error is this machine's.
package convert

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"causeway/core"
)

const (
	seats    = 2                // conversions at the same time
	longest  = 50 * time.Second // of one, scaling included
	lengthy  = 4 * time.Minute  // of a film
	askFor   = 10 * time.Second // of asking ffmpeg for its version
	largest  = 256 << 20        // bytes of a file to change, and of what is made of it
	complain = 2000             // bytes of what ffmpeg says
)

// formats are the demuxers that read one file and no other.
const formats = "ogg,mov,mp4,m4a,3gp,3g2,mj2,mp3,aac,amr,wav,flac,matroska,webm,avi,flv,asf,mpeg,mpegts,gif,jpeg_pipe,png_pipe,webp_pipe,bmp_pipe,tiff_pipe"

// FFmpeg is a core.Converter.
type FFmpeg struct {
	path  string
	heif  string // libheif's program that reads HEIC pictures, which ffmpeg hardly does; empty: there is none
	seats chan struct{}
}

var _ core.Converter = (*FFmpeg)(nil)

// Find looks for ffmpeg: at the path, or among the programs of the system where that is empty. A *core.Problem: it is not there.
func Find(path string) (*FFmpeg, error) {
	name := path
	if name == "" {
		name = "ffmpeg"
	}
	found, err := program(name)
	if err != nil {
		return nil, missing("There is no "+name+": voice notes, pictures and films go as they are, or not at all.", path, err)
	}
	f := &FFmpeg{path: found, seats: make(chan struct{}, seats)}
	for _, name := range []string{"heif-dec", "heif-convert"} { // the newer name first
		if f.heif == "" {
			f.heif, _ = program(name)
		}
	}
	return f, nil
}

// program finds a program by its name or path; the path is absolute, for it is run in another folder.
func program(name string) (string, error) {
	found, err := exec.LookPath(name)
	if err != nil {
		return "", err
	}
	return filepath.Abs(found)
}

func missing(detail, path string, cause error) *core.Problem {
	p := core.Problemf(core.CodeUnavailable, "%s", detail).Remedied("Install ffmpeg with the package manager of this system.")
	if path != "" {
		p.Remedy = "Correct the setting ffmpeg, or remove it to use the one that the system finds."
	}
	p.Err = cause
	return p
}

var versionLine = regexp.MustCompile(`^ffmpeg version (\S+)`)

// Check is what the doctor says about ffmpeg at the path, or where the system finds it.
func Check(ctx context.Context, path string) core.Finding {
	found := core.Finding{Subject: "ffmpeg", Level: core.HealthWarning}
	f, err := Find(path)
	if err == nil {
		found.Detail, err = f.describe(ctx, path)
	}
	if p := (*core.Problem)(nil); errors.As(err, &p) {
		found.Detail, found.Remedy = p.Detail, p.Remedy
		return found
	}
	if f.heif == "" {
		found.Detail += " HEIC pictures are not converted."
		found.Remedy = "Install libheif's programs too (Debian: libheif-examples), if agents send pictures from an iPhone."
		return found
	}
	found.Level = core.HealthGood
	return found
}

func (f *FFmpeg) describe(ctx context.Context, path string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, askFor)
	defer cancel()
	said, err := exec.CommandContext(ctx, f.path, "-hide_banner", "-version").Output() //nolint:gosec // the program is the admin's choice
	m := versionLine.FindSubmatch(said)
	if err != nil || m == nil {
		return "", missing("The program "+f.path+" is no ffmpeg.", path, err)
	}
	return "Voice notes, pictures and films are converted by " + f.path + ", version " + string(m[1]) + ".", nil
}

// Reads implements core.Converter.
func (f *FFmpeg) Reads(mime string) bool {
	if isHEIF(mime) {
		return f.heif != ""
	}
	return slices.Contains([]string{"image/jpeg", "image/png", "image/webp", "image/gif", "image/bmp", "image/x-ms-bmp", "image/tiff"}, mime) ||
		strings.HasPrefix(mime, "video/") || strings.HasPrefix(mime, "audio/") && mime != "audio/midi"
}

func isHEIF(mime string) bool { return mime == "image/heic" || mime == "image/heif" }

// Convert implements core.Converter. It waits for its turn where others are at it.
func (f *FFmpeg) Convert(ctx context.Context, file io.Reader, c core.Conversion) (io.ReadCloser, error) {
	select {
	case f.seats <- struct{}{}:
		defer func() { <-f.seats }()
	case <-ctx.Done():
		return nil, fmt.Errorf("wait to convert: %w", ctx.Err())
	}
	dir, err := os.MkdirTemp("", "causeway-convert-")
	if err != nil {
		return nil, fmt.Errorf("folder to convert in: %w: %w", core.ErrUnavailable, err)
	}
	made, err := f.convert(ctx, dir, file, c)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return &result{made, dir}, nil
}

func (f *FFmpeg) convert(ctx context.Context, dir string, file io.Reader, c core.Conversion) (*os.File, error) {
	tries, err := recipes(c)
	if err != nil {
		return nil, err
	}
	if err := fill(filepath.Join(dir, "in"), file); err != nil {
		return nil, errors.Join(err, room(dir))
	}
	limited, cancel := context.WithTimeout(ctx, patience(c))
	defer cancel()
	if err := f.ready(limited, dir, c); err != nil {
		return nil, blame(ctx, limited, dir, c, err)
	}
	for _, recipe := range tries {
		if err := f.change(limited, dir, recipe, most(c)); err != nil {
			return nil, blame(ctx, limited, dir, c, err)
		}
		if err := room(dir); err != nil { // not every program minds that its last words are lost
			return nil, err
		}
		out, err := os.Open(filepath.Join(dir, "out"))
		if err != nil {
			return nil, fmt.Errorf("converted file: %w", err)
		}
		if info, err := out.Stat(); err == nil && info.Size() > 0 && info.Size() <= most(c) {
			return out, nil
		}
		_ = out.Close()
	}
	return nil, core.Unconvertible(c, "it would still be larger than "+core.Bytes(most(c)))
}

// patience is how long a conversion may take.
func patience(c core.Conversion) time.Duration {
	if c.To == film {
		return lengthy
	}
	return longest
}

// ready makes of "in" what ffmpeg reads.
func (f *FFmpeg) ready(ctx context.Context, dir string, c core.Conversion) error {
	switch {
	case isHEIF(c.From):
		return f.unpack(ctx, dir)
	case c.From == "image/webp":
		return stillWebP(filepath.Join(dir, "in"))
	}
	return nil
}

func most(c core.Conversion) int64 {
	if c.Most > 0 {
		return min(c.Most, largest)
	}
	return largest
}

// blame says whose fault it is: the caller's who stopped, the disk's, or the file's.
func blame(ctx, limited context.Context, dir string, c core.Conversion, err error) error {
	full := room(dir)
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("convert: %w", ctx.Err())
	case full != nil:
		return full
	case limited.Err() != nil:
		return core.Unconvertible(c, "it took longer than "+core.Span(patience(c)), err)
	}
	return core.Unconvertible(c, "it cannot be read as what it says it is", err)
}

// room writes a little, which fails where a program could not write what it made either.
func room(dir string) error {
	probe := filepath.Join(dir, "room")
	err := os.WriteFile(probe, make([]byte, 4<<10), 0o600)
	if _ = os.Remove(probe); err != nil {
		return fmt.Errorf("no room to convert: %w: %w", core.ErrUnavailable, err)
	}
	return nil
}

func fill(path string, r io.Reader) error {
	w, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("file to convert: %w", err)
	}
	_, err = io.Copy(w, core.Bounded(io.NopCloser(r), largest))
	if err = errors.Join(err, w.Close()); err != nil {
		return fmt.Errorf("copy file to convert: %w", err)
	}
	return nil
}

// result is a converted file. Closing it removes its folder.
type result struct {
	*os.File
	dir string
}

func (r *result) Close() error { return errors.Join(r.File.Close(), os.RemoveAll(r.dir)) }

// unpack lets libheif make "in" a JPEG. Of several pictures it takes the first.
func (f *FFmpeg) unpack(ctx context.Context, dir string) error {
	if err := run(ctx, dir, f.heif, "-q", "95", "in", "in.jpg"); err != nil {
		return err
	}
	for _, made := range []string{"in.jpg", "in-1.jpg"} {
		if err := os.Rename(filepath.Join(dir, made), filepath.Join(dir, "in")); err == nil {
			return nil
		}
	}
	return errors.New("there is no picture in it")
}

// change lets ffmpeg make "out" of "in". It stops soon after what is made is larger than it may be.
func (f *FFmpeg) change(ctx context.Context, dir string, recipe []string, most int64) error {
	args := []string{"-nostdin", "-hide_banner", "-loglevel", "error", "-y", "-max_alloc", strconv.Itoa(512 << 20),
		"-protocol_whitelist", "file", "-format_whitelist", formats, "-max_pixels", strconv.Itoa(120 << 20), "-threads", "1", "-i", "file:in"}
	args = append(append(args, recipe...), "-map_metadata", "-1", "-threads", "1", "-fs", strconv.FormatInt(most+1, 10), "file:out")
	return run(ctx, dir, f.path, args...)
}

func run(ctx context.Context, dir, program string, args ...string) error {
	cmd := exec.CommandContext(ctx, program, args...) //nolint:gosec // programs that the admin installed, run on a file of our own
	var said tail
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr, cmd.WaitDelay = dir, []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C"}, &said, &said, 2*time.Second
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w: %s", filepath.Base(program), err, said.String())
	}
	return nil
}

// tail keeps the end of what a program says.
type tail []byte

func (t *tail) Write(p []byte) (int, error) {
	*t = append(*t, p...)
	*t = (*t)[max(0, len(*t)-complain):]
	return len(p), nil
}

func (t *tail) String() string { return strings.TrimSpace(string(*t)) }
