package command

import (
	"errors"
	"time"
)

// CheckTimeout refuses a --timeout that is no time.
func CheckTimeout(d time.Duration) error {
	if d <= 0 {
		return InvalidArgument("timeout", d.String(), errors.New("a positive duration is needed"))
	}
	return nil
}

// DefaultTimeout is how long commands that wait do so when --timeout does not say.
const DefaultTimeout = time.Hour
