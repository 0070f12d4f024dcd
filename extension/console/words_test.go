package console

import (
	"testing"
	"time"
)

func TestAges(t *testing.T) {
	now := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	const day = 24 * time.Hour
	for ago, want := range map[time.Duration][2]string{
		10 * time.Second: {"just now", "now"}, 90 * time.Second: {"1 minute ago", "1m"}, 3 * time.Hour: {"3 hours ago", "3h"},
		12 * day: {"12 days ago", "12d"}, 59 * day: {"59 days ago", "59d"}, 61 * day: {"2 months ago", "2mo"}, 328 * day: {"11 months ago", "11mo"},
		729 * day: {"24 months ago", "24mo"}, 800 * day: {"2 years ago", "2y"}, -time.Hour: {"just now", "now"},
	} {
		if got := [2]string{Ago(now.Add(-ago), now), Age(now.Add(-ago), now)}; got != want {
			t.Errorf("%s: %q, want %q", ago, got, want)
		}
	}
	if got := Age(time.Time{}, now); got != "" {
		t.Errorf("an unknown time is %q", got)
	}
}
