package convert

import (
	"fmt"
	"strconv"

	"causeway/core"
)

const longestSound = 4 * 3600 // seconds

// sides are the longest that a picture may have, tried one after the other until it is small enough.
var sides = []int{4096, 2560, 1600, 1024, 640}

// film is the type of films.
const film = "video/mp4"

// cuts are how films are made, tried one after the other until one is small enough: the longest side, the quality (lower is better).
var cuts = []struct{ side, quality int }{{1280, 23}, {854, 28}, {640, 32}, {426, 36}}

// flat lays a picture that lets something through over white, as most programs show it.
const flat = "format=yuva444p,split[over][under];[under]drawbox=c=white:replace=1:t=fill[white];[white][over]overlay"

// recipes are the arguments by which ffmpeg makes a file of a type, in the order to try them.
func recipes(c core.Conversion) ([][]string, error) {
	switch c.To {
	case "image/jpeg":
		return pictures(), nil
	case film:
		return films(c), nil
	}
	channels, rate := "2", "128k"
	if c.Voice {
		channels, rate = "1", "48k"
	}
	sound := []string{"-map", "0:a:0", "-vn", "-sn", "-dn", "-t", strconv.Itoa(longestSound), "-ac", channels, "-b:a", rate}
	codec := map[string][]string{
		"audio/ogg":  {"-c:a", "libopus", "-ar", "48000", "-application", "voip", "-f", "ogg"},
		"audio/mp4":  {"-c:a", "aac", "-ar", "44100", "-movflags", "+faststart", "-f", "mp4"},
		"audio/mpeg": {"-c:a", "libmp3lame", "-ar", "44100", "-f", "mp3"},
		"audio/aac":  {"-c:a", "aac", "-ar", "44100", "-f", "adts"},
	}[c.To]
	if codec == nil {
		return nil, core.Unconvertible(c, fmt.Sprintf("nothing here makes files of the type %s", c.To))
	}
	return [][]string{append(sound, codec...)}, nil
}

func pictures() [][]string {
	var all [][]string
	for _, side := range sides {
		fit := fmt.Sprintf("scale=w='min(%d,iw)':h='min(%d,ih)':force_original_aspect_ratio=decrease,", side, side)
		all = append(all, []string{"-map", "0:v:0", "-an", "-sn", "-dn", "-vf", fit + flat + ",format=yuvj420p",
			"-frames:v", "1", "-c:v", "mjpeg", "-q:v", "3", "-f", "mjpeg"})
	}
	return all
}

func films(c core.Conversion) [][]string {
	var all [][]string
	for _, cut := range cuts {
		filter := fmt.Sprintf("scale=w='min(%[1]d,iw)':h='min(%[1]d,ih)':force_original_aspect_ratio=decrease:force_divisible_by=2", cut.side)
		if c.From == "image/gif" {
			filter += "," + flat
		}
		all = append(all, []string{"-map", "0:v:0", "-map", "0:a:0?", "-sn", "-dn", "-vf", filter + ",format=yuv420p", "-c:v", "libx264", "-preset", "veryfast",
			"-profile:v", "main", "-crf", strconv.Itoa(cut.quality), "-c:a", "aac", "-ac", "2", "-ar", "44100", "-b:a", "96k", "-movflags", "+faststart", "-f", "mp4"})
	}
	return all
}
