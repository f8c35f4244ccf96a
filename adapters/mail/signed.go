package mail

import "bytes"

// Some programs pack a mail up in its S/MIME signature: the mail is inside a CMS SignedData, in BER. What is here takes it out. It checks nothing.

// signedData is the object identifier of CMS SignedData.
var signedData = []byte{0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02}

// Tags of BER.
const (
	tagOctets      = 0x04
	tagObject      = 0x06
	tagManyOctets  = 0x24 // octets in pieces
	tagSequence    = 0x30
	tagExplicit    = 0xa0
	mostBERNesting = 16
)

// ber is a run of BER elements.
type ber []byte

// next cuts off the first element; false if there is none that can be read.
func (b *ber) next(depth int) (tag byte, body ber, ok bool) {
	raw := *b
	if len(raw) < 2 || raw[0]&0x1f == 0x1f || depth > mostBERNesting {
		return 0, nil, false
	}
	tag, size, head := raw[0], int(raw[1]), 2
	switch {
	case size == 0x80: // until an end mark
		return b.open(depth)
	case size > 0x84:
		return 0, nil, false
	case size > 0x80:
		head += size & 0x7f
		if len(raw) < head {
			return 0, nil, false
		}
		size = 0
		for _, c := range raw[2:head] {
			size = size<<8 | int(c)
		}
	}
	if size > len(raw)-head {
		return 0, nil, false
	}
	*b = raw[head+size:]
	return tag, raw[head : head+size], true
}

// open cuts off an element without a length.
func (b *ber) open(depth int) (tag byte, body ber, ok bool) {
	raw := *b
	rest := raw[2:]
	for !bytes.HasPrefix(rest, []byte{0, 0}) {
		if _, _, ok = rest.next(depth + 1); !ok {
			return 0, nil, false
		}
	}
	*b = rest[2:]
	return raw[0], raw[2 : len(raw)-len(rest)], true
}

// into goes into the first element with a tag.
func (b ber) into(tag byte) ber {
	for {
		t, body, ok := b.next(0)
		if !ok || t == tag {
			return body
		}
	}
}

// octets joins what stands in pieces.
func (b ber) octets(depth int) []byte {
	var all []byte
	for {
		switch tag, body, ok := b.next(depth); {
		case !ok || depth > mostBERNesting:
			return all
		case tag == tagOctets:
			all = append(all, body...)
		case tag == tagManyOctets:
			all = append(all, body.octets(depth+1)...)
		}
	}
}

// packed returns the mail that a signature packs up; nil if it is none, or holds none.
func packed(der []byte) []byte {
	info := ber(der).into(tagSequence)
	if !bytes.Equal(info.into(tagObject), signedData) {
		return nil
	}
	return info.into(tagExplicit).into(tagSequence).into(tagSequence).into(tagExplicit).octets(0)
}
