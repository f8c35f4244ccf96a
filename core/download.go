package core

import "io"

// Bounded reads a file that is fetched, and gives an error instead of what goes beyond the limit.
func Bounded(r io.ReadCloser, limit int64) io.ReadCloser { return &bounded{r, limit, limit} }

type bounded struct {
	io.ReadCloser
	left, limit int64
}

func (b *bounded) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if b.left <= 0 {
		n, err := b.ReadCloser.Read(p[:1]) // whether there is more, only the file knows
		if n > 0 {
			return 0, Problemf(CodeTooLarge, "The file is larger than %s.", Bytes(b.limit))
		}
		return 0, err
	}
	if int64(len(p)) > b.left {
		p = p[:b.left]
	}
	n, err := b.ReadCloser.Read(p)
	b.left -= int64(n)
	return n, err
}
