package deploy_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// compose is what our file uses of Compose's schema.
type compose struct {
	Name     string                     `json:"name"`
	XNode    map[string]any             `json:"x-node"`
	Services map[string]service         `json:"services"`
	Volumes  map[string]*map[string]any `json:"volumes"`
}

type service struct {
	Image string `json:"image"`
	Build *struct {
		Context    string `json:"context"`
		Dockerfile string `json:"dockerfile"`
	} `json:"build"`
	DependsOn map[string]struct {
		Condition string `json:"condition"`
	} `json:"depends_on"`
	Command         []string `json:"command"`
	Ports           []string `json:"ports"`
	Volumes         []string `json:"volumes"`
	Restart         string   `json:"restart"`
	StopGracePeriod string   `json:"stop_grace_period"`
	ReadOnly        bool     `json:"read_only"`
	CapDrop         []string `json:"cap_drop"`
	SecurityOpt     []string `json:"security_opt"`
}

func TestCompose(t *testing.T) {
	text, err := os.ReadFile("compose.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var file compose
	if err := strict(text, &file); err != nil {
		t.Fatal(err)
	}
	names := known(t)
	certs := file.Services["certs"]
	first := flags(t, names, certs.Command)
	c := crew{hosts: strings.Split(first["hosts"], ",")}
	outside := map[string]bool{} // ports of the machine
	for name, s := range file.Services {
		if s.Image != certs.Image {
			t.Errorf("%s is of %s, and %s is what is built", name, s.Image, certs.Image)
		}
		if len(s.Volumes) != 1 || !strings.HasPrefix(s.Volumes[0], "certs:"+first["certs"]) {
			t.Errorf("%s has the volumes %q, want the certificates'", name, s.Volumes)
		}
		if name == "certs" {
			continue
		}
		f := flags(t, names, s.Command)
		c.members = append(c.members, f)
		if got := f["advertise"]; got != name+f["listen"] {
			t.Errorf("%s says that it is %s", name, got)
		}
		if s.DependsOn["certs"].Condition != "service_completed_successfully" || f["certs"] != first["certs"] {
			t.Errorf("%s does not wait for its certificates", name)
		}
		if seconds(t, s.StopGracePeriod) <= seconds(t, f["drain"]) {
			t.Errorf("%s is killed after %s, and drains for %s", name, s.StopGracePeriod, f["drain"])
		}
		for _, p := range s.Ports {
			if _, inside, _ := strings.Cut(p, ":"); f["addr"] != ":"+inside || outside[p] {
				t.Errorf("%s publishes %s, and listens at %s", name, p, f["addr"])
			}
			outside[p] = true
		}
		if want := f["role"] == "gate"; (len(s.Ports) > 0) != want {
			t.Errorf("%s, a %s, publishes %q", name, f["role"], s.Ports)
		}
	}
	c.check(t)
	if _, there := file.Volumes["certs"]; !there || len(file.Volumes) != 1 {
		t.Errorf("the volumes are %v, want certs", file.Volumes)
	}
	if certs.Build == nil || certs.Build.Context != ".." {
		t.Fatal("certs does not build the image from the repository's root")
	}
	if _, err := os.Stat(filepath.Join(certs.Build.Context, certs.Build.Dockerfile)); err != nil {
		t.Error(err)
	}
}

// Docker itself is asked where it is there.
func TestDockerTakesTheComposeFile(t *testing.T) {
	if err := exec.Command("docker", "compose", "version").Run(); err != nil {
		t.Skip("docker compose is not installed")
	}
	if out, err := exec.Command("docker", "compose", "-f", "compose.yaml", "config", "-q").CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}

func TestDockerfile(t *testing.T) {
	text, err := os.ReadFile("Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	module, err := os.ReadFile("../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	var language string // "1.26"
	for line := range strings.Lines(string(module)) {
		if v, ok := strings.CutPrefix(line, "go "); ok {
			language = strings.Join(strings.SplitN(strings.TrimSpace(v), ".", 3)[:2], ".")
		}
	}
	for _, want := range []string{
		fmt.Sprintf("FROM golang:%s AS build\n", language),
		" -o /demo ./cmd/demo",
		"COPY --from=build /demo /demo\n",
		`ENTRYPOINT ["/demo"]`,
		"EXPOSE 3010 7946 8086\n",
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the Dockerfile does not say %q", want)
		}
	}
}
