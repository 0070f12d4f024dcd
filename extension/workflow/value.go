package workflow

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
	boolean
	number
	text
	list
	object
	opaque   // a text that is not known, and not empty: the value of a secret, the name of a branch
	anything // decided at run time
)

// value is one thing that an expression may be.
type value struct {
	is     class
	truth  bool    // of a boolean
	number float64 // of a number
	text   string  // of a text; of anything, what decides it
	items  []set   // of a list
	fields *fields // of an object
	opaque *opacity

	// limit of anything: 1 that it is true in a condition, -1 that it is false, 0 that it may be either.
	limit int8
	// lacks are the empty secrets and variables that the value was made of.
	lacks []*lack
	// holds are the secrets whose values are in it.
	holds []string
	// drops says that it is the empty rest of a job's output that held a secret.
	drops *drop
	// filtered tells a list that `.*` made: a name that follows is looked up in each of its members.
	filtered bool
}

// opacity is what is known of an opaque text.
type opacity struct {
	id             string // two of the same are equal; empty: nothing is known of equality
	prefix, suffix string
	never          []string // texts, and IDs of other opaque ones, that it is not
	neverStarts    []string // texts that it does not begin with
	apart          bool     // it equals no text that is written down
}

// fields are the members of an object, by their names in lower case. An open one may have more.
type fields struct {
	names []string
	of    map[string]set
	open  string // what decides the members that are not listed; empty when there are no others

	env *environ // of the context env: its variables are members too
}

func newFields(open string) *fields { return &fields{of: map[string]set{}, open: open} }

func (f *fields) put(name string, s set) *fields {
	key := strings.ToLower(name)
	if _, there := f.of[key]; !there {
		f.names = append(f.names, name)
	}
	f.of[key] = s
	return f
}

// get is a member: nothing at all (null) where an object that is known lacks it.
func (f *fields) get(name string) set {
	key := strings.ToLower(name)
	if s, there := f.of[key]; there {
		return s
	}
	if v := f.env.named(key); v != nil {
		return mapped(v.value, asTextValue)
	}
	if f.open != "" {
		return open(f.open + "." + strings.ToLower(name))
	}
	return one(value{})
}

func (f *fields) copy() *fields {
	out := newFields(f.open)
	for _, n := range f.names {
		out.put(n, f.of[strings.ToLower(n)])
	}
	for e := f.env; e != nil; e = e.job {
		for _, v := range e.list {
			if _, there := out.of[strings.ToLower(v.name)]; !there {
				out.put(v.name, mapped(v.value, asTextValue))
			}
		}
	}
	return out
}

// whole is an object with all its members in it.
func (f *fields) whole() *fields {
	if f.env == nil {
		return f
	}
	return f.copy()
}

// set is every value that an expression may have. The empty set is that of one that fails.
type set []value

// Where working out ends and a set becomes anything, and a text opaque.
const (
	maxValues = 48
	maxText   = 1000
)

func one(v value) set { return set{v} }

func textValue(s string) value {
	if len(s) > maxText {
		return value{is: opaque, opaque: &opacity{}}
	}
	return value{is: text, text: s}
}

func texts(list ...string) set {
	var out set
	for _, s := range list {
		out = out.with(textValue(s))
	}
	return out
}

// drop is an output of a job that the runner leaves out, since it holds a secret.
type drop struct {
	at     Place
	secret string
	job    *run
}

func boolValue(b bool) value { return value{is: boolean, truth: b} }

func numberValue(n float64) value { return value{is: number, number: n} }

func objectOf(f *fields) set { return one(value{is: object, fields: f}) }

// open is a value that is decided at run time; by says what decides it.
func open(by string) set { return one(value{is: anything, text: by}) }

// hidden is an opaque text of its own.
func hidden(id string) value { return value{is: opaque, opaque: &opacity{id: id}} }

func truths(yes, no bool) set {
	var out set
	if yes {
		out = append(out, boolValue(true))
	}
	if no {
		out = append(out, boolValue(false))
	}
	return out
}

// with adds a value, unless it is there.
func (s set) with(v value) set {
	for i := range s {
		if s[i].same(v) {
			if len(v.lacks) > 0 || len(v.holds) > 0 {
				s = slices.Clone(s)
				s[i].lacks = union(s[i].lacks, v.lacks)
				s[i].holds = union(s[i].holds, v.holds)
			}
			return s
		}
	}
	s = append(s[:len(s):len(s)], v)
	if len(s) <= maxValues {
		return s
	}
	w := value{is: anything, text: "too many values to work out"}
	for _, v := range s {
		w.lacks, w.holds = union(w.lacks, v.lacks), union(w.holds, v.holds)
	}
	return one(w)
}

func (s set) and(other set) set {
	if len(s) == 0 {
		return other
	}
	for _, v := range other {
		s = s.with(v)
	}
	return s
}

// union joins two short lists.
func union[T comparable](a, b []T) []T {
	const most = 20
	for _, x := range b {
		if !slices.Contains(a, x) && len(a) < most {
			a = append(a[:len(a):len(a)], x)
		}
	}
	return a
}

// same tells values apart that need not be kept twice.
func (v value) same(w value) bool {
	if v.is != w.is {
		return false
	}
	switch v.is {
	case boolean:
		return v.truth == w.truth
	case number:
		return v.number == w.number || math.IsNaN(v.number) && math.IsNaN(w.number)
	case text:
		return v.text == w.text && v.drops == w.drops
	case opaque:
		return v.opaque == w.opaque || v.opaque.id != "" && v.opaque.id == w.opaque.id
	case anything:
		return v.limit == w.limit
	case object:
		return v.fields == w.fields
	case list:
		return len(v.items) == 0 && len(w.items) == 0 || len(v.items) == len(w.items) && &v.items[0] == &w.items[0]
	}
	return true
}

// mayBe tells whether a value may count as true, or as false, in a condition.
func (v value) mayBe(truth bool) bool {
	switch v.is {
	case null:
		return !truth
	case boolean:
		return v.truth == truth
	case number:
		return (v.number != 0 && !math.IsNaN(v.number)) == truth
	case text:
		return (v.text != "") == truth
	case anything:
		return v.limit == 0 || (v.limit > 0) == truth
	}
	return truth
}

func (s set) mayBe(truth bool) bool {
	return slices.ContainsFunc(s, func(v value) bool { return v.mayBe(truth) })
}

// split are the values that count as true and those that count as false.
func (s set) split() (yes, no set) {
	for _, v := range s {
		y, n := v, v
		if v.is == anything && v.limit == 0 {
			y.limit, n.limit = 1, -1
		}
		if y.mayBe(true) {
			yes = yes.with(y)
		}
		if n.mayBe(false) {
			no = no.with(n)
		}
	}
	return yes, no
}

// lacks are those of all its values.
func (s set) lacks() []*lack {
	var out []*lack
	for _, v := range s {
		out = union(out, v.lacks)
	}
	return out
}

func (s set) holds() []string {
	var out []string
	for _, v := range s {
		out = union(out, v.holds)
	}
	return out
}

// undecided is what decides a set at run time; empty when its values are known.
func (s set) undecided() string {
	for _, v := range s {
		if v.is == anything || v.is == opaque {
			if v.text == "" && v.opaque != nil && v.opaque.id != "" {
				return v.opaque.id
			}
			return v.text + strings.Repeat("a value that is not known", btoi(v.text == ""))
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
func (s set) known() []string {
	var out []string
	for _, v := range s {
		if t, ok := v.asText(); ok && !slices.Contains(out, t) {
			out = append(out, t)
		}
	}
	return out
}

// primitive tells what GitHub turns into a text for its functions.
func (v value) primitive() bool { return v.is != list && v.is != object }

// asText is the text that GitHub makes of a value, where it is known.
func (v value) asText() (string, bool) {
	switch v.is {
	case null:
		return "", true
	case boolean:
		return strconv.FormatBool(v.truth), true
	case number:
		return numberText(v.number), true
	case text:
		return v.text, true
	case list:
		return "Array", true
	case object:
		return "Object", true
	}
	return "", false
}

func (v value) falsy() bool { return !v.mayBe(true) }

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
func (v value) asNumber() float64 {
	switch v.is {
	case null:
		return 0
	case boolean:
		return float64(btoi(v.truth))
	case number:
		return v.number
	case text:
		return parseNumber(v.text)
	}
	return math.NaN()
}

func parseNumber(s string) float64 {
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
func fromJSON(s string) (value, bool) {
	d := json.NewDecoder(strings.NewReader(s))
	v, err := decodeValue(d)
	if err != nil || d.More() {
		return value{}, false
	}
	if _, err := d.Token(); err == nil {
		return value{}, false
	}
	return v, true
}

func decodeValue(d *json.Decoder) (value, error) {
	token, err := d.Token()
	if err != nil {
		return value{}, err
	}
	switch t := token.(type) {
	case bool:
		return boolValue(t), nil
	case float64:
		return numberValue(t), nil
	case string:
		return textValue(t), nil
	case json.Delim:
		if t == '[' {
			return decodeList(d)
		}
		return decodeObject(d)
	}
	return value{}, nil
}

func decodeList(d *json.Decoder) (value, error) {
	out := value{is: list}
	for d.More() {
		v, err := decodeValue(d)
		if err != nil {
			return out, err
		}
		out.items = append(out.items, one(v))
	}
	_, err := d.Token()
	return out, err
}

func decodeObject(d *json.Decoder) (value, error) {
	out := value{is: object, fields: newFields("")}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return out, err
		}
		v, err := decodeValue(d)
		if err != nil {
			return out, err
		}
		if _, there := out.fields.of[strings.ToLower(key.(string))]; !there {
			out.fields.put(key.(string), one(v))
		}
	}
	_, err := d.Token()
	return out, err
}

// json writes a value as toJSON does; ok is false when something in it is not known.
func (v value) json(indent string) (string, bool) {
	switch v.is {
	case null:
		return "null", true
	case boolean:
		return strconv.FormatBool(v.truth), true
	case number:
		if math.IsNaN(v.number) || math.IsInf(v.number, 0) {
			return "null", true
		}
		return plainNumber(v.number), true
	case text:
		return quoteJSON(v.text), true
	case list:
		return v.jsonList(indent)
	case object:
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

func (v value) jsonList(indent string) (string, bool) {
	var parts []string
	for _, item := range v.items {
		if len(item) != 1 {
			return "", false
		}
		s, ok := item[0].json(indent + "  ")
		if !ok {
			return "", false
		}
		parts = append(parts, indent+"  "+s)
	}
	return bracketed("[", parts, indent+"]"), true
}

func (v value) jsonObject(indent string) (string, bool) {
	all := v.fields.whole()
	if all.open != "" {
		return "", false
	}
	var parts []string
	for _, name := range all.names {
		member := all.get(name)
		if len(member) != 1 {
			return "", false
		}
		s, ok := member[0].json(indent + "  ")
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
