package report

import (
	"slices"
	"strings"

	"github.com/gh-hex/gh-hex/core/check"
	"github.com/gh-hex/gh-hex/extension/console"
)

// task is one thing to do: what is wrong, everywhere that it shows, and the one fix. It has the ID of the first check that
// tells of it.
type task struct {
	check.Result
	others []string // the other checks that tell of it
	also   []string // those of them that add no place
}

// tasksOf sorts what is wrong by what mends it: checks whose faults go away together are about one cause. What has no fix
// is a task of its own, and files are never mended by what mends the rest. A check that could not be carried out for the
// reason of a task belongs to it.
func tasksOf(report check.Report) []*task {
	var tasks []*task
	known := map[string]*task{}
	for _, r := range report {
		if !isProblem(r) {
			continue
		}
		before, all := len(tasks), r.Wrong()
		for _, f := range all {
			key := f.Fix
			if key == "" {
				key = r.ID + "\x00" + f.Message
			}
			if r.Group == check.GroupFiles {
				key = "\x00" + key
			}
			if known[key] == nil {
				known[key] = &task{Result: check.Result{ID: r.ID, Status: check.Status(f.Severity), Message: f.Message, Fix: f.Fix}}
				tasks = append(tasks, known[key])
			}
			known[key].add(r.ID, f)
		}
		if led := tasks[before:]; len(led) == 1 && len(led[0].Findings) == len(all) {
			led[0].Message = r.Message
		}
		if led := tasks[before:]; len(led) > 0 {
			led[0].Findings = append(led[0].Findings, r.Notes()...)
		}
	}
	for _, r := range report {
		if i := slices.IndexFunc(tasks, func(t *task) bool { return t.Message == r.Message }); i >= 0 && r.Status == check.StatusUnknown {
			tasks[i].others = append(tasks[i].others, r.ID)
		}
	}
	return tasks
}

func isProblem(r check.Result) bool {
	return r.Status == check.StatusError || r.Status == check.StatusWarning
}

// add takes in what a check found. Of another check than the task's own, only a place is news.
func (t *task) add(id string, f check.Finding) {
	if f.Severity == check.SeverityError {
		t.Status = check.StatusError
	}
	if id != t.ID && !slices.Contains(t.others, id) {
		t.others = append(t.others, id)
	}
	if id == t.ID || place(f) != "" {
		t.Findings = append(t.Findings, f)
	} else if !slices.Contains(t.also, id) {
		t.also = append(t.also, id)
	}
}

// ledBy are the tasks that are told under a check.
func ledBy(tasks []*task, id string) []*task {
	return slices.DeleteFunc(slices.Clone(tasks), func(t *task) bool { return t.ID != id })
}

// elsewhere names the checks under which faults of these ones are told.
func elsewhere(tasks []*task, results []check.Result) string {
	has := func(id string) bool {
		return slices.ContainsFunc(results, func(r check.Result) bool { return r.ID == id })
	}
	var leaders []string
	for _, t := range tasks {
		if !has(t.ID) && slices.ContainsFunc(t.others, has) {
			leaders = append(leaders, t.ID)
		}
	}
	if len(leaders) == 0 {
		return ""
	}
	return "; see " + strings.Join(slices.Compact(leaders), ", ")
}

// PrintProblems shows what is wrong in a report, and nothing else.
func PrintProblems(s *console.Streams, report check.Report) { printTasks(s, tasksOf(report), "") }

func printTasks(s *console.Streams, tasks []*task, margin string) {
	for _, t := range tasks {
		s.Print("%s%s %s  %s", console.Styled(margin), console.Icon(s, t.Status), named(s, t.ID), t.Message)
		printFindings(s, t.Result, margin+"  ")
		if len(t.also) > 0 {
			s.Print("%s%s %s", console.Styled(margin+"  "), s.Gray("same cause:"), strings.Join(t.also, ", "))
		}
		if t.Fix != "" {
			s.Print("%s%s %s", console.Styled(margin+"  "), s.Gray("fix:"), t.Fix)
		}
		printAccepting(s, t.Result, margin+"  ")
	}
}
