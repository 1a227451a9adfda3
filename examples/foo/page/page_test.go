package page_test

import (
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/fairlead-go/fairlead/examples/foo/page"
	"github.com/fairlead-go/fairlead/internal/leak"
)

func TestMain(m *testing.M) { leak.Main(m) }

// both are a client's end and the server's.
func both(t *testing.T) (client, server *page.Page) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("a file that is open keeps its name on Windows")
	}
	folder := t.TempDir()
	client, err := page.Lay(folder)
	if err != nil {
		t.Fatal(err)
	}
	if server = page.Find(folder); server == nil {
		t.Fatal("the page is not found")
	}
	t.Cleanup(client.Leave)
	t.Cleanup(server.Leave)
	if page.Find(folder) != nil {
		t.Error("the page is found twice")
	}
	return client, server
}

func TestWhatIsPutAtOnceIsTakenAtOnce(t *testing.T) {
	client, server := both(t)
	done := make(chan error, 1)
	go func() {
		done <- errors.Join(client.Put([]byte("one")), client.Put(make([]byte, page.Room)), client.Put([]byte("three")))
		client.Leave()
	}()
	for _, want := range []int{3, page.Room, 5} {
		if b, err := server.Take(nil); len(b) != want || err != nil {
			t.Errorf("took %d and %v, want %d", len(b), err, want)
		}
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	if _, err := server.Take(nil); !errors.Is(err, io.EOF) {
		t.Errorf("at the end %v, want io.EOF", err)
	}
	if err := server.Put([]byte("x")); !errors.Is(err, page.ErrLeft) {
		t.Errorf("put to nobody: %v, want ErrLeft", err)
	}
}

func TestWhatIsTooLongIsRefused(t *testing.T) {
	client, _ := both(t)
	if err := client.Put(make([]byte, page.Room+1)); !errors.Is(err, page.ErrRoom) {
		t.Errorf("put a byte too many: %v, want ErrRoom", err)
	}
}

func TestLeaveEndsWhatWaits(t *testing.T) {
	client, server := both(t)
	if err := server.Put([]byte("unread")); err != nil {
		t.Fatal(err)
	}
	errs := make(chan error, 2)
	go func() { _, err := server.Take(nil); errs <- err }()
	go func() { errs <- server.Put([]byte("no room")) }()
	server.Leave()
	for range 2 {
		if err := <-errs; !errors.Is(err, net.ErrClosed) {
			t.Errorf("ended with %v, want net.ErrClosed", err)
		}
	}
	if b, err := client.Take([]byte("head ")); string(b) != "head unread" || err != nil {
		t.Errorf("took %q and %v, want what was put before", b, err)
	}
}

// The far end may do with the file what it likes.
func TestAPageCutShortIsAnError(t *testing.T) {
	folder := t.TempDir()
	name := filepath.Join(folder, "x.page")
	if err := os.WriteFile(name, make([]byte, 2*(8+page.Room)), 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	server := page.Find(folder)
	if server == nil {
		t.Skip("a file that is open keeps its name on Windows")
	}
	defer server.Leave()
	if _, err := file.WriteAt([]byte{0xff, 0xff, 0xff, 0xff}, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := server.Take(nil); !errors.Is(err, page.ErrRoom) {
		t.Errorf("4 GiB announced: %v, want ErrRoom", err)
	}
	if err := file.Truncate(0); err != nil {
		t.Fatal(err)
	}
	if _, err := server.Take(nil); !errors.Is(err, io.EOF) {
		t.Errorf("cut short: %v, want io.EOF", err)
	}
}

func TestWhatIsNoPageIsLeftAlone(t *testing.T) {
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "half.page"), make([]byte, 100), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(folder, "folder.page"), 0o700); err != nil {
		t.Fatal(err)
	}
	if page.Find(folder) != nil {
		t.Error("found one")
	}
}
