package whatsappdevice

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"math"

	"causeway/core"

	"google.golang.org/protobuf/proto"
)

const (
	opusRate  = 48000 // in which Ogg counts the time of Opus, RFC 7845
	bars      = 64    // of a voice note's waveform in the apps, each from 0 to 100
	tallest   = 100
	pageHead  = 27
	headPages = 2 // of what an Opus stream begins with, OpusHead and OpusTags
)

// spoken is what an Ogg file with Opus tells of itself.
type spoken struct {
	seconds  uint32
	waveform []byte
}

// measure reads an Ogg file's pages, without decoding its sound; false: it is no whole Ogg file with Opus. How loud it is shows in how large the packets
// are, for voice notes are encoded with a variable rate; that is near enough for the bars that the apps draw.
func measure(r io.Reader) (spoken, bool) {
	in := bufio.NewReader(r)
	var last, skip int64
	var sizes []int
	for page := 0; ; page++ {
		head := make([]byte, pageHead)
		if _, err := io.ReadFull(in, head); err == io.EOF && page > headPages { //nolint:errorlint // io.ReadFull returns it as it is
			break
		} else if err != nil || !bytes.HasPrefix(head, []byte("OggS")) {
			return spoken{}, false
		}
		lacing := make([]byte, head[pageHead-1])
		if _, err := io.ReadFull(in, lacing); err != nil {
			return spoken{}, false
		}
		size := 0
		for _, n := range lacing {
			size += int(n)
		}
		body := make([]byte, size)
		if _, err := io.ReadFull(in, body); err != nil {
			return spoken{}, false
		}
		switch {
		case page == 0 && (len(body) < 12 || !bytes.HasPrefix(body, []byte("OpusHead"))):
			return spoken{}, false
		case page == 0:
			skip = int64(binary.LittleEndian.Uint16(body[10:]))
		case page >= headPages:
			sizes = append(sizes, packets(lacing)...)
			if at := int64(binary.LittleEndian.Uint64(head[6:])); at > last { //nolint:gosec // -1 says that no packet ends on the page
				last = at
			}
		}
	}
	if last <= skip || last > math.MaxUint32 {
		return spoken{}, false
	}
	return spoken{seconds: uint32((last - skip + opusRate - 1) / opusRate), waveform: barsOf(sizes)}, true //nolint:gosec // bounded above
}

// packets are the sizes of the packets that end on a page: a segment of less than 255 bytes ends one.
func packets(lacing []byte) (all []int) {
	size := 0
	for _, n := range lacing {
		if size += int(n); n < 255 {
			all, size = append(all, size), 0
		}
	}
	return all
}

// barsOf makes bars of the sizes of packets, the largest of which is the tallest.
func barsOf(sizes []int) []byte {
	most := 1
	for _, n := range sizes {
		most = max(most, n)
	}
	all := make([]byte, bars)
	for i := range all {
		from, to := i*len(sizes)/bars, (i+1)*len(sizes)/bars
		if to == from {
			to = min(from+1, len(sizes))
		}
		sum := 0
		for _, n := range sizes[from:to] {
			sum += n
		}
		if to > from {
			all[i] = byte(sum * tallest / (to - from) / most) //nolint:gosec // at most tallest
		}
	}
	return all
}

// voice tells the apps how long a voice note is, and what it looks like. What cannot be read as one goes out without.
func (s *session) voice(ctx context.Context, o *composed, m core.Media) {
	if o.message.GetAudioMessage() == nil || m.ID == "" {
		return
	}
	body, err := s.open(ctx, m)
	if err != nil {
		return
	}
	defer body.Close()
	if told, ok := measure(body); ok {
		o.message.AudioMessage.Seconds = proto.Uint32(told.seconds)
		if o.message.AudioMessage.GetPTT() {
			o.message.AudioMessage.Waveform = told.waveform
		}
	}
}
