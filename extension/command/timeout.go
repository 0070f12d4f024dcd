package command

import (
	"errors"
	"time"
)

func CheckTimeout(d time.Duration) error {
	if d <= 0 {
		return InvalidArgument("timeout", d.String(), errors.New("a positive duration is needed"))
	}
	return nil
}

const (
	DefaultTimeout = time.Hour
)
