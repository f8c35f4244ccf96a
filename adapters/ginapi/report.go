package ginapi

import (
	"context"
	"net/http"
	"time"

	"causeway/core"
	"causeway/core/report"

	"github.com/danielgtaylor/huma/v2"
)

// longestReport is what one report may be about.
const longestReport = 400 * 24 * time.Hour

func (s *Server) reportOperations(api huma.API) {
	handle(s, api, operation{id: "make-report", method: http.MethodGet, path: "/reports", tag: tagConversations, scope: scopeRead,
		summary: "Count the conversations opened in a time: volume, answers, satisfaction (docs/reports.md)"}, s.makeReport)
}

type reportQuery struct {
	From time.Time `query:"from" required:"true" doc:"inclusive"`
	To   time.Time `query:"to" required:"true" doc:"exclusive, at most 400 days after from"`
}

func (s *Server) makeReport(ctx context.Context, repo core.Repo, in *reportQuery) (*answer[report.Report], error) {
	if !in.From.Before(in.To) || in.To.Sub(in.From) > longestReport {
		return nil, core.Problemf(core.CodeInvalid, "The report must end after it begins, and at most 400 days later.").Remedied("Correct from and to.")
	}
	reception, err := core.LoadReception(ctx, repo)
	if err != nil {
		return nil, err
	}
	r, err := report.Make(ctx, repo, in.From, in.To, reception.Hours.Location(), s.Now())
	return reply(r, err)
}
