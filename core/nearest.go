package core

import "strings"

// NearestName is the name that was probably meant, or "".
func NearestName(name string, names []string) string {
	best, distance := "", min(len(name)/4, 2)+1
	for _, n := range names {
		if d := EditDistance(strings.ToUpper(name), strings.ToUpper(n)); d < distance && d > 0 {
			best, distance = n, d
		}
	}
	return best
}

// EditDistance counts the characters to insert, drop or change. Names are short (GitHub allows 255 characters).
func EditDistance(a, b string) int {
	a, b = a[:min(len(a), 255)], b[:min(len(b), 255)]
	row := make([]int, len(b)+1)
	for i := range row {
		row[i] = i
	}
	for i := range a {
		diagonal := row[0]
		row[0] = i + 1
		for k := range b {
			cost := 1
			if a[i] == b[k] {
				cost = 0
			}
			diagonal, row[k+1] = row[k+1], min(row[k+1]+1, row[k]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}
