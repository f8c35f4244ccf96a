package workflow

import (
	"strings"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/parser"
)

// always reports whether a condition holds whatever happens; never, whether it never does. An empty one always holds.
func always(when string) bool {
	v, fixed := constant(when)
	return fixed && v
}

func never(when string) bool {
	v, fixed := constant(when)
	return fixed && !v
}

// constant evaluates a condition that names nothing, as true or 1 > 2.
func constant(when string) (value, fixed bool) {
	if strings.TrimSpace(when) == "" {
		return true, true
	}
	tree, err := parser.Parse(when)
	if err != nil {
		return false, false
	}
	var names namer
	ast.Walk(&tree.Node, &names)
	if names.found {
		return false, false
	}
	v, err := expr.Eval(when, nil)
	value, fixed = v.(bool)
	return value, fixed && err == nil
}

// namer looks for whatever is not known before a run.
type namer struct{ found bool }

// Visit implements ast.Visitor.
func (n *namer) Visit(node *ast.Node) {
	switch (*node).(type) {
	case *ast.IdentifierNode, *ast.CallNode, *ast.BuiltinNode, *ast.PointerNode:
		n.found = true
	}
}

// meaning is a condition as the compiler sees it: two that differ in spaces, quotes or brackets have the same.
func meaning(when string) string {
	tree, err := parser.Parse(when)
	if err != nil || strings.TrimSpace(when) == "" {
		return when
	}
	return tree.Node.String()
}
