package whatsapptest

import (
	"bytes"
	"context"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/coder/websocket"
	"go.mau.fi/libsignal/ecc"
	wa "go.mau.fi/whatsmeow/binary"
	"go.mau.fi/whatsmeow/proto/waCert"
	"go.mau.fi/whatsmeow/proto/waWa6"
	"go.mau.fi/whatsmeow/socket"
	"go.mau.fi/whatsmeow/util/gcmutil"
	"go.mau.fi/whatsmeow/util/keys"
	"golang.org/x/crypto/curve25519"
	"golang.org/x/crypto/hkdf"
	"google.golang.org/protobuf/proto"
)

// The wire: frames in websocket messages, sealed by a Noise XX handshake in which this is the responder.

// frames cuts a websocket into frames of a three-byte length and their payload.
type frames struct {
	ws      *websocket.Conn
	greeted bool // the client says its header once, before the first frame
	rest    []byte
}

func (f *frames) read(ctx context.Context) ([]byte, error) {
	for {
		if f.greeted && len(f.rest) >= socket.FrameLengthSize {
			size := int(f.rest[0])<<16 | int(f.rest[1])<<8 | int(f.rest[2])
			if end := socket.FrameLengthSize + size; len(f.rest) >= end {
				frame := f.rest[socket.FrameLengthSize:end]
				f.rest = f.rest[end:]
				return frame, nil
			}
		}
		_, raw, err := f.ws.Read(ctx)
		if err != nil {
			return nil, err
		}
		f.rest = append(f.rest, raw...)
		if !f.greeted {
			if !bytes.HasPrefix(f.rest, socket.WAConnHeader) {
				return nil, fmt.Errorf("a client that says % x is not one of WhatsApp's", raw[:min(4, len(raw))])
			}
			f.rest, f.greeted = f.rest[len(socket.WAConnHeader):], true
		}
	}
}

func (f *frames) write(ctx context.Context, payload []byte) error {
	frame := append([]byte{byte(len(payload) >> 16), byte(len(payload) >> 8), byte(len(payload))}, payload...)
	return f.ws.Write(ctx, websocket.MessageBinary, frame)
}

// handshake is the state of a Noise handshake.
type handshake struct {
	hash, salt []byte
	key        cipher.AEAD
	used       uint32
}

func newHandshake() *handshake {
	h := &handshake{hash: []byte(socket.NoiseStartPattern)}
	h.salt, h.key = h.hash, sealer(h.hash)
	h.mixHash(socket.WAConnHeader)
	return h
}

func sealer(key []byte) cipher.AEAD {
	aead, err := gcmutil.Prepare(key)
	if err != nil {
		panic(err) // keys here have 32 bytes
	}
	return aead
}

func nonce(n uint32) []byte { return binary.BigEndian.AppendUint32(make([]byte, 8, 12), n) }

func (h *handshake) mixHash(data []byte) {
	sum := sha256.Sum256(append(bytes.Clone(h.hash), data...))
	h.hash = sum[:]
}

func (h *handshake) mixKey(private, public []byte) error {
	secret, err := curve25519.X25519(private, public)
	if err != nil {
		return err
	}
	salt, key := h.expand(secret)
	h.salt, h.key, h.used = salt, sealer(key), 0
	return nil
}

func (h *handshake) expand(secret []byte) (first, second []byte) {
	out := make([]byte, 64)
	if _, err := io.ReadFull(hkdf.New(sha256.New, secret, h.salt, nil), out); err != nil {
		panic(err) // 64 bytes are within what an expansion gives
	}
	return out[:32], out[32:]
}

func (h *handshake) seal(plain []byte) []byte {
	sealed := h.key.Seal(nil, nonce(h.used), plain, h.hash)
	h.used++
	h.mixHash(sealed)
	return sealed
}

func (h *handshake) open(sealed []byte) ([]byte, error) {
	plain, err := h.key.Open(nil, nonce(h.used), sealed, h.hash)
	h.used++
	h.mixHash(sealed)
	return plain, err
}

// wire is a connection after its handshake.
type wire struct {
	frames
	client  []byte // the key that the client is known by
	payload *waWa6.ClientPayload
	in, out cipher.AEAD
	opened  uint32

	writing sync.Mutex
	written uint32
}

// accept answers a client's handshake.
func accept(ctx context.Context, ws *websocket.Conn, static *keys.KeyPair, chain []byte) (*wire, error) {
	w := &wire{frames: frames{ws: ws}, payload: &waWa6.ClientPayload{}}
	h := newHandshake()
	var hello waWa6.HandshakeMessage
	if err := w.message(ctx, &hello); err != nil {
		return nil, err
	}
	theirs, own := hello.GetClientHello().GetEphemeral(), keys.NewKeyPair()
	h.mixHash(theirs)
	h.mixHash(own.Pub[:])
	if err := h.mixKey(own.Priv[:], theirs); err != nil {
		return nil, err
	}
	answer := &waWa6.HandshakeMessage_ServerHello{Ephemeral: own.Pub[:], Static: h.seal(static.Pub[:])}
	if err := h.mixKey(static.Priv[:], theirs); err != nil {
		return nil, err
	}
	answer.Payload = h.seal(chain)
	raw, err := proto.Marshal(&waWa6.HandshakeMessage{ServerHello: answer})
	if err != nil {
		return nil, err
	}
	if err := w.frames.write(ctx, raw); err != nil {
		return nil, err
	}
	return w, w.finish(ctx, h, own)
}

// finish takes the client's part of the handshake and the keys of both directions.
func (w *wire) finish(ctx context.Context, h *handshake, own *keys.KeyPair) (err error) {
	var last waWa6.HandshakeMessage
	if err := w.message(ctx, &last); err != nil {
		return err
	}
	if w.client, err = h.open(last.GetClientFinish().GetStatic()); err != nil {
		return fmt.Errorf("the client's key: %w", err)
	}
	if err := h.mixKey(own.Priv[:], w.client); err != nil {
		return err
	}
	payload, err := h.open(last.GetClientFinish().GetPayload())
	if err != nil {
		return fmt.Errorf("the client's payload: %w", err)
	}
	in, out := h.expand(nil)
	w.in, w.out = sealer(in), sealer(out)
	return proto.Unmarshal(payload, w.payload)
}

func (w *wire) message(ctx context.Context, into *waWa6.HandshakeMessage) error {
	raw, err := w.frames.read(ctx)
	if err != nil {
		return err
	}
	return proto.Unmarshal(raw, into)
}

// receive returns the client's next stanza.
func (w *wire) receive(ctx context.Context) (*wa.Node, error) {
	sealed, err := w.frames.read(ctx)
	if err != nil {
		return nil, err
	}
	plain, err := w.in.Open(nil, nonce(w.opened), sealed, nil)
	if err != nil {
		return nil, err
	}
	w.opened++
	if plain, err = wa.Unpack(plain); err != nil {
		return nil, err
	}
	return wa.Unmarshal(plain)
}

// send writes a stanza, whole, whoever else writes.
func (w *wire) send(ctx context.Context, n wa.Node) error {
	plain, err := wa.Marshal(n)
	if err != nil {
		return err
	}
	w.writing.Lock()
	defer w.writing.Unlock()
	sealed := w.out.Seal(nil, nonce(w.written), plain, nil)
	w.written++
	return w.frames.write(ctx, sealed)
}

// certify returns the chain that vouches for a server's key: the root signs an intermediate, the intermediate signs the key.
func certify(static *keys.KeyPair) ([]byte, error) {
	middle := keys.NewKeyPair()
	intermediate, err := certificate(root(), 1, 0, middle)
	if err != nil {
		return nil, err
	}
	leaf, err := certificate(middle, 2, 1, static)
	return mustMarshal(&waCert.CertChain{Intermediate: intermediate, Leaf: leaf}), err
}

func certificate(issuer *keys.KeyPair, serial, issuerSerial uint32, subject *keys.KeyPair) (*waCert.CertChain_NoiseCertificate, error) {
	now := time.Now()
	details, err := proto.Marshal(&waCert.CertChain_NoiseCertificate_Details{Serial: &serial, IssuerSerial: &issuerSerial, Key: subject.Pub[:],
		NotBefore: proto.Uint64(uint64(now.Add(-24 * time.Hour).Unix())), NotAfter: proto.Uint64(uint64(now.Add(24 * time.Hour).Unix()))})
	return &waCert.CertChain_NoiseCertificate{Details: details, Signature: sign(issuer, details)}, err
}

func sign(by *keys.KeyPair, parts ...[]byte) []byte {
	signature := ecc.CalculateSignature(ecc.NewDjbECPrivateKey(*by.Priv), bytes.Join(parts, nil))
	return signature[:]
}

// signed reports whether a key signed the parts.
func signed(by, signature []byte, parts ...[]byte) bool {
	return len(by) == 32 && len(signature) == 64 && ecc.VerifySignature(ecc.NewDjbECPublicKey([32]byte(by)), bytes.Join(parts, nil), [64]byte(signature))
}

// mustMarshal marshals what is known to be whole.
func mustMarshal(m proto.Message) []byte {
	raw, err := proto.Marshal(m)
	if err != nil {
		panic(err)
	}
	return raw
}
