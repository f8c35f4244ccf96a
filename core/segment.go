package core

import "strings"

// UnitSegments counts what carriers send and bill: the SMS that a text becomes. See CountSegments.
const UnitSegments Unit = "SMS segments"

// The two encodings of SMS.
const (
	EncodingGSM7 = "GSM-7"
	EncodingUCS2 = "UCS-2"
)

// GSM7 is the default alphabet of SMS in the order of its codes, the escape at 0x1B. What follows an escape is in GSM7Escaped.
const GSM7 = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"

// GSM7Escaped are the characters that take two septets: an escape and another code.
const GSM7Escaped = "\f^{}\\[~]|€"

// Septets and UTF-16 units that one SMS holds: alone, and as a part of several, where a header takes some of the room.
const (
	gsmAlone, gsmPart = 160, 153
	ucsAlone, ucsPart = 70, 67
)

// Segments is how a text goes out as SMS.
type Segments struct {
	Encoding string // EncodingGSM7, or EncodingUCS2 as soon as one character is not in that alphabet
	Units    int    // septets, or UTF-16 units
	Count    int    // how many SMS it takes; an empty text takes one
}

// CountSegments tells how a text goes out as SMS. No part ends within an escaped character or within a surrogate pair.
func CountSegments(text string) Segments {
	var p packing
	for _, r := range text {
		p.add(r)
	}
	if p.wide {
		return Segments{EncodingUCS2, p.ucs.units, p.count()}
	}
	return Segments{EncodingGSM7, p.gsm.units, p.count()}
}

// packing packs a text in both encodings side by side, since only its last character decides.
type packing struct {
	gsm, ucs parts
	wide     bool
}

// parts counts units into parts of a fixed size.
type parts struct{ units, full, used int }

func (p *parts) add(n, size int) {
	p.units += n
	if p.used += n; p.used > size {
		p.full, p.used = p.full+1, n
	}
}

func (p *parts) count(alone int) int {
	if p.units <= alone {
		return 1
	}
	return p.full + 1
}

func (p *packing) add(r rune) {
	n := septets(r)
	p.wide = p.wide || n == 0
	p.gsm.add(n, gsmPart)
	n = 1
	if r > 0xFFFF {
		n = 2
	}
	p.ucs.add(n, ucsPart)
}

func (p *packing) count() int {
	if p.wide {
		return p.ucs.count(ucsAlone)
	}
	return p.gsm.count(gsmAlone)
}

// septets is what a character takes in GSM-7, zero if it is not in that alphabet.
func septets(r rune) int {
	switch {
	case 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == ' ':
		return 1
	case strings.ContainsRune(GSM7Escaped, r):
		return 2
	case r != '\x1b' && strings.ContainsRune(GSM7, r):
		return 1
	}
	return 0
}
