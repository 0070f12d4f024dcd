package extension_test

import (
	"fmt"
	"html"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

// How scripts/draw.py lays out a terminal: 80 columns, each character in a cell of its own.
const (
	pictureColumns        = 80
	cellWidth, cellHeight = 12.2, 24.4
	fontSize              = 20
	left, top             = 9, 41
)

// picture is one of docs/pictures: the text by lines and what is measured.
type picture struct {
	name, scheme  string // the example; light or dark
	path          string
	width, height float64
	lines         []string
	background    string
	colours       []string // of the text
}

func pictures(t *testing.T) []picture {
	t.Helper()
	paths, err := filepath.Glob("../docs/pictures/*.svg")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no pictures (%v)", err)
	}
	var all []picture
	for _, path := range paths {
		all = append(all, readPicture(t, path))
	}
	return all
}

func readPicture(t *testing.T, path string) picture {
	t.Helper()
	svg := readPage(t, path)
	name := strings.TrimSuffix(filepath.Base(path), ".svg")
	p := picture{path: path, scheme: name[strings.LastIndex(name, "-")+1:]}
	p.name = strings.TrimSuffix(name, "-"+p.scheme)
	if _, err := fmt.Sscanf(svg[strings.Index(svg, "viewBox"):], `viewBox="0 0 %f %f"`, &p.width, &p.height); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	p.background = regexp.MustCompile(`<rect fill="(#[0-9a-f]{6})"`).FindStringSubmatch(svg)[1]
	for _, m := range regexp.MustCompile(`fill: (#[0-9a-f]{6})`).FindAllStringSubmatch(svg, -1) {
		p.colours = append(p.colours, m[1])
	}
	for _, m := range regexp.MustCompile(`<text class="[^"]*" x="([\d.]+)" y="([\d.]+)" textLength="[\d.]+">([^<]*)</text>`).FindAllStringSubmatch(svg, -1) {
		line, column := math.Round((number(t, m[2])-fontSize)/cellHeight), math.Round(number(t, m[1])/cellWidth)
		p.put(int(line), int(column), strings.ReplaceAll(html.UnescapeString(m[3]), "\u00a0", " "))
	}
	for i, line := range p.lines {
		p.lines[i] = strings.TrimRight(line, " ")
	}
	return p
}

func number(t *testing.T, text string) float64 {
	t.Helper()
	n, err := strconv.ParseFloat(text, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// put writes a text into its line, from a column on.
func (p *picture) put(line, column int, text string) {
	for len(p.lines) <= line {
		p.lines = append(p.lines, "")
	}
	gap := column - utf8.RuneCountInString(p.lines[line])
	p.lines[line] += strings.Repeat(" ", max(0, gap)) + text
}

// onScreen is a text as a terminal breaks its lines.
func onScreen(text string) []string {
	var lines []string
	for line := range strings.Lines(text) {
		for chunk := range slices.Chunk([]rune(strings.TrimSuffix(line, "\n")), pictureColumns) {
			lines = append(lines, strings.TrimRight(string(chunk), " "))
		}
	}
	return lines
}

// A picture shows what the example of its name shows, and there is one for readers of a light page and one for those of a dark one.
func TestPicturesShowTheExamples(t *testing.T) {
	schemes := map[string]string{}
	for _, p := range pictures(t) {
		schemes[p.name] += p.scheme + " "
		if want := onScreen(onPages(t).wanted(t, p.name)[0].text); !slices.Equal(p.lines, want) {
			t.Errorf("%s shows\n%s\nwant\n%s\nTo draw it again, run: scripts/pictures", p.path, strings.Join(p.lines, "\n"), strings.Join(want, "\n"))
		}
	}
	for _, name := range []string{"auth", "rotate", "verify-failing", "verify-passing"} {
		if schemes[name] != "dark light " {
			t.Errorf("%s is drawn for %q", name, schemes[name])
		}
	}
}

// Text stands out from its background as WCAG wants it (AA: 4.5 to 1).
func TestPicturesHaveContrast(t *testing.T) {
	for _, p := range pictures(t) {
		for _, c := range p.colours {
			a, b := luminance(t, c), luminance(t, p.background)
			if ratio := (max(a, b) + 0.05) / (min(a, b) + 0.05); ratio < 4.5 {
				t.Errorf("%s: %s on %s has a contrast of %.1f to 1", p.path, c, p.background, ratio)
			}
		}
	}
}

func luminance(t *testing.T, colour string) float64 {
	t.Helper()
	var rgb [3]uint8
	if _, err := fmt.Sscanf(colour, "#%02x%02x%02x", &rgb[0], &rgb[1], &rgb[2]); err != nil {
		t.Fatal(err)
	}
	sum := 0.0
	for i, share := range []float64{0.2126, 0.7152, 0.0722} {
		c := float64(rgb[i]) / 255
		if c <= 0.04045 {
			sum += share * c / 12.92
		} else {
			sum += share * math.Pow((c+0.055)/1.055, 2.4)
		}
	}
	return sum
}

// TestPicturesInABrowser looks at what Chromium shows of each picture on a page that is 830 pixels wide, as GitHub's are: where the
// text has a space there is nothing, where it has a sign there is something, nothing stands beside the picture's columns, and
// letters are as high as those of a text of 12 pixels or more. scripts/test --full names the browser.
func TestPicturesInABrowser(t *testing.T) {
	browser := os.Getenv("GH_HEX_BROWSER")
	if browser == "" {
		t.Skip("needs a browser: scripts/test --full")
	}
	for _, p := range pictures(t) {
		t.Run(p.name+"-"+p.scheme, func(t *testing.T) { p.look(t, screenshot(t, browser, p)) })
	}
}

// On the page a picture has 830 pixels, each of which the screenshot has four of.
const pageWidth, density = 830, 2

func screenshot(t *testing.T, browser string, p picture) image.Image {
	t.Helper()
	dir := t.TempDir()
	path, err := filepath.Abs(p.path)
	if err != nil {
		t.Fatal(err)
	}
	page := fmt.Sprintf(`<!doctype html><body style="margin: 0"><img style="display: block" width="%d" src="file://%s">`, pageWidth, path)
	if err := os.WriteFile(filepath.Join(dir, "page.html"), []byte(page), 0o600); err != nil {
		t.Fatal(err)
	}
	shot := filepath.Join(dir, "shot.png")
	cmd := exec.Command(browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run", "--user-data-dir="+filepath.Join(dir, "profile"),
		fmt.Sprintf("--force-device-scale-factor=%d", density), fmt.Sprintf("--window-size=%d,%.0f", pageWidth, p.height), "--screenshot="+shot, "file://"+filepath.Join(dir, "page.html"))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	file, err := os.Open(shot)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	img, err := png.Decode(file)
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// look compares the cells of the screenshot with the text.
func (p picture) look(t *testing.T, shown image.Image) {
	t.Helper()
	letters := 0
	for row, line := range p.lines {
		for column, r := range []rune(line + strings.Repeat(" ", pictureColumns-utf8.RuneCountInString(line))) {
			height := inkIn(shown, p.cell(row, column))
			switch {
			case r == ' ' && height > 0:
				t.Errorf("line %d, column %d: there is something where %q has a space", row+1, column+1, line)
			case r != ' ' && height == 0:
				t.Errorf("line %d, column %d: nothing is shown of the %q in %q", row+1, column+1, r, line)
			case r == 'h':
				letters++
				if want := 12 * 0.7; height < want { // an h is about 0.73 of the size of its font
					t.Errorf("line %d, column %d: an h is %.1f pixels high, want %.1f", row+1, column+1, height, want)
				}
			}
		}
	}
	if letters == 0 {
		t.Error("no h was measured")
	}
}

// cell is where a cell is on the screenshot, without its sides: signs of another font reach into those.
func (p picture) cell(row, column int) image.Rectangle {
	scale := pageWidth * density / p.width
	x, y := left+cellWidth*float64(column), top+cellHeight*float64(row)
	return image.Rect(int((x+2.5)*scale), int((y+2)*scale), int((x+cellWidth-2.5)*scale), int((y+cellHeight+2)*scale))
}

// inkIn is how many pixels of the page what stands in a cell is high. The margin of the picture shows the background.
func inkIn(shown image.Image, cell image.Rectangle) float64 {
	background := shown.At(4*density, shown.Bounds().Dy()/2)
	first, last := -1, -1
	for y := cell.Min.Y; y < cell.Max.Y; y++ {
		for x := cell.Min.X; x < cell.Max.X; x++ {
			if differ(shown.At(x, y), background) {
				if first < 0 {
					first = y
				}
				last = y
			}
		}
	}
	if first < 0 {
		return 0
	}
	return float64(last-first+1) / density
}

func differ(a, b color.Color) bool {
	red, green, blue, _ := a.RGBA()
	red2, green2, blue2, _ := b.RGBA()
	return max(apart(red, red2), apart(green, green2), apart(blue, blue2)) > 0x3000
}

func apart(a, b uint32) uint32 { return max(a, b) - min(a, b) }
