package abstract

import (
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"
)

// class says what is known of a value.
type class uint8

const (
	null class = iota
	Boolean
	number
	Text
	List
	Object
	Opaque   // a text that is not known, and not empty: the value of a secret, the name of a branch
	Anything // decided at run time
)

// value is one thing that an expression may be.
type Value struct {
	Is    class
	Truth bool // of a boolean
	// limit of anything: 1 that it is true in a condition, -1 that it is false, 0 that it may be either.
	Limit int8
	// filtered tells a list that `.*` made: a name that follows is looked up in each of its members.
	filtered bool

	Number float64 // of a number
	Text   string  // of a text; of anything, what decides it
	Items  []Set   // of a list
	Fields *Fields // of an object
	Opaque *Opacity

	// lacks mark the empty secrets and variables that the value was made of.
	Lacks []any
	// holds are the secrets whose values are in it.
	Holds []string
	// drops says that it is the empty rest of a job's output that held a secret.
	Drops any
}

// opacity is what is known of an opaque text.
type Opacity struct {
	Id             string // two of the same are equal; empty: nothing is known of equality
	Prefix, Suffix string
	Never          []string // texts, and IDs of other opaque ones, that it is not
	NeverStarts    []string // texts that it does not begin with
	Without        string   // a text that stands nowhere in it; empty: none is known
	apart          bool     // it equals no text that is written down
}

// members are those of an object that is not made for expressions.
type members interface {
	// Member finds one by its name in lower case.
	Member(key string) (Set, bool)
	// Each yields all of them.
	Each(yield func(name string, s Set))
}

// fields are the members of an object, by their names in lower case. An open one may have more.
type Fields struct {
	Names []string
	Of    map[string]Set
	Open  string // what decides the members that are not listed; empty when there are no others

	Env members // of the context env: its variables are members too
}

func NewFields(open string) *Fields { return &Fields{Open: open} }

func (f *Fields) Put(name string, s Set) *Fields {
	key := strings.ToLower(name)
	if _, there := f.Of[key]; !there {
		f.Names = append(f.Names, name)
	}
	if f.Of == nil { // many stay empty
		f.Of = map[string]Set{}
	}
	f.Of[key] = s
	return f
}

// get is a member: nothing at all (null) where an object that is known lacks it.
func (f *Fields) Get(name string) Set {
	key := strings.ToLower(name)
	if s, there := f.Of[key]; there {
		return s
	}
	if f.Env != nil {
		if s, there := f.Env.Member(key); there {
			return s
		}
	}
	if f.Open != "" {
		return Open(f.Open + "." + strings.ToLower(name))
	}
	return One(Value{})
}

func (f *Fields) Copy() *Fields {
	out := NewFields(f.Open)
	for _, n := range f.Names {
		out.Put(n, f.Of[strings.ToLower(n)])
	}
	if f.Env != nil {
		f.Env.Each(func(name string, s Set) { out.Put(name, s) })
	}
	return out
}

// whole is an object with all its members in it.
func (f *Fields) whole() *Fields {
	if f.Env == nil {
		return f
	}
	return f.Copy()
}

// set is every value that an expression may have. The empty set is that of one that fails.
type Set []Value

// Where working out ends and a set becomes anything, and a text opaque.
const (
	maxValues = 48
	maxText   = 1000
)

func One(v Value) Set { return Set{v} }

func TextValue(s string) Value {
	if len(s) > maxText {
		return Value{Is: Opaque, Opaque: &Opacity{}}
	}
	return Value{Is: Text, Text: s}
}

func Texts(list ...string) Set {
	out := make(Set, 0, len(list))
	for _, s := range list {
		out = out.add(TextValue(s))
	}
	return out
}

func BoolValue(b bool) Value { return Value{Is: Boolean, Truth: b} }

func NumberValue(n float64) Value { return Value{Is: number, Number: n} }

func ObjectOf(f *Fields) Set { return One(Value{Is: Object, Fields: f}) }

// open is a value that is decided at run time; by says what decides it.
func Open(by string) Set { return One(Value{Is: Anything, Text: by}) }

// Hidden is an opaque text.
func Hidden(o Opacity) Set { return One(Value{Is: Opaque, Opaque: &o}) }

// With adds a value, unless it is there.
func (s Set) With(v Value) Set { return slices.Clip(s).add(v) }

// crowd is what a set says that would have too many values.
const crowd = "too many values to work out"

// crowded reports whether a set stands for more values than are worked out.
func (s Set) crowded() bool { return len(s) == 1 && s[0].Is == Anything && s[0].Text == crowd }

// add is With for a set that nobody else holds: it may use what room there is behind it.
func (s Set) add(v Value) Set {
	for i := range s {
		if s[i].same(v) {
			if len(v.Lacks) > 0 || len(v.Holds) > 0 {
				s = slices.Clone(s)
				s[i] = s[i].marked(v)
			}
			return s
		}
	}
	s = append(s, v)
	if len(s) <= maxValues {
		return s
	}
	return One(Value{Is: Anything, Text: crowd}.markedBy(s))
}

// marked is a value that was made of others, too: it lacks and holds what they do.
func (v Value) marked(by ...Value) Value {
	for _, w := range by {
		v.Lacks, v.Holds = Union(v.Lacks, w.Lacks), Union(v.Holds, w.Holds)
	}
	return v
}

func (v Value) markedBy(sets ...Set) Value {
	for _, s := range sets {
		v = v.marked(s...)
	}
	return v
}

func (s Set) And(other Set) Set {
	if len(s) == 0 {
		return other
	}
	s = append(make(Set, 0, len(s)+len(other)), s...)
	for _, v := range other {
		s = s.add(v)
	}
	return s
}

// union joins two short lists.
func Union[T comparable](a, b []T) []T {
	const most = 20
	for _, x := range b {
		if !slices.Contains(a, x) && len(a) < most {
			a = append(slices.Clip(a), x)
		}
	}
	return a
}

// same tells values apart that need not be kept twice.
func (v Value) same(w Value) bool {
	if v.Is != w.Is {
		return false
	}
	switch v.Is {
	case Boolean:
		return v.Truth == w.Truth
	case number:
		return v.Number == w.Number || math.IsNaN(v.Number) && math.IsNaN(w.Number)
	case Text:
		return v.Text == w.Text && v.Drops == w.Drops
	case Opaque:
		return v.Opaque == w.Opaque || v.Opaque.Id != "" && v.Opaque.Id == w.Opaque.Id
	case Anything:
		return v.Limit == w.Limit
	case Object:
		return v.Fields == w.Fields
	case List:
		return len(v.Items) == 0 && len(w.Items) == 0 || len(v.Items) == len(w.Items) && &v.Items[0] == &w.Items[0]
	}
	return true
}

// truth is what a value counts as in a condition.
func (v Value) truth() Outcome {
	switch v.Is {
	case null:
		return Certain(false)
	case Boolean:
		return Certain(v.Truth)
	case number:
		return Certain(v.Number != 0 && !math.IsNaN(v.Number))
	case Text:
		return Certain(v.Text != "")
	case Anything:
		return Outcome{v.Limit >= 0, v.Limit <= 0}
	}
	return Certain(true)
}

// Truth is what one of the values counts as in a condition.
func (s Set) Truth() Outcome {
	var out Outcome
	for _, v := range s {
		out = out.Join(v.truth())
	}
	return out
}

// split are the values that count as true and those that count as false.
func (s Set) split() (yes, no Set) {
	for _, v := range s {
		y, n := v, v
		if v.Is == Anything && v.Limit == 0 {
			y.Limit, n.Limit = 1, -1
		}
		if y.truth().Yes {
			yes = yes.With(y)
		}
		if n.truth().No {
			no = no.With(n)
		}
	}
	return yes, no
}

// lacks are those of all its values.
func (s Set) Lacks() []any {
	var out []any
	for _, v := range s {
		out = Union(out, v.Lacks)
	}
	return out
}

func (s Set) Holds() []string {
	var out []string
	for _, v := range s {
		out = Union(out, v.Holds)
	}
	return out
}

// undecided is what decides a set at run time; empty when its values are known.
func (s Set) Undecided() string {
	for _, v := range s {
		if v.Is == Anything || v.Is == Opaque {
			if v.Text == "" && v.Opaque != nil && v.Opaque.Id != "" {
				return v.Opaque.Id
			}
			return v.Text + strings.Repeat("a value that is not known", btoi(v.Text == ""))
		}
	}
	return ""
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// known are its texts, each once, as far as they are known.
func (s Set) Known() []string {
	var out []string
	for _, v := range s {
		if t, ok := v.AsText(); ok && !slices.Contains(out, t) {
			out = append(out, t)
		}
	}
	return out
}

// primitive tells what GitHub turns into a text for its functions.
func (v Value) primitive() bool { return v.Is != List && v.Is != Object }

// asText is the text that GitHub makes of a value, where it is known.
func (v Value) AsText() (string, bool) {
	switch v.Is {
	case null:
		return "", true
	case Boolean:
		return strconv.FormatBool(v.Truth), true
	case number:
		return numberText(v.Number), true
	case Text:
		return v.Text, true
	case List:
		return "Array", true
	case Object:
		return "Object", true
	}
	return "", false
}

// numberText writes a number as GitHub does.
func numberText(n float64) string {
	switch {
	case n == 0:
		return "0"
	case math.IsNaN(n):
		return "NaN"
	case math.IsInf(n, 0):
		return strings.TrimPrefix(strings.Replace(strconv.FormatFloat(n, 'f', -1, 64), "Inf", "Infinity", 1), "+")
	}
	abs := math.Abs(n)
	if abs < 1e21 {
		n, _ = strconv.ParseFloat(strconv.FormatFloat(n, 'f', 15, 64), 64)
	}
	if abs = math.Abs(n); abs >= 1e21 || abs < 1e-6 && n != 0 {
		s := strconv.FormatFloat(n, 'e', -1, 64)
		return strings.NewReplacer("e+0", "e+", "e-0", "e-").Replace(s)
	}
	return strings.TrimPrefix(strconv.FormatFloat(n, 'f', -1, 64), "-0x")
}

// asNumber is the number that GitHub makes of a value to compare it with one of another kind.
func (v Value) asNumber() float64 {
	switch v.Is {
	case null:
		return 0
	case Boolean:
		return float64(btoi(v.Truth))
	case number:
		return v.Number
	case Text:
		return ParseNumber(v.Text)
	}
	return math.NaN()
}

func ParseNumber(s string) float64 {
	s = strings.TrimSpace(s)
	if s == "" {
		return 0
	}
	if len(s) > 2 && s[0] == '0' && strings.ContainsRune("xXoO", rune(s[1])) {
		if n, err := strconv.ParseUint(s, 0, 64); err == nil && !strings.Contains(s, "_") {
			return float64(n)
		}
		return math.NaN()
	}
	switch s {
	case "Infinity", "+Infinity":
		return math.Inf(1)
	case "-Infinity":
		return math.Inf(-1)
	}
	if strings.Trim(s, "0123456789+-.eE") != "" {
		return math.NaN()
	}
	n, err := strconv.ParseFloat(s, 64)
	if err != nil && !math.IsInf(n, 0) {
		return math.NaN()
	}
	return n
}

// fromJSON reads a text; ok is false where GitHub fails on it.
func FromJSON(s string) (Value, bool) {
	d := json.NewDecoder(strings.NewReader(s))
	v, err := decodeValue(d)
	if err != nil || d.More() {
		return Value{}, false
	}
	if _, err := d.Token(); err == nil {
		return Value{}, false
	}
	return v, true
}

func decodeValue(d *json.Decoder) (Value, error) {
	token, err := d.Token()
	if err != nil {
		return Value{}, err
	}
	switch t := token.(type) {
	case bool:
		return BoolValue(t), nil
	case float64:
		return NumberValue(t), nil
	case string:
		return TextValue(t), nil
	case json.Delim:
		if t == '[' {
			return decodeList(d)
		}
		return decodeObject(d)
	}
	return Value{}, nil
}

func decodeList(d *json.Decoder) (Value, error) {
	out := Value{Is: List}
	for d.More() {
		v, err := decodeValue(d)
		if err != nil {
			return out, err
		}
		out.Items = append(out.Items, One(v))
	}
	_, err := d.Token()
	return out, err
}

func decodeObject(d *json.Decoder) (Value, error) {
	out := Value{Is: Object, Fields: NewFields("")}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return out, err
		}
		v, err := decodeValue(d)
		if err != nil {
			return out, err
		}
		if _, there := out.Fields.Of[strings.ToLower(key.(string))]; !there {
			out.Fields.Put(key.(string), One(v))
		}
	}
	_, err := d.Token()
	return out, err
}

// json writes a value as toJSON does; ok is false when something in it is not known.
func (v Value) Json(indent string) (string, bool) {
	switch v.Is {
	case null:
		return "null", true
	case Boolean:
		return strconv.FormatBool(v.Truth), true
	case number:
		if math.IsNaN(v.Number) || math.IsInf(v.Number, 0) {
			return "null", true
		}
		return plainNumber(v.Number), true
	case Text:
		return quoteJSON(v.Text), true
	case List:
		return v.jsonList(indent)
	case Object:
		return v.jsonObject(indent)
	}
	return "", false
}

// plainNumber is a number with all its digits.
func plainNumber(n float64) string {
	if abs := math.Abs(n); n != 0 && (abs >= 1e21 || abs < 1e-6) {
		return strings.NewReplacer("e+0", "e+", "e-0", "e-").Replace(strconv.FormatFloat(n, 'e', -1, 64))
	}
	if n == 0 {
		return "0"
	}
	return strconv.FormatFloat(n, 'f', -1, 64)
}

func quoteJSON(s string) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if e.Encode(s) != nil {
		return `""`
	}
	return strings.NewReplacer(`\u2028`, "\u2028", `\u2029`, "\u2029").Replace(strings.TrimSuffix(b.String(), "\n"))
}

func (v Value) jsonList(indent string) (string, bool) {
	var parts []string
	for _, item := range v.Items {
		if len(item) != 1 {
			return "", false
		}
		s, ok := item[0].Json(indent + "  ")
		if !ok {
			return "", false
		}
		parts = append(parts, indent+"  "+s)
	}
	return bracketed("[", parts, indent+"]"), true
}

func (v Value) jsonObject(indent string) (string, bool) {
	all := v.Fields.whole()
	if all.Open != "" {
		return "", false
	}
	var parts []string
	for _, name := range all.Names {
		member := all.Get(name)
		if len(member) != 1 {
			return "", false
		}
		s, ok := member[0].Json(indent + "  ")
		if !ok {
			return "", false
		}
		parts = append(parts, indent+"  "+quoteJSON(name)+": "+s)
	}
	return bracketed("{", parts, indent+"}"), true
}

func bracketed(begin string, parts []string, end string) string {
	if len(parts) == 0 {
		return begin + strings.TrimSpace(end)
	}
	return begin + "\n" + strings.Join(parts, ",\n") + "\n" + end
}

// asTextValue is a value as a text, where it is known.
func AsTextValue(v Value) Value {
	if t, known := v.AsText(); known {
		w := TextValue(t)
		w.Lacks, w.Holds, w.Drops = v.Lacks, v.Holds, v.Drops
		return w
	}
	return v
}

// Plus is an object with one member more.
func (f *Fields) Plus(name string, s Set) *Fields {
	return f.Copy().Put(name, s)
}
