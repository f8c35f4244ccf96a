package meta

import (
	"context"
	"errors"
	"strings"
	"time"

	"causeway/core"
)

// Trouble is the finding of a call that failed, with Meta's own words where they help. Title is what people call the platform.
func Trouble(title, subject string, e *core.SendError) core.Finding {
	f := core.Trouble(title, subject, e)
	switch {
	case e.Outcome == core.Unknown || e.Detail == "":
	case e.Effect == core.EffectPark && e.Code != "" && !strings.HasPrefix(e.Code, core.HTTPCode): // it may name the permission that is missing
		f.Detail += " Meta says: " + Sentence(e.Detail)
	case e.Effect == core.EffectFail:
		f.Detail = title + " says: " + Sentence(e.Detail)
	}
	return f
}

// Day writes the time at which something ends.
func Day(at time.Time) string { return at.UTC().Format("2 January 2006 15:04 MST") }

// Expiring is the finding about a credential that ends at a time: from two weeks before, somebody should look.
func Expiring(subject string, at, now time.Time, remedy string) core.Finding {
	switch left := at.Sub(now); {
	case left <= 0:
		return core.Bad(subject, remedy, "The access token expired on %s.", Day(at))
	case left < 14*24*time.Hour:
		return core.Warn(subject, remedy, "The access token expires on %s.", Day(at))
	}
	return core.Good(subject, "Good until %s.", Day(at))
}

// maxSkew is by how much the machine's clock may differ from Meta's. Reply windows are reckoned with it.
const maxSkew = time.Minute

// CheckClock compares the host's clock with Meta's, for which it reads a node. Where Meta does not answer, the other findings say so.
func CheckClock(ctx context.Context, g *Client, host core.Host, node string) []core.Finding {
	before := host.Now()
	theirs, err := g.Clock(ctx, node)
	if err != nil {
		return nil
	}
	ours := before.Add(host.Now().Sub(before) / 2)
	off, side := ours.Sub(theirs).Round(time.Second), "ahead of"
	if off < 0 {
		off, side = -off, "behind"
	}
	if off > maxSkew {
		return []core.Finding{core.Warn("clock", "Let the machine set its clock by the network: timedatectl set-ntp true", "This machine's clock is %s %s Meta's; reply windows are reckoned wrongly.", off, side)}
	}
	return []core.Finding{core.Good("clock", "It agrees with Meta's.")}
}

// As is the client that speaks in the name of an app rather than of an account.
func (c *Client) As(app string, secret core.Secret) *Client {
	as := *c
	as.Hide = append([]core.Secret{c.Token}, c.Hide...)
	as.Token = core.NewSecret(app + "|" + secret.Reveal())
	return &as
}

// AppSecret is the subject of findings about an app's secret.
const AppSecret = "app secret"

// CheckSecret asks Meta, in the name of an app, what the app gets webhooks of: that proves the app's secret, with which webhooks are checked. It returns
// the fields by object, nil where Meta does not tell them.
func (c *Client) CheckSecret(ctx context.Context, app string, secret core.Secret) (map[string][]Text, []core.Finding) {
	var answer struct {
		Data []struct {
			Object Text `json:"object"`
			Fields []struct {
				Name Text `json:"name"`
			} `json:"fields"`
		} `json:"data"`
	}
	err := c.As(app, secret).Get(ctx, app+"/subscriptions", nil, &answer)
	var g *Error
	switch {
	case errors.As(err, &g) && (g.Code == 190 || g.Code == 101 || Unproven(err)): // the app could not prove itself
		return nil, []core.Finding{core.Bad(AppSecret, "Copy the secret of the app that the access token belongs to: App dashboard, App settings, Basic.",
			"Meta does not accept the app secret: webhooks signed by Meta are refused as forged.")}
	case err != nil:
		return nil, nil // the other findings tell what does not work
	}
	fields := map[string][]Text{}
	for _, s := range answer.Data {
		if _, told := fields[string(s.Object)]; told {
			continue
		}
		names := make([]Text, len(s.Fields))
		for n, f := range s.Fields {
			names[n] = f.Name
		}
		fields[string(s.Object)] = names
	}
	return fields, []core.Finding{core.Good(AppSecret, "Meta accepts it.")}
}

// Sentence ends a text with a full stop, unless it has an end.
func Sentence(s string) string {
	if s = strings.TrimSpace(s); strings.HasSuffix(s, ".") || strings.HasSuffix(s, "!") || strings.HasSuffix(s, "?") {
		return s
	}
	return s + "."
}
