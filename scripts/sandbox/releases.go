package sandbox

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
)

func (c *call) listReleases() answer {
	name, r := c.visible()
	if r == nil {
		return notFound()
	}
	items := []any{}
	for i := len(r.Releases) - 1; i >= 0; i-- {
		if c.published(name, r, r.Releases[i]) {
			items = append(items, c.describeRelease(name, r, i))
		}
	}
	return c.page(items, 100, "")
}

// published reports whether a call may see a release: drafts are for those who can push.
func (c *call) published(name string, r *Repository, release *Release) bool {
	l, _ := c.login()
	return !release.Draft || l != nil && c.rank(name, r) >= rankOf("write")
}

func (c *call) getLatestRelease() answer {
	return c.findRelease(func(release *Release) bool { return !release.Draft && !release.Prerelease })
}

func (c *call) getTaggedRelease() answer {
	return c.findRelease(func(release *Release) bool { return !release.Draft && release.Tag == c.arg("tag") })
}

// findRelease answers the newest release that fits.
func (c *call) findRelease(fits func(*Release) bool) answer {
	name, r := c.visible()
	if r == nil {
		return notFound()
	}
	for i := len(r.Releases) - 1; i >= 0; i-- {
		if fits(r.Releases[i]) {
			return jsonAnswer(http.StatusOK, c.describeRelease(name, r, i))
		}
	}
	return notFound()
}

func (c *call) describeRelease(name string, r *Repository, index int) map[string]any {
	release := r.Releases[index]
	assets := []any{}
	for i, file := range release.files() {
		id := assetID(r, index, i)
		assets = append(assets, map[string]any{
			"id": id, "name": file, "label": "", "state": "uploaded", "content_type": "application/octet-stream",
			"size":                 size(filepath.Join(release.Dir, file)),
			"url":                  fmt.Sprintf("%s/repos/%s/releases/assets/%s", c.base(), name, id),
			"browser_download_url": fmt.Sprintf("https://%s/%s/releases/download/%s/%s", c.name, name, release.Tag, file),
		})
	}
	return map[string]any{
		"id": r.ID*1000 + int64(index), "tag_name": release.Tag, "name": release.Tag, "target_commitish": r.DefaultBranch,
		"draft": release.Draft, "prerelease": release.Prerelease, "assets": assets, "body": "",
		"html_url": fmt.Sprintf("https://%s/%s/releases/tag/%s", c.name, name, release.Tag),
	}
}

// assetID is made of digits, as GitHub's is, and leads back to the file.
func assetID(r *Repository, release, file int) string {
	return fmt.Sprintf("%d%03d%03d", r.ID, release, file)
}

func (r *Release) files() []string {
	entries, _ := os.ReadDir(r.Dir)
	var names []string
	for _, e := range entries {
		if e.Type().IsRegular() {
			names = append(names, e.Name())
		}
	}
	return names
}

func size(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}

// getAsset answers the file itself; gh asks for application/octet-stream.
func (c *call) getAsset() answer {
	name, r := c.visible()
	if r == nil {
		return notFound()
	}
	for i, release := range r.Releases {
		for n, file := range release.files() {
			if c.published(name, r, release) && assetID(r, i, n) == c.arg("asset") {
				return sendFile(filepath.Join(release.Dir, file))
			}
		}
	}
	return notFound()
}

func sendFile(path string) answer {
	content, err := os.ReadFile(path)
	if err != nil {
		return notFound()
	}
	return textAnswer(http.StatusOK, "application/octet-stream", string(content))
}

// download answers what a browser, or a script, fetches outside the API: the assets of releases.
func (c *call) download() answer {
	_, args, found := match([]route{{http.MethodGet, "/{owner}/{repo}/releases/download/{tag}/{file}", nil}}, c.method(), c.path)
	if !found {
		return htmlAnswer(http.StatusNotFound)
	}
	c.args = args
	_, r := c.visible()
	if r == nil {
		return htmlAnswer(http.StatusNotFound)
	}
	for _, release := range r.Releases {
		for _, file := range release.files() {
			if !release.Draft && release.Tag == c.arg("tag") && strings.EqualFold(file, c.arg("file")) {
				return sendFile(filepath.Join(release.Dir, file))
			}
		}
	}
	return htmlAnswer(http.StatusNotFound)
}
