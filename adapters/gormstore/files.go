package gormstore

import (
	"context"

	"causeway/core"
)

type fileRow struct {
	Workspace, ID                  string
	Channel, Conversation, Message optional
	Media                          doc[core.Media]
	MIME                           string `gorm:"column:mime"`
	Name                           string
	Size                           int64
	State, BlobKey, Error          string
	Tries                          int
	Created                        stamp
}

func (fileRow) TableName() string { return "files" }

func (r fileRow) core() core.File {
	media := r.Media.v
	media.MIME, media.Name, media.Size = r.MIME, r.Name, r.Size
	return core.File{ID: core.MediaID(r.ID), Channel: core.ChannelID(r.Channel.id), Conversation: core.ConversationID(r.Conversation.id),
		Message: core.MessageID(r.Message.id), Media: media, State: core.FileState(r.State), Blob: r.BlobKey, Error: r.Error, Tries: r.Tries,
		Created: r.Created.time()}
}

func (r repo) AddFile(ctx context.Context, f core.File) error {
	row := r.fileRow(f)
	return r.insert(ctx, &row)
}

func (r repo) fileRow(f core.File) fileRow {
	return fileRow{Workspace: r.ws, ID: string(f.ID), Channel: ref(f.Channel), Conversation: ref(f.Conversation), Message: ref(f.Message),
		Media: asDoc(f.Media), MIME: f.Media.MIME, Name: f.Media.Name, Size: f.Media.Size, State: string(f.State), BlobKey: f.Blob, Error: f.Error,
		Tries: f.Tries, Created: at(f.Created)}
}

func (r repo) File(ctx context.Context, id core.MediaID) (core.File, error) {
	return take[fileRow](r.rows(ctx).Where("id = ?", id))
}

// SetFile updates state, blob, MIME, name, size, error and tries, and of a deleted one where it lay.
func (r repo) SetFile(ctx context.Context, f core.File) error {
	change := map[string]any{"state": f.State, "blob_key": f.Blob, "mime": f.Media.MIME, "name": f.Media.Name, "size": f.Media.Size, "error": f.Error, "tries": f.Tries}
	if f.State == core.FileDeleted {
		change["media"], change["spare_channel"], change["spare"] = asDoc(core.Media{ID: f.ID}), "", ""
	}
	return r.set(ctx, "files", string(f.ID), change)
}

// FilesOf lists the files of a message.
func (r repo) FilesOf(ctx context.Context, id core.MessageID) ([]core.File, error) {
	return list[fileRow](r.rows(ctx).Where("message = ?", id).Order("id"))
}

// SpareFile notes where else a medium lies.
func (r repo) SpareFile(ctx context.Context, id core.MediaID, ch core.ChannelID, m core.Media) error {
	return r.set(ctx, "files", string(id), map[string]any{"spare_channel": ch, "spare": asDoc(m)})
}

// UseSpare makes where else a medium lies the place to fetch it from.
func (r repo) UseSpare(ctx context.Context, id core.MediaID) (bool, error) {
	n, err := r.exec(ctx, "UPDATE files SET channel = spare_channel, media = spare, spare_channel = '', spare = '', state = ?, error = '', tries = 0 "+
		"WHERE workspace = ? AND id = ? AND state <> ? AND spare_channel <> ''", core.FilePending, r.ws, id, core.FileHere)
	return n > 0, err
}
