package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"causeway/core"
	"causeway/core/workflow"

	"github.com/spf13/cobra"
)

func workflowTestCommand() *cobra.Command {
	c := &cobra.Command{Use: "test FILE…", Short: "Try workflows on scripted or on past conversations; nothing is sent", Args: cobra.MinimumNArgs(1), RunE: testWorkflows,
		Long: "Try workflows in memory: nothing is sent, stored or called.\n\n" +
			"Each FILE holds cases: scripted conversations, and what is expected (see docs/workflows.md). With --history each FILE holds workflows, which are tried\n" +
			"on the conversations of that time: what would have been said, who would have got each by the teams as they are set up now, and how many each agent\n" +
			"would have had. Requests to other systems fail then."}
	c.Flags().Var(new(span), "history", "try them on the conversations of this time, such as 30d")
	return c
}

func testWorkflows(cmd *cobra.Command, args []string) error {
	if d := time.Duration(*cmd.Flag("history").Value.(*span)); d > 0 {
		return withBase(cmd, func(b *base) error { return b.tryOnHistory(cmd, args, d) })
	}
	failed, played := 0, 0
	for _, path := range args {
		n, bad, err := tryCases(cmd, path)
		if played, failed = played+n, failed+bad; err != nil {
			return err
		}
	}
	fmt.Fprintf(cmd.OutOrStdout(), "%s, %d failed\n", count(played, "case"), failed)
	if failed > 0 {
		return core.Problemf(core.CodeInvalid, "%s did not go as it says.", count(failed, "case")).Remedied("Change the workflow, or what the case expects.")
	}
	return nil
}

// tryCases plays the cases of a file.
func tryCases(cmd *cobra.Command, path string) (played, failed int, err error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return 0, 0, problemf("file", "The file of cases %s cannot be read: %v.", path, errors.Unwrap(err)).Remedied("Check its name.")
	}
	cases, err := workflow.ReadCases(path, raw)
	if err != nil {
		return 0, 0, err
	}
	files := make([]string, len(cases.Workflows))
	for i, f := range cases.Workflows {
		if files[i] = f; !filepath.IsAbs(f) {
			files[i] = filepath.Join(filepath.Dir(path), f)
		}
	}
	defs, err := readWorkflows(files, workflow.Known{})
	if err != nil {
		return 0, 0, err
	}
	for _, c := range cases.Cases {
		wrong, err := c.Try(cmd.Context(), defs)
		if err != nil {
			return played, failed, err
		}
		played++
		if len(wrong) == 0 {
			fmt.Fprintf(cmd.OutOrStdout(), "ok    %s\n", c.Name)
			continue
		}
		failed++
		fmt.Fprintf(cmd.OutOrStdout(), "FAIL  %s\n      %s\n", c.Name, strings.Join(wrong, "\n      "))
	}
	return played, failed, nil
}
