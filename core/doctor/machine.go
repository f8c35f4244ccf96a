package doctor

import (
	"context"
	"net/url"
	"strings"
	"time"

	"causeway/core"
)

const (
	diskLow   = 1 << 30   // bytes: a warning below
	diskFull  = 100 << 20 // trouble below
	skewLarge = 30 * time.Second
	skewWrong = 4 * time.Minute // providers take signatures for five minutes
)

func (d doctor) settings(context.Context) []core.Finding { return d.in.Settings }

func (d doctor) disk(context.Context) []core.Finding {
	if d.in.Disk == nil {
		return nil
	}
	free, total, err := d.in.Disk(d.in.DataDir)
	if err != nil {
		return bad("disk", "Check that the folder is there and that Causeway may write to it.", "The disk of %s cannot be looked at: %v.", d.in.DataDir, err)
	}
	const remedy = "Free some space, or move data_dir to a larger disk."
	switch left := core.Bytes(int64(min(free, 1<<62))); {
	case free < diskFull:
		return bad("disk", remedy, "Only %s are free in %s: messages will soon not be stored.", left, d.in.DataDir)
	case free < diskLow || total > 0 && free < total/50:
		return warn("disk", remedy, "%s are free in %s.", left, d.in.DataDir)
	default:
		return good("disk", "%s are free in %s.", left, d.in.DataDir)
	}
}

func (d doctor) clock(ctx context.Context) []core.Finding {
	if d.in.Skew == nil {
		return nil
	}
	skew, err := d.in.Skew(ctx)
	if err != nil {
		return warn("clock", "Check that this machine reaches the internet.", "The clock could not be compared with the world's: %v.", err)
	}
	side := "ahead"
	if skew < 0 {
		side = "behind"
	}
	const remedy = "Run: timedatectl set-ntp true"
	switch off := skew.Abs().Round(time.Second); {
	case off >= skewWrong:
		return bad("clock", remedy, "The clock is %s %s: providers will refuse what we sign, and reply windows are wrong.", off, side)
	case off >= skewLarge:
		return warn("clock", remedy, "The clock is %s %s.", off, side)
	default:
		return good("clock", "The clock is right to %s.", max(off, time.Second))
	}
}

func (d doctor) files(ctx context.Context) []core.Finding {
	if d.in.Blobs == nil {
		return nil
	}
	if err := d.in.Blobs.Ping(ctx); err != nil {
		return bad("files", "Check that the folder is there, that Causeway may write to it, and that the disk is not full.", "Files cannot be stored: %v.", err)
	}
	return good("files", "Files can be stored.")
}

func (d doctor) converter(ctx context.Context) []core.Finding {
	if d.in.Converter == nil {
		return nil
	}
	return []core.Finding{d.in.Converter(ctx)}
}

func (d doctor) relay(ctx context.Context) []core.Finding {
	if d.in.Relay == nil {
		return nil
	}
	return []core.Finding{d.in.Relay(ctx)}
}

// public looks at the address that providers call.
func (d doctor) public(ctx context.Context) []core.Finding {
	const subject = "public address"
	u, err := url.Parse(d.in.PublicURL)
	switch {
	case d.in.PublicURL == "":
		return bad(subject, "Set public_url (CAUSEWAY_PUBLIC_URL) to the https address that leads to http_listen.", "There is no public address: providers cannot call us, and links in mails lead nowhere.")
	case err != nil || u.Host == "":
		return bad(subject, "Write public_url like https://bridge.example.com.", "The public address %q cannot be read.", d.in.PublicURL)
	case u.Scheme != "https" && !local(u.Hostname()):
		return bad(subject, "Put a proxy with a certificate before http_listen, and write https:// in public_url.", "The public address %s is not https: providers refuse to call it.", d.in.PublicURL)
	case u.Scheme != "https" || local(u.Hostname()):
		return warn(subject, "For anything but a trial, set public_url to an https address that the world reaches.", "The public address %s is reached from this machine only.", d.in.PublicURL)
	}
	if d.in.Probe == nil {
		return good(subject, "It is %s.", d.in.PublicURL)
	}
	if err := d.in.Probe(ctx, d.in.PublicURL); err != nil {
		return bad(subject, "Check that causeway serve runs, and the DNS, the certificate and the proxy of that address.", "%s does not answer as it must: %s.", d.in.PublicURL, sentence(err))
	}
	return good(subject, "%s answers.", d.in.PublicURL)
}

func local(host string) bool {
	return host == "localhost" || strings.HasPrefix(host, "127.") || host == "::1"
}

func sentence(err error) string { return strings.TrimSuffix(err.Error(), ".") }
