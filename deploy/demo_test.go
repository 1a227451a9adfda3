// Package deploy_test checks the files in this folder: that each is what its program would read, with no field
// unknown, and that names, ports, flags and certificates in them fit together. It is a module of its own for the sake of
// Kubernetes' types. What it cannot check is a real cluster: whether admission or a plugin there would say no.
package deploy_test

import (
	"crypto/x509"
	"net"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// usage is what the demo says of its flags.
func usage(t *testing.T) string {
	t.Helper()
	text, err := exec.Command("go", "-C", "..", "run", "./cmd/demo", "-h").Output()
	if err != nil {
		t.Fatalf("the demo's usage: %v", err)
	}
	return string(text)
}

var flagName = regexp.MustCompile(`(?m)^  -([a-z]+) `)

// known are the names of the demo's flags.
func known(t *testing.T) (names []string) {
	t.Helper()
	for _, m := range flagName.FindAllStringSubmatch(usage(t), -1) {
		names = append(names, m[1])
	}
	if len(names) < 5 {
		t.Fatalf("the demo has the flags %q: this is not its usage", names)
	}
	return names
}

// flags reads arguments, "-name value" or "-name=value". Each must be one of the names.
func flags(t *testing.T, names, arguments []string) map[string]string {
	t.Helper()
	given := map[string]string{}
	for i := 0; i < len(arguments); i++ {
		name, value, both := strings.Cut(strings.TrimPrefix(arguments[i], "-"), "=")
		if !slices.Contains(names, name) || !strings.HasPrefix(arguments[i], "-") {
			t.Errorf("the demo has no flag %s", arguments[i])
		}
		if _, twice := given[name]; twice {
			t.Errorf("-%s is there twice", name)
		}
		if !both {
			if i++; i == len(arguments) {
				t.Fatalf("-%s has no value", name)
			}
			value = arguments[i]
		}
		given[name] = value
	}
	return given
}

// crew is all nodes of one way to deploy.
type crew struct {
	hosts   []string            // that certificates are for
	members []map[string]string // the flags of each node
}

// check holds what is true of a cluster however it is started.
func (c crew) check(t *testing.T) {
	t.Helper()
	var addresses []string
	roles := map[string]int{}
	for _, f := range c.members {
		addresses = append(addresses, f["advertise"])
		roles[f["role"]]++
	}
	if roles["gate"] < 2 || roles["backend"] < 2 || len(roles) != 2 {
		t.Errorf("the nodes' roles are %v, want gates and backends, two each or more", roles)
	}
	certificate := &x509.Certificate{DNSNames: c.hosts}
	for _, f := range c.members {
		host, port, err := net.SplitHostPort(f["advertise"])
		if err != nil {
			t.Errorf("-advertise: %v", err)
		}
		if err := certificate.VerifyHostname(host); err != nil {
			t.Errorf("the certificates are not for a node: %v", err)
		}
		if f["listen"] != ":"+port {
			t.Errorf("-listen is %s and -advertise %s: want the same port", f["listen"], f["advertise"])
		}
		if f["certs"] == "" {
			t.Errorf("%s has no -certs", host)
		}
		joined := strings.Split(f["join"], ",")
		for _, to := range joined {
			if !slices.Contains(addresses, to) {
				t.Errorf("%s joins %s, which is no node", host, to)
			}
		}
		if len(joined) < 2 {
			t.Errorf("%s joins %q: if that node is not there, nobody is found", host, joined)
		}
		// More than half, or there could be two clusters; less than all, or one that is not there keeps all others from starting.
		if n, err := strconv.Atoi(f["expect"]); err != nil || 2*n <= len(c.members) || n >= len(c.members) {
			t.Errorf("%s has -expect %s of %d nodes (%v)", host, f["expect"], len(c.members), err)
		}
	}
}

// seconds is a duration as a flag has it.
func seconds(t *testing.T, text string) time.Duration {
	t.Helper()
	d, err := time.ParseDuration(text)
	if err != nil {
		t.Errorf("a duration: %v", err)
	}
	return d
}
