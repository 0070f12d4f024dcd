package command

import (
	"errors"
	"fmt"
	"time"
)

// CheckTimeout refuses a --timeout that is no time.
func CheckTimeout(d time.Duration) error {
	if d <= 0 {
		return InvalidArgument("timeout", d.String(), errors.New("a positive duration is needed"))
	}
	return nil
}

// CheckLimit refuses a list of nothing.
func CheckLimit(n int) error {
	if n < 1 {
		return Hinted(fmt.Sprintf("invalid limit: %d", n), "--limit takes a whole number from 1, such as 30")
	}
	return nil
}

// DefaultTimeout is how long commands that wait do so when --timeout does not say.
const DefaultTimeout = time.Hour
