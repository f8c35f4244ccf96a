package blob

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"causeway/core"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// partSize is what of a file is in memory at a time. Smaller files go up in one request.
const partSize = 8 << 20

// tries is how often a request is made until it is answered well. Who stores tries again later by itself, or has somebody who does.
const tries = 3

// Bucket is core.Blobs in an object store that speaks S3. It may be used from many goroutines and several processes. A file is there when the store
// has answered for all of it; what a crash leaves half sent is never seen, and taken away by the bucket's rule for incomplete uploads, if it has one.
type Bucket struct {
	store     minio.Core
	transport *http.Transport
	name      string
	prefix    string // of all keys; empty, or it ends with "/"
}

var _ core.Blobs = (*Bucket)(nil)

// OpenBucket uses the bucket of an address like s3://ACCESS-KEY:SECRET-KEY@host/bucket/folder; s3+http:// is without TLS. The region, where the host
// does not tell it, is ?region=NAME. Nothing is asked of the store before the bucket is used. Close it at the end.
func OpenBucket(address string) (*Bucket, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, badBucket() // the error would repeat the secret
	}
	name, folder, _ := strings.Cut(strings.Trim(u.Path, "/"), "/")
	secret, there := u.User.Password()
	secure := u.Scheme == "s3"
	if u.Host == "" || name == "" || !there || !secure && u.Scheme != "s3+http" || folder != "" && valid(folder) != nil {
		return nil, badBucket()
	}
	transport, err := minio.DefaultTransport(secure)
	if err != nil {
		return nil, fmt.Errorf("set up the object store's connections: %w", err)
	}
	c, err := minio.New(u.Host, &minio.Options{Creds: credentials.NewStaticV4(u.User.Username(), secret, ""), Secure: secure, Region: u.Query().Get("region"), Transport: transport, MaxRetries: tries})
	if err != nil {
		return nil, badBucket()
	}
	b := &Bucket{store: minio.Core{Client: c}, transport: transport, name: name}
	if folder != "" {
		b.prefix = folder + "/"
	}
	return b, nil
}

func badBucket() error {
	return core.Problemf(core.CodeInvalid, "The address of the object store cannot be used.").
		Remedied("Write files_url like s3://ACCESS-KEY:SECRET-KEY@s3.example.com/bucket, with / in a key as %%2F, and + as %%2B.")
}

// Close frees the connections.
func (b *Bucket) Close() error {
	b.transport.CloseIdleConnections()
	return nil
}

// Put implements core.Blobs.
func (b *Bucket) Put(ctx context.Context, key string, r io.Reader) (int64, error) {
	if err := valid(key); err != nil {
		return 0, err
	}
	from := &reader{ctx: ctx, r: r}
	n, err := b.put(ctx, b.prefix+key, from)
	if from.err == nil {
		err = unkept(err)
	}
	if err != nil {
		return 0, fmt.Errorf("store file %s: %w", key, err)
	}
	return n, nil
}

func (b *Bucket) put(ctx context.Context, key string, r io.Reader) (int64, error) {
	var first bytes.Buffer
	options := minio.PutObjectOptions{ContentType: "application/octet-stream", PartSize: partSize, NumThreads: 1}
	_, err := io.CopyN(&first, r, partSize)
	if err == nil {
		sent, err := b.store.Client.PutObject(ctx, b.name, key, io.MultiReader(&first, r), -1, options)
		return sent.Size, err
	}
	if !errors.Is(err, io.EOF) {
		return 0, err
	}
	size := int64(first.Len())
	options.DisableContentSha256 = size == 0 // nothing to sign in pieces, which not every store takes
	_, err = b.store.PutObject(ctx, b.name, key, &first, size, "", "", options)
	return size, err
}

// Open implements core.Blobs.
func (b *Bucket) Open(ctx context.Context, key string) (io.ReadCloser, error) {
	if err := valid(key); err != nil {
		return nil, err
	}
	r, _, _, err := b.store.GetObject(ctx, b.name, b.prefix+key, minio.GetObjectOptions{})
	if err != nil {
		return nil, fmt.Errorf("open file %s: %w", key, unkept(err))
	}
	return r, nil
}

// Delete implements core.Blobs. What is not there is as good as deleted.
func (b *Bucket) Delete(ctx context.Context, key string) error {
	if err := valid(key); err != nil {
		return err
	}
	if err := b.store.RemoveObject(ctx, b.name, b.prefix+key, minio.RemoveObjectOptions{}); err != nil {
		return fmt.Errorf("delete file %s: %w", key, unkept(err))
	}
	return nil
}

// List implements core.Blobs. The keys come sorted.
func (b *Bucket) List(ctx context.Context, prefix string) ([]string, error) {
	var keys []string
	for o := range b.store.ListObjectsIter(ctx, b.name, minio.ListObjectsOptions{Prefix: b.prefix + prefix, Recursive: true}) {
		if o.Err != nil {
			return nil, fmt.Errorf("list files %s: %w", prefix, unkept(o.Err))
		}
		if key := strings.TrimPrefix(o.Key, b.prefix); valid(key) == nil { // others are not ours
			keys = append(keys, key)
		}
	}
	return keys, nil
}

// Ping stores a small file and removes it.
func (b *Bucket) Ping(ctx context.Context) error {
	key := b.prefix + tempDir + "/" + core.NewID[string]()
	if _, err := b.put(ctx, key, strings.NewReader("ping")); err != nil {
		return fmt.Errorf("write to the object store: %w", unkept(err))
	}
	if err := b.store.RemoveObject(ctx, b.name, key, minio.RemoveObjectOptions{}); err != nil {
		return fmt.Errorf("remove from the object store: %w", unkept(err))
	}
	return nil
}

// Sweep removes the files right under a folder that were put before a time and that wanted does not return of those it is asked about. What is put anew
// meanwhile stays, unless that happens between a last look and the removal, which follow each other at once.
func (b *Bucket) Sweep(ctx context.Context, folder string, before time.Time, wanted func(ctx context.Context, keys []string) ([]string, error)) (int, error) {
	if err := valid(folder); err != nil {
		return 0, err
	}
	removed := 0
	var old []string
	look := func() error {
		n, err := unwanted(ctx, old, wanted, func(key string) (bool, error) { return b.removeOld(ctx, key, before) })
		removed, old = removed+n, old[:0]
		return err
	}
	for o := range b.store.ListObjectsIter(ctx, b.name, minio.ListObjectsOptions{Prefix: path.Join(b.prefix, folder) + "/"}) {
		if o.Err != nil {
			return removed, fmt.Errorf("read folder %s: %w", folder, unkept(o.Err))
		}
		key := strings.TrimPrefix(o.Key, b.prefix)
		if valid(key) != nil || !o.LastModified.Before(before) { // a folder below ends with "/"
			continue
		}
		if old = append(old, key); len(old) == sweepAtOnce {
			if err := look(); err != nil {
				return removed, err
			}
		}
	}
	return removed, look()
}

func (b *Bucket) removeOld(ctx context.Context, key string, before time.Time) (bool, error) {
	o, err := b.store.StatObject(ctx, b.name, b.prefix+key, minio.StatObjectOptions{})
	if err := unkept(err); err != nil || !o.LastModified.Before(before) {
		if errors.Is(err, core.ErrNotFound) {
			err = nil
		}
		return false, err
	}
	err = b.store.RemoveObject(ctx, b.name, b.prefix+key, minio.RemoveObjectOptions{})
	return err == nil, unkept(err)
}

// unkept says what a failure of the object store means here. What it refuses is an admin's to mend, and works then: it is no Problem, for those are told
// to others.
func unkept(err error) error {
	if err == nil {
		return nil
	}
	var unanswered *url.Error
	answer := minio.ToErrorResponse(err)
	switch {
	case answer.Code == minio.NoSuchKey:
		return core.ErrNotFound
	case errors.As(err, &unanswered) && !errors.Is(err, context.Canceled):
		return fmt.Errorf("%w: %w", core.ErrUnavailable, err)
	case answer.StatusCode >= 500 || answer.StatusCode == http.StatusTooManyRequests:
		return fmt.Errorf("%w: %w", core.ErrUnavailable, err)
	case answer.StatusCode == http.StatusForbidden || answer.Code == minio.NoSuchBucket:
		return fmt.Errorf("%w: the object store refuses (%w); look at files_url: the bucket's name, the access key and its rights to list, get, put and delete, and this machine's clock",
			core.ErrUnavailable, err)
	}
	return err
}
