package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/MakeNowJust/heredoc"
	"github.com/cli/go-gh/v2/pkg/jq"
	"github.com/cli/go-gh/v2/pkg/jsonpretty"
	"github.com/cli/go-gh/v2/pkg/template"
	"github.com/spf13/cobra"

	"github.com/gh-hex/gh-hex/core"
	"github.com/gh-hex/gh-hex/extension/command"
	"github.com/gh-hex/gh-hex/extension/console"
	"github.com/gh-hex/gh-hex/extension/workspace"
)

type apiOptions struct {
	*command.Process
	*workspace.Workspace

	path     string
	method   string
	inputs   command.InputFlags
	headers  []string
	paginate bool
	timeout  time.Duration
	include  bool
	silent   bool
	jq       string
	template string

	format *template.Template // nil without --template
}

// NewCmd is gh hex api.
func NewCmd(p *command.Process) *cobra.Command {
	o := &apiOptions{Process: p}
	cmd := &cobra.Command{
		Use:   "api <path>",
		Short: "Make an authenticated request to the Hex API",
		Long: heredoc.Doc(`
			Make a request to the Hex API with the token of this machine, and print the
			answer. Everything below /api/v1 is within reach: users, groups, collections,
			data connections, cells, guides and the rest.

			The method is GET or, when fields or an input are given, POST. With GET, and
			beside --input, fields go into the query; else they make the body, where a[b]=c
			sets a key of an object and a[]=c appends to a list.

			With --paginate every page is fetched, and printed or filtered by itself as soon
			as it is there.`),
		Example: command.Example(`
			# Whose token is it?
			$ gh hex api users/me

			# The IDs of all projects
			$ gh hex api projects --paginate --jq '.values[].id'

			# Add a user to a group
			$ gh hex api groups/019a7c1e-6a30-7000-9c5d-5f1f4b0c2ad1 -X PATCH -F 'members[add][users][][id]=019a7c1e-77b2-7000-8d42-0c1b5d3e9f10'
		`),
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return command.Hinted("one path is needed, such as users/me", command.Usage(cmd))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			o.path = args[0]
			err := o.check(cmd.Flags().Changed("method"))
			if err != nil {
				return err
			}
			if o.Workspace, err = workspace.Open(cmd, p); err != nil {
				return err
			}
			return runAPI(cmd.Context(), o)
		},
	}
	workspace.AddURLFlag(cmd)
	o.inputs.Add(cmd, "a field")
	f := cmd.Flags()
	f.StringVarP(&o.method, "method", "X", http.MethodGet, "The HTTP method of the request")
	f.StringArrayVarP(&o.headers, "header", "H", nil, "Add a header to the request, as `key:value`")
	f.BoolVar(&o.paginate, "paginate", false, "Fetch all pages")
	f.DurationVar(&o.timeout, "timeout", command.DefaultTimeout, "With --paginate, give up after this `duration`")
	f.BoolVarP(&o.include, "include", "i", false, "Print the status line and the headers of the answer too")
	f.BoolVar(&o.silent, "silent", false, "Do not print the body of the answer")
	f.StringVarP(&o.jq, "jq", "q", "", "Filter the answer using a jq `expression`")
	f.StringVarP(&o.template, "template", "t", "", "Format the answer using a Go template; see \"gh help formatting\"")
	return cmd
}

func (o *apiOptions) check(methodGiven bool) error {
	if !methodGiven && len(o.inputs.Raw)+len(o.inputs.Typed)+len(o.inputs.File) > 0 {
		o.method = http.MethodPost
	}
	o.method = strings.ToUpper(o.method)
	asked := 0
	for _, given := range []bool{o.silent, o.jq != "", o.template != ""} {
		if given {
			asked++
		}
	}
	switch {
	case o.paginate && o.method != http.MethodGet:
		return errors.New("the `--paginate` option is not supported for non-GET requests")
	case o.paginate && o.inputs.File != "":
		return errors.New("the `--paginate` option is not supported with `--input`")
	case asked > 1:
		return errors.New("only one of `--template`, `--jq`, or `--silent` may be used")
	}
	if o.template != "" {
		var err error
		if o.format, err = command.NewTemplate(o.Streams, o.template); err != nil {
			return err
		}
	}
	if err := errors.Join(command.ParseJQ(o.jq), command.CheckTimeout(o.timeout)); err != nil {
		return err
	}
	return o.inputs.Check()
}

func runAPI(ctx context.Context, o *apiOptions) error {
	r, err := o.request()
	if err != nil {
		return err
	}
	if o.paginate {
		return o.allPages(ctx, r)
	}
	response, err := o.send(ctx, o.NewProgress(o.Now), "Asking Hex", r)
	if response != nil {
		err = errors.Join(err, o.show(response))
	}
	return errors.Join(err, o.flush())
}

// send says on a terminal what is waited for, and lets Ctrl-C end it.
func (o *apiOptions) send(ctx context.Context, g *console.Progress, doing string, r core.Request) (response *core.Response, err error) {
	err = o.While(ctx, g, func(ctx context.Context) error {
		g.Show("%s", doing)
		response, err = o.Client.Do(ctx, r)
		return err
	})
	switch {
	case !errors.Is(err, console.ErrCancelled):
		return response, err
	case o.method == http.MethodGet || o.method == http.MethodHead:
		return nil, console.ErrCancelled
	}
	return nil, errors.Join(console.ErrCancelled, errors.New("the request may have taken effect: look before you repeat it"))
}

// request puts together what the flags say.
func (o *apiOptions) request() (core.Request, error) {
	r := core.Request{Method: o.method}
	var err error
	if r.Path, err = o.pathBelowAPI(); err != nil {
		return r, err
	}
	if r.Header, err = parseHeaders(o.headers); err != nil {
		return r, err
	}
	fields, err := o.inputs.Fields(o.Process)
	if err != nil {
		return r, err
	}
	object, err := nest(fields)
	if err != nil {
		return r, err
	}
	switch {
	case o.inputs.File != "":
		if r.Body, err = o.ReadInput(o.inputs.File); err != nil {
			return r, err
		}
		r.Query, err = queryOf(object)
	case o.method == http.MethodGet || o.method == http.MethodHead:
		r.Query, err = queryOf(object)
	case len(object) > 0:
		r.Body, err = json.Marshal(object)
	}
	return r, err
}

// drive is what Git's shell on Windows makes of a path that begins with a slash.
var drive = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z]:[/\\]`) })

// pathBelowAPI accepts users/me, /users/me, /api/v1/users/me, and a whole URL below /api/v1 of the workspace's host.
func (o *apiOptions) pathBelowAPI() (string, error) {
	text := o.path
	if drive().MatchString(text) {
		return "", fmt.Errorf("%q is a path of this machine: write the path without its first slash", text)
	}
	if strings.Contains(text, "://") {
		host, err := core.ParseHost(text)
		if err != nil {
			return "", err
		}
		if used := o.Client.Host(); host != used {
			return "", &workspace.OtherHostError{Named: host, Used: used}
		}
		_, text, _ = strings.Cut(text, "://")
		_, text, _ = strings.Cut(text, "/")
		if !strings.HasPrefix(text, "api/v1/") {
			return "", errors.New("the URL leads out of the API, which is below /api/v1")
		}
	}
	text = strings.TrimLeft(text, "/")
	text = "/" + strings.TrimPrefix(text, "api/v1/")
	name, _, _ := strings.Cut(text, "?")
	plain, err := url.PathUnescape(name)
	if err != nil {
		return "", fmt.Errorf("malformed path %q", o.path)
	}
	if slices.ContainsFunc(strings.FieldsFunc(plain, func(r rune) bool { return r == '/' || r == '\\' }), func(s string) bool { return s == "." || s == ".." }) {
		return "", fmt.Errorf("the path %q leads out of the API, which is below /api/v1", o.path)
	}
	if path.Clean(name) == "/" {
		return "", errors.New("one path is needed, such as users/me")
	}
	return text, nil
}

func parseHeaders(lines []string) (http.Header, error) {
	header := http.Header{}
	for _, line := range lines {
		name, value, found := strings.Cut(line, ":")
		name = http.CanonicalHeaderKey(strings.TrimSpace(name))
		switch {
		case !found || name == "":
			return nil, fmt.Errorf("header %q should be key:value", line)
		case name == "Authorization":
			return nil, errors.New("the token is not taken from the command line, where other processes see it: set HEX_API_TOKEN")
		}
		header.Add(name, strings.TrimSpace(value))
	}
	return header, nil
}

// show prints an answer, a refusal included.
func (o *apiOptions) show(r *core.Response) error {
	if o.include {
		o.Print("%s %d %s", r.Proto, r.Status, http.StatusText(r.Status))
		for _, name := range slices.Sorted(maps.Keys(r.Header)) {
			o.Verbatim(name + ": " + strings.Join(r.Header[name], ", "))
		}
		o.Print("")
	}
	isJSON := json.Valid(bytes.TrimPrefix(r.Body, []byte("\ufeff")))
	expected := len(r.Body) > 0 || o.method == http.MethodGet && r.Status == http.StatusOK
	if !isJSON && expected && r.Status < 300 && strings.Contains(r.Header.Get("Content-Type"), "json") {
		err := fmt.Errorf("%s answered %s: %w", o.Client.Host().Name(), core.Printable(o.path), core.ErrGarbled)
		if o.silent {
			return err
		}
		return errors.Join(o.raw(r, o.CleanJSON(r.Body), false), err) // a part of a list must not pass as the whole
	}
	body := o.CleanJSON(bytes.TrimPrefix(r.Body, []byte("\ufeff")))
	switch {
	case o.silent || len(r.Body) == 0:
		return nil
	case r.Status > 299 || !isJSON:
		return o.raw(r, body, isJSON)
	case o.jq != "":
		return jq.EvaluateFormatted(bytes.NewReader(body), o.Out, o.jq, command.Indent(o.Streams), o.Color)
	case o.format != nil:
		return o.format.Execute(bytes.NewReader(body))
	}
	return o.raw(r, body, isJSON)
}

// raw prints a body as it came, laid out on a terminal. What is neither text nor JSON goes to files untouched.
func (o *apiOptions) raw(r *core.Response, clean []byte, isJSON bool) error {
	kind := r.Header.Get("Content-Type")
	switch {
	case isJSON && o.OutTTY:
		return jsonpretty.Format(o.Out, bytes.NewReader(clean), command.Indent(o.Streams), o.Color)
	case !isJSON && kind != "" && !strings.HasPrefix(kind, "text/") && !strings.Contains(kind, "json") && !o.OutTTY:
		clean = r.Body
	case !bytes.HasSuffix(clean, []byte("\n")):
		clean = append(clean, '\n')
	}
	_, err := o.Out.Write(clean)
	return err
}

// flush ends the tables of a template.
func (o *apiOptions) flush() error {
	if o.format == nil {
		return nil
	}
	return command.DrawRows(o.format)
}
