package ginapi

import (
	"context"
	"net/http"

	"causeway/core"
	"causeway/core/remove"

	"github.com/danielgtaylor/huma/v2"
)

// removalView is what the removal of a channel did or, if it was only asked about, would do.
type removalView struct {
	Removed bool        `json:"removed" doc:"false: it was only asked about"`
	Channel ChannelView `json:"channel"`
	Waiting int         `json:"waiting" doc:"how much waits to be sent and fails, counted up to 200"`
	Open    int         `json:"open_conversations" doc:"how many open conversations can only be read from then on, counted up to 200"`
	Uses    []string    `json:"uses" nullable:"false" doc:"what still names the channel; while there is any, it cannot be removed"`
	Left    string      `json:"left,omitempty" doc:"what is left to be done by a person, at the provider"`
}

func (s *Server) removalOperations(api huma.API) {
	handle(s, api, operation{id: "remove-channel", method: http.MethodDelete, path: "/channels/{id}", tag: tagChannels, scope: scopeManage, slow: true,
		summary: "Give up a channel: its credentials are deleted, what waits to be sent by it fails, its conversations stay"}, s.removeChannel)
}

type removalInput struct {
	ByID
	DryRun bool `query:"dry_run" doc:"only say what would be done"`
}

func (s *Server) removeChannel(ctx context.Context, _ core.Repo, in *removalInput) (*answer[removalView], error) {
	ws, id := caller(ctx).Workspace, core.ChannelID(in.ID)
	p, err := s.Remover.Plan(ctx, ws, id)
	if err != nil || in.DryRun {
		return reply(s.showRemoval(p), err)
	}
	if err := p.Used(); err != nil {
		return nil, err
	}
	done, err := s.Remover.Remove(ctx, ws, id, program(ctx).Name)
	if err != nil {
		return nil, err
	}
	p.Channel = done.Channel
	v := s.showRemoval(p)
	if v.Removed = true; done.Left != nil {
		v.Left = done.Left.Error()
	}
	return reply(v, nil)
}

func (s *Server) showRemoval(p remove.Plan) removalView {
	return removalView{Channel: s.showChannel(p.Channel), Waiting: p.Waiting, Open: p.Open, Uses: append([]string{}, p.Uses...)}
}
