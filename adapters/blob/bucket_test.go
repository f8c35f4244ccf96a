package blob

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"time"

	"causeway/adapters/blob/blobtest"
	"causeway/core"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
)

// objectStore is an S3 server that is not ours. It counts calls, and answers what broken says instead, if that is not zero.
type objectStore struct {
	*httptest.Server
	calls  atomic.Int32
	broken atomic.Int32
	clock  atomic.Int64 // Unix nanoseconds; zero: now
}

func (o *objectStore) Now() time.Time {
	if at := o.clock.Load(); at != 0 {
		return time.Unix(0, at)
	}
	return time.Now()
}

func (o *objectStore) Since(t time.Time) time.Duration { return o.Now().Sub(t) }

func newObjectStore(t *testing.T) *objectStore {
	t.Helper()
	o := &objectStore{}
	backend := s3mem.New(s3mem.WithTimeSource(o))
	if err := backend.CreateBucket("files"); err != nil {
		t.Fatal(err)
	}
	s3 := gofakes3.New(backend, gofakes3.WithTimeSource(o), gofakes3.WithTimeSkewLimit(0)).Server()
	o.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		o.calls.Add(1)
		if status := o.broken.Load(); status != 0 {
			http.Error(w, "broken", int(status))
			return
		}
		if !strings.Contains(r.Header.Get("Authorization"), "Credential=an+access/key/") {
			http.Error(w, "unsigned", http.StatusForbidden)
			return
		}
		s3.ServeHTTP(w, r)
	}))
	t.Cleanup(o.Close)
	return o
}

func (o *objectStore) bucket(t *testing.T, name string) *Bucket {
	t.Helper()
	u := url.URL{Scheme: "s3+http", Host: o.Listener.Addr().String(), User: url.UserPassword("an+access/key", "a+secret/key"), Path: name, RawQuery: "region=eu-west-1"}
	b, err := OpenBucket(u.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

func TestBucket(t *testing.T) {
	t.Run("whole", func(t *testing.T) {
		blobtest.Run(t, func(t *testing.T) core.Blobs { return newObjectStore(t).bucket(t, "files") })
	})
	t.Run("in a folder", func(t *testing.T) {
		blobtest.Run(t, func(t *testing.T) core.Blobs { return newObjectStore(t).bucket(t, "files/causeway") })
	})
}

// TestBucketCalls: a small file is one request; a large one goes up in parts, and comes back whole.
func TestBucketCalls(t *testing.T) {
	o := newObjectStore(t)
	b := o.bucket(t, "files")
	if _, err := b.Put(t.Context(), "media/small", strings.NewReader("x")); err != nil || o.calls.Load() != 1 {
		t.Errorf("%d calls, %v", o.calls.Load(), err)
	}
	large := strings.Repeat("0123456789abcdef", (2*partSize+1000)/16)
	if n, err := b.Put(t.Context(), "media/large", strings.NewReader(large)); err != nil || n != int64(len(large)) {
		t.Errorf("stored %d of %d: %v", n, len(large), err)
	}
	all, err := b.List(t.Context(), "media/")
	if err != nil || strings.Join(all, " ") != "media/large media/small" {
		t.Errorf("listed %v, %v", all, err)
	}
}

// TestFoldersOfABucket: two that share a bucket do not see each other's files, nor those of others.
func TestFoldersOfABucket(t *testing.T) {
	o := newObjectStore(t)
	one, other := o.bucket(t, "files/one"), o.bucket(t, "files/other")
	for _, b := range []*Bucket{one, other} {
		if _, err := b.Put(t.Context(), "media/a", strings.NewReader("x")); err != nil {
			t.Fatal(err)
		}
	}
	if err := one.Delete(t.Context(), "media/a"); err != nil {
		t.Fatal(err)
	}
	if all, err := other.List(t.Context(), ""); err != nil || len(all) != 1 {
		t.Errorf("listed %v, %v", all, err)
	}
}

func TestBucketSweep(t *testing.T) {
	o := newObjectStore(t)
	b := o.bucket(t, "files/causeway")
	blobtest.Sweep(t, b, func(key string) {
		o.clock.Store(time.Now().Add(-2 * time.Hour).UnixNano())
		defer o.clock.Store(0)
		if _, err := b.Put(t.Context(), key, strings.NewReader("put long ago")); err != nil {
			t.Fatal(err)
		}
	})
}

// TestBucketTrouble: what the store cannot do now, or refuses until an admin has mended it, is to be tried again, and is nothing to tell strangers.
func TestBucketTrouble(t *testing.T) {
	o := newObjectStore(t)
	for name, c := range map[string]struct {
		broken int32
		bucket string
	}{"refused": {http.StatusForbidden, "files"}, "no such bucket": {0, "nowhere"}} {
		t.Run(name, func(t *testing.T) {
			o.broken.Store(c.broken)
			b := o.bucket(t, c.bucket)
			_, put := b.Put(t.Context(), "media/a", strings.NewReader("x"))
			for what, err := range map[string]error{"put": put, "ping": b.Ping(t.Context())} {
				var p *core.Problem
				if !errors.Is(err, core.ErrUnavailable) || errors.As(err, &p) || !strings.Contains(err.Error(), "files_url") {
					t.Errorf("%s: got %v", what, err)
				}
			}
		})
	}
	o.broken.Store(0)
	b := o.bucket(t, "files")
	o.Close()
	if _, err := b.Put(t.Context(), "media/a", strings.NewReader("x")); !errors.Is(err, core.ErrUnavailable) {
		t.Errorf("nobody there: got %v", err)
	}
	if _, err := b.Open(t.Context(), "media/a"); !errors.Is(err, core.ErrUnavailable) {
		t.Errorf("nobody there: got %v", err)
	}
	source := &url.Error{Op: "Get", URL: "https://provider.example", Err: errors.New("connection reset")}
	if _, err := b.Put(t.Context(), "media/a", iotest.ErrReader(source)); !errors.Is(err, source) || errors.Is(err, core.ErrUnavailable) {
		t.Errorf("the file itself does not come: got %v", err)
	}
}

func TestBucketAddress(t *testing.T) {
	const secret = "a-very-secret-key"
	for _, address := range []string{"", "s3://", "s3://host/bucket", "s3://key@host/bucket", "s3://key:" + secret + "@host", "s3://key:" + secret + "@host/", "https://key:" + secret + "@host/bucket",
		"s3://key:" + secret + "@host/bucket/a.b", "s3://key:" + secret + "%zz@host/bucket", "s3://key:" + secret + "@ho st/bucket"} {
		b, err := OpenBucket(address)
		var p *core.Problem
		if b != nil || !errors.As(err, &p) || p.Remedy == "" || strings.Contains(err.Error()+p.Remedy, secret) {
			t.Errorf("%q: got %v", address, err)
		}
	}
}
