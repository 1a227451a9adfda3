package deploy_test

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	network "k8s.io/api/networking/v1"
	policy "k8s.io/api/policy/v1"
	rbac "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/json"
	"sigs.k8s.io/yaml"
)

// manifests are all objects of the folder.
type manifests struct {
	sets         []apps.StatefulSet
	services     map[string]core.Service
	certificates map[string]certificate // by the name of their secret
	issuers      map[string]issuer
	budgets      []policy.PodDisruptionBudget
	policies     []network.NetworkPolicy
	accounts     map[string]core.ServiceAccount
	roles        map[string]rbac.Role
	bindings     []rbac.RoleBinding
	kustomize    kustomization
}

// What our files use of the types of others.
type (
	certificate struct {
		v1.TypeMeta   `json:",inline"`
		v1.ObjectMeta `json:"metadata"`
		Spec          struct {
			IsCA        bool        `json:"isCA"`
			CommonName  string      `json:"commonName"`
			SecretName  string      `json:"secretName"`
			Duration    v1.Duration `json:"duration"`
			RenewBefore v1.Duration `json:"renewBefore"`
			DNSNames    []string    `json:"dnsNames"`
			Usages      []string    `json:"usages"`
			PrivateKey  struct {
				Algorithm      string `json:"algorithm"`
				Size           int    `json:"size"`
				RotationPolicy string `json:"rotationPolicy"`
			} `json:"privateKey"`
			IssuerRef struct {
				Name string `json:"name"`
				Kind string `json:"kind"`
			} `json:"issuerRef"`
		} `json:"spec"`
	}
	issuer struct {
		v1.TypeMeta   `json:",inline"`
		v1.ObjectMeta `json:"metadata"`
		Spec          struct {
			SelfSigned *struct{} `json:"selfSigned"`
			CA         *struct {
				SecretName string `json:"secretName"`
			} `json:"ca"`
		} `json:"spec"`
	}
	kustomization struct {
		v1.TypeMeta `json:",inline"`
		Resources   []string `json:"resources"`
	}
)

// read reads a folder's objects. A field that its type has not is an error.
func read(t *testing.T, folder string) *manifests {
	t.Helper()
	m := &manifests{
		services: map[string]core.Service{}, certificates: map[string]certificate{}, issuers: map[string]issuer{},
		accounts: map[string]core.ServiceAccount{}, roles: map[string]rbac.Role{},
	}
	files, err := filepath.Glob(filepath.Join(folder, "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for i, document := range strings.Split(string(text), "\n---\n") {
			if err := m.add([]byte(document)); err != nil {
				t.Errorf("%s, object %d: %v", name, i+1, err)
			}
		}
	}
	return m
}

// add reads one object.
func (m *manifests) add(document []byte) error {
	var of v1.TypeMeta
	if err := yaml.Unmarshal(document, &of); err != nil {
		return err
	}
	switch of.APIVersion + " " + of.Kind {
	case "apps/v1 StatefulSet":
		return into(document, func(s apps.StatefulSet) { m.sets = append(m.sets, s) })
	case "v1 Service":
		return into(document, func(s core.Service) { m.services[s.Name] = s })
	case "v1 ServiceAccount":
		return into(document, func(s core.ServiceAccount) { m.accounts[s.Name] = s })
	case "policy/v1 PodDisruptionBudget":
		return into(document, func(b policy.PodDisruptionBudget) { m.budgets = append(m.budgets, b) })
	case "networking.k8s.io/v1 NetworkPolicy":
		return into(document, func(p network.NetworkPolicy) { m.policies = append(m.policies, p) })
	case "rbac.authorization.k8s.io/v1 Role":
		return into(document, func(r rbac.Role) { m.roles[r.Name] = r })
	case "rbac.authorization.k8s.io/v1 RoleBinding":
		return into(document, func(b rbac.RoleBinding) { m.bindings = append(m.bindings, b) })
	case "cert-manager.io/v1 Certificate":
		return into(document, func(c certificate) { m.certificates[c.Spec.SecretName] = c })
	case "cert-manager.io/v1 Issuer":
		return into(document, func(i issuer) { m.issuers[i.Name] = i })
	case "kustomize.config.k8s.io/v1beta1 Kustomization":
		return into(document, func(k kustomization) { m.kustomize = k })
	}
	return fmt.Errorf("a %s of %q: this test does not know it", of.Kind, of.APIVersion)
}

func into[T any](document []byte, keep func(T)) error {
	var object T
	err := strict(document, &object)
	if err == nil {
		keep(object)
	}
	return err
}

// strict reads YAML as Kubernetes does where it is strict: names of fields in the right case, none unknown or twice.
func strict(document []byte, object any) error {
	text, err := yaml.YAMLToJSONStrict(document)
	if err != nil {
		return err
	}
	wrong, err := json.UnmarshalStrict(text, object)
	return errors.Join(append(wrong, err)...)
}

// namespace is where the manifests are meant for.
const namespace = "default"

func TestTheClusterOfTheManifests(t *testing.T) {
	m := read(t, "kubernetes")
	names := known(t)
	node, there := m.certificates["fairlead-node"]
	if !there || !slices.Contains(node.Spec.Usages, "server auth") || !slices.Contains(node.Spec.Usages, "client auth") {
		t.Errorf("the nodes' certificate is for %q, want for servers and clients", node.Spec.Usages)
	}
	c := crew{hosts: node.Spec.DNSNames}
	for _, s := range m.sets {
		t.Run(s.Name, func(t *testing.T) {
			headless, there := m.services[s.Spec.ServiceName]
			if !there || headless.Spec.ClusterIP != core.ClusterIPNone || !headless.Spec.PublishNotReadyAddresses {
				t.Errorf("%s gives the pods no names before they are ready", s.Spec.ServiceName)
			}
			pod := s.Spec.Template
			if !fits(s.Spec.Selector.MatchLabels, pod.Labels) || pod.Labels["role"] != s.Name {
				t.Errorf("%v chooses %v", s.Spec.Selector.MatchLabels, pod.Labels)
			}
			if len(pod.Spec.Containers) != 1 {
				t.Fatalf("%d containers, want 1", len(pod.Spec.Containers))
			}
			f := flags(t, names, pod.Spec.Containers[0].Args)
			checkPorts(t, pod.Spec.Containers[0], f)
			m.checkCertificates(t, pod.Spec, f)
			checkEnd(t, pod.Spec, f)
			for i := range *s.Spec.Replicas {
				c.members = append(c.members, expanded(t, pod.Spec.Containers[0].Env, f, fmt.Sprintf("%s-%d", s.Name, i)))
			}
		})
	}
	c.check(t)
}

// checkPorts wants the ports to be those of the flags, and the probe to ask whoever answers it.
func checkPorts(t *testing.T, c core.Container, f map[string]string) {
	t.Helper()
	want, probed := map[string]string{"nodes": f["listen"], "health": f["health"]}, "health"
	if f["role"] == "gate" {
		want, probed = map[string]string{"nodes": f["listen"], "players": f["addr"]}, "players"
	}
	got := map[string]string{}
	for _, p := range c.Ports {
		got[p.Name] = fmt.Sprintf(":%d", p.ContainerPort)
	}
	if !maps.Equal(got, want) {
		t.Errorf("the ports are %v, the flags say %v", got, want)
	}
	if c.ReadinessProbe == nil || c.LivenessProbe != nil {
		t.Fatal("want a probe for readiness, and none that kills a node because it is busy")
	}
	if h := c.ReadinessProbe.HTTPGet; h == nil || h.Port.StrVal != probed || h.Path != "/ready" {
		t.Errorf("the probe asks %v, want /ready of %s", c.ReadinessProbe.HTTPGet, probed)
	}
}

// checkCertificates wants the secret's files to be those that the demo reads.
func (m *manifests) checkCertificates(t *testing.T, pod core.PodSpec, f map[string]string) {
	t.Helper()
	mounts, volumes := pod.Containers[0].VolumeMounts, pod.Volumes
	if len(mounts) != 1 || len(volumes) != 1 || volumes[0].Secret == nil {
		t.Fatalf("mounts %v of %v, want one of a secret", mounts, volumes)
	}
	if mounts[0].Name != volumes[0].Name || mounts[0].MountPath != f["certs"] || mounts[0].SubPath != "" {
		t.Errorf("%v is not where -certs=%s looks", mounts[0], f["certs"])
	}
	if _, there := m.certificates[volumes[0].Secret.SecretName]; !there {
		t.Errorf("nobody makes the secret %s", volumes[0].Secret.SecretName)
	}
	files := map[string]string{}
	for _, item := range volumes[0].Secret.Items {
		files[item.Key] = item.Path
	}
	if want := map[string]string{"ca.crt": "ca.pem", "tls.crt": "node.pem", "tls.key": "node-key.pem"}; !maps.Equal(files, want) {
		t.Errorf("the secret's files are %v, want %v", files, want)
	}
	for _, name := range files {
		if !strings.Contains(usage(t), name) {
			t.Errorf("the demo does not speak of %s", name)
		}
	}
}

// checkEnd wants time for the drain.
func checkEnd(t *testing.T, pod core.PodSpec, f map[string]string) {
	t.Helper()
	end := seconds(t, f["drain"])
	if l := pod.Containers[0].Lifecycle; l != nil {
		end += time.Duration(l.PreStop.Sleep.Seconds) * time.Second
	}
	if grace := time.Duration(*pod.TerminationGracePeriodSeconds) * time.Second; grace <= end {
		t.Errorf("a pod is killed after %v, and needs %v to end", grace, end)
	}
}

var variable = regexp.MustCompile(`\$\(([A-Z_]+)\)`)

// expanded are the flags of one pod, with its variables replaced as Kubernetes does.
func expanded(t *testing.T, env []core.EnvVar, f map[string]string, pod string) map[string]string {
	t.Helper()
	values := map[string]string{}
	expand := func(s string) string {
		return variable.ReplaceAllStringFunc(s, func(v string) string {
			value, there := values[v[2:len(v)-1]]
			if !there {
				t.Errorf("%s is not known where it is used", v)
			}
			return value
		})
	}
	fields := map[string]string{"metadata.name": pod, "metadata.namespace": namespace}
	for _, e := range env { // one may use those before it
		values[e.Name] = expand(e.Value)
		if e.ValueFrom != nil {
			values[e.Name] = fields[e.ValueFrom.FieldRef.FieldPath]
		}
	}
	all := map[string]string{}
	for name, value := range f {
		all[name] = expand(value)
	}
	return all
}

// fits says whether a selector chooses what has the labels.
func fits(selector, labels map[string]string) bool {
	for key, value := range selector {
		if labels[key] != value {
			return false
		}
	}
	return len(selector) > 0
}

func TestWhatIsAroundTheNodes(t *testing.T) {
	m := read(t, "kubernetes")
	// chosen are the ports that all pods have that a selector chooses.
	chosen := func(selector map[string]string) (ports []string, pods int) {
		for _, s := range m.sets {
			if !fits(selector, s.Spec.Template.Labels) {
				continue
			}
			var own []string
			for _, p := range s.Spec.Template.Spec.Containers[0].Ports {
				own = append(own, p.Name)
			}
			if pods++; pods == 1 {
				ports = own
			}
			ports = slices.DeleteFunc(ports, func(p string) bool { return !slices.Contains(own, p) })
		}
		return ports, pods
	}
	for name, s := range m.services {
		for _, p := range s.Spec.Ports {
			if ports, _ := chosen(s.Spec.Selector); !slices.Contains(ports, p.TargetPort.StrVal) {
				t.Errorf("the service %s leads to the port %s, and pods have %q", name, p.TargetPort.String(), ports)
			}
		}
	}
	for _, p := range m.policies {
		for _, in := range p.Spec.Ingress {
			for _, to := range in.Ports {
				if ports, _ := chosen(p.Spec.PodSelector.MatchLabels); !slices.Contains(ports, to.Port.StrVal) {
					t.Errorf("the policy %s is about the port %s, and pods have %q", p.Name, to.Port.String(), ports)
				}
				if to.Port.StrVal == "nodes" && (len(in.From) != 1 || !maps.Equal(in.From[0].PodSelector.MatchLabels, p.Spec.PodSelector.MatchLabels)) {
					t.Errorf("the policy %s lets others than nodes come to nodes", p.Name)
				}
			}
		}
	}
	if len(m.budgets) != 1 || m.budgets[0].Spec.MaxUnavailable.IntVal != 1 {
		t.Fatalf("%d budgets, want one of one node at a time", len(m.budgets))
	}
	if _, pods := chosen(m.budgets[0].Spec.Selector.MatchLabels); pods != len(m.sets) {
		t.Errorf("the budget is about %d kinds of nodes of %d", pods, len(m.sets))
	}
	for secret, c := range m.certificates {
		i, there := m.issuers[c.Spec.IssuerRef.Name]
		if !there || i.Kind != c.Spec.IssuerRef.Kind || (i.Spec.SelfSigned != nil) != c.Spec.IsCA {
			t.Errorf("the certificate in %s is signed by %v", secret, i)
		}
		if i.Spec.CA != nil && !m.certificates[i.Spec.CA.SecretName].Spec.IsCA {
			t.Errorf("the certificate in %s is signed by %s, which is no CA", secret, i.Spec.CA.SecretName)
		}
	}
}

// The rights of rbac.yaml are what package kubernetes asks for.
func TestRights(t *testing.T) {
	m := read(t, "kubernetes")
	if len(m.bindings) != 1 || len(m.roles) != 1 {
		t.Fatalf("%d bindings and %d roles, want one each", len(m.bindings), len(m.roles))
	}
	b := m.bindings[0]
	if _, there := m.accounts[b.Subjects[0].Name]; !there || b.Subjects[0].Kind != "ServiceAccount" {
		t.Errorf("%v are bound, want the account", b.Subjects)
	}
	role, there := m.roles[b.RoleRef.Name]
	if !there || b.RoleRef.Kind != "Role" || len(role.Rules) != 1 {
		t.Fatalf("%v is bound, with %v", b.RoleRef, role.Rules)
	}
	r := role.Rules[0]
	if !slices.Equal(r.APIGroups, []string{""}) || !slices.Equal(r.Resources, []string{"pods"}) || !slices.Equal(r.Verbs, []string{"get", "list", "watch"}) {
		t.Errorf("the rights are %v, want to get, list and watch pods", r)
	}
}

func TestKustomize(t *testing.T) {
	m := read(t, "kubernetes")
	files, _ := filepath.Glob("kubernetes/*.yaml") // the pattern is right
	for _, name := range files {
		base := filepath.Base(name)
		if alone := base == "rbac.yaml" || base == "kustomization.yaml"; alone == slices.Contains(m.kustomize.Resources, base) {
			t.Errorf("kustomization.yaml lists %s: %v", base, !alone)
		}
	}
	kubectl, err := exec.LookPath("kubectl")
	if err != nil {
		t.Skip("kubectl is not installed")
	}
	command := exec.Command(kubectl, "kustomize", "kubernetes")
	command.Env = append(os.Environ(), "KUBECONFIG="+os.DevNull) // it asks no cluster
	if out, err := command.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}
