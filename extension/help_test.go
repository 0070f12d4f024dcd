package extension

import (
	"testing"

	"github.com/spf13/cobra"
)

func TestHelpLooksLikeThatOfGH(t *testing.T) {
	p, out, _ := newTestProcess(t)
	root := newRootCmd(p)
	parent := &cobra.Command{Use: "fruit <command>", Short: "Look after fruit", Example: "  $ gh hex fruit"}
	child := &cobra.Command{
		Use: "peel <fruit>", Short: "Peel a fruit", Long: "\nPeel a fruit,\nand eat it.\n", Example: "  $ gh hex fruit peel kiwi", Annotations: map[string]string{"fields": "peel, stone"},
		Run: func(*cobra.Command, []string) {},
	}
	child.Flags().BoolP("all", "a", false, "Peel all of it")
	child.Flags().Bool("hidden", false, "")
	if err := child.Flags().MarkHidden("hidden"); err != nil {
		t.Fatal(err)
	}
	parent.AddCommand(child, &cobra.Command{Use: "old", Short: "Gone", Hidden: true, Run: child.Run})
	root.AddCommand(parent)
	inherited := `
INHERITED FLAGS
  -h, --help                     Show help for command
  -R, --repo [HOST/]OWNER/REPO   Select another repository using the
                                 [HOST/]OWNER/REPO format
`
	for _, tt := range []struct {
		args []string
		want string
	}{
		{[]string{"fruit", "--help"}, "Look after fruit\n\nUSAGE\n  gh hex fruit <command> [flags]\n\nCOMMANDS\n  peel:       Peel a fruit\n" + inherited + "\nEXAMPLES\n  $ gh hex fruit\n"},
		{[]string{"fruit", "peel", "--help"}, "Peel a fruit,\nand eat it.\n\nUSAGE\n  gh hex fruit peel <fruit> [flags]\n\nFLAGS\n  -a, --all   Peel all of it\n" + inherited +
			"\nJSON FIELDS\n  peel, stone\n\nEXAMPLES\n  $ gh hex fruit peel kiwi\n"},
	} {
		out.Reset()
		root.SetArgs(tt.args)
		if err := root.ExecuteContext(t.Context()); err != nil || out.String() != tt.want {
			t.Errorf("%v: %v\n%s\nwant\n%s", tt.args, err, out, tt.want)
		}
	}
}
