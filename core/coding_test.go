package core_test

import (
	"bytes"
	"encoding/binary"
	"testing"

	"causeway/core"
)

// page is the first page of an Ogg file.
func page(packet string) []byte {
	return append(append([]byte("OggS"), make([]byte, 22)...), append([]byte{1, byte(len(packet))}, packet...)...)
}

// box is a box of an MP4.
func box(name string, inner ...[]byte) []byte {
	body := bytes.Join(inner, nil)
	return append(append(binary.BigEndian.AppendUint32(nil, uint32(len(body)+8)), name...), body...)
}

func film(codecs ...string) []byte {
	var tables [][]byte
	for _, c := range codecs {
		tables = append(tables, box("stsd", []byte{0, 0, 0, 0, 0, 0, 0, 1}, box(c, make([]byte, 70))))
	}
	return box("moov", box("trak", tables...))
}

func TestCoding(t *testing.T) {
	large := binary.BigEndian.AppendUint64(append([]byte{0, 0, 0, 1}, "mdat"...), 16+5)
	for _, c := range []struct {
		name, mime string
		file       []byte
		want       core.Coding
	}{
		{"opus", "audio/ogg", page("OpusHead\x01\x01more"), core.Coding{Codec: core.CodecOpus, Channels: 1}},
		{"opus for two ears", "audio/ogg", page("OpusHead\x01\x02more"), core.Coding{Codec: core.CodecOpus, Channels: 2}},
		{"vorbis", "audio/ogg", page("\x01vorbis\x00\x00\x00\x00\x02"), core.Coding{Codec: core.CodecOther, Channels: 2}},
		{"another in ogg", "audio/ogg", page("fLaC"), core.Coding{Codec: core.CodecOther}},
		{"no ogg", "audio/ogg", []byte("ID3"), core.Coding{}},
		{"nothing", "audio/ogg", nil, core.Coding{}},
		{"h264", "video/mp4", bytes.Join([][]byte{box("ftyp", []byte("isom")), film("mp4a", "avc1")}, nil), core.Coding{Codec: core.CodecH264}},
		{"index behind", "video/mp4", bytes.Join([][]byte{box("mdat", make([]byte, 9000)), film("avc1")}, nil), core.Coding{Codec: core.CodecH264}},
		{"large box", "video/mp4", bytes.Join([][]byte{large, make([]byte, 5), film("avc1")}, nil), core.Coding{Codec: core.CodecH264}},
		{"hevc", "video/mp4", film("hvc1", "mp4a"), core.Coding{Codec: core.CodecOther}},
		{"sound alone", "video/mp4", film("mp4a"), core.Coding{}},
		{"cut off", "video/mp4", film("avc1")[:20], core.Coding{}},
		{"no mp4", "video/mp4", []byte("\x00\x00\x00\x00moov"), core.Coding{}},
		{"another type", "audio/mpeg", page("OpusHead\x01\x01"), core.Coding{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := core.CodingOf(c.mime, bytes.NewReader(c.file)); got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

// FuzzCoding: whatever a stranger's file holds, reading it ends.
func FuzzCoding(f *testing.F) {
	f.Add(film("avc1"), true)
	f.Add(page("OpusHead\x01\x01"), false)
	f.Fuzz(func(t *testing.T, file []byte, moves bool) {
		mime := "audio/ogg"
		if moves {
			mime = "video/mp4"
		}
		if got := core.CodingOf(mime, bytes.NewReader(file)); got.Channels < 0 || got.Channels > 255 {
			t.Errorf("got %+v", got)
		}
	})
}

func TestRecoding(t *testing.T) {
	for _, c := range []struct {
		name string
		kind core.ContentKind
		mime string
		in   core.Coding
		want string // "" for none
		fine bool
	}{
		{name: "a voice note as it should be", kind: core.KindVoice, mime: "audio/ogg", in: core.Coding{Codec: core.CodecOpus, Channels: 1}, fine: true},
		{name: "for two ears", kind: core.KindVoice, mime: "audio/ogg", in: core.Coding{Codec: core.CodecOpus, Channels: 2}, want: "audio/ogg", fine: true},
		{name: "of Vorbis", kind: core.KindVoice, mime: "audio/ogg", in: core.Coding{Codec: core.CodecOther, Channels: 1}, want: "audio/ogg"},
		{name: "nobody knows", kind: core.KindVoice, mime: "audio/ogg"},
		{name: "a film as it should be", kind: core.KindVideo, mime: "video/mp4", in: core.Coding{Codec: core.CodecH264}, fine: true},
		{name: "a film of a new phone", kind: core.KindVideo, mime: "video/mp4", in: core.Coding{Codec: core.CodecOther}, want: "video/mp4", fine: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			change, fine, needed := carrier().Recoding(core.Content{Kind: c.kind, Media: &core.Media{MIME: c.mime}}, c.in)
			if change.To != c.want || fine != c.fine || needed != (c.want != "") {
				t.Errorf("got %+v, %v, %v", change, fine, needed)
			}
		})
	}
}
