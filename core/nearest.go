package core

import (
	"fmt"
	"slices"
	"strings"
)

// DidYouMean names the nearest known word, or, where none is near, all of them.
func DidYouMean(word string, known []string) string {
	if near := Nearest(word, known); near != "" {
		return fmt.Sprintf("Did you mean %q?", near)
	}
	var all []string
	for _, k := range known {
		if !slices.Contains(all, k) { // a file and the store may both have it
			all = append(all, k)
		}
	}
	switch {
	case len(all) == 0:
		return ""
	case len(all) > 12:
		return "Take it out, or look it up in the documentation."
	}
	return "Known are: " + strings.Join(all, ", ") + "."
}

// Nearest returns the known word that was most likely meant, or "".
func Nearest(word string, known []string) string {
	best, least := "", min(len(word)/3+2, 8)
	for _, k := range known {
		if d := Distance(bareWord(word), bareWord(k)); d < least {
			best, least = k, d
		}
	}
	if best == "" {
		best = onlyLonger(word, known)
	}
	return best
}

// onlyLonger is the one known word that begins so, or "".
func onlyLonger(word string, known []string) string {
	only := ""
	for _, k := range known {
		switch begins := len(word) > 2 && strings.HasPrefix(bareWord(k), bareWord(word)); {
		case begins && only != "" && only != k:
			return ""
		case begins:
			only = k
		}
	}
	return only
}

func bareWord(s string) string {
	return strings.NewReplacer("-", "", "_", "", " ", "", ".", "").Replace(strings.ToLower(s))
}

// Distance counts the changes that make b of a: letters put in, taken out, replaced, or swapped with their neighbour.
func Distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	if len(x) > 64 || len(y) > 64 { // nobody mistypes that
		return 64
	}
	rows := make([][]int, len(x)+1)
	for i := range rows {
		rows[i] = make([]int, len(y)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(x); i++ {
		for j := 1; j <= len(y); j++ {
			cost := 1
			if x[i-1] == y[j-1] {
				cost = 0
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+cost)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(x)][len(y)]
}
