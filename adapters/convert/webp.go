package convert

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
)

// stillWebP makes of a WebP picture that moves, which ffmpeg does not read, its first picture. Others stay as they are.
func stillWebP(path string) error {
	raw, err := os.ReadFile(path) //nolint:gosec // the file to convert, of a size that was looked at
	if err != nil {
		return fmt.Errorf("read picture: %w", err)
	}
	chunks, err := riff(raw)
	if err != nil {
		return nil //nolint:nilerr // ffmpeg says what it is
	}
	for _, c := range chunks {
		if c.name == "ANMF" && len(c.data) > frameHead {
			return os.WriteFile(path, firstFrame(c.data), 0o600)
		}
	}
	return nil
}

// frameHead is the length of what stands before the picture in a frame: where it lies, its size, how long it is shown.
const frameHead = 16

// firstFrame is a frame as a picture of its own: an extended head with the frame's size, which has the same form there, and a flag for what lets
// through, then the frame's own pieces.
func firstFrame(frame []byte) []byte {
	picture := append([]byte("WEBPVP8X\x0a\x00\x00\x00\x10\x00\x00\x00"), frame[6:12]...)
	picture = append(picture, frame[frameHead:]...)
	return append(binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(picture))), picture...) //nolint:gosec // shorter than the file it is of
}

// chunk is a piece of a RIFF file.
type chunk struct {
	name string
	data []byte
}

// riff takes a WebP file apart.
func riff(raw []byte) ([]chunk, error) {
	if len(raw) < 12 || string(raw[:4]) != "RIFF" || string(raw[8:12]) != "WEBP" {
		return nil, errors.New("no WebP")
	}
	var all []chunk
	for rest := raw[12:]; len(rest) >= 8; {
		size := int64(binary.LittleEndian.Uint32(rest[4:8]))
		if size > int64(len(rest)-8) {
			return nil, errors.New("cut off")
		}
		all = append(all, chunk{string(rest[:4]), rest[8 : 8+size]})
		rest = rest[min(int64(len(rest)), 8+size+size%2):]
	}
	return all, nil
}
