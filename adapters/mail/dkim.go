package mail

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"os"

	"causeway/core"
	"causeway/core/forward"

	"github.com/emersion/go-msgauth/dkim"
)

// DKIM is a key to sign with. The public half stands in DNS at Selector._domainkey.Domain.
type DKIM struct {
	Domain   string
	Selector string
	Key      core.Secret // a PEM block, RSA of at least 1024 bits or Ed25519
}

type signer struct {
	domain, selector string
	key              crypto.Signer
}

func newSigner(d DKIM) (signer, error) {
	if d.Domain == "" || d.Selector == "" {
		return signer{}, core.Problemf(core.CodeInvalid, "A DKIM key needs a domain and a selector.")
	}
	key, err := dkimKey([]byte(d.Key.Reveal()))
	if err != nil {
		p := core.Problemf(core.CodeInvalid, "The DKIM key of %s cannot be used: %v.", d.Domain, err)
		return signer{}, p.Remedied("Give a PEM file with an RSA or Ed25519 private key.")
	}
	return signer{d.Domain, d.Selector, key}, nil
}

// dkimKey reads PKCS #8 and PKCS #1. Its errors repeat nothing of the key.
func dkimKey(data []byte) (crypto.Signer, error) {
	block, _ := pem.Decode(data)
	if block == nil {
		return nil, fmt.Errorf("it is not in PEM form")
	}
	if key, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return strongEnough(key)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("the %s in it is not a private key", block.Type)
	}
	switch key := parsed.(type) {
	case *rsa.PrivateKey:
		return strongEnough(key)
	case ed25519.PrivateKey:
		return key, nil
	}
	return nil, fmt.Errorf("%T is neither RSA nor Ed25519", parsed)
}

func strongEnough(key *rsa.PrivateKey) (crypto.Signer, error) {
	if key.N.BitLen() < 1024 {
		return nil, fmt.Errorf("%d bits are too few", key.N.BitLen())
	}
	return key, nil
}

// signedFields are covered by the signature. Those named twice more often than they occur cannot be added by somebody else without breaking
// it: a second From on top is the trick that go-msgauth, like others, would let pass.
func signedFields() []string {
	return []string{
		"From", "From", "To", "To", "Subject", "Subject", "Reply-To", "Reply-To", "Date", "Date", "Message-ID", "Message-ID",
		"Cc", "In-Reply-To", "References", "MIME-Version", "Content-Type", "Content-Transfer-Encoding", "Auto-Submitted", "List-Id",
	}
}

// sign writes the letter to a spool and signs it; the signature has to stand before what it signs.
func (r *Relay) sign(ctx context.Context, l forward.Letter) (*spool, error) {
	s := &spool{memory: r.opts.SpoolMemory}
	writers := []io.Writer{s}
	var signing []*dkim.Signer
	defer func() {
		for _, one := range signing {
			_ = one.Close() // ends its goroutine, whatever happened
		}
	}()
	for _, key := range r.signers {
		one, err := dkim.NewSigner(&dkim.SignOptions{
			Domain: key.domain, Selector: key.selector, Signer: key.key, HeaderKeys: signedFields(),
			HeaderCanonicalization: dkim.CanonicalizationRelaxed, BodyCanonicalization: dkim.CanonicalizationRelaxed,
		})
		if err != nil {
			return nil, fmt.Errorf("sign for %s: %w", key.domain, err)
		}
		signing = append(signing, one)
		writers = append(writers, one)
	}
	err := Write(ctx, io.MultiWriter(writers...), l)
	for _, one := range signing {
		if closeErr := one.Close(); err == nil && closeErr != nil {
			err = fmt.Errorf("sign: %w", closeErr)
		}
	}
	if err != nil {
		s.close()
		return nil, err
	}
	for _, one := range signing {
		s.head = append(s.head, one.Signature()...)
	}
	signing = nil
	s.size += int64(len(s.head))
	return s, nil
}

// spool holds a mail: the beginning in memory, all of it in a file once it is large.
type spool struct {
	memory int
	head   []byte
	buf    bytes.Buffer
	file   *os.File
	size   int64
}

func (s *spool) Write(p []byte) (int, error) {
	if s.file == nil && s.buf.Len()+len(p) > s.memory {
		f, err := os.CreateTemp("", "causeway-mail-*")
		if err != nil {
			return 0, fmt.Errorf("spool a mail: %w", err)
		}
		_ = os.Remove(f.Name()) // the open file is enough, and nothing is left behind by a crash
		s.file = f
		if _, err := f.Write(s.buf.Bytes()); err != nil {
			return 0, fmt.Errorf("spool a mail: %w", err)
		}
		s.buf = bytes.Buffer{}
	}
	s.size += int64(len(p))
	if s.file != nil {
		return s.file.Write(p)
	}
	return s.buf.Write(p)
}

func (s *spool) writeTo(w io.Writer) error {
	if _, err := w.Write(s.head); err != nil {
		return err
	}
	if s.file == nil {
		_, err := w.Write(s.buf.Bytes())
		return err
	}
	_, err := io.Copy(w, io.NewSectionReader(s.file, 0, s.size))
	return err
}

func (s *spool) close() {
	if s.file != nil {
		_ = s.file.Close()
	}
}
