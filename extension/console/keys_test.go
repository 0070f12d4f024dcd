package console

import (
	"io"
	"os"
	"strings"
	"testing"
)

// TestKeysTypedWhileWaiting types more than anything buffers while something is waited for: Ctrl-C is seen all the same,
// once, and the rest is there for the next question.
func TestKeysTypedWhileWaiting(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	k := (&Streams{tty: r}).keyboard()
	pressed := make(chan struct{}, 2)
	k.onInterrupt(func() { pressed <- struct{}{} })
	ahead := strings.Repeat("typed ahead ", 500)
	if _, err := io.WriteString(w, ahead+"\x03"); err != nil {
		t.Fatal(err)
	}
	<-pressed
	if _, err := io.WriteString(w, "\x03yes"); err != nil {
		t.Fatal(err)
	}
	w.Close()
	got, err := io.ReadAll(k)
	if string(got) != ahead+"\x03yes" || err != nil {
		t.Errorf("%d of %d bytes were kept, %v", len(got), len(ahead)+4, err)
	}
	if len(pressed) > 0 {
		t.Error("the second Ctrl-C belongs to the question")
	}
}

// TestKeysAreOnlyReadWhenAsked leaves to others what nobody here wants to know.
func TestKeysAreOnlyReadWhenAsked(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	k := (&Streams{tty: r}).keyboard()
	if _, err := io.WriteString(w, "a"); err != nil {
		t.Fatal(err)
	}
	first := make([]byte, 1)
	if _, err := k.Read(first); err != nil || first[0] != 'a' {
		t.Fatalf("%q, %v", first, err)
	}
	if _, err := io.WriteString(w, "b"); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Read(first); err != nil || first[0] != 'b' {
		t.Errorf("%q, %v", first, err)
	}
}
