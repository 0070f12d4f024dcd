package extension

import (
	"slices"
	"strconv"
	"strings"
)

// parseChoice reads the answer to a checklist: numbers and ranges, counted from 1, "all", "none", or nothing for what is
// marked. It returns indices in order, each once; false for an answer that is none of these.
func parseChoice(answer string, marked []bool) ([]int, bool) {
	var chosen []int
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "":
		for i, m := range marked {
			if m {
				chosen = append(chosen, i)
			}
		}
		return chosen, true
	case "none":
		return nil, true
	case "all":
		for i := range marked {
			chosen = append(chosen, i)
		}
		return chosen, true
	}
	for part := range strings.FieldsFuncSeq(answer, func(r rune) bool { return r == ',' || r == ' ' }) {
		from, to, isRange := strings.Cut(part, "-")
		if !isRange {
			to = from
		}
		first, err1 := strconv.Atoi(from)
		last, err2 := strconv.Atoi(to)
		if err1 != nil || err2 != nil || first < 1 || last < first || last > len(marked) {
			return nil, false
		}
		for i := first; i <= last; i++ {
			chosen = append(chosen, i-1)
		}
	}
	slices.Sort(chosen)
	return slices.Compact(chosen), len(chosen) > 0
}
