package gormstore

import (
	"context"
	"time"

	"causeway/core"
)

type logRow struct {
	Workspace, ID, Channel  string
	At                      stamp
	Inward                  bool
	Method, URL             string
	Status                  int
	Took                    int64
	Request, Response, Note string
}

func (logRow) TableName() string { return "channel_log" }

func (r logRow) core() core.LogEntry {
	return core.LogEntry{ID: r.ID, Channel: core.ChannelID(r.Channel), At: r.At.time(), Inward: r.Inward, Method: r.Method, URL: r.URL,
		Status: r.Status, Took: time.Duration(r.Took), Request: r.Request, Response: r.Response, Note: r.Note}
}

// AppendLog adds an entry. One without an ID gets one.
func (r repo) AppendLog(ctx context.Context, e core.LogEntry) error {
	if e.ID == "" {
		e.ID = core.NewID[string]()
	}
	row := r.logRow(e)
	return r.insert(ctx, &row)
}

func (r repo) logRow(e core.LogEntry) logRow {
	return logRow{Workspace: r.ws, ID: e.ID, Channel: string(e.Channel), At: at(e.At), Inward: e.Inward, Method: e.Method, URL: e.URL,
		Status: e.Status, Took: int64(e.Took), Request: e.Request, Response: e.Response, Note: e.Note}
}

// ChannelLog lists a channel's entries, newest first; Page.Before is an id.
func (r repo) ChannelLog(ctx context.Context, id core.ChannelID, p core.Page) ([]core.LogEntry, error) {
	return list[logRow](back(r.rows(ctx).Where("channel = ?", id), p))
}
