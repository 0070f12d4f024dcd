package abstract

// Outcome tells whether something may hold, or succeed, and whether it may not.
type Outcome struct{ Yes, No bool }

// Certain is the outcome of what is known.
func Certain(holds bool) Outcome { return Outcome{holds, !holds} }

func Either() Outcome { return Outcome{true, true} }

func (o Outcome) Not() Outcome { return Outcome{o.No, o.Yes} }

// And is that both hold.
func (o Outcome) And(p Outcome) Outcome { return Outcome{o.Yes && p.Yes, o.No || p.No} }

// Or is that one of them holds.
func (o Outcome) Or(p Outcome) Outcome { return Outcome{o.Yes || p.Yes, o.No && p.No} }

// Join is one of the two, and it is not known which.
func (o Outcome) Join(p Outcome) Outcome { return Outcome{o.Yes || p.Yes, o.No || p.No} }

// Truths are the booleans that an outcome may be.
func (o Outcome) Truths() Set {
	var out Set
	if o.Yes {
		out = append(out, BoolValue(true))
	}
	if o.No {
		out = append(out, BoolValue(false))
	}
	return out
}
