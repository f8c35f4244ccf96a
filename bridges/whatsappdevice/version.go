package whatsappdevice

import (
	"context"
	"sync"
	"time"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/store"
)

// latest is the setting with which the newest version is asked for.
const (
	latest        = "latest"
	askVersionFor = 15 * time.Second
)

// versions guards whatsmeow's version of itself, which is one for the whole program.
var versions sync.Mutex

// use has the program appear as a version that the admin chose, for the days between WhatsApp's refusal of ours and an update. Empty: ours.
func use(version string) {
	if chosen, err := store.ParseVersion(version); err == nil {
		appear(chosen)
	}
}

func appear(as store.WAVersionContainer) {
	versions.Lock()
	defer versions.Unlock()
	if store.GetWAVersion() != as {
		store.SetWAVersion(as)
	}
}

// freshen has the program appear as the newest WhatsApp Web, where the admin chose that, before it connects. It never becomes older by that; where
// WhatsApp does not tell, it stays as it is.
func (l *link) freshen(ctx context.Context) {
	if l.conf.version != latest {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, askVersionFor)
	defer cancel()
	newest, err := whatsmeow.GetLatestVersion(ctx, l.http)
	if err != nil {
		l.host.Log().WarnContext(ctx, "newest version of WhatsApp Web not found", "err", err)
		return
	}
	if store.GetWAVersion().LessThan(*newest) {
		appear(*newest)
	}
}
