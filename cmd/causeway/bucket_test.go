package main

import (
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"

	"causeway/bridges/simulator/mailroom"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
)

// TestFilesInABucket: with an object store, what customers and agents send is kept there and nowhere else.
func TestFilesInABucket(t *testing.T) {
	backend := s3mem.New()
	if err := backend.CreateBucket("files"); err != nil {
		t.Fatal(err)
	}
	s3 := httptest.NewServer(gofakes3.New(backend).Server())
	defer s3.Close()
	dir := t.TempDir()
	w := liveIn(t, worldOptions{Dir: dir, Flags: map[string]string{"files_url": "s3+http://key:" + planted + "@" + s3.Listener.Addr().String() + "/files/shop"}})
	w.grace.SendImage("bike.png", stockPicture(3), "image/png", "is this the one?")
	m := w.mailTo(w.lena, "is this the one?")
	if !slices.ContainsFunc(m.Files, func(f mailroom.File) bool { return string(f.Data) == string(stockPicture(3)) }) {
		t.Errorf("the mail has the files %+v", m.Files)
	}
	_, err := w.lena.Reply(w.within(), m, "Yes, it is.", mailroom.ReplyOptions{})
	w.must(err)
	w.phoneShows(w.grace, "Yes, it is.")
	w.settle()
	there, err := w.blobs.List(t.Context(), "")
	w.must(err)
	for _, folder := range []string{"media/", "mail/"} {
		if !slices.ContainsFunc(there, func(key string) bool { return strings.HasPrefix(key, folder) }) {
			t.Errorf("nothing of %s is in the bucket: %v", folder, there)
		}
	}
	left, err := os.ReadDir(dir)
	w.must(err)
	if slices.ContainsFunc(left, func(e os.DirEntry) bool { return e.Name() == "files" }) {
		t.Error("there are files on the disk, too")
	}
	if strings.Contains(w.log.String(), planted) {
		t.Error("the log holds the key")
	}
}
