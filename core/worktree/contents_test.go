package worktree

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// Compressors are slow under the race detector: these make haste, and none is made for nothing.

// packed is a zip file of these names and texts in turn.
func packed(t *testing.T, method uint16, files ...string) string {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	w.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.BestSpeed) })
	for i := 0; i < len(files); i += 2 {
		header := &zip.FileHeader{Name: files[i], Method: method}
		if files[i+1] == "" {
			header.Method = zip.Store
		}
		f, err := w.CreateHeader(header)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(f, files[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// zipped is a gzip file of what the readers hold.
func zipped(t *testing.T, parts ...io.Reader) string {
	t.Helper()
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestSpeed)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range parts {
		if _, err := io.Copy(w, part); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// rawly is a zip file of one member that says whatever it wants of its size.
func rawly(t *testing.T, deflated []byte, size uint64) string {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	f, err := w.CreateRaw(&zip.FileHeader{Name: "x", Method: zip.Deflate, CompressedSize64: uint64(len(deflated)), UncompressedSize64: size})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(deflated); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// deflated is a text times over as zip has it, in pieces that repeat: so it can be long beyond all bounds.
func deflated(t *testing.T, text string, times int) []byte {
	t.Helper()
	var out bytes.Buffer
	w, _ := flate.NewWriter(&out, flate.BestCompression)
	piece := 0
	for range 2 {
		piece = out.Len()
		if _, err := io.WriteString(w, text); err != nil {
			t.Fatal(err)
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
	}
	all := append([]byte{}, out.Bytes()[:piece]...)
	all = append(all, bytes.Repeat(out.Bytes()[piece:], times-1)...)
	return append(all, 1, 0, 0, 0xff, 0xff) // an empty last block
}

func text(s string) io.Reader { return strings.NewReader(s) }

// zeros are n bytes that compress to nearly nothing.
func zeros(n int64) io.Reader { return io.LimitReader(nothing{}, n) }

type nothing struct{}

func (nothing) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestArchivesAreOpened(t *testing.T) {
	r := newRepository(t)
	r.write("a.xlsx", packed(t, zip.Deflate, "xl/styles.xml", "x", "xl/sharedStrings.xml", "<t>"+token(1)+"</t>"))
	r.write("b.csv.gz", zipped(t, text("id\n1,"+token(2)+"\n")))
	r.write("c.whl", packed(t, zip.Store, "m/"+token(4)+".py", "t = '"+token(3)+"'")) // found once, though it stands there as it is
	r.write("d.zip", packed(t, zip.Deflate, "x", strings.Repeat("clean\n", 1000)))
	got := r.leaks(LeakOptions{})
	for _, want := range []string{
		"  error a.xlsx:0:0 a.xlsx holds a Hex token (" + short(token(1)) + ") in xl/sharedStrings.xml",
		"  error b.csv.gz:0:0 b.csv.gz holds a Hex token (" + short(token(2)) + ") in its unpacked text",
		"  error c.whl:0:0 c.whl holds a Hex token (" + short(token(3)) + ") in m/" + short(token(4)) + ".py",
	} {
		if strings.Count(got, want) != 1 || strings.Count(got, short(token(3))) != 1 {
			t.Errorf("not once: %s\nin %s", want, got)
		}
	}
	if strings.Contains(got, "compressed") || strings.Contains(got, "d.zip") {
		t.Error(got)
	}
	r.commit(".")
	if got := r.leaks(LeakOptions{}); !strings.Contains(got, " a.xlsx holds a Hex token ("+short(token(1))+") in xl/sharedStrings.xml in an unpushed commit") {
		t.Errorf("committed: %s", got)
	}
}

// Whatever an archive says of itself, what is read of it stays within bounds, and what was left out is counted.
func TestArchivesAreOpenedWithinBounds(t *testing.T) {
	secret := token(1)
	inner := packed(t, zip.Deflate, "x", secret)
	var many []string
	for i := range maxMembers + 1 {
		many = append(many, fmt.Sprint(i), "")
	}
	lies := packed(t, zip.Deflate, "x", "y")
	directory := strings.LastIndex(lies, "PK\x01\x02")
	huge := []byte(lies)
	binary.LittleEndian.PutUint32(huge[directory+24:], 0xfffffff0)
	const tenGB = 10 << 30
	zeros10GB := deflated(t, strings.Repeat("\x00", 8<<20), tenGB/(8<<20))
	var stored bytes.Buffer
	plain, _ := gzip.NewWriterLevel(&stored, gzip.NoCompression)
	if _, err := io.Copy(plain, zeros(16<<20)); err != nil || plain.Close() != nil {
		t.Fatal(err)
	}
	locked := []byte(packed(t, zip.Deflate, "x", "y"))
	locked[strings.LastIndex(string(locked), "PK\x01\x02")+10] = 99 // a method for what is encrypted
	for name, tc := range map[string]struct {
		data     string
		found    bool
		unopened bool
	}{
		"an archive in an archive":             {packed(t, zip.Deflate, "a.zip", inner), false, true},
		"a gzip in a gzip":                     {zipped(t, text(zipped(t, text(secret)))), false, true},
		"beside an archive in an archive":      {packed(t, zip.Deflate, "a.zip", inner, "b", secret), true, true},
		"the last bytes that are unpacked":     {zipped(t, zeros(64<<20-201), text(secret), zeros(100)), true, false},
		"a bomb":                               {zipped(t, zeros(64<<20), text(secret)), false, true},
		"a bomb of several files":              {packed(t, zip.Deflate, "a", secret, "b", strings.Repeat("\x00", 64<<20), "c", token(2)), true, true},
		"too many files":                       {packed(t, zip.Deflate, append(many, "x", secret)...), false, true},
		"a size of 4 GB":                       {string(huge), false, true},
		"a size of 10 GB":                      {rawly(t, deflated(t, secret, 1), tenGB), true, true},
		"a size of nothing":                    {rawly(t, deflated(t, secret, 1), 0), false, true},
		"10 GB, and a size of 1 byte":          {rawly(t, zeros10GB, 1), false, true},
		"10 GB":                                {rawly(t, zeros10GB, tenGB), false, true},
		"a method that is not known":           {string(locked), false, true},
		"cut in the middle":                    {zipped(t, text(secret), zeros(1<<20))[:600], true, true},
		"a directory that leads nowhere":       {lies[:directory] + "PK\x01\x02" + strings.Repeat("\xff", 100), false, true},
		"only the start of one":                {"PK\x03\x04", false, true},
		"too large to be opened":               {stored.String() + zipped(t, text(secret)), false, true},
		"of another kind":                      {"\x28\xb5\x2f\xfd" + strings.Repeat("x", 100), false, true},
		"a picture with compressed texts":      {"\x89PNG\r\n\x1a\n....IHDR....zTXt....", false, true},
		"a picture":                            {"\x89PNG\r\n\x1a\n....IHDR....IDAT....", false, false},
		"a text that starts like another kind": {"PK", false, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSearch(&Tree{commonDir: t.TempDir()}, LeakOptions{})
			c := s.newContents(t.Context())
			defer c.close()
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			f, err := c.look(strings.NewReader(tc.data), int64(len(tc.data)))
			runtime.ReadMemStats(&after)
			if err != nil || len(f.matches) > 0 != tc.found || f.unopened != 0 != tc.unopened {
				t.Errorf("found %+v, %v", f, err)
			}
			if n := after.TotalAlloc - before.TotalAlloc; n > maxArchive+16<<20 {
				t.Errorf("%d bytes were allocated", n)
			}
		})
	}
}

func TestUnopenedFilesAreCounted(t *testing.T) {
	r := newRepository(t)
	r.write("a.7z", "7z\xbc\xaf\x27\x1c")
	r.write("same.7z", "7z\xbc\xaf\x27\x1c")
	r.write("b.zst", "\x28\xb5\x2f\xfd")
	r.commit(".")
	count := "2 compressed files not searched, or not to the end (only zip and gzip are opened, up to 16 MiB, 64 MiB unpacked, and no archive inside another)"
	r.expectLeaks(LeakOptions{}, "ok: no Hex token in 3 files and 1 unpushed commit; "+count+" []")
	r.expectLeaks(LeakOptions{History: true}, "ok: no Hex token in 3 files and 1 commit; "+count+" []")
	r.write("c", token(1))
	if got := r.leaks(LeakOptions{}); !strings.HasSuffix(got, "\n  note :0:0 "+count) {
		t.Error(got)
	}
}

// pointerTo is what git-lfs leaves in place of a text.
func pointerTo(text string) string {
	return fmt.Sprintf("version https://git-lfs.github.com/spec/v1\noid sha256:%x\nsize %d\n", sha256.Sum256([]byte(text)), len(text))
}

// kept writes what git-lfs keeps of a text, and returns its path.
func (r repository) kept(text string) string {
	id := fmt.Sprintf("%x", sha256.Sum256([]byte(text)))
	path := ".git/lfs/objects/" + id[:2] + "/" + id[2:4] + "/" + id
	r.write(path, text)
	return path
}

func TestPointersAreFollowed(t *testing.T) {
	r := newRepository(t)
	r.commitEmpty("start")
	secret := "id,token\n1," + token(1) + "\n"
	path := r.kept(secret)
	r.write("big.csv", pointerTo(secret))
	said := "big.csv holds a Hex token (" + short(token(1)) + ") in what git-lfs keeps of it"
	r.expectLeaks(LeakOptions{}, "error: "+said+" ["+revoke+"]", "  error big.csv:2:3 "+said)
	bad := r.commit("big.csv")
	r.git("rm", "-q", "big.csv")
	r.git("commit", "-q", "-m", "remove")
	if got := r.leaks(LeakOptions{}); !strings.Contains(got, "\n  error big.csv:2:3 in "+bad+" "+said+" in an unpushed commit") {
		t.Errorf("in a commit: %s", got)
	}
	linked := repository{t, filepath.Join(t.TempDir(), "linked")}
	r.git("worktree", "add", "-q", linked.dir)
	if got := linked.leaks(LeakOptions{History: true}); !strings.Contains(got, said) {
		t.Errorf("in a linked work tree: %s", got)
	}

	absent := "what git-lfs has of 1 file is not in this clone and was not searched (git lfs fetch --all)"
	expectAbsent := func(why string) {
		t.Helper()
		if got := r.leaks(LeakOptions{}); !strings.HasPrefix(got, "ok: ") || !strings.HasSuffix(got, "\n  note :0:0 "+absent) {
			t.Errorf("%s: %s", why, got)
		}
		if got := r.leaks(LeakOptions{History: true}); got != "unknown: "+absent+" []" {
			t.Errorf("%s, all the history: %s", why, got)
		}
	}
	r.remove(path)
	expectAbsent("no object")
	r.write(path, secret+"x")
	expectAbsent("an object of another size")
	if runtime.GOOS == "windows" {
		return
	}
	r.remove(path)
	r.write("../elsewhere", secret)
	if err := os.Symlink(filepath.Join(r.dir, "..", "elsewhere"), filepath.Join(r.dir, path)); err != nil {
		t.Fatal(err)
	}
	expectAbsent("a link")
	r.remove(path)
	r.write(path, secret)
	if err := os.Rename(filepath.Join(r.dir, ".git/lfs"), filepath.Join(r.dir, ".git/moved")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("moved", filepath.Join(r.dir, ".git/lfs")); err != nil {
		t.Fatal(err)
	}
	expectAbsent("a folder that is a link")
}

func TestWhatIsNoPointer(t *testing.T) {
	const version = "version https://git-lfs.github.com/spec/v1\n"
	id := strings.Repeat("ab", 32)
	for _, text := range []string{
		"", version, version + "oid sha256:" + id + "\n", version + "oid sha256:" + id + "\nsize 0\n", version + "oid sha256:" + id + "\nsize -1\n",
		version + "oid sha256:" + id[:40] + "\nsize 3\n", version + "oid sha256:" + strings.ToUpper(id) + "\nsize 3\n",
		version + "oid sha256:../../../" + id[9:] + "\nsize 3\n", "x" + version + "oid sha256:" + id + "\nsize 3\n",
		version + "oid sha256:" + id + "\nsize 3\n" + strings.Repeat("x", maxPointer),
	} {
		if p := parsePointer([]byte(text)); p != (pointer{}) {
			t.Errorf("%q is read as %+v", text, p)
		}
	}
	if p := parsePointer([]byte(version + "ext-0-x sha256:" + id + "\noid sha256:" + id + "\nsize 3\n")); p != (pointer{id, 3}) {
		t.Errorf("got %+v", p)
	}
}

// An archive that git-lfs keeps is opened like any other; a pointer in what it keeps leads nowhere.
func TestPointersAreFollowedOnce(t *testing.T) {
	r := newRepository(t)
	archive := packed(t, zip.Deflate, "a.txt", token(1))
	r.kept(archive)
	r.kept(token(2))
	r.kept(pointerTo(token(2)))
	r.write("a.zip", pointerTo(archive))
	r.write("b", pointerTo(pointerTo(token(2))))
	r.expectLeaks(LeakOptions{},
		"error: a.zip holds a Hex token ("+short(token(1))+") in what git-lfs keeps of it, a.txt ["+revoke+"]",
		"  error a.zip:0:0 a.zip holds a Hex token ("+short(token(1))+") in what git-lfs keeps of it, a.txt")
}

func TestFilteredFilesAreJudgedByTheIndex(t *testing.T) {
	r := newRepository(t)
	r.write(".gitattributes", "*.ipynb filter=strip.it\n*.txt filter=other\n")
	r.commit(".gitattributes")
	r.git("config", "filter.strip.it.clean", "touch executed; sed s/hxtp_[0-9a-f]*/-/")
	r.write("a.ipynb", `{"out":"`+token(1)+`"}`)
	r.git("add", ".")
	r.remove("executed")
	note := "  note :0:0 1 file with a clean filter in git's configuration: git's index was searched instead, and the filter was not run"
	r.expectLeaks(LeakOptions{}, "ok: no Hex token in 2 files and 1 unpushed commit []", note)
	r.write(token(5)+".ipynb", "")
	r.git("add", token(5)+".ipynb")
	if got := r.leaks(LeakOptions{}); !strings.HasPrefix(got, "error: the name of "+short(token(5))+".ipynb holds a Hex token") {
		t.Error(got)
	}
	r.git("rm", "-q", "-f", token(5)+".ipynb")
	r.remove("executed")
	r.write("b.txt", token(2)) // nothing defines its filter
	if got := r.leaks(LeakOptions{}); !strings.HasPrefix(got, "error: b.txt holds a Hex token ("+short(token(2))+") [") {
		t.Error(got)
	}
	r.remove("b.txt")

	r.write("new.ipynb", token(3)) // git does not have it yet
	if got := r.leaks(LeakOptions{}); !strings.HasPrefix(got, "warning: new.ipynb holds what may be a Hex token ("+short(token(3))+") in what its clean filter may take out [") {
		t.Error(got)
	}
	r.remove("new.ipynb")
	if _, err := os.Stat(filepath.Join(r.dir, "executed")); err == nil {
		t.Error("the filter was run")
	}

	// What came in before there was a filter stays in git, whatever the file holds now.
	r.git("config", "--unset", "filter.strip.it.clean")
	r.write("a.ipynb", "\n"+token(4))
	r.commit("a.ipynb")
	r.remote()
	r.git("config", "filter.strip.it.process", "false")
	r.write("a.ipynb", "clean")
	r.expectLeaks(LeakOptions{},
		"error: a.ipynb holds a Hex token ("+short(token(4))+") ["+revoke+"]",
		"  error a.ipynb:2:1 a.ipynb holds a Hex token ("+short(token(4))+")", note)
}

func TestLeaksInNotes(t *testing.T) {
	r := newRepository(t)
	r.commitEmpty("start")
	about := r.git("rev-parse", "HEAD")
	r.remote()
	r.git("notes", "add", "-m", "token "+token(1))
	said := "the note of commit " + about[:7] + " holds a Hex token (" + short(token(1)) + ")"
	fix := "revoke it in Hex (https://app.hex.tech: Settings → API keys), then take it out of the note: git notes remove " + about[:12] +
		", then out of the history of notes: git update-ref refs/notes/commits $(git commit-tree -m Notes 'refs/notes/commits^{tree}')"
	want := []string{"error: " + said + " [" + fix + "]", "  error :0:0 in " + about + " " + said}
	r.expectLeaks(LeakOptions{History: true}, want...)
	push := func() Push {
		return Push{Remote: "origin", Updates: []Update{{"refs/notes/commits", r.git("rev-parse", "refs/notes/commits"), "refs/notes/commits", zero}}}
	}
	r.expectPush(push(), append([]string{"ok: no .env file is pushed []"}, want...)...)

	// Whoever does what the fix says, and nothing else, can push.
	r.git("notes", "remove", about)
	r.git("update-ref", "refs/notes/commits", r.git("commit-tree", "-m", "Notes", "refs/notes/commits^{tree}"))
	r.expectPush(push(), "ok: no .env file is pushed []", "ok: no Hex token in 1 commit []")

	r.git("reflog", "expire", "--expire=now", "--all")
	r.git("notes", "--ref=ci", "add", "-m", token(2))
	if got := r.leaks(LeakOptions{History: true}); !strings.Contains(got, "the note: git notes --ref refs/notes/ci remove "+about[:12]) {
		t.Error(got)
	}
	// A file whose name is no object of this repository is a file.
	r.write(strings.Repeat("ab", 20), token(3))
	r.commit(strings.Repeat("ab", 20))
	if got := r.leaks(LeakOptions{}); strings.Contains(got, "note") {
		t.Error(got)
	}
}

func TestLeaksInPersons(t *testing.T) {
	r := newRepository(t)
	r.commitEmpty("start")
	r.remote()
	r.git("-c", "user.name=bot "+token(1), "commit", "-q", "--allow-empty", "-m", "x")
	bad := r.git("rev-parse", "HEAD")
	steps := "see that git config user.name and user.email have none, git commit --amend --no-edit --reset-author"
	author, committer := "the author's name in commit "+bad[:7]+" holds a Hex token ("+short(token(1))+")", "the committer's name in commit "+bad[:7]+" holds a Hex token ("+short(token(1))+")"
	r.expectLeaks(LeakOptions{},
		"error: "+author+" (and 1 more) [revoke it in Hex (https://app.hex.tech: Settings → API keys), then take it out of the commits: "+steps+"]",
		"  error :0:0 in "+bad+" "+author, "  error :0:0 in "+bad+" "+committer)
	if got := r.leaks(LeakOptions{History: true}); !strings.Contains(got, "; rewrite the unpushed commits: "+steps+"]") {
		t.Errorf("all the history: %s", got)
	}
	r.git("commit", "-q", "--amend", "--no-edit", "--allow-empty", "--reset-author")
	if got := r.leaks(LeakOptions{}); !strings.HasPrefix(got, "ok: ") {
		t.Errorf("after that, %s", got)
	}
	r.git("-c", "user.email="+token(2)+"@example.com", "commit", "-q", "--allow-empty", "-m", "use "+token(3))
	if got := r.leaks(LeakOptions{}); !strings.Contains(got, " the author's address in commit ") || !strings.Contains(got, " the message of commit ") || !strings.Contains(got, ", git commit --amend --reset-author]") {
		t.Error(got)
	}
	r.git("-c", "user.name="+token(4), "tag", "-a", "v1", "-m", "x")
	if got := r.leaks(LeakOptions{History: true}); !strings.Contains(got, "the tagger's name in tag v1 holds") || !strings.Contains(got, "take it out of the tag: git tag --force --annotate v1 'v1^{}'") {
		t.Error(got)
	}
}

func TestLeaksInNamesOfRefs(t *testing.T) {
	r := newRepository(t)
	r.commitEmpty("start")
	r.remote()
	r.git("tag", "v-"+token(2))
	if got := r.leaks(LeakOptions{}); !strings.HasPrefix(got, "ok: ") {
		t.Error(got)
	}
	r.git("branch", "try-"+token(1))
	branch, tag := "the name of the ref refs/heads/try-"+short(token(1))+" holds a Hex token ("+short(token(1))+")", "the name of the ref refs/tags/v-"+short(token(2))+" holds a Hex token ("+short(token(2))+")"
	fix := "revoke it in Hex (https://app.hex.tech: Settings → API keys), then take it out of the branch's name: git branch --move OLD NEW"
	r.expectLeaks(LeakOptions{}, "error: "+branch+" ["+fix+"]", "  error :0:0 "+branch)
	r.expectLeaks(LeakOptions{History: true},
		"error: "+branch+" (and 1 more) ["+fix+" and the tag's name: git tag NEW OLD, git tag --delete OLD]", "  error :0:0 "+branch, "  error :0:0 "+tag)
}

// A clone that does not know any more that it is partial has no less missing, whatever that is.
func TestMissingObjectsAreSaid(t *testing.T) {
	r := newRepository(t)
	r.write("sub/file", "old")
	r.commit("sub/file")
	blob := r.gitInput("tagged", "hash-object", "-w", "--stdin")
	r.git("tag", "-a", "v1", "-m", "x", blob)
	r.git("tag", "-a", "v2", "-m", "x", "v1")
	r.git("tag", "-d", "v1")
	r.write("sub/file", "new")
	r.write(".gitmodules", "")
	r.commit(".")
	r.git("update-index", "--add", "--cacheinfo", "160000,"+strings.Repeat("ab", 20)+",module") // is in another repository
	r.git("commit", "-q", "-m", "module")
	s := newSearch(&Tree{}, LeakOptions{})
	s.tree, _ = Open(t.Context(), r.dir)
	if found, err := s.readAllObjects(t.Context()); err != nil || !found.links.whole() {
		t.Errorf("something would be missing: %+v, %v", found.links, err)
	}
	r.expectLeaks(LeakOptions{History: true}, "ok: no Hex token in 3 files and 3 commits []")
	inner := strings.Fields(r.git("cat-file", "tag", "v2"))[1]
	for revision, want := range map[string]string{
		"HEAD~2:sub/file": "this clone is partial: 13 of at least 14 objects were searched, the rest is on the remote []",
		"HEAD~2:sub":      "this clone is partial: 12 of at least 13 objects were searched, the rest is on the remote []",
		"HEAD~2:":         "this clone is partial: 11 of at least 12 objects were searched, the rest is on the remote []",
		"HEAD~2":          "git rev-list: ",
		inner:             "git rev-list: ",
		blob:              "git rev-list: ",
		"v2":              "git rev-list: ",
	} {
		id := r.git("rev-parse", revision)
		path := filepath.Join(r.dir, ".git", "objects", id[:2], id[2:])
		if err := os.Rename(path, path+".away"); err != nil {
			t.Fatal(err)
		}
		if got := r.leaks(LeakOptions{History: true}); !strings.HasPrefix(got, "unknown: "+want) {
			t.Errorf("without %s: %s", revision, got)
		}
		if err := os.Rename(path+".away", path); err != nil {
			t.Fatal(err)
		}
	}
	// What no ref and no reflog reaches is no part of the history.
	r.gitInput("100644 blob "+strings.Repeat("cd", 20)+"\tx\n", "mktree", "--missing")
	r.expectLeaks(LeakOptions{History: true}, "ok: no Hex token in 3 files and 3 commits []")
}
