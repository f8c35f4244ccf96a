package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"causeway/core"
	"causeway/core/workflow"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"
)

func workflowCommand() *cobra.Command {
	c := &cobra.Command{Use: "workflow", Short: "Set up, look at and try workflows", GroupID: "admin"}
	runs := &cobra.Command{Use: "runs [NAME]", Short: "List runs, newest first", Args: cobra.MaximumNArgs(1), RunE: listRuns}
	runs.Flags().String("conversation", "", "only those of this one: its number or id")
	runs.Flags().Bool("live", false, "only those that wait")
	secret := &cobra.Command{Use: "secret NAME", Short: "Set a secret that http steps name as {{secret.NAME}}, from standard input", Args: cobra.ExactArgs(1), RunE: setWorkflowSecret}
	secret.Flags().String("env", "", "take it from this variable")
	secret.AddCommand(&cobra.Command{Use: "remove NAME", Short: "Forget a secret that no workflow names", Args: cobra.ExactArgs(1), RunE: removeWorkflowSecret})
	templates := &cobra.Command{Use: "template", Short: "Workflows to start from"}
	templates.AddCommand(&cobra.Command{Use: "list", Short: "List them", Args: cobra.NoArgs, RunE: listWorkflowTemplates},
		&cobra.Command{Use: "show NAME", Short: "Print one, to change and put", Args: cobra.ExactArgs(1), RunE: showWorkflowTemplate})
	c.AddCommand(&cobra.Command{Use: "list", Short: "List workflows", Args: cobra.NoArgs, RunE: listWorkflows},
		&cobra.Command{Use: "show NAME", Short: "Print a workflow", Args: cobra.ExactArgs(1), RunE: showWorkflow},
		&cobra.Command{Use: "validate FILE…", Short: "Say what is wrong with workflows in files, and change nothing", Args: cobra.MinimumNArgs(1), RunE: validateWorkflows},
		&cobra.Command{Use: "put FILE…", Short: "Add workflows from files, or new versions of them", Args: cobra.MinimumNArgs(1), RunE: putWorkflows},
		&cobra.Command{Use: "remove NAME", Short: "Take a workflow out; its runs finish", Args: cobra.ExactArgs(1), RunE: removeWorkflow}, workflowTestCommand(), runs, secret, templates)
	return c
}

func listWorkflows(cmd *cobra.Command, _ []string) error {
	return withBase(cmd, func(b *base) error {
		all, err := b.repo().Workflows(cmd.Context())
		if err != nil {
			return err
		}
		if len(all) == 0 {
			fmt.Fprintln(cmd.OutOrStdout(), "no workflows; start from one of: causeway workflow template list")
			return nil
		}
		t := newTable(cmd.OutOrStdout(), "NAME", "VERSION", "STEPS", "STARTS", "CHANGED", "DESCRIPTION")
		for _, w := range all {
			d, err := workflow.Decode(w.Definition)
			if err != nil {
				return err
			}
			t.row(w.Name, strconv.Itoa(w.Version), strconv.Itoa(len(d.Steps)), starting(d), w.Created.Local().Format("2006-01-02 15:04"), d.Description)
		}
		return t.flush()
	})
}

// starting says what starts a workflow.
func starting(d workflow.Definition) string {
	var all []string
	for _, t := range d.On {
		all = append(all, t.Event)
	}
	switch {
	case d.Disabled:
		return "never (disabled)"
	case len(all) == 0:
		return "by others"
	}
	return strings.Join(all, ", ")
}

func showWorkflow(cmd *cobra.Command, args []string) error {
	return withBase(cmd, func(b *base) error {
		w, err := b.repo().Workflow(cmd.Context(), args[0], 0)
		if errors.Is(err, core.ErrNotFound) {
			return core.Problemf(core.CodeNotFound, "There is no workflow %q.", args[0]).Remedied("See: causeway workflow list")
		}
		if err != nil {
			return err
		}
		text, err := asYAML(w.Definition)
		fmt.Fprint(cmd.OutOrStdout(), text)
		return err
	})
}

// asYAML writes JSON as YAML, in its order.
func asYAML(raw []byte) (string, error) {
	var n yaml.Node
	if err := yaml.Unmarshal(raw, &n); err != nil {
		return "", fmt.Errorf("read definition: %w", err)
	}
	plainStyle(&n)
	text, err := yaml.Marshal(&n)
	return string(text), err
}

func plainStyle(n *yaml.Node) {
	n.Style = 0
	for _, c := range n.Content {
		plainStyle(c)
	}
}

// readWorkflows reads files, all of whose workflows may refer to each other.
func readWorkflows(paths []string, known workflow.Known) ([]workflow.Definition, error) {
	files := make([][]byte, len(paths))
	for i, path := range paths {
		raw, err := os.ReadFile(path)
		if err != nil {
			return nil, problemf("file", "The workflow file %s cannot be read: %v.", path, errors.Unwrap(err)).Remedied("Check its name.")
		}
		files[i] = raw
	}
	known = known.WithFiles(files...) // so that they may refer to each other, in any order
	var all []workflow.Definition
	for i, path := range paths {
		defs, err := workflow.Read(path, files[i], known)
		if err != nil {
			return nil, err
		}
		all = append(all, defs...)
	}
	return all, nil
}

func validateWorkflows(cmd *cobra.Command, args []string) error {
	return withBase(cmd, func(b *base) error {
		known, err := workflow.Names(cmd.Context(), b.repo())
		if err != nil {
			return err
		}
		all, err := readWorkflows(args, known)
		if err == nil {
			fmt.Fprintf(cmd.OutOrStdout(), "%s, nothing wrong\n", count(len(all), "workflow"))
		}
		return err
	})
}

func putWorkflows(cmd *cobra.Command, args []string) error {
	return withBase(cmd, func(b *base) error {
		known, err := workflow.Names(cmd.Context(), b.repo())
		if err != nil {
			return err
		}
		all, err := readWorkflows(args, known)
		if err != nil {
			return err
		}
		for _, d := range all {
			version, changed, err := b.putWorkflow(cmd, d)
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s: version %d%s\n", d.Name, version, map[bool]string{false: ", as it was"}[changed])
		}
		return nil
	})
}

func (b *base) putWorkflow(cmd *cobra.Command, d workflow.Definition) (version int, changed bool, err error) {
	err = b.store.Tx(cmd.Context(), func(tx core.Tx) error {
		version, changed, err = workflow.Put(cmd.Context(), tx.In(b.workspace), d, core.Author{Kind: core.AuthorSystem, Name: "command line"}, b.now())
		return err
	})
	return version, changed, err
}

func removeWorkflow(cmd *cobra.Command, args []string) error {
	return withBase(cmd, func(b *base) error {
		err := b.store.Tx(cmd.Context(), func(tx core.Tx) error { return workflow.Remove(cmd.Context(), tx.In(b.workspace), args[0]) })
		if errors.Is(err, core.ErrNotFound) {
			return core.Problemf(core.CodeNotFound, "There is no workflow %q.", args[0]).Remedied("See: causeway workflow list")
		}
		if err == nil {
			fmt.Fprintf(cmd.OutOrStdout(), "%s is taken out; its runs finish\n", args[0])
		}
		return err
	})
}

func listRuns(cmd *cobra.Command, args []string) error {
	return withBase(cmd, func(b *base) error {
		f := core.RunFilter{}
		if len(args) > 0 {
			f.Workflow = args[0]
		}
		if live, _ := cmd.Flags().GetBool("live"); live {
			f.State = core.RunWaiting
		}
		if name, _ := cmd.Flags().GetString("conversation"); name != "" {
			var err error
			if f.Conversation, err = b.conversation(cmd.Context(), name); err != nil {
				return err
			}
		}
		all, err := b.repo().Runs(cmd.Context(), f, core.Page{Limit: 100})
		if err != nil {
			return err
		}
		t := newTable(cmd.OutOrStdout(), "BEGAN", "WORKFLOW", "VERSION", "CONVERSATION", "STATE", "STEP", "UNTIL", "WHY")
		for _, r := range all {
			c, err := b.repo().Conversation(cmd.Context(), r.Conversation)
			if err != nil {
				return err
			}
			until := ""
			if !r.Until.IsZero() {
				until = r.Until.Local().Format("2006-01-02 15:04")
			}
			t.row(r.Began.Local().Format("2006-01-02 15:04"), r.Workflow, strconv.Itoa(r.Version), fmt.Sprintf("#%d", c.Number), string(r.State), r.Step, until, r.Reason)
		}
		return t.flush()
	})
}

func setWorkflowSecret(cmd *cobra.Command, args []string) error {
	value := ""
	if name, _ := cmd.Flags().GetString("env"); name != "" {
		value = os.Getenv(name)
	} else {
		raw, err := io.ReadAll(io.LimitReader(cmd.InOrStdin(), 64<<10))
		if err != nil {
			return fmt.Errorf("read the secret: %w", err)
		}
		value = strings.TrimRight(string(raw), "\r\n")
	}
	if value == "" {
		return problemf("secret", "The secret is empty.").Remedied("Write it to standard input, or name its variable with --env.")
	}
	return withBase(cmd, func(b *base) error {
		s := core.SealedSecret{Workspace: b.workspace, Owner: workflow.SecretOwner, Name: args[0], Set: b.now()}
		var err error
		if s.Box, err = b.vault.Seal(core.NewSecret(value), s.Context()); err != nil {
			return err
		}
		if err := b.repo().PutSecret(cmd.Context(), s); err != nil {
			return err
		}
		fmt.Fprintf(cmd.OutOrStdout(), "set; workflows name it as {{secret.%s}} in http steps\n", args[0])
		return nil
	})
}

func removeWorkflowSecret(cmd *cobra.Command, args []string) error {
	return withBase(cmd, func(b *base) error {
		all, err := b.repo().Workflows(cmd.Context())
		if err != nil {
			return err
		}
		for _, w := range all {
			if workflow.NamesSecret(w.Definition, args[0]) {
				return core.Problemf(core.CodeConflict, "The workflow %q names the secret %q.", w.Name, args[0]).Remedied("Change the workflow first, or take it out: causeway workflow remove %s", w.Name)
			}
		}
		sealed, err := b.repo().Secrets(cmd.Context(), workflow.SecretOwner)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(sealed, func(s core.SealedSecret) bool { return s.Name == args[0] }) {
			names := make([]string, 0, len(sealed))
			for _, s := range sealed {
				names = append(names, s.Name)
			}
			remedy := "Set one with: causeway workflow secret NAME"
			if len(names) > 0 {
				remedy = "There are: " + strings.Join(names, ", ") + "."
			}
			return core.Problemf(core.CodeNotFound, "There is no secret %q.", args[0]).Remedied("%s", remedy)
		}
		if err := b.repo().DropSecret(cmd.Context(), workflow.SecretOwner, args[0]); err != nil {
			return err
		}
		fmt.Fprintf(cmd.OutOrStdout(), "%s is forgotten; runs that still name it fail at that step\n", args[0])
		return nil
	})
}

func listWorkflowTemplates(cmd *cobra.Command, _ []string) error {
	t := newTable(cmd.OutOrStdout(), "NAME", "DESCRIPTION")
	for _, d := range workflow.Templates() {
		t.row(d.Name, d.Description)
	}
	return t.flush()
}

func showWorkflowTemplate(cmd *cobra.Command, args []string) error {
	text, ok := workflow.TemplateText(args[0])
	if !ok {
		return core.Problemf(core.CodeNotFound, "There is no such template as %q.", args[0]).Remedied("See: causeway workflow template list")
	}
	fmt.Fprint(cmd.OutOrStdout(), text)
	return nil
}
