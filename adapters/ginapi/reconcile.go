package ginapi

import (
	"context"
	"net/http"
	"time"

	"causeway/core"

	"github.com/danielgtaylor/huma/v2"
)

const tagReconcile = "Reports"

// mostGaps is how many gaps of a number are listed.
const mostGaps = 500

func (s *Server) reconcileOperations(api huma.API) {
	handle(s, api, operation{id: "report-reconcile", method: http.MethodGet, path: "/reports/reconcile", tag: tagReconcile, scope: scopeManage,
		summary: "Compare what the phone and the API saw in a day of numbers that both serve"}, s.reconcile)
}

func (s *Server) reconcile(ctx context.Context, repo core.Repo, in *struct {
	Day string `query:"day" format:"date" doc:"in UTC; yesterday if left out"`
}) (*answer[[]core.Reconciliation], error) {
	day := s.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, -1)
	if in.Day != "" {
		var err error
		if day, err = time.Parse(time.DateOnly, in.Day); err != nil {
			return nil, core.Problemf(core.CodeInvalid, "%q is not a day.", in.Day).Remedied("Write it like 2026-03-01.")
		}
	}
	all, err := core.Reconcile(ctx, repo, day.Format(time.DateOnly), day, day.AddDate(0, 0, 1), mostGaps)
	if err != nil {
		return nil, err
	}
	if all == nil {
		all = []core.Reconciliation{}
	}
	return &answer[[]core.Reconciliation]{Body: all}, nil
}
