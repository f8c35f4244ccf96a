package core

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"
)

// Codec is how what is in a file is coded.
type Codec string

const (
	CodecOpus  Codec = "Opus"
	CodecH264  Codec = "H.264"
	CodecOther Codec = "another" // certainly none of these
)

// Coding is what a file says of what is in it. Channels, of sound, are zero where it does not say.
type Coding struct {
	Codec    Codec // empty: not known
	Channels int
}

// mostIndex is how many bytes of an MP4's index are read.
const mostIndex = 16 << 20

// CodingOf reads how a file is coded, of the types for which that matters to channels: Ogg and MP4. It reads no further than it must.
func CodingOf(mime string, r io.Reader) Coding {
	switch mime {
	case ogg:
		return oggCoding(r)
	case mp4:
		return mp4Coding(bufio.NewReader(r))
	}
	return Coding{}
}

// oggCoding reads the first page of the first stream.
func oggCoding(r io.Reader) Coding {
	head := make([]byte, 4<<10)
	n, _ := io.ReadFull(r, head)
	if head = head[:n]; n < 28 || !bytes.HasPrefix(head, []byte("OggS")) {
		return Coding{}
	}
	packet := head[min(n, 27+int(head[26])):] // behind the lengths of the page's pieces
	switch {
	case bytes.HasPrefix(packet, []byte("OpusHead")) && len(packet) > 9:
		return Coding{CodecOpus, int(packet[9])}
	case bytes.HasPrefix(packet, []byte("\x01vorbis")) && len(packet) > 11:
		return Coding{CodecOther, int(packet[11])}
	}
	return Coding{Codec: CodecOther}
}

// mp4Coding looks through the index for how its films are coded.
func mp4Coding(r *bufio.Reader) Coding {
	for {
		var head [16]byte
		if _, err := io.ReadFull(r, head[:8]); err != nil {
			return Coding{}
		}
		size, name := int64(binary.BigEndian.Uint32(head[:4])), string(head[4:8])
		left := size - 8
		if size == 1 {
			if _, err := io.ReadFull(r, head[8:]); err != nil {
				return Coding{}
			}
			left = int64(binary.BigEndian.Uint64(head[8:])) - 16 //nolint:gosec // what is too large is negative, and ends it
		}
		if name == "moov" && left > 0 && left <= mostIndex {
			index, _ := io.ReadAll(io.LimitReader(r, left))
			return indexed(index)
		}
		if left < 0 || name == "moov" {
			return Coding{}
		}
		if _, err := io.CopyN(io.Discard, r, left); err != nil {
			return Coding{}
		}
	}
}

// indexed finds the tables of an MP4's index that say how each stream is coded.
func indexed(index []byte) Coding {
	found := Coding{}
	for _, table := range bytes.Split(index, []byte("stsd"))[1:] {
		if len(table) < 16 { // version, count, and the first entry's length and name
			continue
		}
		switch string(table[12:16]) {
		case "avc1", "avc3":
			found.Codec = CodecH264
		case "hvc1", "hev1", "vp08", "vp09", "av01", "mp4v", "s263", "dvh1", "dvhe", "mjpg", "apcn":
			return Coding{Codec: CodecOther}
		}
	}
	return found
}
